//! The bodies of HTTP long-polling (protocol, section "HTTP long-polling").

use bytes::Bytes;

use super::packet::{Packet, PacketError, Segment};
use crate::Text;

/// Stands between two packets: it cannot occur in JSON, where control characters are escaped.
const SEPARATOR: u8 = 0x1e;

/// Why a body is no polling payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// One of its packets is malformed.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It has more packets than allowed.
    #[error("the payload has more packets than allowed")]
    TooManyPackets,
}

/// Reads a body packet by packet; ends after the first error.
pub(super) fn decode(body: Bytes, max_packets: usize) -> Packets {
    match Text::try_from(body) {
        Ok(text) => Packets { rest: Some(text), left: max_packets, failed: None },
        Err(_) => Packets { rest: None, left: 0, failed: Some(PacketError::Utf8.into()) },
    }
}

/// The packets of a body, in order.
#[derive(Debug)]
pub(super) struct Packets {
    rest: Option<Text>,
    left: usize,
    failed: Option<PayloadError>,
}

impl Iterator for Packets {
    type Item = Result<Packet, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let rest = self.rest.take()?;
        let Some(left) = self.left.checked_sub(1) else {
            return Some(Err(PayloadError::TooManyPackets));
        };
        self.left = left;
        let segment = match rest.as_bytes().iter().position(|byte| *byte == SEPARATOR) {
            Some(end) => {
                let segment = rest.slice(0..end);
                self.rest = Some(rest.skip(end + 1));
                segment
            }
            None => rest,
        };
        let packet = Packet::from_text(segment);
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet.map_err(PayloadError::from))
    }
}

/// Joins packets into the body of an answer.
pub(super) fn encode<'a>(segments: impl ExactSizeIterator<Item = &'a Segment> + Clone) -> Bytes {
    let separators = segments.len().saturating_sub(1);
    let length = segments.clone().map(|segment| segment.polled().len()).sum::<usize>();
    let mut body = Vec::with_capacity(length + separators);
    for (at, segment) in segments.enumerate() {
        if at > 0 {
            body.push(SEPARATOR);
        }
        body.extend_from_slice(segment.polled());
    }
    Bytes::from(body)
}

#[cfg(test)]
mod tests {
    use super::super::packet::Message;
    use super::*;

    fn read(body: &'static [u8]) -> Vec<Result<Packet, PayloadError>> {
        decode(Bytes::from_static(body), 3).collect()
    }

    #[test]
    fn text_and_binary_packets_are_read_in_order() {
        assert_eq!(
            read(b"4hello\x1ebAQIDBA==\x1e3"),
            [
                Ok(Packet::Message(Message::Text("hello".into()))),
                Ok(Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])))),
                Ok(Packet::Pong),
            ]
        );
    }

    #[test]
    fn nothing_is_read_after_the_first_error() {
        assert_eq!(
            read(b"3\x1eabc\x1e3"),
            [Ok(Packet::Pong), Err(PacketError::UnknownType.into())]
        );
        assert_eq!(read(b""), [Err(PacketError::Empty.into())]);
        assert_eq!(read(b"\x1e"), [Err(PacketError::Empty.into())]);
        assert_eq!(read(b"4\xff"), [Err(PacketError::Utf8.into())]);
    }

    #[test]
    fn the_number_of_packets_is_limited() {
        assert_eq!(read(b"3\x1e3\x1e3").len(), 3);
        assert_eq!(read(b"3\x1e3\x1e3\x1e3").pop(), Some(Err(PayloadError::TooManyPackets)));
    }

    #[test]
    fn a_body_joins_packets_and_encodes_binary() {
        let segments = [Segment::text("hello"), Segment::binary(Bytes::from_static(&[1, 2, 3, 4]))];
        assert_eq!(encode(segments.iter()), Bytes::from_static(b"4hello\x1ebAQIDBA=="));
    }
}
