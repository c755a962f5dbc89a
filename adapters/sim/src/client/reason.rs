//! Why a client is disconnected, as it sees it.

use std::fmt;

/// Why a client is disconnected: what the JavaScript client gives its `disconnect` handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The server disconnected the socket.
    ServerDisconnect,
    /// The client left by itself.
    ClientDisconnect,
    /// The server pinged no more; or it has not opened the session in twenty seconds, of which the
    /// JavaScript client tells by `connect_error`.
    PingTimeout,
    /// The connection was closed.
    TransportClose,
    /// The connection broke, or a request failed.
    TransportError,
}

impl DisconnectReason {
    /// The reason in the words of the JavaScript client.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerDisconnect => "io server disconnect",
            Self::ClientDisconnect => "io client disconnect",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
