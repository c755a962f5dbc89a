//! Who listens, who connects, and what comes between them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use klatch_driver::Bound;
use parking_lot::Mutex;

use crate::link::Link;
use crate::runtime::Runtime;
use crate::stream::{Stream, Wire, pair};

/// The port of every listener.
const PORT: u16 = 80;
/// The first port that a host connects from.
const FIRST_PORT: u16 = 49_152;

/// The listeners of a simulation, and how many hosts it has.
#[derive(Default)]
pub(crate) struct Network {
    listeners: BTreeMap<SocketAddr, Arc<Backlog>>,
    servers: u8,
    hosts: u16,
}

type Backlog = Mutex<Waiting>;

/// Connections that are not accepted yet.
#[derive(Default)]
struct Waiting {
    connections: VecDeque<(Stream, SocketAddr)>,
    acceptor: Option<Waker>,
}

impl Network {
    /// Where the first of those listens that still do.
    pub(crate) fn first_listener(&self) -> Option<SocketAddr> {
        self.listeners.keys().next().copied()
    }
}

impl Runtime {
    /// A listener at an address of its own, ready to serve.
    ///
    /// # Panics
    ///
    /// If the simulation has had 255 listeners.
    pub fn bind(&self) -> Bound<Self, Listener> {
        Bound::new(self.clone(), self.listen())
    }

    /// A listener at an address of its own, for whoever accepts by hand.
    ///
    /// # Panics
    ///
    /// If the simulation has had 255 listeners.
    pub fn listen(&self) -> Listener {
        let mut network = self.network();
        let servers = network.servers.checked_add(1);
        network.servers = servers.expect("a simulation has at most 255 listeners");
        let address = SocketAddr::from(([10, 0, 0, network.servers], PORT));
        let waiting = Arc::new(Backlog::default());
        network.listeners.insert(address, waiting.clone());
        drop(network);
        Listener { runtime: self.clone(), address, waiting }
    }

    /// Connects a new host to a listener, by a good link.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    ///
    /// # Panics
    ///
    /// If the simulation has had 65,535 hosts.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        self.host(Link::new()).connect(address).await
    }

    /// A host that can connect to whoever listens.
    ///
    /// # Panics
    ///
    /// If the simulation has had 65,535 hosts, clients among them.
    pub fn host(&self, link: Link) -> Host {
        let mut network = self.network();
        let number = network.hosts.checked_add(1);
        let number = number.expect("a simulation has at most 65,535 hosts, clients among them");
        network.hosts = number;
        drop(network);
        let state = Mutex::new(State::new());
        let inner = Inner { runtime: self.clone(), number, link, state };
        Host(Arc::new(inner))
    }
}

/// Where simulated connections come from.
pub struct Listener {
    runtime: Runtime,
    address: SocketAddr,
    waiting: Arc<Backlog>,
}

impl Listener {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl klatch_driver::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        poll_fn(|cx| {
            let mut waiting = self.waiting.lock();
            if let Some(connection) = waiting.connections.pop_front() {
                return Poll::Ready(Ok(connection));
            }
            waiting.acceptor = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let gone = self.runtime.network().listeners.remove(&self.address);
        let waiting = std::mem::take(&mut *self.waiting.lock());
        drop((gone, waiting));
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.address)
    }
}

/// A machine in the network, which connects to others. What happens to it happens to all its
/// connections. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    number: u16,
    link: Link,
    state: Mutex<State>,
}

struct State {
    /// Nothing gets through.
    cut: bool,
    vanished: bool,
    wires: Vec<Weak<Wire>>,
    /// The port of the next connection: they begin again after the last.
    port: u16,
    /// Who would connect if the host were not cut off.
    waiting: Vec<Waker>,
}

impl State {
    fn new() -> Self {
        let (wires, waiting) = (Vec::new(), Vec::new());
        Self { cut: false, vanished: false, wires, port: FIRST_PORT, waiting }
    }
}

impl Host {
    /// Which host this is, counted from 1.
    pub fn number(&self) -> u16 {
        self.0.number
    }

    /// Connects to a listener: after a moment, and while the host is cut off not at all.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        let runtime = &self.0.runtime;
        let delay = self.0.link.delay(|limit| runtime.below(limit));
        runtime.sleep(delay).await;
        poll_fn(|cx| {
            let mut state = self.0.state.lock();
            if !state.cut {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
        let backlog = runtime.network().listeners.get(&address).cloned();
        let backlog = backlog.ok_or(io::ErrorKind::ConnectionRefused)?;
        self.note("connects");
        let (ours, theirs, wire) = pair(runtime, &self.0.link);
        let from = {
            let mut state = self.0.state.lock();
            state.wires.retain(|wire| wire.strong_count() > 0);
            state.wires.push(wire);
            let port = state.port;
            state.port = port.checked_add(1).unwrap_or(FIRST_PORT);
            let ip =
                Ipv4Addr::from_bits(u32::from_be_bytes([10, 1, 0, 0]) + u32::from(self.0.number));
            SocketAddr::new(IpAddr::V4(ip), port)
        };
        let mut backlog = backlog.lock();
        backlog.connections.push_back((theirs, from));
        let acceptor = backlog.acceptor.take();
        drop(backlog);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
        Ok(ours)
    }

    /// Cuts the host off: nothing arrives, in either direction, until it is healed. What is
    /// written waits, and whoever fills the link's buffer waits too.
    pub fn partition(&self) {
        self.note("is cut off");
        self.cut(true);
    }

    /// Ends a partition: what waited arrives now.
    pub fn heal(&self) {
        self.note("is healed");
        self.cut(false);
    }

    /// Breaks all connections: both ends see a reset, and what was under way is lost.
    pub fn reset(&self) {
        self.note("is reset");
        self.wires().iter().for_each(|wire| wire.reset());
    }

    /// Breaks the connection that the host opened last, and no other.
    pub fn reset_newest(&self) {
        self.note("has its newest connection reset");
        if let Some(wire) = self.wires().last() {
            wire.reset();
        }
    }

    /// Takes the host away without a word: the server sees half-open connections, on which nothing
    /// ever comes again.
    pub fn vanish(&self) {
        self.note("vanishes");
        let mut state = self.0.state.lock();
        (state.cut, state.vanished) = (true, true);
        drop(state);
        self.wires().iter().for_each(|wire| wire.vanish());
    }

    fn note(&self, what: &str) {
        self.0.runtime.executor().note(format_args!("client {} {what}", self.0.number));
    }

    fn cut(&self, cut: bool) {
        let mut state = self.0.state.lock();
        state.cut = cut || state.vanished;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        self.wires().iter().for_each(|wire| wire.cut(cut));
    }

    fn wires(&self) -> Vec<Arc<Wire>> {
        self.0.state.lock().wires.iter().filter_map(Weak::upgrade).collect()
    }
}

impl AsRef<Self> for Host {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.0.number)
    }
}
