//! The answers to polling requests.

use std::fmt;

use bytes::Bytes;

use super::packet::Segment;
use super::payload;
use super::request::RequestError;

/// An HTTP response, as far as the protocol decides it.
///
/// `Debug` shows the size of the body only: that of a handshake has the session's id in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`; `None` where there is no body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
    /// Whether one of the packets in it is worth compressing to the application, if the client takes
    /// that and the body is long enough.
    pub compress: bool,
}

impl Response {
    /// The answer to a GET: one or more packets.
    pub(super) fn payload<'a>(
        segments: impl ExactSizeIterator<Item = &'a Segment> + Clone,
        compress: bool,
    ) -> Self {
        Self {
            status: 200,
            content_type: Some("text/plain; charset=UTF-8"),
            body: payload::encode(segments),
            compress,
        }
    }

    /// The answer to a POST that was taken. `text/html`, as in Node, lets no client parse it as data.
    pub(super) const fn ok() -> Self {
        Self::plain(200, Some("text/html"), b"ok")
    }

    /// An answer that has nothing to say beyond its status.
    pub(super) const fn empty(status: u16) -> Self {
        Self::plain(status, None, b"")
    }

    const fn plain(status: u16, content_type: Option<&'static str>, body: &'static [u8]) -> Self {
        Self { status, content_type, body: Bytes::from_static(body), compress: false }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

impl From<RequestError> for Response {
    fn from(error: RequestError) -> Self {
        Self::plain(error.status(), Some("application/json"), error.json().as_bytes())
    }
}
