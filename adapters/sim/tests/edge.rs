//! What the edge does as time passes.

use std::time::Duration;

use futures::FutureExt as _;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_driver::Server;
use klatch_sim::Sim;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_head_has_ten_seconds_to_come() {
    let sim = Sim::new(1);
    let address = sim.serve(&Server::new());
    let mut stream = sim.open(address).expect("it is served");
    sim.block_on(stream.write_all(b"GET / HTTP/1.1\r\nhost: ")).expect("it is open");
    sim.advance(9 * SECOND);
    let mut byte = [0];
    assert!(
        stream.read(&mut byte).now_or_never().is_none(),
        "it is open, and nothing was answered"
    );
    sim.advance(2 * SECOND);
    let read = stream.read(&mut byte).now_or_never().expect("it has closed");
    assert_eq!(read.expect("in good order"), 0);
}
