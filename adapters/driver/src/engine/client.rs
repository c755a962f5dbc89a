//! One Engine.IO client in its task: the core's session, its handlers and its mailbox.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;

use bytes::Bytes;
use http::request::Parts;
use klatch_core::engine::{Event, Frame, Input, Message, RequestId, Segment, Session};
use klatch_core::{CloseReason, Limit, Timestamp};

use super::parking::{Parked, copied};
use super::{Carrier, EngineSocket, Handlers};
use crate::client::{Client, Next};
use crate::link::{Link, Load};
use crate::mailbox::{Mailbox, Order, Readiness};
use crate::sync::RwLock;

/// One Engine.IO client in its task.
pub(crate) struct Engine {
    handlers: Arc<RwLock<Handlers>>,
    session: Session,
    socket: EngineSocket,
    opened: bool,
    closing: Option<CloseReason>,
    batch: VecDeque<Segment>,
    passed_on: usize,
    /// Messages whose handlers wait until others have ended.
    parked: Option<Box<Parked>>,
}

impl Engine {
    pub(super) fn new(
        handlers: Arc<RwLock<Handlers>>,
        session: Session,
        socket: EngineSocket,
    ) -> Self {
        Self {
            handlers,
            session,
            socket,
            opened: false,
            closing: None,
            batch: VecDeque::new(),
            passed_on: 0,
            parked: None,
        }
    }

    fn fill(&mut self) -> bool {
        // There are no namespaces that could have ended.
        let (first, _) = self.socket.0.mailbox.take(&mut self.batch);
        let filled = first.is_some();
        for segment in first.into_iter().chain(self.batch.drain(..)) {
            self.passed_on += Mailbox::charge(&segment);
            self.session.send(segment);
        }
        filled
    }

    fn link(&self) -> &Link<Segment> {
        &self.socket.0
    }

    /// Starts the handlers of what the client did; `carrier` is the head of the POST by which it did so.
    fn start_handlers(&mut self, now: Timestamp, carrier: Option<&Arc<Parts>>) {
        self.start_parked();
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Message(message) if self.parked.is_some() || self.link().waits() => {
                    self.park(now, message, carrier.cloned());
                }
                Event::Message(message) => self.start(message, carrier.cloned()),
                Event::Limit(limit) => self.link().hub.counts.hit(limit),
                Event::Closed(reason) => self.on_end(now, reason),
                _ => {}
            }
        }
    }

    fn start(&self, message: Message, carrier: Carrier) {
        let handler = self.handlers.read().message.clone();
        self.socket.run(handler, (message, carrier));
    }

    fn park(&mut self, now: Timestamp, message: Message, carrier: Carrier) {
        let counts = &self.socket.0.hub.counts;
        let congested = self.socket.0.mailbox.is_congested();
        let parked = self.parked.get_or_insert_with(|| {
            counts.hit(if congested { Limit::SoftMark } else { Limit::Handlers });
            Box::default()
        });
        parked.push(message, carrier);
        // As with Socket.IO: a client that does not read is not read from, any other is closed.
        if self.is_over_budget() && !congested {
            counts.hit(Limit::Parked);
            self.parked = None;
            self.session.close(now, CloseReason::ForcedClose);
        }
    }

    fn is_over_budget(&self) -> bool {
        let limit = self.link().hub.config.payload_limit();
        self.parked.as_ref().is_some_and(|parked| parked.bytes() > limit)
    }

    /// Starts what waits, oldest first, as far as handlers may start.
    fn start_parked(&mut self) {
        while let Some(parked) = &mut self.parked
            && !self.socket.0.waits()
        {
            let Some((message, carrier)) = parked.pop() else {
                let end = parked.end.take();
                self.parked = None;
                if let Some((reason, _)) = end {
                    self.on_closed(reason);
                }
                return;
            };
            self.start(message, carrier);
        }
    }

    /// The session is over. What waits is handled before that is told, as far as handlers start in time,
    /// unless the server ended it.
    fn on_end(&mut self, now: Timestamp, reason: CloseReason) {
        let by_server =
            matches!(reason, CloseReason::ServerShuttingDown | CloseReason::ForcedServerClose);
        let hub = &self.socket.0.hub;
        match &mut self.parked {
            Some(parked) if !by_server && !hub.is_closing() => {
                parked.end = Some((reason, now + hub.config.farewell_deadline()));
                self.socket.0.close();
                // What waited for the client to read waits for nothing any more.
                self.start_parked();
            }
            _ => self.on_closed(reason),
        }
    }

    fn on_closed(&mut self, reason: CloseReason) {
        self.link().close();
        self.parked = None;
        let handler = self.handlers.read().close.clone();
        self.socket.run(handler, reason);
    }

    /// When the session, which is over, waits no longer for what is before its end.
    fn end_by(&self) -> Option<Timestamp> {
        self.parked.as_ref()?.end.map(|(_, by)| by)
    }

    fn end_now(&mut self) {
        if let Some((reason, _)) = self.parked.as_mut().and_then(|parked| parked.end.take()) {
            self.on_closed(reason);
        }
    }
}

