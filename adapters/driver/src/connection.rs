//! One Socket.IO client in its task: the core's machine, its sockets and its mailbox.

mod entering;
mod parking;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Weak};
use std::task::Waker;

use klatch_core::engine::{Frame, Input, Transmit, Transport};
use klatch_core::{
    AckId, CloseReason, Connection, Event, Payload, PlainEvent, Sid, Slot, Text, Timestamp,
};
use smallvec::SmallVec;

use self::waiting::Waiting;
use crate::ack::Ack;
use crate::client::{Client, Heard, Next};
use crate::desk;
use crate::directory::Searching;
use crate::gate::Gate;
use crate::handler::{Call, Known};
use crate::handshake::Handshake;
use crate::link::{Link, Load};
use crate::mailbox::{Mailbox, Order, Packet, Readiness};
use crate::server::Shared;
use crate::socket::{Farewell, Socket};
use crate::wakers::wake_after;

/// One Socket.IO client in its task. What every turn looks at comes first; see
/// [`Task`](crate::task::Task).
#[repr(C)]
pub(crate) struct SocketIo {
    link: Arc<Link>,
    /// Taken from the mailbox, not yet given to the machine.
    batch: VecDeque<Packet>,
    /// Bytes given to the machine since the mailbox was told.
    passed_on: usize,
    /// Namespaces that it asked for, and that somebody has to decide on.
    searching: Option<Box<Searching>>,
    /// Events that wait for others. Nothing if there are none.
    waiting: Option<Box<Waiting>>,
    /// How many of the sockets the middlewares have not let in yet.
    arriving: u32,
    /// The connection ends, for this reason, when the mailbox is empty.
    closing: Option<CloseReason>,
    /// `known` is yet to be forgotten: a turn that only writes need not look there.
    has_met: bool,
    machine: Connection,
    /// The handlers that this turn has met.
    known: Known,
    /// By the index of their slots. Most clients have one, which is where it is looked for.
    sockets: SmallVec<[Option<Socket>; 1]>,
    /// Of the events that wait.
    parked_bytes: usize,
    server: Arc<Shared>,
}

impl SocketIo {
    pub(crate) fn new(
        server: Arc<Shared>,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        now: Timestamp,
    ) -> Self {
        let machine = Connection::new(&server.hub.config, sid, transport, now);
        let link = Arc::new(Link::new(server.hub.clone(), handshake, transport));
        Self {
            server,
            machine,
            link,
            sockets: SmallVec::new(),
            arriving: 0,
            searching: None,
            batch: VecDeque::new(),
            passed_on: 0,
            has_met: false,
            known: Known::default(),
            parked_bytes: 0,
            waiting: None,
            closing: None,
        }
    }

    /// Keeps nothing that handlers captured.
    fn forget_known(&mut self) {
        if std::mem::take(&mut self.has_met) {
            self.known.forget();
        }
    }

    fn socket(&self, slot: Slot) -> Option<&Socket> {
        at(&self.sockets, slot)
    }

    fn on_event(&mut self, now: Timestamp, event: Event) {
        match event {
            Event::Connect { slot, namespace, auth } => {
                self.on_connect(now, slot, namespace, auth);
            }
            Event::Event { slot, .. } if self.is_waiting(slot) => self.wait(slot, event),
            Event::Event { slot, name, args, ack } => {
                if let Some(gate) = self.start(slot, &name, args, ack) {
                    self.wait_for(slot, gate);
                }
            }
            Event::Ack { slot, id, args } => {
                if let Some(socket) = self.socket(slot) {
                    socket.inner_namespace().answered(socket, id, args);
                }
            }
            Event::Disconnect { slot } => {
                // Before anything else: nothing follows the client out of the namespace, not even
                // the farewell of an application that disconnects it at the same time. The client
                // may be back by then, and would take it for its new socket's.
                wake_after(|wakers| self.link.mailbox.leave(slot, None, wakers));
                self.end(slot, CloseReason::ClientNamespaceDisconnect, Farewell::Untold);
            }
            Event::Upgraded => {
                tracing::debug!("upgraded to a WebSocket");
                self.link.upgraded();
            }
            Event::Limit { limit } => self.hit(limit),
            Event::Closed { reason } => self.on_end(now, reason),
            _ => {}
        }
    }

    /// Starts what is to be done with an event. Later ones of the socket wait for the gate, if there
    /// is one.
    #[inline]
    fn start(
        &mut self,
        slot: Slot,
        event: &Text,
        args: Payload,
        ack: Option<AckId>,
    ) -> Option<Gate> {
        let socket = connected(&self.sockets, slot)?;
        let call = Call { socket, event, args, ack: Ack::new(socket, ack) };
        self.has_met = true;
        socket.inner_namespace().handlers.start(&mut self.known, call)
    }

