//! What a client says, message by message.

use std::fmt;

use super::slots::{Slot, Stage};
use super::{Connection, Event};
use crate::engine::{Frame, Input, Message};
use crate::packet::{AckId, Body, Outline, Packet, PacketError, Parts, Plain};
use crate::text::{self, Text};
use crate::{CloseReason, ConnectError, Limit, Parser, Payload, Timestamp};

/// The Engine.IO type of a message.
const MESSAGE: &[u8] = b"4";

/// An event as it stands in the frame that it came in.
///
/// `Debug` shows the size of the arguments only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PlainEvent<'a> {
    slot: Slot,
    name: &'a [u8],
    args: &'a [u8],
    ack: Option<AckId>,
}

impl PlainEvent<'_> {
    /// Where it was sent.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The event's name, which is UTF-8.
    pub fn name(&self) -> &[u8] {
        self.name
    }

    /// The event's name, in memory of its own.
    pub fn name_text(&self) -> Text {
        Text::copied(self.name)
    }

    /// Its arguments, in memory of their own.
    #[inline]
    pub fn args(&self) -> Payload {
        Payload::from_checked(Text::copied(self.args), self.args.len())
    }

    /// Present if the client asks for an acknowledgement.
    pub fn ack(&self) -> Option<AckId> {
        self.ack
    }
}

impl From<PlainEvent<'_>> for Event {
    fn from(event: PlainEvent<'_>) -> Self {
        let PlainEvent { slot, ack, .. } = event;
        Self::Event { slot, name: event.name_text(), args: event.args(), ack }
    }
}

impl fmt::Debug for PlainEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = String::from_utf8_lossy(self.name);
        write!(f, "PlainEvent({name:?}, {} bytes, {:?})", self.args.len(), self.ack)
    }
}

