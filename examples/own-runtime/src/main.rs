//! klatch on a runtime of your own: here the thread pool of `futures` and the reactor `async-io`.
//!
//! `runtime.rs` is all that it takes: how to spawn, what time it is, a timer that can be set
//! again, and a listener. No adapter of klatch's is compiled. `tests/conformance.rs` holds it to all
//! that klatch's own adapters are held to.
//!
//! ```sh
//! cargo run -p klatch-example-own-runtime
//! ```

mod runtime;

use std::io;
use std::net::TcpListener;

use async_io::Async;
use futures::executor::block_on;
use klatch::Bound;

use runtime::{Listener, Runtime};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(klatch_example_chat::address())?;
    let bound = Bound::new(Runtime::new()?, Listener(Async::new(listener)?));
    klatch_example_chat::announce("http", bound.local_addr()?);
    block_on(bound.serve(klatch_example_chat::chat()))
}
