//! What goes into a session and what comes out of it.

use std::fmt;

use bytes::Bytes;

use super::Message;
use crate::engine::{Frame, Response};
use crate::{CloseReason, Limit};

/// Names one HTTP request of a session, so that its answer finds it. Chosen by whoever does the I/O.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The caller never uses a number twice within a session.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What arrived from a client. `Debug` shows sizes only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A GET: answered when there is something to send.
    Get(RequestId),
    /// The head of a POST: two at once end the session, so that it must be known before the body is read.
    PostHead(RequestId),
    /// The body of that POST, whole.
    PostBody(RequestId, Bytes),
    /// That POST is not to be read.
    PostFailed(RequestId, PostFault),
    /// The client gave up a request that was not answered yet.
    RequestLost(RequestId),
    /// A message from the session's WebSocket, be it the transport in use or one that is probed.
    Frame(Frame),
    /// The WebSocket was closed by the client, or its stream ended.
    WebSocketClosed,
    /// The WebSocket broke a rule, or its stream failed.
    WebSocketFailed(WebSocketFault),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(id) => write!(f, "Get({id:?})"),
            Self::PostHead(id) => write!(f, "PostHead({id:?})"),
            Self::PostBody(id, body) => write!(f, "PostBody({id:?}, {} bytes)", body.len()),
            Self::PostFailed(id, fault) => write!(f, "PostFailed({id:?}, {fault:?})"),
            Self::RequestLost(id) => write!(f, "RequestLost({id:?})"),
            Self::Frame(frame) => write!(f, "Frame({frame:?})"),
            Self::WebSocketClosed => f.write_str("WebSocketClosed"),
            Self::WebSocketFailed(fault) => write!(f, "WebSocketFailed({fault:?})"),
        }
    }
}

/// Why the body of a POST cannot be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostFault {
    /// It is longer than [`Config::payload_limit`](crate::Config::payload_limit): 413, and the session lives on.
    TooLarge,
    /// It claims to be `application/octet-stream`, which version 4 does not know: 400, and the session ends.
    OctetStream,
    /// It is compressed: 415, and the session lives on.
    Encoded,
    /// It did not arrive in time: 408, and the session ends.
    TooSlow,
}

impl PostFault {
    /// The limit that was hit, if that is what is wrong.
    pub(super) const fn limit(self) -> Option<Limit> {
        match self {
            Self::TooLarge => Some(Limit::Payload),
            Self::TooSlow => Some(Limit::BodyTime),
            Self::OctetStream | Self::Encoded => None,
        }
    }
}

/// What was wrong with a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketFault {
    /// Its stream failed: there is nobody to tell.
    Io,
    /// A message is longer than [`Config::payload_limit`](crate::Config::payload_limit).
    TooLarge,
    /// A frame breaks RFC 6455.
    Protocol,
    /// Text is not UTF-8.
    Utf8,
}

impl WebSocketFault {
    /// RFC 6455, section 7.4.1.
    pub(super) const fn close_code(self) -> Option<u16> {
        match self {
            Self::Io => None,
            Self::Protocol => Some(1002),
            Self::Utf8 => Some(1007),
            Self::TooLarge => Some(1009),
        }
    }

    /// A reset is how a client goes away that had no time to say so (as in Node); the rest is its fault.
    pub(super) const fn close_reason(self) -> CloseReason {
        match self {
            Self::Io => CloseReason::TransportClose,
            Self::Protocol | Self::Utf8 | Self::TooLarge => CloseReason::TransportError,
        }
    }
}

/// What the application should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A message from the client.
    Message(Message),
    /// Polling gave way to the WebSocket.
    Upgraded,
    /// The client hit a limit; for those who count.
    Limit(Limit),
    /// The session is over; the last event.
    Closed(CloseReason),
}

/// What to do on the wire. `Debug` shows sizes only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transmit {
    /// Answer this request.
    Respond(RequestId, Response),
    /// Send this message on the WebSocket.
    Frame(Frame),
    /// Close the WebSocket with this code (none: a close frame without one) and forget it.
    CloseWebSocket(Option<u16>),
}
