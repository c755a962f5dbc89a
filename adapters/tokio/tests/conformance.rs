//! tokio does what every runtime must, with threads and without.

use std::io;
use std::net::SocketAddr;

use klatch_driver::Bound;
use klatch_driver::conformance::Platform;
use klatch_tokio::{Listener, Runtime};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

struct Tokio<const THREADS: bool>(tokio::runtime::Runtime);

impl<const THREADS: bool> Platform for Tokio<THREADS> {
    type Runtime = Runtime;
    type Listener = Listener;
    type Stream = Compat<TcpStream>;

    fn new() -> Self {
        let mut builder =
            if THREADS { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        Self(builder.enable_all().build().expect("the system has threads"))
    }

    fn runtime(&self) -> Runtime {
        Runtime::current()
    }

    async fn bind(&self) -> io::Result<Bound<Runtime, Listener>> {
        klatch_tokio::bind("127.0.0.1:0").await
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Compat<TcpStream>> {
        Ok(TcpStream::connect(address).await?.compat())
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

type ManyThreads = Tokio<true>;
klatch_driver::conformance!(ManyThreads);
klatch_driver::conformance!(ManyThreads, threads);
klatch_driver::conformance!(ManyThreads, shutdown);

mod one_thread {
    type OneThread = super::Tokio<false>;
    klatch_driver::conformance!(OneThread);
    klatch_driver::conformance!(OneThread, threads);
    klatch_driver::conformance!(OneThread, shutdown);
}
