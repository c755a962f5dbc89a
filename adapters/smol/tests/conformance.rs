//! smol does what every runtime must.

use std::io;
use std::net::SocketAddr;

use klatch_driver::Bound;
use klatch_driver::conformance::Platform;
use klatch_smol::{Listener, Runtime};
use smol::net::TcpStream;

struct Smol;

impl Platform for Smol {
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
        klatch_smol::bind("127.0.0.1:0").await
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }
}

klatch_driver::conformance!(Smol);
klatch_driver::conformance!(Smol, threads);
