//! async-std does what every runtime must.

use std::io;
use std::net::SocketAddr;

use async_std::net::TcpStream;
use klatch_async_std::{Listener, Runtime};
use klatch_driver::Bound;
use klatch_driver::conformance::Platform;

struct AsyncStd;

impl Platform for AsyncStd {
    type Runtime = Runtime;
    type Listener = Listener;
    type Stream = TcpStream;

    fn new() -> Self {
        Self
    }

    fn runtime(&self) -> Runtime {
        Runtime::new()
    }

    async fn bind(&self) -> io::Result<Bound<Runtime, Listener>> {
        klatch_async_std::bind("127.0.0.1:0").await
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }
}

klatch_driver::conformance!(AsyncStd);
klatch_driver::conformance!(AsyncStd, threads);
