//! The simulation does what every runtime must, in whatever order it does it.

use std::io;
use std::net::SocketAddr;

use klatch_driver::Bound;
use klatch_driver::conformance::Platform;
use klatch_sim::{Listener, Runtime, Sim, Stream};

struct Seed<const SEED: u64>(Sim);

impl<const SEED: u64> Platform for Seed<SEED> {
    type Runtime = Runtime;
    type Listener = Listener;
    type Stream = Stream;

    fn new() -> Self {
        Self(Sim::new(SEED))
    }

    fn runtime(&self) -> Runtime {
        self.0.runtime()
    }

    async fn bind(&self) -> io::Result<Bound<Runtime, Listener>> {
        Ok(self.0.bind())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        self.0.runtime().connect(address).await
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

type Seed1 = Seed<1>;
klatch_driver::conformance!(Seed1);
klatch_driver::conformance!(Seed1, shutdown);

mod another_order {
    type Seed2 = super::Seed<2>;
    klatch_driver::conformance!(Seed2);
    klatch_driver::conformance!(Seed2, shutdown);
}
