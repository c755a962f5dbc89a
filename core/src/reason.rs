//! Why a connection or a socket ended.

use std::fmt;

use serde::{Serialize, Serializer};

/// Why a socket, or the whole connection beneath it, ended; shown by its Socket.IO name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The application disconnected the socket from its namespace.
    ServerNamespaceDisconnect,
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The server is closing.
    ServerShuttingDown,
    /// No pong came in time.
    PingTimeout,
    /// The client closed the connection or went away.
    TransportClose,
    /// The transport broke, or the client broke its rules.
    TransportError,
    /// A malformed Engine.IO packet arrived.
    ParseError,
    /// The server closed the connection: the client broke the rules of Socket.IO, joined no
    /// namespace in time, or the application asked for it.
    ForcedClose,
    /// The server closed the connection after it had disconnected all its sockets, each of which
    /// ended as [`ServerNamespaceDisconnect`](Self::ServerNamespaceDisconnect).
    ForcedServerClose,
    /// The client did not read what was sent to it, and its mailbox was full.
    ///
    /// Node has no such reason: it buffers without bound.
    SlowConsumer,
}

impl CloseReason {
    /// Whether the client did not want it, nor the application: it may come back for what it missed.
    pub const fn is_recoverable(self) -> bool {
        match self {
            Self::ServerShuttingDown
            | Self::PingTimeout
            | Self::TransportClose
            | Self::TransportError
            | Self::ForcedClose
            | Self::ForcedServerClose
            | Self::SlowConsumer => true,
            Self::ServerNamespaceDisconnect
            | Self::ClientNamespaceDisconnect
            | Self::ParseError => false,
        }
    }

    /// The reason's text, as Node's Socket.IO has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::SlowConsumer => "slow consumer",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CloseReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_neither_sent_away_nor_left_nor_spoke_nonsense_may_come_back() {
        use CloseReason as R;

        for (reason, is_recoverable) in [
            (R::ServerNamespaceDisconnect, false),
            (R::ClientNamespaceDisconnect, false),
            (R::ServerShuttingDown, true),
            (R::PingTimeout, true),
            (R::TransportClose, true),
            (R::TransportError, true),
            (R::ParseError, false),
            (R::ForcedClose, true),
            (R::ForcedServerClose, true),
            (R::SlowConsumer, true),
        ] {
            assert_eq!(reason.is_recoverable(), is_recoverable, "{reason}");
            let json = serde_json::to_string(&reason).expect("a text has a JSON form");
            assert_eq!(json, format!("\"{reason}\""));
        }
    }
}
