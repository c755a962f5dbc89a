//! One client: an Engine.IO session and, on top of it, the namespaces that it is in.

mod receiving;
mod slots;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::receiving::PlainEvent;
pub use self::slots::Slot;
use self::slots::{Slots, Stage};
use crate::engine::{self, Frame, Input, Segment, Session, Transmit, Transport};
use crate::packet::{AckId, Decoder, DecoderLimits};
use crate::queue::Queue;
use crate::{CloseReason, Config, Limit, Outgoing, Parser, Payload, Sid, Text, Timestamp};

/// One Socket.IO client, from its handshake to its end.
///
/// It is driven like the [`Session`] inside it: hand in what arrives and what time it is, carry
/// out what [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event) say.
/// It knows which namespaces the client may speak to; who else is in them is a
/// [`Namespace`](crate::Namespace)'s business.
///
/// A client that breaks the protocol gets one [`Event::Closed`], then silence.
#[derive(Debug)]
// What is looked at for every packet comes first, side by side: a broadcast goes through thousands of
// connections of which hardly any is in the cache.
#[repr(C)]
pub struct Connection {
    events: Queue<Event>,
    parser: Parser,
    /// The client broke the rules: nothing that it sent after that counts.
    deaf: bool,
    /// By when the client must have joined a namespace; `None` once it did.
    join_by: Option<Timestamp>,
    /// By when a packet that awaits attachments must be whole.
    assemble_by: Option<Timestamp>,
    session: Session,
    assembly_timeout: Duration,
    max_namespaces: usize,
    refusals_left: usize,
    slots: Slots,
    decoder: Decoder,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It asks to join a namespace: answer with [`Connection::accept`] or [`Connection::reject`].
    Connect {
        /// Names this joining in what follows.
        slot: Slot,
        /// The namespace it wants.
        namespace: Text,
        /// What it presents to be let in: no argument, or one object.
        auth: Payload,
    },
    /// It sent an event.
    Event {
        /// Where.
        slot: Slot,
        /// The event's name.
        name: Text,
        /// Its arguments.
        args: Payload,
        /// Present if the client asks for an acknowledgement.
        ack: Option<AckId>,
    },
    /// It acknowledged an event.
    Ack {
        /// Where.
        slot: Slot,
        /// Which.
        id: AckId,
        /// With what.
        args: Payload,
    },
    /// It left a namespace ([`CloseReason::ClientNamespaceDisconnect`]).
    Disconnect {
        /// Which.
        slot: Slot,
    },
    /// Polling gave way to a WebSocket.
    Upgraded,
    /// It hit a limit. What that costs it comes by itself: this is for those who count.
    Limit {
        /// Which.
        limit: Limit,
    },
    /// The connection is over, and with it every namespace that it was in; the last event.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// A call that does not fit the state of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The namespace was left, or the connection is over: the call came too late and did nothing.
    #[error("the client is not in this namespace any more")]
    Gone,
    /// The client's CONNECT was answered before.
    #[error("the client's request to join was answered before")]
    Answered,
}

impl Connection {
    /// A client that came by `transport`; see [`Session::new`].
    pub fn new(config: &Config, sid: Sid, transport: Transport, now: Timestamp) -> Self {
        Self {
            session: Session::new(config, sid, transport, now),
            decoder: Decoder::new(limits(config)),
            slots: Slots::default(),
            events: Queue::new(),
            join_by: Some(now + config.connect_timeout),
            assemble_by: None,
            assembly_timeout: config.ping_interval.saturating_add(config.ping_timeout),
            max_namespaces: config.max_namespaces,
            refusals_left: config.max_refusals,
            deaf: false,
            parser: config.parser,
        }
    }

