//! From Engine.IO messages to packets.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserializer as _, Visitor};

use super::{AckId, Body, DecoderLimits, Packet, PacketError};
use crate::attachment::Attachment;
use crate::json::Scanner;
use crate::payload::Payload;
use crate::text::Text;

/// Events that only the library itself announces. Node reserves `newListener` and
/// `removeListener` too, for the sake of its `EventEmitter`.
const RESERVED: [&str; 4] = ["connect", "connect_error", "disconnect", "disconnecting"];

/// Reads the packets of one client, and waits for the attachments of a binary one.
///
/// It is strict: what the grammar of the protocol does not allow is an error, after which the
/// decoder awaits nothing. The payload is checked, not read: its JSON stays as it came until a
/// handler's type is known. Work is linear in the message's length; beside it, nothing is
/// allocated but a name with escapes and the list of attachments.
#[derive(Debug)]
pub struct Decoder {
    limits: DecoderLimits,
    /// Aside: hardly any connection ever awaits an attachment.
    pending: Option<Box<Pending>>,
}

#[derive(Debug)]
struct Pending {
    packet: Packet,
    attachments: Vec<Attachment>,
    announced: usize,
    /// Bytes that the attachments still to come may have.
    budget: usize,
}

impl Decoder {
    /// A decoder that awaits a text.
    pub fn new(limits: DecoderLimits) -> Self {
        Self { limits, pending: None }
    }

    /// Whether attachments of a packet are still to come.
    pub fn is_awaiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Reads a text message, given without its Engine.IO type; `None` if attachments must follow.
    ///
    /// # Errors
    ///
    /// If the text is not a packet that a client may send within the limits, or if an attachment
    /// was due.
    pub fn decode_text(&mut self, text: Text) -> Result<Option<Packet>, PacketError> {
        if self.pending.take().is_some() {
            return Err(PacketError::UnexpectedText);
        }
        let budget = self.limits.payload.checked_sub(text.len());
        let budget = budget.ok_or(PacketError::TooLarge)?;
        let (packet, announced) = Parser::new(text, &self.limits).packet()?;
        if announced == 0 {
            return Ok(Some(packet));
        }
        let attachments = Vec::new();
        self.pending = Some(Box::new(Pending { packet, attachments, announced, budget }));
        Ok(None)
    }

    /// Reads a binary message; `None` if more of them must follow.
    ///
    /// # Errors
    ///
    /// If no attachment was due, or the packet grew beyond its limit.
    pub fn decode_binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, PacketError> {
        let mut pending = self.pending.take().ok_or(PacketError::UnexpectedBinary)?;
        let budget = pending.budget.checked_sub(bytes.len());
        pending.budget = budget.ok_or(PacketError::TooLarge)?;
        pending.attachments.push(Attachment::new(bytes));
        if pending.attachments.len() < pending.announced {
            self.pending = Some(pending);
            return Ok(None);
        }
        let mut packet = pending.packet;
        if let Body::Event { args, .. } | Body::Ack { args, .. } = &mut packet.body {
            args.attach(pending.attachments);
        }
        Ok(Some(packet))
    }
}

/// One text, read from left to right.
struct Parser<'a> {
    text: Text,
    limits: &'a DecoderLimits,
    position: usize,
}

impl<'a> Parser<'a> {
    fn new(text: Text, limits: &'a DecoderLimits) -> Self {
        Self { text, limits, position: 0 }
    }

