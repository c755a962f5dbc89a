//! tokio does what every runtime must, with threads and without.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use klatch_driver::conformance::Platform;
use klatch_driver::{Bound, Runtime as _};
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

#[test]
fn who_yields_goes_on_after_all_that_is_ready_and_what_that_wakes() {
    let one_thread = <Tokio<false> as Platform>::new();
    one_thread.block_on(async {
        let (runtime, order) = (Runtime::current(), Arc::new(Mutex::new(Vec::new())));
        let say = |what| {
            let order = order.clone();
            move || order.lock().expect("nobody panics").push(what)
        };
        let (first, last) = (say("first"), say("last"));
        let mut turns = 0;
        let yielding = tokio::spawn({
            let runtime = runtime.clone();
            poll_fn(move |cx| {
                turns += 1;
                if turns == 1 {
                    first();
                    runtime.yield_now(cx);
                    return Poll::Pending;
                }
                last();
                Poll::Ready(())
            })
        });
        let (other, woken) = (say("another"), say("whom it woke"));
        tokio::spawn(async move {
            other();
            tokio::spawn(async move { woken() });
        });
        yielding.await.expect("nobody panics");
        let order = order.lock().expect("nobody panics").clone();
        assert_eq!(order, ["first", "another", "whom it woke", "last"]);
    });
}
