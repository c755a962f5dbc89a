//! What the sockets of one connection share.

use std::sync::Arc;
use std::task::Waker;

use klatch_core::engine::Transport;

use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::mailbox::{Mailbox, Packet, Parcel};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Event, EventListener};

/// What the sockets of one connection share with each other and with its task.
#[derive(Debug)]
pub(crate) struct Link<T = Packet> {
    pub(crate) hub: Arc<Hub>,
    pub(crate) mailbox: Mailbox<T>,
    pub(crate) handshake: Handshake,
    websocket: AtomicBool,
    in_flight: AtomicUsize,
    /// Handlers that may be under way.
    max_handlers: usize,
    /// The mailbox is not congested any more, or closed.
    drained: Event,
}

impl<T: Parcel> Link<T> {
    pub(crate) fn new(hub: Arc<Hub>, handshake: Handshake, transport: Transport) -> Self {
        Self {
            mailbox: Mailbox::new(hub.budget.clone()),
            max_handlers: hub.limits.handlers,
            hub,
            handshake,
            websocket: AtomicBool::new(transport == Transport::WebSocket),
            in_flight: AtomicUsize::new(0),
            drained: Event::new(),
        }
    }

    /// How many handlers have begun and not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Whether no more handlers may start.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight() >= self.max_handlers
    }

    /// Whether what the client does is to wait.
    pub(crate) fn waits(&self) -> bool {
        self.mailbox.is_congested() || self.is_busy()
    }

    /// Tells those who wait for room that there is some, or never will be.
    pub(crate) fn drained(&self) {
        self.drained.notify(usize::MAX);
    }

    /// What is ready when [`drained`](Self::drained) is called next.
    pub(crate) fn listen(&self) -> EventListener {
        self.drained.listen()
    }

    /// Lets nothing more in.
    pub(crate) fn close(&self) {
        self.mailbox.close();
        self.drained();
    }
}

impl Link {
    pub(crate) fn transport(&self) -> Transport {
        if self.websocket.load(Ordering::Relaxed) {
            Transport::WebSocket
        } else {
            Transport::Polling
        }
    }

    pub(crate) fn upgraded(&self) {
        self.websocket.store(true, Ordering::Relaxed);
    }
}

/// What a connection holds, whatever it speaks.
pub(crate) trait Load: Send + Sync {
    /// Bytes that wait for its client.
    fn queued(&self) -> usize;

    /// How many handlers are under way.
    fn handlers(&self) -> usize;

    /// Makes room for others: what waits is dropped, and the connection closed. What to wake for it,
    /// once no lock is held; then those who wait for room [are to be told](Self::drained).
    #[must_use]
    fn shed(&self) -> Option<Waker>;

    /// Tells those who wait for room that there never will be.
    fn drained(&self);
}

impl<T: Parcel + Send> Load for Link<T> {
    fn queued(&self) -> usize {
        self.mailbox.load()
    }

    fn handlers(&self) -> usize {
        self.in_flight()
    }

    fn shed(&self) -> Option<Waker> {
        self.mailbox.shed()
    }

    fn drained(&self) {
        self.drained();
    }
}

/// A handler that goes on in a task of its own. While too many do, the connection's further
/// events wait: when one ends, the connection is told.
pub(crate) struct InFlight<T: Parcel = Packet>(Arc<Link<T>>);

impl<T: Parcel> InFlight<T> {
    pub(crate) fn new(link: &Arc<Link<T>>) -> Self {
        link.in_flight.fetch_add(1, Ordering::AcqRel);
        Self(link.clone())
    }
}

impl<T: Parcel> Drop for InFlight<T> {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::AcqRel) >= self.0.max_handlers {
            self.0.mailbox.nudge();
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_on_four_lines() {
        assert_eq!(size_of::<Link>(), 256);
    }
}
