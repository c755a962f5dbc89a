//! What the sockets of one connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use klatch_core::Outgoing;
use klatch_core::engine::Transport;

use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::mailbox::Mailbox;

/// Handlers of one connection that may be under way at once. Further events wait their turn.
pub(crate) const MAX_IN_FLIGHT: usize = 64;

/// What the sockets of one connection share with each other and with its task.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) hub: Arc<Hub>,
    pub(crate) mailbox: Mailbox<Outgoing>,
    pub(crate) handshake: Handshake,
    websocket: AtomicBool,
    in_flight: AtomicUsize,
}

impl Link {
    pub(crate) fn new(hub: Arc<Hub>, handshake: Handshake, transport: Transport) -> Self {
        Self {
            mailbox: Mailbox::new(hub.mailbox_budget),
            hub,
            handshake,
            websocket: AtomicBool::new(transport == Transport::WebSocket),
            in_flight: AtomicUsize::new(0),
        }
    }

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

    /// How many handlers have begun and not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }
}

/// A handler that goes on in a task of its own. While too many do, the connection's further
/// events wait: when one ends, the connection is told.
pub(crate) struct InFlight(Arc<Link>);

impl InFlight {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        link.in_flight.fetch_add(1, Ordering::AcqRel);
        Self(link.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::AcqRel) >= MAX_IN_FLIGHT {
            self.0.mailbox.nudge();
        }
    }
}