impl Client for Engine {
    fn load(&self) -> Weak<dyn Load> {
        let link: Weak<Link<Segment>> = Arc::downgrade(&self.socket.0);
        link
    }

    fn is_paused(&self, was: bool) -> bool {
        (was || self.link().mailbox.is_congested()) && self.is_over_budget()
    }

    fn handle(&mut self, now: Timestamp, input: Input) {
        self.session.handle(now, input);
    }

    fn accept_upgrade(&mut self, now: Timestamp) -> bool {
        self.session.accept_upgrade(now)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.session.handle_timeout(now);
        if self.end_by().is_some_and(|by| by <= now) {
            self.end_now();
        }
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.session.poll_timeout().or_else(|| self.end_by())
    }

    fn obey(&mut self, now: Timestamp, order: Order) {
        match order {
            Order::Overflow(limit) => {
                tracing::info!(%limit, "a slow consumer is closed");
                self.socket.0.hub.counts.hit(limit);
                self.session.abort(CloseReason::SlowConsumer);
            }
            Order::Cut(reason) => {
                self.closing = None;
                self.session.abort(reason);
                self.take_events(now);
                self.end_now();
            }
            Order::Close(reason) => {
                self.closing = Some(reason);
                self.end_now();
            }
            Order::DisconnectAll => self.session.close(now, CloseReason::ForcedServerClose),
        }
    }

    fn begin_turn(&mut self) -> bool {
        self.socket.0.mailbox.begin_turn() || !self.opened
    }

    fn take_orders(&mut self, now: Timestamp) {
        if !self.opened {
            self.opened = true;
            let handler = self.handlers.read().open.clone();
            self.socket.run(handler, ());
        }
        // There are no namespaces that could have ended.
        if let (_, Some(order)) = self.socket.0.mailbox.take_orders() {
            self.obey(now, order);
        }
    }

    fn receive(&mut self, now: Timestamp, frame: Frame) {
        self.session.handle(now, Input::Frame(frame));
        self.take_events(now);
    }

    fn receive_post(&mut self, now: Timestamp, id: RequestId, body: Bytes, head: Carrier) {
        self.session.handle(now, Input::PostBody(id, body));
        let head = match head {
            // It is going to wait.
            Some(head) if self.parked.is_some() => Some(Arc::new(copied(&head))),
            head => head,
        };
        // At once: what the next POST carries has another head.
        self.start_handlers(now, head.as_ref());
    }

    fn take_events(&mut self, now: Timestamp) {
        self.start_handlers(now, None);
    }

    fn next_transmit(&mut self, now: Timestamp) -> Option<Next> {
        loop {
            if self.session.can_transmit() || self.closing.is_some() {
                self.fill();
            }
            if let Some(transmit) = self.session.poll_transmit() {
                return Some(transmit.into());
            }
            let reason = self.closing?;
            if !self.socket.0.mailbox.close_if_empty() {
                continue;
            }
            self.closing = None;
            self.session.close(now, reason);
            self.take_events(now);
        }
    }

    fn readiness(&self) -> Readiness {
        if !self.session.can_transmit() {
            Readiness::Blocked
        } else if self.session.is_writable() {
            Readiness::Idle
        } else {
            Readiness::Busy
        }
    }

    fn settle(&mut self, readiness: Readiness, waker: &Waker) -> bool {
        let passed_on = std::mem::take(&mut self.passed_on);
        let settled = self.socket.0.mailbox.settle(passed_on, readiness, waker);
        if settled.drained {
            self.socket.0.drained();
        }
        settled.idle && !(settled.drained && self.parked.is_some() && !self.link().waits())
    }

    fn shrink_to_fit(&mut self) {
        self.session.shrink_to_fit();
        self.socket.0.mailbox.shrink_to_fit();
        self.batch.shrink_to_fit();
    }

    fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    fn has_parted(&self) -> bool {
        self.session.has_parted()
    }

    fn is_finished(&self) -> bool {
        self.session.is_finished() && self.end_by().is_none()
    }

    fn finish(&mut self) {
        self.socket.0.close();
    }
}

#[cfg(test)]
mod tests;
