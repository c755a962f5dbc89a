//! Engine.IO v4: one session over HTTP long-polling, WebSocket, or the one upgraded to the other.
//!
//! The rules are those of the [Engine.IO protocol, version 4](https://github.com/socketio/engine.io-protocol).
//! [`Session`] is usable without Socket.IO above it.

mod packet;
mod payload;
mod request;
mod response;
mod session;

pub use packet::{Frame, Message, Packet, PacketError, Segment};
pub use payload::PayloadError;
pub use request::{Method, Request, RequestError};
pub use response::Response;
pub use session::{Event, Input, PostFault, RequestId, Session, Transmit, WebSocketFault};

use std::fmt;

/// How a client is connected right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP long-polling: a pending GET for what the server sends, a POST for what the client sends.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// The transport's name in a query and in the handshake.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// The transports that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transports {
    /// Both, as by default: polling comes through every proxy, a WebSocket is cheaper for both sides.
    Both,
    /// HTTP long-polling only.
    PollingOnly,
    /// WebSocket only: a client that does not ask for it at once is refused.
    WebSocketOnly,
}

impl Transports {
    /// Whether a transport is among them.
    pub const fn has(self, transport: Transport) -> bool {
        matches!(
            (self, transport),
            (Self::Both, _)
                | (Self::PollingOnly, Transport::Polling)
                | (Self::WebSocketOnly, Transport::WebSocket)
        )
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_is_shown_as_it_stands_in_a_query() {
        assert_eq!(Transport::Polling.to_string(), "polling");
        assert_eq!(Transport::WebSocket.to_string(), "websocket");
    }
}
