//! Who is spoken to, and what is said.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use klatch_core::{FromPayload, JoinError, SocketKey, Target, ToArgs};

use crate::error::EmitError;
use crate::namespace;
use crate::reply::{DEFAULT_DEADLINE, Replies};
use crate::socket::Socket;

/// Some of the sockets of a namespace, and how to speak to them. An immutable value: every method
/// that narrows it gives a new one, and rooms are looked up when something is sent.
///
/// From a [`Socket`] it leaves that socket out, in whatever room it is.
#[derive(Clone)]
pub struct Broadcast {
    namespace: Arc<namespace::Inner>,
    target: Target,
    volatile: bool,
    timeout: Duration,
}

impl Broadcast {
    pub(crate) fn new(namespace: Arc<namespace::Inner>, target: Target) -> Self {
        Self { namespace, target, volatile: false, timeout: DEFAULT_DEADLINE }
    }

    /// Adds the members of a room; the first room replaces "everybody". Whoever is in several of
    /// the rooms gets what is sent once. A socket's id is the name of its own room.
    #[must_use]
    pub fn to(mut self, room: impl AsRef<str>) -> Self {
        self.target = self.target.to(room.as_ref());
        self
    }

    /// Leaves out the members of a room, whatever other rooms they are in.
    #[must_use]
    pub fn except(mut self, room: impl AsRef<str>) -> Self {
        self.target = self.target.except(room.as_ref());
        self
    }

    /// What is sent reaches only those to whom it can leave at once, and is dropped for the others.
    /// An event that asks for answers is never dropped.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// How long answers are awaited. 30 seconds if nothing is said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
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
        let event = self.namespace.event(event, args, self.volatile)?;
        self.namespace.publish(&self.target, event, self.volatile);
        Ok(())
    }

    /// Sends an event and asks everybody for an answer; it is sent at once, not when the answers
    /// are awaited.
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Replies<D> {
        Replies::new(self.namespace.ask_many(&self.target, self.timeout, event, args))
    }

    /// The sockets that are meant at this moment.
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.sockets(&self.target)
    }

    /// Puts all of them into a room.
    ///
    /// # Errors
    ///
    /// As [`Socket::join`], for the first that cannot; those before it are in the room.
    pub fn sockets_join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        let room = room.as_ref();
        self.for_each(|namespace, key| namespace.join(key, room).map(|_| ()))
    }

    /// Takes all of them out of a room.
    pub fn sockets_leave(&self, room: impl AsRef<str>) {
        let room = room.as_ref();
        let left: Result<(), std::convert::Infallible> = self.for_each(|namespace, key| {
            namespace.leave(key, room);
            Ok(())
        });
        match left {
            Ok(()) => {}
        }
    }

    /// Disconnects all of them from the namespace; see [`Socket::disconnect`].
    pub fn disconnect(&self) {
        for socket in self.sockets() {
            socket.disconnect();
        }
    }

    /// Disconnects all of them, and closes their connections; see [`Socket::disconnect_all`].
    pub fn disconnect_all(&self) {
        for socket in self.sockets() {
            socket.disconnect_all();
        }
    }

    fn for_each<E>(
        &self,
        mut act: impl FnMut(&mut klatch_core::Namespace, SocketKey) -> Result<(), E>,
    ) -> Result<(), E> {
        self.namespace.rooms(|namespace| {
            // Chosen before anything changes: joining may not change who is to join.
            let mut keys = Vec::new();
            namespace.select(&self.target, &mut keys);
            keys.into_iter().try_for_each(|key| act(namespace, key))
        })
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.name())
            .field("target", &self.target)
            .field("volatile", &self.volatile)
            .finish_non_exhaustive()
    }
}
