//! What later events of a socket wait for.

use std::sync::Arc;

use crate::link::Link;
use crate::sync::atomic::{AtomicU8, Ordering};

/// An event is before its middlewares, and nothing waits for it yet.
const SHUT: u8 = 0;
/// The connection's task has looked, and is to be told.
const AWAITED: u8 = 1;
/// Its handler has started, or never will.
const OPEN: u8 = 2;

/// Whether a socket's event is past its middlewares, and its handler has started: until then, the
/// later ones wait.
#[derive(Debug)]
pub(crate) struct Gate(Arc<AtomicU8>);

impl Gate {
    /// A gate that is shut, and what opens it.
    pub(crate) fn shut(link: &Arc<Link>) -> (Self, Opener) {
        let state = Arc::new(AtomicU8::new(SHUT));
        (Self(state.clone()), Opener { state, link: link.clone() })
    }

    /// Whether somebody has to wait; the task is woken for it when the gate opens.
    pub(crate) fn is_awaited(&self) -> bool {
        let before = self.0.compare_exchange(SHUT, AWAITED, Ordering::AcqRel, Ordering::Acquire);
        before.is_ok()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) == OPEN
    }
}

/// Opens a [`Gate`] when it is dropped: so do the end of an event that is refused, and a panic.
#[derive(Debug)]
pub(crate) struct Opener {
    state: Arc<AtomicU8>,
    link: Arc<Link>,
}

impl Drop for Opener {
    fn drop(&mut self) {
        if self.state.swap(OPEN, Ordering::AcqRel) == AWAITED {
            self.link.mailbox.nudge();
        }
    }
}