impl Connection {
    /// What a text frame says, if it is nothing but an event that would be the next of
    /// [`poll_event`](Self::poll_event), and changes nothing else. Nearly all that clients say is that,
    /// and can be read where it stands: in a buffer that many frames share, say.
    ///
    /// `None` says nothing about the frame: it is to be handed to [`receive`](Self::receive) or
    /// [`handle`](Self::handle) then, and only then.
    #[must_use]
    #[expect(clippy::inline_always, reason = "an event is moved as often as it is passed on")]
    #[inline(always)]
    pub fn plain_event<'a>(&self, frame: &'a [u8]) -> Option<PlainEvent<'a>> {
        if !self.events.is_empty()
            || !self.session.hears_at_once()
            || self.parser != Parser::Default
        {
            return None;
        }
        let text = frame.strip_prefix(MESSAGE)?;
        let Plain { namespace, name, args, ack } = self.decoder.plain_event(text)?;
        let (slot, Stage::Joined) = self.slots.find(namespace)? else { return None };
        text::check(text).ok()?;
        Some(PlainEvent { slot, name, args, ack })
    }

    /// As [`handle`](Self::handle) with a frame and then [`poll_event`](Self::poll_event), which is
    /// what most frames come to: what can be told at once is not queued. There may be more events.
    #[must_use]
    #[inline(never)]
    pub fn receive(&mut self, now: Timestamp, frame: Frame) -> Option<Event> {
        if !self.events.is_empty() {
            self.handle(now, Input::Frame(frame));
            return self.poll_event();
        }
        let Some(message) = self.session.handle_frame_at_once(now, frame) else {
            self.pump(now);
            return self.poll_event();
        };
        let event = self.handle_message(now, message);
        self.pump(now);
        match event {
            Some(Event::Disconnect { .. }) => event.and_then(|event| self.report(event)),
            // That its namespace hears of it was asked when it was read.
            Some(_) => event,
            None => self.poll_event(),
        }
    }

    pub(super) fn handle_message(&mut self, now: Timestamp, message: Message) -> Option<Event> {
        // Messages of one polling payload may stand behind the one that closed the connection.
        if self.deaf {
            return None;
        }
        let decoded = match message {
            Message::Text(text) if self.parser == Parser::Default => {
                return self.handle_text(now, text);
            }
            Message::Text(_) => Err(PacketError::UnexpectedText),
            Message::Binary(bytes) if self.parser == Parser::Default => {
                self.decoder.decode_binary(bytes)
            }
            Message::Binary(bytes) => Packet::from_msgpack(&bytes, self.decoder.limits()).map(Some),
        };
        self.handle_decoded(now, decoded)
    }

    fn handle_text(&mut self, now: Timestamp, text: Text) -> Option<Event> {
        let outline = self.decoder.outline(&text);
        // Nearly all that clients say is an event where they are, by polling, too. It is not made a packet
        // first, which would be moved as often as it is passed on.
        if let Ok(outline) = &outline
            && let Parts::Event { name, escaped, args, ack } = &outline.body
            && outline.announced == 0
            && let Some((slot, Stage::Joined)) = self.slots.find(outline.namespace(text.as_bytes()))
        {
            self.assemble_by = None;
            return match self.decoder.event(text, name.clone(), *escaped, args) {
                Ok((name, args)) => Some(Event::Event { slot, name, args, ack: *ack }),
                Err(error) => self.handle_decoded(now, Err(error)),
            };
        }
        match outline {
            Ok(outline) => self.handle_rest(now, text, outline),
            Err(error) => self.handle_decoded(now, Err(error)),
        }
    }

    /// A text that is no event without attachments, or not for where the client is.
    #[inline(never)]
    fn handle_rest(&mut self, now: Timestamp, text: Text, outline: Outline) -> Option<Event> {
        let decoded = self.decoder.cut(text, outline);
        self.handle_decoded(now, decoded)
    }

    /// Not a part of what reads an event: a packet is moved as often as it is passed on.
    #[inline(never)]
    fn handle_decoded(
        &mut self,
        now: Timestamp,
        decoded: Result<Option<Packet>, PacketError>,
    ) -> Option<Event> {
        self.assemble_by = match (self.decoder.is_awaiting(), self.assemble_by) {
            (false, _) => None,
            (true, None) => Some(now + self.assembly_timeout),
            (true, by) => by,
        };
        match decoded {
            Ok(Some(packet)) => self.handle_packet(now, packet),
            Ok(None) => None,
            Err(error) => {
                if let Some(limit) = error.limit() {
                    self.hit(limit);
                }
                self.refuse(now, CloseReason::ForcedClose)
            }
        }
    }

    fn handle_packet(&mut self, now: Timestamp, packet: Packet) -> Option<Event> {
        let Packet { namespace, body } = packet;
        let known = self.slots.find(namespace.as_bytes());
        match (body, known) {
            (Body::Connect { auth }, None | Some((_, Stage::Left | Stage::Leaving))) => {
                self.handle_connect(now, namespace, auth)
            }
            (Body::Event { name, args, ack }, Some((slot, Stage::Joined))) => {
                Some(Event::Event { slot, name, args, ack })
            }
            (Body::Ack { id, args }, Some((slot, Stage::Joined))) => {
                Some(Event::Ack { slot, id, args })
            }
            (Body::Disconnect, Some((slot, Stage::Joined))) => {
                self.slots.set(slot, Stage::Leaving);
                Some(Event::Disconnect { slot })
            }
            // An answer to nothing; and what a client sent that could not know yet that the
            // namespace had ended.
            (Body::StrayAck, Some((_, Stage::Joined)))
            | (
                Body::Event { .. } | Body::Ack { .. } | Body::StrayAck | Body::Disconnect,
                Some((_, Stage::Left | Stage::Leaving)),
            ) => None,
            // A second CONNECT, or anything else where the client is not: as in Node, the whole
            // connection pays for it.
            (Body::Connect { .. }, Some((_, Stage::Joined | Stage::Pending)))
            | (
                Body::Event { .. } | Body::Ack { .. } | Body::StrayAck | Body::Disconnect,
                None | Some((_, Stage::Pending)),
            ) => self.refuse(now, CloseReason::ForcedClose),
        }
    }

    fn handle_connect(&mut self, now: Timestamp, namespace: Text, auth: Payload) -> Option<Event> {
        if let Some(slot) = self.slots.insert(&namespace, self.max_namespaces) {
            return Some(Event::Connect { slot, namespace, auth });
        }
        self.hit(Limit::Namespaces);
        let error = ConnectError::new("Too many namespaces");
        self.send(self.parser.connect_error(&namespace, &error));
        self.count_refusal(now);
        None
    }

    /// Closes the connection for what its client sent, and hears no more of it: no event.
    pub(super) fn refuse(&mut self, now: Timestamp, reason: CloseReason) -> Option<Event> {
        self.deaf = true;
        self.assemble_by = None;
        self.session.close(now, reason);
        None
    }
}
