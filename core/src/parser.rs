//! How packets are written and read.

use crate::id::{Pid, SocketId};
use crate::outgoing::{Answer, ConnectError, Draft, Outgoing, msgpack};
use crate::packet::AckId;
use crate::payload::{EncodeError, ToArgs};

/// What packets are on the wire: the option `parser` of Node. Server and client must agree on it,
/// and nothing of the handshake tells: who speaks another is closed at its first packet.
///
/// What is inside is the same: handlers, payloads and attachments do not know of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parser {
    /// Text with JSON, and bytes as messages of their own: `socket.io-parser`, which clients have
    /// unless they are told otherwise.
    #[default]
    Default,
    /// One binary message for each packet, with bytes inside: `socket.io-msgpack-parser`, and the
    /// `msgpack` build of the client.
    Msgpack,
}

impl Parser {
    /// An event; see [`Outgoing::event`].
    ///
    /// # Errors
    ///
    /// As there; with MessagePack if it has more than 4 GiB, too.
    #[inline]
    pub fn event(
        self,
        namespace: &str,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        ack: Option<AckId>,
    ) -> Result<Outgoing, EncodeError> {
        match self {
            Self::Default => Outgoing::event(namespace, name, args, ack),
            Self::Msgpack => msgpack::event(namespace, name, args, ack),
        }
    }

    /// An event whose offset is still to be written; see [`Outgoing::draft`].
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn draft(
        self,
        namespace: &str,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Draft, EncodeError> {
        match self {
            Self::Default => Outgoing::draft(namespace, name, args),
            Self::Msgpack => msgpack::draft(namespace, name, args),
        }
    }

    /// An answer; see [`Outgoing::ack`].
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event), but for the name.
    pub fn ack(
        self,
        namespace: &str,
        id: AckId,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Answer, EncodeError> {
        match self {
            Self::Default => Outgoing::ack(namespace, id, args),
            Self::Msgpack => msgpack::ack(namespace, id, args),
        }
    }

    /// The news that the client is in the namespace; see [`Outgoing::connect`].
    pub fn connect(self, namespace: &str, id: &SocketId, pid: Option<&Pid>) -> Outgoing {
        match self {
            Self::Default => Outgoing::connect(namespace, id, pid),
            Self::Msgpack => msgpack::connect(namespace, id, pid),
        }
    }

    /// The news that the client was not let into the namespace.
    pub fn connect_error(self, namespace: &str, error: &ConnectError) -> Outgoing {
        match self {
            Self::Default => Outgoing::connect_error(namespace, error),
            Self::Msgpack => msgpack::connect_error(namespace, error),
        }
    }

    /// The news that the client is no longer in the namespace.
    pub fn disconnect(self, namespace: &str) -> Outgoing {
        match self {
            Self::Default => Outgoing::disconnect(namespace),
            Self::Msgpack => msgpack::disconnect(namespace),
        }
    }
}
