//! The simulation, as a test holds it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use klatch_core::Timestamp;
use klatch_driver::{Bound, Runtime as _, Service};

use crate::client::{Builder, Client};
use crate::link::Link;
use crate::network::{Host, Listener};
use crate::runtime::Runtime;
use crate::stream::Stream;
use crate::trace::Trace;

/// A network, a clock and everybody who runs by it, all from one seed.
///
/// Nothing happens but in the calls of its methods and its clients'; they return when what they
/// are to see has happened, in virtual time. If the test panics, dropping the simulation prints
/// the seed and the last lines of the trace.
#[derive(Debug)]
pub struct Sim {
    runtime: Runtime,
}

impl Sim {
    /// A simulation. The same seed and the same calls give the same run, to the last byte but for the
    /// masks of its clients' WebSocket frames, which are drawn elsewhere.
    pub fn new(seed: u64) -> Self {
        Self { runtime: Runtime::new(seed) }
    }

    /// The runtime: to spawn tasks of your own, and for whatever wants one.
    pub fn runtime(&self) -> Runtime {
        self.runtime.clone()
    }

    /// A listener at an address of its own, ready to serve.
    ///
    /// # Panics
    ///
    /// If the simulation has had 255 listeners.
    pub fn bind(&self) -> Bound<Runtime, Listener> {
        self.runtime.bind()
    }

    /// Serves a server, and returns its address.
    ///
    /// # Panics
    ///
    /// If the simulation has had 255 listeners.
    pub fn serve(&self, service: &impl Service) -> SocketAddr {
        let listener = self.runtime.listen();
        let address = listener.address();
        let serving = Bound::new(self.runtime(), listener).serve(service.clone());
        self.runtime.spawn(async move {
            // It only ever ends well.
            let _ = serving.await;
        });
        address
    }

    /// A client in a namespace of the first server that is served, over a WebSocket and a good link.
    ///
    /// # Panics
    ///
    /// If it is not let in, or no server is served.
    #[track_caller]
    #[must_use = "a client that is dropped goes away"]
    pub fn connect(&self, namespace: &str) -> Client {
        self.client().connect(namespace)
    }

    /// A client that connects as it is told.
    pub fn client(&self) -> Builder {
        Builder::new(self.runtime())
    }

    /// Cuts a client or a host off: nothing arrives, in either direction, until it is healed. What
    /// is written waits, and whoever fills the link's buffer waits too.
    pub fn partition(&self, who: &impl AsRef<Host>) {
        who.as_ref().partition();
    }

    /// Ends a partition: what waited arrives now.
    pub fn heal(&self, who: &impl AsRef<Host>) {
        who.as_ref().heal();
    }

    /// Breaks all connections of a client or a host: both ends see a reset, and what was under way
    /// is lost.
    pub fn reset(&self, who: &impl AsRef<Host>) {
        who.as_ref().reset();
    }

    /// Breaks the connection that a client or a host opened last, and no other: of a client that is
    /// about to [upgrade](crate::Transport::Upgrade), its WebSocket.
    pub fn reset_newest(&self, who: &impl AsRef<Host>) {
        who.as_ref().reset_newest();
    }

    /// Takes a client or a host away without a word: the server sees half-open connections, on
    /// which nothing ever comes again.
    pub fn vanish(&self, who: &impl AsRef<Host>) {
        who.as_ref().vanish();
    }

    /// A host that speaks for itself, byte by byte, in [`block_on`](Self::block_on).
    ///
    /// # Panics
    ///
    /// If the simulation has had 65,535 hosts, clients among them.
    pub fn host(&self, link: Link) -> Host {
        self.runtime.host(link)
    }

    /// Connects to a listener: a stream for bytes of your own, by a good link.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub fn open(&self, address: SocketAddr) -> io::Result<Stream> {
        self.block_on(self.runtime.connect(address))
    }

    /// Runs until the future is done; see [`Runtime::block_on`].
    ///
    /// # Panics
    ///
    /// If it never will be.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Lets so much time pass.
    pub fn advance(&self, duration: Duration) {
        let never = self.runtime.executor().run_until(self.now() + duration, || None::<()>);
        debug_assert!(never.is_none());
    }

    /// How many tasks there are that are not done: where everybody has gone, as many as before they
    /// came, or something goes on that should have ended.
    pub fn tasks(&self) -> usize {
        self.runtime.executor().tasks()
    }

    /// The virtual time, from the start.
    pub fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    /// What has happened so far.
    pub fn trace(&self) -> Trace {
        self.runtime.executor().with_trace(|trace| trace.clone())
    }

    /// Keeps so many lines of the trace, instead of the last thousand; a test that fails prints all
    /// of them, instead of the last sixty.
    pub fn keep_trace(&self, lines: usize) {
        self.runtime.executor().with_trace(|trace| trace.keep(lines));
    }

    fn report(&self) {
        let trace = self.trace();
        let seed = self.runtime.seed();
        eprintln!("\nthe simulation failed: seed {seed}, at {:?}, {trace:?}", self.now().offset());
        trace.reported().for_each(|line| eprintln!("{line}"));
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if thread::panicking() {
            self.report();
        }
        self.runtime.end();
    }
}