    /// The packet without its attachments, and how many it announces.
    fn packet(mut self) -> Result<(Packet, usize), PacketError> {
        let kind = *self.rest().first().ok_or(PacketError::UnknownType)?;
        self.position += 1;
        let announced = match kind {
            b'5' | b'6' => Some(self.attachments()?),
            b'0'..=b'3' => None,
            b'4' => return Err(PacketError::ConnectErrorFromClient),
            _ => return Err(PacketError::UnknownType),
        };
        let namespace = self.namespace()?;
        let body = match kind {
            b'0' => self.connect()?,
            b'1' if self.rest().is_empty() => Body::Disconnect,
            b'1' => return Err(PacketError::IllegalPayload),
            b'2' | b'5' => self.event(announced)?,
            _ => self.ack(announced)?,
        };
        Ok((Packet { namespace, body }, announced.unwrap_or(0)))
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.position..]
    }

    fn digits(&mut self) -> &[u8] {
        let start = self.position;
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.position += digits;
        &self.text.as_bytes()[start..self.position]
    }

    fn attachments(&mut self) -> Result<usize, PacketError> {
        let digits = self.digits();
        let (is_given, count) = (!digits.is_empty(), number(digits));
        if !is_given || self.rest().first() != Some(&b'-') {
            return Err(PacketError::IllegalAttachments);
        }
        self.position += 1;
        count
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count <= self.limits.attachments)
            .ok_or(PacketError::TooManyAttachments)
    }

    fn namespace(&mut self) -> Result<Text, PacketError> {
        let rest = self.rest();
        if rest.first() != Some(&b'/') {
            return Ok(Text::from("/"));
        }
        // Without a comma the name takes all that is left, as it does in Node.
        let comma = rest.iter().position(|b| *b == b',');
        let length = comma.unwrap_or(rest.len());
        if length > self.limits.namespace {
            return Err(PacketError::NamespaceTooLong);
        }
        let start = self.position;
        self.position += length + usize::from(comma.is_some());
        Ok(self.text.slice(start..start + length))
    }

    fn ack_id(&mut self) -> Result<Option<AckId>, PacketError> {
        let digits = self.digits();
        if digits.is_empty() {
            return Ok(None);
        }
        let id = number(digits).ok_or(PacketError::IllegalAckId)?;
        Ok(Some(AckId::new(id)))
    }

    fn connect(self) -> Result<Body, PacketError> {
        if self.rest().is_empty() {
            let auth = Payload::default();
            return Ok(Body::Connect { auth });
        }
        let mut scanner = self.scanner(None);
        if scanner.peek() != Some(b'{') {
            return Err(PacketError::IllegalPayload);
        }
        let object = scanner.value()?;
        scanner.end()?;
        let auth = self.payload(object);
        Ok(Body::Connect { auth })
    }

    fn event(mut self, announced: Option<usize>) -> Result<Body, PacketError> {
        let ack = self.ack_id()?;
        let mut scanner = self.scanner(announced);
        if scanner.peek() != Some(b'[') {
            return Err(PacketError::IllegalPayload);
        }
        scanner.open_array()?;
        let quoted = match scanner.peek() {
            Some(b'"') => true,
            Some(b'-' | b'0'..=b'9') => false,
            _ => return Err(PacketError::IllegalEventName),
        };
        let name = scanner.value()?;
        // Either a comma with an argument behind it, or the end.
        if scanner.eat(b',') == (scanner.peek() == Some(b']')) {
            return Err(PacketError::IllegalJson);
        }
        let args = scanner.rest_of_array()?;
        scanner.end()?;
        let name = self.name(name, quoted)?;
        let args = self.payload(args);
        Ok(Body::Event { name, args, ack })
    }

    fn ack(mut self, announced: Option<usize>) -> Result<Body, PacketError> {
        let id = self.ack_id()?;
        if self.rest().is_empty() {
            return Ok(Body::StrayAck);
        }
        let mut scanner = self.scanner(announced);
        if scanner.peek() != Some(b'[') {
            return Err(PacketError::IllegalPayload);
        }
        scanner.open_array()?;
        let args = scanner.rest_of_array()?;
        scanner.end()?;
        let args = self.payload(args);
        Ok(id.map_or(Body::StrayAck, |id| Body::Ack { id, args }))
    }

    fn scanner(&self, announced: Option<usize>) -> Scanner<'_> {
        Scanner::new(self.rest(), announced, self.limits.json_depth)
    }

    /// The part of the text at `json`, which counts from the parser's position.
    fn slice(&self, json: Range<usize>) -> Text {
        self.text.slice(self.position + json.start..self.position + json.end)
    }

    fn payload(self, json: Range<usize>) -> Payload {
        if json.is_empty() {
            // Not even an empty slice, which would keep the buffer.
            return Payload::default();
        }
        Payload::from_checked(self.text.skip(self.position + json.start), json.len())
    }

    fn name(&self, json: Range<usize>, quoted: bool) -> Result<Text, PacketError> {
        let raw = &self.rest()[json.clone()];
        let name = if !quoted {
            match decimal(raw) {
                Some(decimal) => Text::from(decimal),
                None => self.slice(json),
            }
        } else if raw.contains(&b'\\') {
            Text::from(unescaped(raw))
        } else {
            self.slice(json.start + 1..json.end - 1)
        };
        if name.len() > self.limits.event_name {
            return Err(PacketError::EventNameTooLong);
        }
        if RESERVED.iter().any(|reserved| name == **reserved) {
            return Err(PacketError::ReservedEventName);
        }
        Ok(name)
    }
}

/// The value of ASCII digits, unless it does not fit.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A number with a fraction or an exponent, spelled without the latter; `None` if it is to stay.
fn decimal(raw: &[u8]) -> Option<String> {
    if !raw.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return None;
    }
    let value: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    value.is_finite().then(|| value.to_string())
}

/// What a checked JSON string says; a lone surrogate, which is no character, is replaced.
fn unescaped(raw: &[u8]) -> String {
    struct Wide;

    impl Visitor<'_> for Wide {
        type Value = String;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        // serde_json hands surrogates over only where bytes are asked for.
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            match String::from_utf8_lossy(bytes) {
                Cow::Borrowed(text) => Ok(text.to_owned()),
                Cow::Owned(text) => Ok(text),
            }
        }
    }

    serde_json::Deserializer::from_slice(raw)
        .deserialize_bytes(Wide)
        .expect("the scanner has read this string")
}
