//! The Socket.IO server.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use klatch_core::engine::Transport;
use klatch_core::{Payload, Sid, Timestamp};

use crate::application::Application;
use crate::builder::Builder;
use crate::connection::SocketIo;
use crate::directory::Directory;
use crate::drain::{Drain, DrainReport};
use crate::handshake::Handshake;
use crate::housekeeper::Housekeeper;
use crate::hub::Hub;
use crate::namespace::Namespace;
use crate::parent::{self, InvalidPattern, ParentNamespace, Pattern};
use crate::recovery::Recovery;
use crate::snapshot::Snapshot;

/// A Socket.IO server: namespaces with their handlers, and the connections to them. Cheap to clone.
///
/// It has no runtime until it is served.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) directory: Arc<Directory>,
}

impl Server {
    /// A server with the default settings, at `/socket.io/`.
    #[expect(clippy::missing_panics_doc, reason = "the defaults are valid")]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are valid")
    }

    /// The server of a builder.
    pub(crate) fn on(hub: Arc<Hub>, recovery: Option<Recovery>, frees_children: bool) -> Self {
        let housekeeper = Arc::new(Housekeeper::new(hub.clone()));
        let directory = Arc::new(Directory::new(housekeeper, recovery, frees_children));
        Self(Arc::new(Shared { hub, directory }))
    }

    /// A server with other settings.
    pub fn builder() -> Builder {
        Builder::at("/socket.io/")
    }

    /// The namespace of this name, which clients can join from now on; the same one whenever it is
    /// asked for. A missing slash at the beginning is added, as Node's `io.of` does. Unlike in
    /// Node, `/` is a namespace like any other: it exists if it is asked for.
    ///
    /// If there is a [pattern](Self::namespaces_matching) that the name matches, a namespace that is
    /// made now is a child of its parent. Whoever made it, one that was asked for here stays until it
    /// is [closed](Namespace::close): [`find_namespace`](Self::find_namespace) only looks.
    ///
    /// # Panics
    ///
    /// If no client could name it: it has a comma, a question mark or a control character, or
    /// more than 128 bytes. If the hook of [`on_new_namespace`](Self::on_new_namespace) does.
    pub fn namespace(&self, name: &str) -> Namespace {
        Namespace(self.0.directory.insert(name))
    }

    /// Lets clients have a namespace of any name that matches a regular expression: each is made, as
    /// a child of the parent that is returned, when the first client asks for it. Node's
    /// `io.of(/regex/)`.
    ///
    /// The pattern is looked for anywhere in the name, which begins with a slash, so that in most
    /// cases it begins with `^` and ends with `$`. What its groups captured is for handlers to ask:
    /// [`Namespace::captured`]. `\w`, `\d` and `(?i)` mean ASCII; see the crate `regex-lite`.
    ///
    /// A namespace that there is goes before any pattern and any
    /// [predicate](Self::namespaces_where); these are asked in the order of these calls, and the first
    /// that fits has the child.
    ///
    /// ```
    /// use klatch_driver::{Server, Socket};
    ///
    /// let server = Server::new();
    /// let rooms = server.namespaces_matching(r"^/tenant-(?<id>\w+)$")?;
    /// rooms.on("whose", async |socket: Socket, (): ()| {
    ///     socket.namespace().captured("id").map(str::to_owned)
    /// });
    /// # Ok::<_, klatch_driver::InvalidPattern>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is no regular expression.
    pub fn namespaces_matching(&self, pattern: &str) -> Result<ParentNamespace, InvalidPattern> {
        let pattern = Pattern::new(pattern)?;
        let directory = &self.0.directory;
        let parent = directory.add_parent(|key| parent::Inner::by_pattern(directory, key, pattern));
        Ok(ParentNamespace(parent))
    }

    /// Lets clients have a namespace of any name that `admits` says yes to, as a child of the parent
    /// that is returned: it is asked with the name, and with what the client presents. Node's
    /// `io.of(async (name, auth, next) => …)`.
    ///
    /// It is asked when there is no namespace of that name, and not of every client: who may come into
    /// one is for a [middleware](crate::Handlers::middleware) to decide. While it awaits, the client's
    /// other namespaces go on; if the client goes meanwhile, nothing is made. A panic is a no. After
    /// a no, the next parent is asked, and if all say no, the client hears `Invalid namespace`.
    ///
    /// ```
    /// use klatch_driver::{Server, Socket};
    ///
    /// # async fn is_known(tenant: &str) -> bool { true }
    /// let server = Server::new();
    /// let tenants = server.namespaces_where(async |name: String, _auth| is_known(&name).await);
    /// tenants.on("chat message", async |socket: Socket, text: String| {
    ///     socket.broadcast().emit("chat message", &text)
    /// });
    /// ```
    pub fn namespaces_where<F, Fut>(&self, admits: F) -> ParentNamespace
    where
        F: FnOnce(String, Payload) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let directory = &self.0.directory;
        let make = |key| parent::Inner::by_predicate(directory, key, admits);
        ParentNamespace(directory.add_parent(make))
    }

    /// The namespace of this name, if there is one now.
    pub fn find_namespace(&self, name: &str) -> Option<Namespace> {
        self.0.directory.get(name).map(Namespace)
    }

    /// All namespaces that there are now, in the order in which they were made.
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.0.directory.all().into_iter().map(Namespace).collect()
    }

    /// Calls `hook` with every namespace that is made from now on, before any client is let in: what
    /// it registers there is for all. Replaces the one before. Node's event `new_namespace`.
    ///
    /// A namespace in which it panics is closed.
    pub fn on_new_namespace(&self, hook: impl Fn(&Namespace) + Send + Sync + 'static) {
        self.0.directory.on_new(hook);
    }

    /// How many clients are connected, in whatever namespaces.
    pub fn clients_count(&self) -> usize {
        self.0.hub.len()
    }

    /// How it is: what is connected, what waits, which limits were hit. It takes a look at every
    /// connection, and is for whoever asks now and then.
    pub fn snapshot(&self) -> Snapshot {
        let namespaces = self.0.directory.all();
        let namespaces = namespaces.iter().map(|namespace| namespace.snapshot()).collect();
        Snapshot::new(&self.0.hub, namespaces)
    }

    /// Ends the server, and says what became of its clients. Only the first call decides how: whoever
    /// calls it later waits for the same end. It goes on if its caller does not wait for it.
    ///
    /// - Nobody is let in any more: who asks is answered 503 with `Retry-After`.
    /// - Clients are told, [batch](Drain::batch) by batch, the oldest first. Until its turn comes, a
    ///   client goes on as ever. Then it is sent all that was queued, and its sockets end with
    ///   [`ServerShuttingDown`](klatch_core::CloseReason::ServerShuttingDown). It is sent no
    ///   DISCONNECT, so that it looks for a server again. An event that an
    ///   [emit](crate::Socket::emit) took for it before is among what it is sent; later ones get
    ///   [`EmitError::Closed`](crate::EmitError::Closed). Who polls comes back for it.
    /// - At the [deadline](Drain::deadline), whoever has not taken all is cut off. This returns then, or
    ///   as soon as all are gone.
    ///
    /// What klatch [listens](crate::Bound::serve) on is closed when the last client is gone. Where a host
    /// does, its listener and its other requests are its own business: it ends when this has returned.
    /// Handlers that still wait for something are not waited for.
    pub async fn shutdown(&self, drain: Drain) -> DrainReport {
        self.0.hub.shut_down(drain).await
    }

    /// [`shutdown`](Self::shutdown) with the defaults of [`Drain`].
    pub async fn close(&self) {
        self.shutdown(Drain::new()).await;
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

impl Drop for Shared {
    fn drop(&mut self) {
        self.directory.housekeeper.wake();
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
            host.spawn(Box::pin(self.0.directory.housekeeper.clone().run(Arc::downgrade(&self.0))));
        }
    }
}