    /// As [`start`](Self::start), for an event of a socket whose events do not wait. If what the handler says
    /// may leave at once: whether its first word to its client lies on the desk.
    #[inline]
    fn start_plain(&mut self, event: &PlainEvent<'_>, at_once: bool) -> bool {
        let Some(socket) = connected(&self.sockets, event.slot()) else { return false };
        let handlers = &socket.inner_namespace().handlers;
        self.has_met = true;
        let mut start = || handlers.start_plain(&mut self.known, socket, event);
        let (gate, has_said) = if at_once { desk::hear(socket, start) } else { (start(), false) };
        if let Some(gate) = gate {
            self.wait_for(event.slot(), gate);
        }
        has_said
    }

    fn end(&mut self, slot: Slot, reason: CloseReason, farewell: Farewell) {
        self.wait_no_more(slot);
        // A namespace that ends with its last socket frees what its handlers captured.
        self.forget_known();
        if let Some(socket) = self.socket(slot).cloned() {
            self.sockets[slot.index()] = None;
            self.arriving -= u32::from(socket.promised_rooms().is_some());
            socket.end(reason, farewell);
        }
    }

    /// The connection is over: every socket that is left ends for the same reason.
    fn on_closed(&mut self, reason: CloseReason) {
        tracing::debug!(%reason, "the connection is closed");
        self.link.close();
        self.batch.clear();
        self.forget_what_waits();
        self.arriving = 0;
        self.searching = None;
        self.forget_known();
        for socket in std::mem::take(&mut self.sockets).into_iter().flatten() {
            socket.end(reason, Farewell::Untold);
        }
    }

    /// The application ended these namespaces for this client.
    fn leave(&mut self, slots: Box<[Slot]>) {
        for slot in slots {
            self.machine.leave(slot);
            self.wait_no_more(slot);
            if self.socket(slot).is_some() {
                self.sockets[slot.index()] = None;
            }
        }
    }

    /// Whether all that was taken from the mailbox has left, and a packet would be the next to leave.
    #[inline]
    fn is_at_rest(&self) -> bool {
        self.batch.is_empty() && self.closing.is_none() && self.machine.transmits_at_once()
    }

    /// The next packet that the mailbox has for the client.
    #[inline]
    fn take_packet(&mut self) -> Option<Packet> {
        let packet = if let Some(packet) = self.batch.pop_front() {
            packet
        } else {
            let (first, left) = self.link.mailbox.take(&mut self.batch);
            if !left.is_empty() {
                self.leave(left);
            }
            first?
        };
        self.passed_on += Mailbox::charge(&packet);
        self.link.hub.meter.packet_sent();
        Some(packet)
    }

    /// Gives the machine all that the mailbox has.
    fn fill(&mut self) {
        while let Some(packet) = self.take_packet() {
            self.machine.send(Arc::unwrap_or_clone(packet));
        }
    }

    /// The next thing to do on the wire, whatever it is.
    #[inline(never)]
    fn next_transmit_any(&mut self, now: Timestamp) -> Option<Transmit> {
        loop {
            let session = self.machine.session();
            if session.transport() == Transport::Polling && session.can_transmit() {
                // All there is leaves in one answer.
                self.fill();
            }
            if let Some(transmit) = self.machine.poll_transmit() {
                return Some(transmit);
            }
            if self.machine.session().can_transmit()
                && let Some(packet) = self.take_packet()
            {
                if let Some(transmit) = self.machine.transmit(Arc::unwrap_or_clone(packet)) {
                    return Some(transmit);
                }
            } else if !self.close_when_empty(now) {
                return None;
            }
        }
    }

    /// Closes the connection when all that was queued before is with the machine.
    fn close_when_empty(&mut self, now: Timestamp) -> bool {
        let Some(reason) = self.closing else { return false };
        self.fill();
        while !self.link.mailbox.close_if_empty() {
            self.fill();
        }
        self.closing = None;
        self.machine.close(now, reason);
        self.take_events(now);
        true
    }
}

#[inline]
fn at(sockets: &[Option<Socket>], slot: Slot) -> Option<&Socket> {
    let socket = sockets.get(slot.index())?.as_ref()?;
    (socket.slot() == slot).then_some(socket)
}

/// The socket of a slot, if events are for it.
#[inline]
fn connected(sockets: &[Option<Socket>], slot: Slot) -> Option<&Socket> {
    let socket = at(sockets, slot)?;
    socket.is_connected().then_some(socket)
}

impl Client for SocketIo {
    fn load(&self) -> Weak<dyn Load> {
        let link: Weak<Link> = Arc::downgrade(&self.link);
        link
    }

    fn is_paused(&self, was: bool) -> bool {
        (was || self.link.mailbox.is_congested()) && self.is_over_budget()
    }

    fn handle(&mut self, now: Timestamp, input: Input) {
        self.machine.handle(now, input);
    }

    fn receive(&mut self, now: Timestamp, frame: Frame) {
        if let Some(event) = self.machine.receive(now, frame) {
            self.on_or_park(now, event);
        }
        self.take_events(now);
    }

