//! Who is spoken to, and what is said.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use klatch_core::{FromPayload, JoinError, Target, ToArgs};

use crate::error::EmitError;
use crate::flags::Flags;
use crate::namespace;
use crate::remote::RemoteSocket;
use crate::reply::Replies;
use crate::rooms::Rooms;
use crate::socket::Socket;

/// Some of the sockets of a namespace, and how to speak to them. An immutable value: every method
/// that narrows it gives a new one, and rooms are looked up when something is sent.
///
/// From a [`Socket`] it leaves that socket out, for who it is: whatever room it is in, and that of
/// its own id too, whether or not it has left that.
#[derive(Clone)]
pub struct Broadcast {
    namespace: Arc<namespace::Inner>,
    target: Target,
    flags: Flags,
}

impl Broadcast {
    pub(crate) fn new(namespace: Arc<namespace::Inner>, target: Target) -> Self {
        Self { namespace, target, flags: Flags::default() }
    }

    pub(crate) fn with(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    /// Adds the members of a room, or of several; the first that are told replace "everybody",
    /// also where an empty list is told: that is nobody. Whoever is in several of the rooms gets
    /// what is sent once. A socket's id is the name of its own room.
    ///
    /// It is Node's `to` and `in`, of which the latter is no name in Rust.
    #[must_use]
    pub fn to<N>(mut self, rooms: impl Rooms<N>) -> Self {
        self.target = rooms.with(|rooms| self.target.to_any_of(rooms.iter().copied()));
        self
    }

    /// Leaves out the members of a room, or of several, whatever other rooms they are in.
    #[must_use]
    pub fn except<N>(mut self, rooms: impl Rooms<N>) -> Self {
        self.target = rooms.with(|rooms| rooms.iter().copied().fold(self.target, Target::except));
        self
    }

    /// What is sent reaches only those to whom it can leave at once, and is dropped for the others.
    /// An event that asks for answers is never dropped.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// How long answers are awaited. 30 seconds if nothing is said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.flags.timeout = timeout;
        self
    }

    /// Whether what is sent is worth compressing for clients that poll. It is, unless this says no: for
    /// what is random, or has a secret in it beside what others choose. An answer to a poll is
    /// compressed if one of its packets is worth it; see [`Builder::http_compression`].
    ///
    /// [`Builder::http_compression`]: crate::Builder::http_compression
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// What is sent stays on this node, where there are others. A server is one node as it is:
    /// until there are clusters, this changes nothing.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.flags.local = true;
        self
    }

    /// Sends an event: encoded once, queued for all at one moment, so that all see the
    /// namespace's packets in one order. Whoever reads too slowly is closed for it, and does not
    /// hold up the others.
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.namespace.emit_many(&self.target, self.flags, event, args)
    }

    /// Sends an event and asks everybody for an answer; it is sent at once, not when the answers
    /// are awaited.
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Replies<D> {
        Replies::new(self.namespace.ask_many(&self.target, self.flags, event, args))
    }

    /// The sockets of this node that are meant at this moment.
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.sockets(&self.target)
    }

    /// The sockets that are meant at this moment, as they are: with their rooms and their data.
    ///
    /// It awaits, as those of other nodes will take a while; those of this node are there at once,
    /// and need not be fetched: see [`sockets`](Self::sockets).
    #[allow(clippy::unused_async, reason = "other nodes will take a while")]
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.namespace.fetch(&self.target)
    }

    /// Puts all of them into a room, or into several: each socket into all of these, or into none.
    ///
    /// # Errors
    ///
    /// As [`Socket::join`], for the first socket that cannot; those before it are in the rooms.
    pub fn sockets_join<N>(&self, rooms: impl Rooms<N>) -> Result<(), JoinError> {
        rooms.with(|rooms| {
            let joined = self.namespace.change_rooms(|namespace| {
                // Chosen before anything changes: joining may not change who is to join.
                let mut keys = Vec::new();
                namespace.select(&self.target, &mut keys);
                keys.into_iter().try_for_each(|key| namespace.join_all(key, rooms).map(|_| ()))
            });
            self.namespace.count(joined)
        })
    }

    /// Takes all of them out of a room, or of several.
    pub fn sockets_leave<N>(&self, rooms: impl Rooms<N>) {
        rooms.with(|rooms| {
            self.namespace.change_rooms(|namespace| {
                let mut keys = Vec::new();
                namespace.select(&self.target, &mut keys);
                for (key, room) in
                    keys.iter().flat_map(|key| rooms.iter().map(|room| (*key, *room)))
                {
                    namespace.leave(key, room);
                }
            });
        });
    }

    /// Disconnects all of them from the namespace; see [`Socket::disconnect`].
    pub fn disconnect(&self) {
        for socket in self.sockets() {
            socket.disconnect();
        }
    }

    /// Disconnects all of them, and closes their connections, each once; see
    /// [`Socket::disconnect_all`].
    pub fn disconnect_all(&self) {
        for socket in self.sockets() {
            socket.disconnect_all();
        }
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.name())
            .field("target", &self.target)
            .field("flags", &self.flags)
            .finish()
    }
}
