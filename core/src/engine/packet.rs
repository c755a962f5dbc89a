//! The packets of Engine.IO v4 (protocol, section "Packet encoding").

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::{Attachment, Text};

/// A packet that a client sent. `Debug` shows sizes only.
#[derive(Clone, PartialEq, Eq)]
pub enum Packet {
    /// `0`: only a server may open; ignored.
    Open,
    /// `1`: the client closes the session.
    Close,
    /// `2`: with the text `probe` the start of an upgrade, otherwise not the client's to send.
    Ping(Text),
    /// `3`: the answer to a ping.
    Pong,
    /// `4`, or a binary frame.
    Message(Message),
    /// `5`: the end of an upgrade.
    Upgrade,
    /// `6`: nothing.
    Noop,
}

/// What one message carries. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// Text, without the packet's type.
    Text(Text),
    /// Bytes.
    Binary(Bytes),
}

/// Why bytes are no Engine.IO packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// A packet has at least its type.
    #[error("the packet is empty")]
    Empty,
    /// The first character is none of the seven types.
    #[error("the packet type is unknown")]
    UnknownType,
    /// The text after `b` is not base64.
    #[error("the binary packet is not base64")]
    Base64,
    /// Text must be UTF-8.
    #[error("the packet is not UTF-8")]
    Utf8,
}

/// A WebSocket message, in either direction. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text message: the bytes are UTF-8 where the core made them, and are checked where a client did.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
}

/// One packet on its way out, encoded once: ready to be a WebSocket message and a piece of a
/// polling payload alike. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text that begins with the packet's type.
    Text(Bytes),
    /// A binary message; polling carries it as base64, which is made when it is first needed.
    Binary(Attachment),
}

impl Segment {
    /// A message with this text.
    pub fn text(text: &str) -> Self {
        let mut encoded = Vec::with_capacity(1 + text.len());
        encoded.push(b'4');
        encoded.extend_from_slice(text.as_bytes());
        Self::Text(Bytes::from(encoded))
    }

    /// A message with these bytes.
    pub fn binary(bytes: Bytes) -> Self {
        Self::Binary(Attachment::new(bytes))
    }

    pub(super) const CLOSE: Self = Self::Text(Bytes::from_static(b"1"));
    pub(super) const PING: Self = Self::Text(Bytes::from_static(b"2"));
    pub(super) const NOOP: Self = Self::Text(Bytes::from_static(b"6"));

    /// Bytes of the WebSocket message that this makes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(attachment) => attachment.bytes().len(),
        }
    }

    /// Whether the WebSocket message would be empty: only that of a binary message of no bytes is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn into_frame(self) -> Frame {
        match self {
            Self::Text(text) => Frame::Text(text),
            Self::Binary(attachment) => Frame::Binary(attachment.bytes().clone()),
        }
    }

    pub(super) fn polled(&self) -> &Bytes {
        match self {
            Self::Text(text) => text,
            Self::Binary(attachment) => attachment.segment(),
        }
    }
}

impl Packet {
    /// Reads a WebSocket message.
    #[inline(never)]
    pub(super) fn from_frame(frame: Frame) -> Result<Self, PacketError> {
        match frame {
            Frame::Text(text) => {
                Self::from_text(Text::try_from(text).map_err(|_| PacketError::Utf8)?)
            }
            Frame::Binary(bytes) => Ok(Self::Message(Message::Binary(bytes))),
        }
    }

    // Not a part of what reads text: most of that is a few moves.
    #[inline(never)]
    fn from_base64(base64: &[u8]) -> Result<Self, PacketError> {
        let bytes = STANDARD.decode(base64).map_err(|_| PacketError::Base64)?;
        Ok(Self::Message(Message::Binary(bytes.into())))
    }

