//! What a client does while its handlers cannot start: it waits, within a budget.

use klatch_core::{CloseReason, Event, Limit, Text, Timestamp};

use super::SocketIo;

/// What an event that waits counts for beyond its bytes.
const OVERHEAD: usize = 128;

/// The end of a connection that waits for the events before it.
pub(super) struct End {
    reason: CloseReason,
    /// Later it does not wait.
    by: Timestamp,
}

impl SocketIo {
    /// Whether something waits for others to end.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether events wait for handlers to end.
    fn has_parked(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.parked.is_empty())
    }

    /// Whether nothing that comes now waits for anything.
    pub(super) fn is_free(&self) -> bool {
        !self.waits() && !self.link.waits()
    }

    /// Acts on an event, or has it wait behind others.
    pub(super) fn on_or_park(&mut self, now: Timestamp, event: Event) {
        if matches!(
            event,
            Event::Connect { .. }
                | Event::Event { .. }
                | Event::Ack { .. }
                | Event::Disconnect { .. }
        ) {
            self.link.hub.meter.packet_received();
        }
        let waits = self.has_parked() || self.link.waits();
        // An answer that somebody awaits may be what a handler under way waits for.
        let parks = !matches!(
            event,
            Event::Ack { .. } | Event::Upgraded | Event::Limit { .. } | Event::Closed { .. }
        );
        let before = self.parked_bytes;
        if waits && parks {
            self.park(event);
        } else {
            self.on_event(now, event);
        }
        // What waited before, and now waits for something else, is nothing more.
        if self.parked_bytes > before {
            self.hold_to_budget(now);
        }
    }

    fn park(&mut self, event: Event) {
        if !self.has_parked() {
            let congested = self.link.mailbox.is_congested();
            self.hit(if congested { Limit::SoftMark } else { Limit::Handlers });
        }
        self.parked_bytes += parked_bytes(&event);
        self.waiting.get_or_insert_default().parked.push_back(detached(event));
    }

    /// Closes the connection if too much waits. Not if its client could read, and then more would start:
    /// it is not read from until it does.
    fn hold_to_budget(&mut self, now: Timestamp) {
        if self.is_over_budget() && !self.link.mailbox.is_congested() {
            self.hit(Limit::Parked);
            self.forget_what_waits();
            self.machine.close(now, CloseReason::ForcedClose);
        }
    }

    pub(super) fn is_over_budget(&self) -> bool {
        self.parked_bytes > self.link.hub.config.payload_limit()
    }

    /// Starts what waits, oldest first, as far as handlers may start.
    pub(super) fn take_parked(&mut self, now: Timestamp) {
        self.go_on();
        while let Some(waiting) = &mut self.waiting
            && !self.link.waits()
            && let Some(event) = waiting.parked.pop_front()
        {
            self.parked_bytes -= parked_bytes(&event);
            self.on_event(now, event);
        }
        if let Some(end) = self.waiting.as_mut().and_then(|waiting| waiting.take_end()) {
            self.on_closed(end.reason);
        }
        self.tidy_up();
    }

    /// Whether something could start that waits.
    pub(super) fn may_go_on(&self) -> bool {
        self.waits() && !self.link.waits()
    }

    /// The connection is over. What the client did before that is handled before it ends, as far as
    /// handlers start in time; nothing reaches it meanwhile. Not if the server ended it.
    pub(super) fn on_end(&mut self, now: Timestamp, reason: CloseReason) {
        let by_server =
            matches!(reason, CloseReason::ServerShuttingDown | CloseReason::ForcedServerClose);
        if by_server || !self.waits() || self.link.hub.is_closing() {
            return self.on_closed(reason);
        }
        self.link.close();
        self.batch.clear();
        let by = now + self.link.hub.config.farewell_deadline();
        self.waiting.get_or_insert_default().end = Some(End { reason, by });
        // What waited for the client to read waits for nothing any more.
        self.take_parked(now);
    }

    /// Whether the connection is over, and waits for events.
    pub(super) fn end_by(&self) -> Option<Timestamp> {
        self.waiting.as_ref()?.end.as_ref().map(|end| end.by)
    }

    /// Ends the connection if it waited for long enough.
    pub(super) fn end_in_time(&mut self, now: Timestamp) {
        if self.end_by().is_some_and(|by| by <= now) {
            self.end_now();
        }
    }

    /// Ends a connection that is over, whatever waits.
    pub(super) fn end_now(&mut self) {
        if let Some(end) = self.waiting.as_mut().and_then(|waiting| waiting.end.take()) {
            self.on_closed(end.reason);
        }
    }

    pub(super) fn forget_what_waits(&mut self) {
        self.waiting = None;
        self.parked_bytes = 0;
    }

    pub(super) fn hit(&self, limit: Limit) {
        self.link.hub.counts.hit(limit);
    }
}

/// An event that keeps what is counted for it, and not the message it came in.
pub(super) fn detached(mut event: Event) -> Event {
    if let Event::Event { name, args, .. } | Event::Connect { namespace: name, auth: args, .. } =
        &mut event
    {
        *name = Text::from(name.as_str().to_owned());
        *args = args.detached();
    }
    event
}

pub(super) fn parked_bytes(event: &Event) -> usize {
    let bytes = match event {
        Event::Event { args, .. } | Event::Connect { auth: args, .. } => {
            let attachments = args.attachments().iter().map(|attachment| attachment.bytes().len());
            args.as_json().len() + attachments.sum::<usize>()
        }
        _ => 0,
    };
    bytes + OVERHEAD
}
