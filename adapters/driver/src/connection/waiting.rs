//! Events that wait: for handlers to end, or until the one before them is past its middlewares.

use std::collections::VecDeque;

use klatch_core::{Event, Slot};

use super::SocketIo;
use super::parking::{End, detached, parked_bytes};
use crate::gate::Gate;

/// What waits.
#[derive(Default)]
pub(super) struct Waiting {
    /// Events whose handlers wait until others have ended.
    pub(super) parked: VecDeque<Event>,
    /// Those behind another one of their socket: at most as many as the client is in namespaces.
    lines: Vec<Line>,
    /// The end of the connection, which waits for all of them.
    pub(super) end: Option<End>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.parked.is_empty() && self.lines.is_empty() && self.end.is_none()
    }

    /// The end, if nothing is before it.
    pub(super) fn take_end(&mut self) -> Option<End> {
        if self.parked.is_empty() && self.lines.is_empty() { self.end.take() } else { None }
    }
}

/// The events of one socket, behind one that is not past its middlewares.
struct Line {
    slot: Slot,
    gate: Gate,
    events: VecDeque<Event>,
}

impl SocketIo {
    /// Whether the events of this socket wait.
    pub(super) fn is_waiting(&self, slot: Slot) -> bool {
        self.waiting
            .as_ref()
            .is_some_and(|waiting| waiting.lines.iter().any(|line| line.slot == slot))
    }

    /// Has an event wait behind those of its socket that do.
    pub(super) fn wait(&mut self, slot: Slot, event: Event) {
        self.parked_bytes += parked_bytes(&event);
        let mut lines = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.lines);
        if let Some(line) = lines.find(|line| line.slot == slot) {
            line.events.push_back(detached(event));
        }
    }

    /// Has the later events of this socket wait, unless they need not any more.
    pub(super) fn wait_for(&mut self, slot: Slot, gate: Gate) {
        if gate.is_awaited() {
            let line = Line { slot, gate, events: VecDeque::new() };
            self.waiting.get_or_insert_default().lines.push(line);
        }
    }

    /// Starts the events that need not wait any more, as far as handlers may start.
    pub(super) fn go_on(&mut self) {
        let Some(mut waiting) = self.waiting.take() else { return };
        waiting.lines.retain_mut(|line| {
            while line.gate.is_open() && !self.link.waits() {
                let Some(event) = line.events.pop_front() else { return false };
                self.parked_bytes -= parked_bytes(&event);
                let Event::Event { slot, name, args, ack } = event else { continue };
                if let Some(gate) = self.start(slot, &name, args, ack)
                    && gate.is_awaited()
                {
                    line.gate = gate;
                }
            }
            true
        });
        self.waiting = Some(waiting);
        self.tidy_up();
    }

    /// Keeps nothing for events of which none waits any more.
    pub(super) fn tidy_up(&mut self) {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_empty()) {
            self.waiting = None;
        }
    }

    /// A socket is gone: so is what waits for it.
    pub(super) fn wait_no_more(&mut self, slot: Slot) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.lines.retain(|line| {
            if line.slot == slot {
                self.parked_bytes -= line.events.iter().map(parked_bytes).sum::<usize>();
            }
            line.slot != slot
        });
        self.tidy_up();
    }
}