    /// The session beneath: its id, its transport, whether it can transmit.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Takes in what arrived. May change the answer of every `poll_*`.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.session.handle(now, input);
        self.pump(now);
    }

    /// See [`Session::accept_upgrade`].
    #[must_use]
    pub fn accept_upgrade(&mut self, now: Timestamp) -> bool {
        self.session.accept_upgrade(now)
    }

    /// Acts on every deadline that `now` has reached. May change the answer of every `poll_*`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.session.handle_timeout(now);
        let due = |deadline: Option<Timestamp>| deadline.is_some_and(|deadline| deadline <= now);
        if due(self.join_by) && !self.session.can_transmit() {
            // It does not even poll: there is nobody to say goodbye to.
            self.session.abort(CloseReason::ForcedClose);
        } else if due(self.join_by) || due(self.assemble_by) {
            self.give_up(now);
        }
        self.pump(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once the connection has ended.
    ///
    /// Changed by every call that takes `&mut self`, but for `send` and `poll_event`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let session = self.session.poll_timeout()?;
        if !self.session.is_open() {
            return Some(session);
        }
        Some([self.join_by, self.assemble_by].into_iter().flatten().fold(session, Timestamp::min))
    }

    /// The next thing the client did; call until it is `None`.
    ///
    /// Changed by `handle`, `handle_timeout`, `reject`, `leave`, `close` and `abort`.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let event = self.events.pop()?;
            if let Some(event) = self.report(event) {
                return Some(event);
            }
        }
    }

    /// What came before the application ended a namespace is not for it any more.
    fn report(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Event { slot, .. } | Event::Ack { slot, .. } | Event::Disconnect { slot }
                if !self.hears(slot) =>
            {
                return None;
            }
            Event::Disconnect { slot } => self.slots.remove(slot),
            _ => {}
        }
        Some(event)
    }

    /// See [`Session::poll_transmit`].
    #[must_use]
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.session.poll_transmit()
    }

    /// Lets the client into the namespace. The caller sends it [`Outgoing::connect`].
    ///
    /// # Errors
    ///
    /// [`SlotError::Gone`] if the connection ended meanwhile: there is no client to let in.
    pub fn accept(&mut self, slot: Slot) -> Result<(), SlotError> {
        self.answer(slot)?;
        self.join_by = None;
        self.slots.set(slot, Stage::Joined);
        Ok(())
    }

    /// Keeps the client out of the namespace. The caller sends it [`Outgoing::connect_error`] before,
    /// since a client that was refused too often is closed.
    ///
    /// # Errors
    ///
    /// [`SlotError::Gone`] if the connection ended meanwhile.
    pub fn reject(&mut self, now: Timestamp, slot: Slot) -> Result<(), SlotError> {
        self.answer(slot)?;
        self.slots.remove(slot);
        self.count_refusal(now);
        self.pump(now);
        Ok(())
    }

    /// Ends a namespace for this client, which stays connected. The caller sends it
    /// [`Outgoing::disconnect`]. What the client sent there before it knew is dropped, be it that
    /// it left by itself; it may join again.
    pub fn leave(&mut self, slot: Slot) {
        if self.hears(slot) {
            self.slots.set(slot, Stage::Left);
        }
    }

    /// Whether what the client sent in this namespace is still for it.
    fn hears(&self, slot: Slot) -> bool {
        matches!(self.slots.stage(slot), Some(Stage::Joined | Stage::Leaving))
    }

    /// Queues a packet, whole, behind those sent before; dropped once the connection is closed.
    /// May change the answer of [`poll_transmit`](Self::poll_transmit).
    pub fn send(&mut self, packet: Outgoing) {
        let send = if packet.is_compressed() { Session::send } else { Session::send_uncompressed };
        let (text, attachments) = packet.into_parts();
        if !text.is_empty() {
            send(&mut self.session, Segment::Text(text));
        }
        for attachment in attachments.iter().flat_map(|attachments| attachments.iter()) {
            send(&mut self.session, Segment::Binary(attachment.clone()));
        }
    }

    /// Whether a packet that is sent now leaves before anything else: what [`transmit`](Self::transmit)
    /// asks. Changed by every call that takes `&mut self`.
    #[inline]
    pub fn transmits_at_once(&self) -> bool {
        self.session.is_clear()
    }

    /// As [`send`](Self::send) and then [`poll_transmit`](Self::poll_transmit), which is what most
    /// packets come to: what can leave at once is not queued.
    #[must_use]
    #[inline]
    pub fn transmit(&mut self, packet: Outgoing) -> Option<Transmit> {
        if !self.session.is_clear() || !packet.is_one_frame() {
            self.send(packet);
            return self.poll_transmit();
        }
        Some(Transmit::Frame(match packet.attachments() {
            [] => Frame::Text(packet.into_parts().0),
            [message, ..] => Frame::Binary(message.bytes().clone()),
        }))
    }

    /// Closes the connection after what is queued; see [`Session::close`].
    pub fn close(&mut self, now: Timestamp, reason: CloseReason) {
        self.session.close(now, reason);
        self.pump(now);
    }

    /// Closes the connection without what is queued; see [`Session::abort`].
    pub fn abort(&mut self, now: Timestamp, reason: CloseReason) {
        self.session.abort(reason);
        self.pump(now);
    }

    /// Gives back the memory that queues keep for more than they hold. It is for connections that
    /// are idle: a busy one would have to ask for it again at once. With the heartbeat, say.
    pub fn shrink_to_fit(&mut self) {
        self.session.shrink_to_fit();
        self.events.shrink_to_fit();
    }

    /// Whether the connection has ended and nothing is left to transmit or to report: it can be forgotten.
    pub fn is_finished(&self) -> bool {
        self.session.is_finished() && self.events.is_empty()
    }

    fn pump(&mut self, now: Timestamp) {
        while let Some(event) = self.session.poll_event() {
            self.take_in(now, event);
        }
    }

    /// Not a part of what asks whether there is something, which mostly there is not.
    #[inline(never)]
    fn take_in(&mut self, now: Timestamp, event: engine::Event) {
        match event {
            engine::Event::Message(message) => {
                if let Some(event) = self.handle_message(now, message) {
                    self.events.push(event);
                }
            }
            engine::Event::Upgraded => self.events.push(Event::Upgraded),
            engine::Event::Limit(limit) => self.hit(limit),
            engine::Event::Closed(reason) => self.events.push(Event::Closed { reason }),
        }
    }

    fn count_refusal(&mut self, now: Timestamp) {
        if let Some(left) = self.refusals_left.checked_sub(1) {
            self.refusals_left = left;
        } else {
            self.hit(Limit::Refusals);
            self.refuse(now, CloseReason::ForcedClose);
        }
    }

    /// The client did not do in time what it had to.
    #[cold]
    fn give_up(&mut self, now: Timestamp) {
        if self.assemble_by.is_some_and(|deadline| deadline <= now) && self.session.is_open() {
            self.hit(Limit::Assembly);
        }
        self.session.close(now, CloseReason::ForcedClose);
    }

    /// Hardly ever: what is done all day is not to be spread out for it.
    #[cold]
    fn hit(&mut self, limit: Limit) {
        self.events.push(Event::Limit { limit });
    }

    fn answer(&self, slot: Slot) -> Result<(), SlotError> {
        match self.slots.stage(slot) {
            Some(Stage::Pending) if self.session.is_open() => Ok(()),
            Some(Stage::Pending) | None => Err(SlotError::Gone),
            Some(Stage::Joined | Stage::Left | Stage::Leaving) => Err(SlotError::Answered),
        }
    }
}

fn limits(config: &Config) -> DecoderLimits {
    DecoderLimits::default()
        .max_attachments(config.max_attachments)
        .max_payload(config.max_payload)
        .max_event_name(config.max_event_name)
        .max_namespace(config.max_namespace_name)
        .max_json_depth(config.max_json_depth)
}
