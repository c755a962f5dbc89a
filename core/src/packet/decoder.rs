//! From Engine.IO messages to packets.

use std::ops::Range;

use bytes::Bytes;

use super::outline::{Outline, Parts, Plain};
use super::{Body, DecoderLimits, Packet, PacketError};
use crate::attachment::Attachment;
use crate::json::unescaped;
use crate::payload::Payload;
use crate::text::Text;

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

    pub(crate) fn limits(&self) -> &DecoderLimits {
        &self.limits
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
        let outline = self.outline(&text)?;
        self.cut(text, outline)
    }

    /// Where the parts of a text message are, which is [cut](Self::cut) then, or
    /// [is an event](Self::event).
    #[inline]
    pub(crate) fn outline(&mut self, text: &Text) -> Result<Outline, PacketError> {
        if self.pending.take().is_some() {
            return Err(PacketError::UnexpectedText);
        }
        if text.len() > self.limits.payload {
            return Err(PacketError::TooLarge);
        }
        Outline::read(text.as_bytes(), &self.limits)
    }

    /// What nearly all messages are, or `None` if that is to be found out by their
    /// [outline](Self::outline). The text is bytes that have not been checked yet.
    #[expect(
        clippy::inline_always,
        reason = "what it finds would be moved as often as it is passed on"
    )]
    #[inline(always)]
    pub(crate) fn plain_event<'a>(&self, text: &'a [u8]) -> Option<Plain<'a>> {
        if self.pending.is_some() || text.len() > self.limits.payload {
            return None;
        }
        let plain = Outline::plain_event(text, &self.limits)?;
        check_name(plain.name, self.limits.event_name).ok()?;
        Some(plain)
    }

    /// The packet that a text is by its outline; `None` if attachments must follow.
    #[inline]
    pub(crate) fn cut(
        &mut self,
        text: Text,
        outline: Outline,
    ) -> Result<Option<Packet>, PacketError> {
        let Outline { announced, namespace, body } = outline;
        let budget = self.limits.payload - text.len();
        let namespace = namespace.map_or_else(|| Text::from("/"), |name| text.slice(name));
        let body = assemble(text, body, &self.limits)?;
        let packet = Packet { namespace, body };
        if announced == 0 {
            return Ok(Some(packet));
        }
        let attachments = Vec::new();
        self.pending = Some(Box::new(Pending { packet, attachments, announced, budget }));
        Ok(None)
    }

    /// The name and the arguments of an event without attachments, where they are by its outline.
    #[inline]
    pub(crate) fn event(
        &self,
        text: Text,
        name: Range<usize>,
        escaped: bool,
        args: &Range<usize>,
    ) -> Result<(Text, Payload), PacketError> {
        let name = event_name(&text, name, escaped, self.limits.event_name)?;
        Ok((name, payload(text, args)))
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

/// What a packet says whose parts are in the text; by whatever parser they were found.
#[expect(clippy::inline_always, reason = "a body is moved as often as it is passed on")]
#[inline(always)]
pub(super) fn assemble(
    text: Text,
    body: Parts,
    limits: &DecoderLimits,
) -> Result<Body, PacketError> {
    Ok(match body {
        Parts::Connect { auth } => Body::Connect { auth: payload(text, &auth) },
        Parts::Disconnect => Body::Disconnect,
        Parts::Event { name, escaped, args, ack } => {
            let name = event_name(&text, name, escaped, limits.event_name)?;
            Body::Event { name, args: payload(text, &args), ack }
        }
        Parts::Ack { id, args } => Body::Ack { id, args: payload(text, &args) },
        Parts::StrayAck => Body::StrayAck,
    })
}

/// Takes the text: nothing else of it is needed, so that it is not shared.
#[expect(clippy::inline_always, reason = "it moves what it is given")]
#[inline(always)]
fn payload(text: Text, json: &Range<usize>) -> Payload {
    if json.is_empty() {
        // Not even an empty slice, which would keep the buffer.
        return Payload::default();
    }
    Payload::from_checked(text.skip(json.start), json.len())
}

#[expect(clippy::inline_always, reason = "a few comparisons: the rest is out of line")]
#[inline(always)]
fn event_name(
    text: &Text,
    json: Range<usize>,
    escaped: bool,
    max: usize,
) -> Result<Text, PacketError> {
    if escaped || text.as_bytes()[json.start] != b'"' {
        return odd_name(text, json, max);
    }
    let name = json.start + 1..json.end - 1;
    check_name(&text.as_bytes()[name.clone()], max)?;
    Ok(text.part(name))
}

/// A name that does not stand there as it is meant.
#[inline(never)]
fn odd_name(text: &Text, json: Range<usize>, max: usize) -> Result<Text, PacketError> {
    let raw = &text.as_bytes()[json.clone()];
    let name = if raw[0] == b'"' {
        Text::from(unescaped(raw).expect("the scanner has read this string"))
    } else {
        decimal(raw).map_or_else(|| text.part(json), Text::from)
    };
    check_name(name.as_bytes(), max)?;
    Ok(name)
}

#[inline]
fn check_name(name: &[u8], max: usize) -> Result<(), PacketError> {
    if name.len() > max {
        return Err(PacketError::EventNameTooLong);
    }
    if is_reserved(name) {
        return Err(PacketError::ReservedEventName);
    }
    Ok(())
}

/// Whether only the library itself announces this event. Node reserves `newListener` and
/// `removeListener` too, for the sake of its `EventEmitter`.
const fn is_reserved(name: &[u8]) -> bool {
    matches!(name, b"connect" | b"connect_error" | b"disconnect" | b"disconnecting")
}

/// A number with a fraction or an exponent, spelled without the latter; `None` if it is to stay.
fn decimal(raw: &[u8]) -> Option<String> {
    if !raw.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return None;
    }
    let value: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    value.is_finite().then(|| value.to_string())
}
