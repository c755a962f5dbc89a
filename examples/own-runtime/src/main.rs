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
use klatch::{Bound, Runtime as _};

use runtime::{Listener, Runtime};

fn main() -> io::Result<()> {
    let told = klatch_example_chat::told_to_end();
    let listener = TcpListener::bind(klatch_example_chat::address())?;
    let runtime = Runtime::new()?;
    let bound = Bound::new(runtime.clone(), Listener(Async::new(listener)?));
    klatch_example_chat::announce("http", bound.local_addr()?);
    let chat = klatch_example_chat::chat();
    let ending = chat.clone();
    runtime.spawn(async move {
        told.await;
        klatch_example_chat::end(&ending).await;
    });
    block_on(bound.serve(chat))
}
