//! Events of a socket that wait until the one before them is past its middlewares.

use std::collections::VecDeque;

use klatch_core::{CloseReason, Event, Slot, Timestamp};

use super::{SocketIo, parked_bytes};
use crate::gate::Gate;
use crate::link::MAX_IN_FLIGHT;

/// What waits, socket by socket: at most as many as the client is in namespaces.
#[derive(Default)]
pub(super) struct Waiting(Vec<Line>);

/// The events of one socket, behind one that is not past its middlewares.
struct Line {
    slot: Slot,
    gate: Gate,
    events: VecDeque<Event>,
}

impl SocketIo {
    /// Whether the events of this socket wait.
    pub(super) fn is_waiting(&self, slot: Slot) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.0.iter().any(|line| line.slot == slot))
    }

    /// Has an event wait behind those of its socket that do.
    pub(super) fn wait(&mut self, now: Timestamp, slot: Slot, event: Event) {
        self.parked_bytes += parked_bytes(&event);
        let mut lines = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.0);
        if let Some(line) = lines.find(|line| line.slot == slot) {
            line.events.push_back(event);
        }
        if self.parked_bytes > self.link.hub.config.payload_limit() {
            self.machine.close(now, CloseReason::ForcedClose);
        }
    }

    /// Has the later events of this socket wait, unless they need not any more.
    pub(super) fn wait_for(&mut self, slot: Slot, gate: Gate) {
        if gate.is_awaited() {
            let line = Line { slot, gate, events: VecDeque::new() };
            self.waiting.get_or_insert_default().0.push(line);
        }
    }

    /// Starts the events that need not wait any more, as far as handlers may start.
    pub(super) fn go_on(&mut self) {
        let Some(mut waiting) = self.waiting.take() else { return };
        waiting.0.retain_mut(|line| {
            while line.gate.is_open() && self.link.in_flight() < MAX_IN_FLIGHT {
                let Some(event) = line.events.pop_front() else { return false };
                self.parked_bytes -= parked_bytes(&event);
                let Event::Event { slot, name, args, ack } = event else { continue };
                if let Some(gate) = self.start(slot, name, args, ack)
                    && gate.is_awaited()
                {
                    line.gate = gate;
                }
            }
            true
        });
        if !waiting.0.is_empty() {
            self.waiting = Some(waiting);
        }
    }

    /// A socket is gone: so is what waits for it.
    pub(super) fn wait_no_more(&mut self, slot: Slot) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.0.retain(|line| {
            if line.slot == slot {
                self.parked_bytes -= line.events.iter().map(parked_bytes).sum::<usize>();
            }
            line.slot != slot
        });
        if waiting.0.is_empty() {
            self.waiting = None;
        }
    }
}