    /// Reads one piece of a polling payload, or the text of a WebSocket message. In either, `b`
    /// begins a binary message: a client that is set to base64 uses it over a WebSocket, too.
    pub(super) fn from_text(text: Text) -> Result<Self, PacketError> {
        let kind = *text.as_bytes().first().ok_or(PacketError::Empty)?;
        // The types are ASCII, so that the rest begins on a character.
        Ok(match kind {
            b'0' => Self::Open,
            b'1' => Self::Close,
            b'2' => Self::Ping(text.skip(1)),
            b'3' => Self::Pong,
            b'4' => Self::Message(Message::Text(text.skip(1))),
            b'5' => Self::Upgrade,
            b'6' => Self::Noop,
            b'b' => Self::from_base64(&text.as_bytes()[1..])?,
            _ => return Err(PacketError::UnknownType),
        })
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Close => f.write_str("Close"),
            Self::Ping(text) => write!(f, "Ping({} bytes)", text.len()),
            Self::Pong => f.write_str("Pong"),
            Self::Message(message) => write!(f, "Message({message:?})"),
            Self::Upgrade => f.write_str("Upgrade"),
            Self::Noop => f.write_str("Noop"),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(attachment) => write!(f, "Binary({} bytes)", attachment.bytes().len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Result<Packet, PacketError> {
        Packet::from_frame(Frame::Text(Bytes::from_static(text.as_bytes())))
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(text("0{}"), Ok(Packet::Open));
        assert_eq!(text("1"), Ok(Packet::Close));
        assert_eq!(text("2probe"), Ok(Packet::Ping("probe".into())));
        assert_eq!(text("3"), Ok(Packet::Pong));
        assert_eq!(text("4h€"), Ok(Packet::Message(Message::Text("h€".into()))));
        assert_eq!(text("5"), Ok(Packet::Upgrade));
        assert_eq!(text("6"), Ok(Packet::Noop));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        assert_eq!(text(""), Err(PacketError::Empty));
        assert_eq!(text("7"), Err(PacketError::UnknownType));
        assert_eq!(text("abc"), Err(PacketError::UnknownType));
        assert_eq!(text("é"), Err(PacketError::UnknownType));
        let broken = Frame::Text(Bytes::from_static(b"4\xff"));
        assert_eq!(Packet::from_frame(broken), Err(PacketError::Utf8));
    }

    #[test]
    fn text_carries_bytes_as_base64() {
        let binary = |bytes| Ok(Packet::Message(Message::Binary(Bytes::from_static(bytes))));
        assert_eq!(text("bAQIDBA=="), binary(&[1, 2, 3, 4]));
        assert_eq!(text("b"), binary(&[]));
        assert_eq!(text("b@@@@"), Err(PacketError::Base64));
    }

    #[test]
    fn a_segment_is_as_long_as_its_frame() {
        let binary = Segment::binary(Bytes::from_static(&[1, 2, 3, 4]));
        for (segment, len) in [(Segment::text("h€"), 5), (binary, 4), (Segment::NOOP, 1)] {
            assert_eq!((segment.len(), segment.is_empty()), (len, false), "{segment:?}");
        }
        let empty = Segment::binary(Bytes::new());
        assert_eq!((empty.len(), empty.is_empty()), (0, true));
    }

    #[test]
    fn debug_shows_sizes_and_nothing_that_was_said() {
        let bytes = Bytes::from_static(b"secret");
        let messages = [Message::Text("secret".into()), Message::Binary(bytes.clone())];
        let frames = [Frame::Text(bytes.clone()), Frame::Binary(bytes.clone())];
        let segments = [Segment::Text(bytes.clone()), Segment::binary(bytes)];
        let shown = "[Text(6 bytes), Binary(6 bytes)]";
        assert_eq!(format!("{messages:?}"), shown);
        assert_eq!(format!("{frames:?}"), shown);
        assert_eq!(format!("{segments:?}"), shown);
        let packets = [text("2secret"), text("4secret"), text("3"), text("x")];
        assert_eq!(
            format!("{packets:?}"),
            "[Ok(Ping(6 bytes)), Ok(Message(Text(6 bytes))), Ok(Pong), Err(UnknownType)]"
        );
    }
}