    fn hear(&mut self, frame: &[u8], has_room: bool) -> Heard {
        if !self.is_free() {
            return Heard::Not;
        }
        let Some(event) = self.machine.plain_event(frame) else { return Heard::Not };
        self.link.hub.meter.packet_received();
        if !self.start_plain(&event, has_room && self.is_at_rest()) {
            return Heard::Silently;
        }
        self.link.hub.meter.packet_sent();
        Heard::Answered
    }

    fn accept_upgrade(&mut self, now: Timestamp) -> bool {
        self.machine.accept_upgrade(now)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.machine.handle_timeout(now);
        self.end_in_time(now);
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.machine.poll_timeout().or_else(|| self.end_by())
    }

    fn obey(&mut self, now: Timestamp, order: Order) {
        match order {
            Order::Overflow(limit) => {
                tracing::info!(%limit, "a slow consumer is closed");
                self.hit(limit);
                self.machine.abort(now, CloseReason::SlowConsumer);
            }
            Order::Cut(reason) => {
                self.closing = None;
                self.machine.abort(now, reason);
                self.take_events(now);
                self.end_now();
            }
            Order::Close(reason) => {
                self.closing = Some(reason);
                self.end_now();
            }
            Order::DisconnectAll => {
                self.arriving = 0;
                self.searching = None;
                for socket in std::mem::take(&mut self.sockets).into_iter().flatten() {
                    socket.end(CloseReason::ServerNamespaceDisconnect, Farewell::Told);
                    // Somebody else may be ending it, and not have come to that yet: who is not told of
                    // each namespace comes back.
                    socket.inner_namespace().tell_end(&socket);
                }
                self.closing = Some(CloseReason::ForcedServerClose);
            }
        }
    }

    #[inline]
    fn fetch(&self) {
        black_box((self.arriving, self.machine.session().transport()));
        self.link.mailbox.fetch();
    }

    #[inline]
    fn fetch_ears(&self) {
        if let Some(Some(socket)) = self.sockets.first() {
            black_box(socket.is_connected());
        }
    }

    fn begin_turn(&mut self) -> bool {
        self.link.mailbox.begin_turn() || self.searching.is_some() || self.arriving > 0
    }

    fn take_orders(&mut self, now: Timestamp) {
        let (left, order) = self.link.mailbox.take_orders();
        self.leave(left);
        self.follow(now);
        self.judge(now);
        if let Some(order) = order {
            self.obey(now, order);
        }
    }

    #[inline]
    fn take_events(&mut self, now: Timestamp) {
        if self.waits() {
            self.take_parked(now);
        }
        while let Some(event) = self.machine.poll_event() {
            self.on_or_park(now, event);
        }
    }

    #[inline]
    fn next_transmit(&mut self, now: Timestamp) -> Option<Next> {
        if self.is_at_rest() && self.link.mailbox.is_at_rest() {
            return None;
        }
        match self.next_packet() {
            Some(packet) => Some(Next::Packet(packet)),
            None => self.next_transmit_any(now).map(Next::from),
        }
    }

    #[inline]
    fn only_sends(&self) -> bool {
        self.machine.transmits_at_once() && !self.waits() && self.closing.is_none()
    }

    #[inline]
    fn next_packet(&mut self) -> Option<Packet> {
        if !self.machine.transmits_at_once() {
            return None;
        }
        let packet = self.take_packet()?;
        if packet.is_one_frame() {
            return Some(packet);
        }
        self.machine.send(Arc::unwrap_or_clone(packet));
        None
    }

    fn readiness(&self) -> Readiness {
        let session = self.machine.session();
        if !session.can_transmit() {
            Readiness::Blocked
        } else if session.is_writable() && self.batch.is_empty() {
            Readiness::Idle
        } else {
            Readiness::Busy
        }
    }

    fn pause(&mut self) {
        self.forget_known();
    }

    fn settle(&mut self, readiness: Readiness, waker: &Waker) -> bool {
        self.forget_known();
        let passed_on = std::mem::take(&mut self.passed_on);
        let settled = self.link.mailbox.settle(passed_on, readiness, waker);
        if settled.drained {
            self.link.drained();
        }
        settled.idle && !(settled.drained && self.may_go_on())
    }

    fn shrink_to_fit(&mut self) {
        self.machine.shrink_to_fit();
        self.link.mailbox.shrink_to_fit();
        self.batch.shrink_to_fit();
    }

    fn is_closed(&self) -> bool {
        self.machine.session().is_closed()
    }

    fn has_parted(&self) -> bool {
        self.machine.session().has_parted()
    }

    fn is_finished(&self) -> bool {
        self.machine.is_finished() && self.end_by().is_none()
    }

    fn finish(&mut self) {
        self.on_closed(CloseReason::TransportClose);
    }
}
