//! Sockets as they were found, wherever they are.

use std::fmt;
use std::time::Duration;

use klatch_core::{DecodeError, EncodeError, FromPayload, JoinError, Payload, SocketId, ToArgs};

use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::reply::Reply;
use crate::rooms::Rooms;
use crate::socket::Socket;
use crate::unicast::Unicast;

/// A socket as [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets) found it: its rooms and
/// its data are those of that moment. What is done to it is done to the socket itself.
///
/// It need not be a socket of this node, where there are others. What only a [`Socket`] can tell is
/// not here for that reason: whether it is connected still, or the type of its data.
#[derive(Clone)]
pub struct RemoteSocket {
    socket: Socket,
    rooms: Vec<String>,
    data: Result<Payload, EncodeError>,
}

impl RemoteSocket {
    /// With its data as it is shown to others: that is the application's code, so that no lock may be
    /// held.
    pub(crate) fn new(socket: Socket, rooms: Vec<String>) -> Self {
        let data = socket.data_payload();
        Self { socket, rooms, data }
    }

    /// Its id, and the name of its own room.
    pub fn id(&self) -> SocketId {
        self.socket.id()
    }

    /// The request that opened its connection.
    pub fn handshake(&self) -> &Handshake {
        self.socket.handshake()
    }

    /// What its client presented; see [`Socket::auth`].
    ///
    /// # Errors
    ///
    /// If it is not of this type; if there was none, as for a missing argument.
    pub fn auth<D: FromPayload>(&self) -> Result<D, DecodeError> {
        self.socket.auth()
    }

    /// The rooms it was in, that of its own id first.
    pub fn rooms(&self) -> &[String] {
        &self.rooms
    }

    /// The value that was [kept](Socket::set_data) with it, read from what it serialised as; a
    /// [`Payload`] takes that as it is.
    ///
    /// # Errors
    ///
    /// If it is not of this type, or could not be serialised; if there was none, as for a missing
    /// argument.
    pub fn data<D: FromPayload>(&self) -> Result<D, DecodeError> {
        match &self.data {
            Ok(data) => data.decode(),
            Err(error) => Err(DecodeError::Mismatch(error.to_string())),
        }
    }

    /// Sends an event to it; see [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`].
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.socket.emit(event, args)
    }

    /// Sends an event to it and asks for an answer; see [`Socket::emit_with_ack`].
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Reply<D> {
        self.socket.emit_with_ack(event, args)
    }

    /// This socket, whose answers are awaited for so long; see [`Unicast::timeout`].
    pub fn timeout(&self, timeout: Duration) -> Unicast {
        self.socket.timeout(timeout)
    }

    /// Puts it into a room, or into several; see [`Socket::join`].
    ///
    /// # Errors
    ///
    /// As [`Socket::join`].
    pub fn join<N>(&self, rooms: impl Rooms<N>) -> Result<(), JoinError> {
        self.socket.join(rooms)
    }

    /// Takes it out of a room, or of several.
    pub fn leave<N>(&self, rooms: impl Rooms<N>) {
        self.socket.leave(rooms);
    }

    /// Disconnects it from its namespace; see [`Socket::disconnect`].
    pub fn disconnect(&self) {
        self.socket.disconnect();
    }

    /// Disconnects its client from all namespaces, and closes the connection; see
    /// [`Socket::disconnect_all`].
    pub fn disconnect_all(&self) {
        self.socket.disconnect_all();
    }
}

impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.id())
            .field("rooms", &self.rooms)
            .finish_non_exhaustive()
    }
}
