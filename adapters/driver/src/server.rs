//! The Socket.IO server.

use std::fmt;
use std::sync::Arc;

use klatch_core::engine::Transport;
use klatch_core::{HashKey, Namespaces, Sid, Timestamp};
use parking_lot::RwLock;

use crate::application::Application;
use crate::builder::Builder;
use crate::connection::SocketIo;
use crate::entropy;
use crate::handshake::Handshake;
use crate::housekeeper::Housekeeper;
use crate::hub::Hub;
use crate::namespace::{self, Namespace};
use crate::recovery::Recovery;

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

impl Server {
    /// A server with the default settings, at `/socket.io/`.
    #[expect(clippy::missing_panics_doc, reason = "the defaults are valid")]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are valid")
    }

    /// The server of a builder.
    pub(crate) fn on(hub: Arc<Hub>, recovery: Option<Recovery>) -> Self {
        let housekeeper = Arc::new(Housekeeper::new(hub.clone()));
        let namespaces = Namespaces::new(HashKey::from_entropy(entropy::bytes()));
        Self(Arc::new(Shared { hub, housekeeper, recovery, namespaces: RwLock::new(namespaces) }))
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
