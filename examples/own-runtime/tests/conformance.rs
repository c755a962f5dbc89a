//! A runtime of one's own does what every runtime must.

#[path = "../src/runtime.rs"]
mod runtime;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use async_io::Async;
use futures::executor::block_on;
use klatch::Bound;
use klatch_driver::conformance::Platform;

use runtime::{Listener, Runtime};

struct Own(Runtime);

impl Platform for Own {
    type Runtime = Runtime;
    type Listener = Listener;
    type Stream = Async<TcpStream>;

    fn new() -> Self {
        Self(Runtime::new().expect("the system has threads"))
    }

    fn runtime(&self) -> Runtime {
        self.0.clone()
    }

    async fn bind(&self) -> io::Result<Bound<Runtime, Listener>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok(Bound::new(self.runtime(), Listener(Async::new(listener)?)))
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Async<TcpStream>> {
        Async::<TcpStream>::connect(address).await
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
}

klatch_driver::conformance!(Own);
klatch_driver::conformance!(Own, threads);
