//! The Socket.IO server.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use klatch_core::engine::Transport;
use klatch_core::{Config, HashKey, Namespaces, Sid, Timestamp};
use parking_lot::RwLock;

use crate::application::Application;
use crate::connection::SocketIo;
use crate::engine::EngineServer;
use crate::entropy;
use crate::handshake::{Handshake, Keep, keep};
use crate::hooks::{Forbidden, Hooks};
use crate::housekeeper::Housekeeper;
use crate::hub::Hub;
use crate::namespace::{self, Namespace};
use crate::recovery::Recovery;

/// Bytes that may wait for one client: a few seconds of a busy room, and what a reader that
/// stopped may cost.
pub(crate) const MAILBOX_BUDGET: usize = 4 << 20;

/// A Socket.IO server: namespaces with their handlers, and the connections to them. Cheap to clone.
///
/// It has no runtime until it is served.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    housekeeper: Arc<Housekeeper>,
    recovery: Option<Recovery>,
    namespaces: RwLock<Namespaces<Arc<namespace::Inner>>>,
}

/// Settings of a server; see [`Server::builder`].
#[derive(Clone, Debug)]
#[must_use = "`build` makes the server"]
pub struct Builder {
    config: Config,
    path: String,
    mailbox_budget: usize,
    kept: Vec<Keep>,
    recovery: Option<Recovery>,
    hooks: Hooks,
}

impl Builder {
    /// The defaults, at a path.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            config: Config::default(),
            path: path.to_owned(),
            mailbox_budget: MAILBOX_BUDGET,
            kept: Vec::new(),
            recovery: None,
            hooks: Hooks::default(),
        }
    }

    /// The settings of connections.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Where clients find the server. `/socket.io/`, as in Node; with or without the last slash.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Bytes that may wait for one client, each packet with 64 more for its bookkeeping. 4 MiB;
    /// a client that would need more is closed as a slow consumer.
    pub fn mailbox_budget(mut self, bytes: usize) -> Self {
        self.mailbox_budget = bytes;
        self
    }

    /// Asks `allow` whether a client may open a session: with the request's head, and the address at
    /// the other end of its TCP connection. It is asked once for each session, by whatever transport
    /// it begins, and not for the requests and upgrades of one that is open.
    ///
    /// A refusal has status 403 and the body `{"code":4,"message":"Forbidden"}`, unless
    /// [`Forbidden`] says otherwise. A panic refuses. While it awaits, the client waits.
    pub fn allow_request<F, Fut>(mut self, allow: F) -> Self
    where
        F: FnOnce(Parts, Option<SocketAddr>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Forbidden>> + Send + 'static,
    {
        self.hooks.allow(allow);
        self
    }

    /// Lets `hook` add to the headers of the answer that opens a session: of the first poll, or of
    /// the switch to a WebSocket. It sees the head of the request. Node's event `initial_headers`.
    pub fn initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.initial_headers(hook);
        self
    }

    /// Lets `hook` add to the headers of every answer, behind
    /// [`initial_headers`](Self::initial_headers). Node's event `headers`.
    pub fn headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.headers(hook);
        self
    }

    /// Lets clients that were lost come back as who they were. Off by default, as in Node: every
    /// event has an argument more then, and is kept for a while.
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Keeps an extension of the request that opens a connection, for handlers to ask for:
    /// [`Handshake::extension`]. So a host's layers tell who the client is.
    ///
    /// None is kept unless it is asked for: what frameworks put there holds on to the buffer that
    /// the request was read into, and would do so as long as the connection lasts.
    pub fn keep<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.kept.push(keep::<T>);
        self
    }

    /// An Engine.IO server with these settings, where there is no Socket.IO to set: see
    /// [`EngineServer::builder`].
    pub fn build_engine(self) -> EngineServer {
        EngineServer::on(self.hub())
    }

    fn hub(self) -> Arc<Hub> {
        let Self { config, path, mailbox_budget, kept, hooks, .. } = self;
        Arc::new(Hub::new(config, &path, mailbox_budget, kept, hooks))
    }

    /// The server.
    pub fn build(mut self) -> Server {
        let recovery = self.recovery.take().map(|recovery| recovery.within(&self.config));
        let hub = self.hub();
        let housekeeper = Arc::new(Housekeeper::new(hub.clone()));
        let namespaces = Namespaces::new(HashKey::from_entropy(entropy::bytes()));
        Server(Arc::new(Shared { hub, housekeeper, recovery, namespaces: RwLock::new(namespaces) }))
    }
}

impl Server {
    /// A server with the default settings, at `/socket.io/`.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A server with other settings.
    pub fn builder() -> Builder {
        Builder::at("/socket.io/")
    }

    /// The namespace of this name, which clients can join from now on; the same one whenever it is
    /// asked for. A missing slash at the beginning is added, as Node's `io.of` does. Unlike in
    /// Node, `/` is a namespace like any other: it exists if it is asked for.
    ///
    /// # Panics
    ///
    /// If no client could name it: it has a comma, a question mark or a control character, or
    /// more than 128 bytes.
    pub fn namespace(&self, name: &str) -> Namespace {
        let name = match klatch_core::namespace_name(name) {
            Ok(name) => name,
            Err(error) => panic!("{name:?} cannot name a namespace: {error}"),
        };
        let mut namespaces = self.0.namespaces.write();
        if let Some(namespace) = namespaces.get(&name) {
            return Namespace(namespace.clone());
        }
        let (housekeeper, recovery) = (self.0.housekeeper.clone(), self.0.recovery.as_ref());
        let namespace = namespace::Inner::new(&name, housekeeper, recovery);
        namespaces.insert(&name, namespace.clone()).expect("the name was checked");
        Namespace(namespace)
    }

    /// How many clients are connected, in whatever namespaces.
    pub fn clients_count(&self) -> usize {
        self.0.hub.len()
    }

    /// Closes the server: no more connections are accepted; what is queued for the clients is
    /// sent; their sockets end with [`ServerShuttingDown`](klatch_core::CloseReason::ServerShuttingDown).
    /// Clients are sent no DISCONNECT, so that they look for the server again.
    ///
    /// Returns when all are gone, or after ten seconds.
    pub async fn close(&self) {
        self.0.hub.close().await;
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hub", &self.0.hub).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn find(&self, name: &str) -> Option<Arc<namespace::Inner>> {
        self.namespaces.read().get(name).cloned()
    }

    /// All namespaces, in order of registration.
    pub(crate) fn namespaces(&self) -> Vec<Arc<namespace::Inner>> {
        let namespaces = self.namespaces.read();
        namespaces.names().filter_map(|name| namespaces.get(name).cloned()).collect()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.housekeeper.wake();
    }
}

impl Application for Server {
    type Client = SocketIo;

    fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    fn client(
        &self,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        now: Timestamp,
    ) -> SocketIo {
        SocketIo::new(self.0.clone(), sid, transport, handshake, now)
    }

    fn attached(&self) {
        if let Some(host) = self.0.hub.host() {
            host.spawn(Box::pin(self.0.housekeeper.clone().run(Arc::downgrade(&self.0))));
        }
    }
}
