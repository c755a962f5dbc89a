//! One socket, and how it is spoken to.

use std::time::Duration;

use klatch_core::{FromPayload, ToArgs};

use crate::broadcast::Broadcast;
use crate::error::EmitError;
use crate::flags::Flags;
use crate::reply::Reply;
use crate::rooms::Rooms;
use crate::socket::Socket;

/// A socket, and how to speak to it: what [`Socket::volatile`], [`Socket::timeout`],
/// [`Socket::compress`] and [`Socket::local`] give. An immutable value, as [`Broadcast`] is.
///
/// Flags and addressees are told in any order: `socket.volatile().to("a")` and
/// `socket.to("a").volatile()` are the same. As long as no addressee is told, it is the socket itself.
#[derive(Clone, Debug)]
pub struct Unicast {
    socket: Socket,
    flags: Flags,
}

impl Unicast {
    pub(crate) fn new(socket: Socket, flags: Flags) -> Self {
        Self { socket, flags }
    }

    /// What is sent is dropped, which is no error, if it cannot leave at once: if something is
    /// queued before it, or the transport is not ready. An event that asks for an answer is never
    /// dropped.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// How long an answer is awaited. 30 seconds if nothing is said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.flags.timeout = timeout;
        self
    }

    /// Whether what is sent is worth compressing; see [`Broadcast::compress`].
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// See [`Broadcast::local`]: for a broadcast that is made of this. A socket is where it is.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.flags.local = true;
        self
    }

    /// Everybody in the namespace but this socket.
    pub fn broadcast(self) -> Broadcast {
        self.socket.broadcast().with(self.flags)
    }

    /// Everybody in a room but this socket; see [`Socket::to`].
    pub fn to<N>(self, rooms: impl Rooms<N>) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// Everybody but this socket and the members of a room; see [`Socket::except`].
    pub fn except<N>(self, rooms: impl Rooms<N>) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Sends an event to this client; see [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`]; a volatile one meets no client that reads too slowly.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.socket.inner_namespace().emit_one(&self.socket, self.flags, event, args)
    }

    /// Sends an event and asks for an answer; it is sent at once, not when the answer is awaited.
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Reply<D> {
        let namespace = self.socket.inner_namespace();
        Reply::new(namespace.ask_one(&self.socket, self.flags, event, args))
    }
}
