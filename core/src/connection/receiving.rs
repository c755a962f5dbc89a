//! What a client says, message by message.

use std::ops::Range;

use bytes::Bytes;

use super::slots::{Slot, Stage};
use super::{Connection, Event};
use crate::engine::{Frame, Input, Message};
use crate::packet::{Body, Outline, Packet, PacketError, Parts};
use crate::text::{self, Text};
use crate::{CloseReason, ConnectError, Limit, Parser, Payload, Timestamp};

/// The Engine.IO type of a message.
const MESSAGE: &[u8] = b"4";

impl Connection {
    /// As [`handle`](Self::handle) with a frame and then [`poll_event`](Self::poll_event), which is
    /// what most frames come to: what can be told at once is not queued. There may be more events.
    #[must_use]
    pub fn receive(&mut self, now: Timestamp, frame: Frame) -> Option<Event> {
        let frame = match frame {
            Frame::Text(text) => match self.plain_event(text) {
                Ok(event) => return Some(event),
                Err(text) => Frame::Text(text),
            },
            frame @ Frame::Binary(_) => frame,
        };
        self.receive_any(now, frame)
    }

    /// What a frame says that is nothing but an event, as nearly all of them are: that is not made a
    /// packet first, which would be moved as often as it is passed on. The frame, if it is not.
    #[inline]
    fn plain_event(&self, frame: Bytes) -> Result<Event, Bytes> {
        let Some((slot, name, args)) = self.find_plain_event(&frame) else { return Err(frame) };
        let text = Text::checked(frame).skip(MESSAGE.len());
        let name = text.part(name);
        let args = Payload::from_checked(text.skip(args.start), args.len());
        Ok(Event::Event { slot, name, args, ack: None })
    }

    #[inline]
    fn find_plain_event(&self, frame: &[u8]) -> Option<(Slot, Range<usize>, Range<usize>)> {
        if !self.events.is_empty()
            || !self.session.hears_at_once()
            || self.parser != Parser::Default
        {
            return None;
        }
        let (name, args) = self.decoder.plain_event(frame.strip_prefix(MESSAGE)?)?;
        let (slot, Stage::Joined) = self.slots.find(b"/")? else { return None };
        text::check(frame).ok()?;
        Some((slot, name, args))
    }

    #[inline(never)]
    fn receive_any(&mut self, now: Timestamp, frame: Frame) -> Option<Event> {
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
        // Nearly all that clients say is an event where they are. It is not made a packet first, which
        // would be moved as often as it is passed on.
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
