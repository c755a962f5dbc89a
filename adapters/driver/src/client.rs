//! What a connection's task drives: a machine of the core, and what its events do.

use std::sync::{Arc, Weak};
use std::task::Waker;

use bytes::Bytes;
use http::request::Parts;
use klatch_core::Timestamp;
use klatch_core::engine::{Frame, Input, RequestId, Transmit};

use crate::link::Load;
use crate::mailbox::{Order, Packet, Readiness};

/// What came of a frame that was looked at where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Heard {
    /// Nothing yet: it is to be received.
    Not,
    /// Nothing that is to leave at once.
    Silently,
    /// What lies on the [desk](crate::desk) leaves at once.
    Answered,
}

/// What is to be done on the wire.
#[derive(Debug)]
pub(crate) enum Next {
    /// A packet leaves as it stands: it is [one frame](klatch_core::Outgoing::is_one_frame), which others may get, too.
    Packet(Packet),
    /// What else there is.
    Transmit(Transmit),
}

impl From<Transmit> for Next {
    fn from(transmit: Transmit) -> Self {
        Self::Transmit(transmit)
    }
}

/// One connection as its task sees it. Everything here is a few moves on the machine; reading,
/// writing and waiting are the task's.
pub(crate) trait Client: Send + Unpin + 'static {
    /// What it holds, for those who are to know.
    fn load(&self) -> Weak<dyn Load>;

    /// Whether what the client sends is to stay where it is: it does not read what is sent to it, and
    /// enough of it waits. If it `was` paused, until less waits.
    fn is_paused(&self, was: bool) -> bool;

    /// Takes in what arrived.
    fn handle(&mut self, now: Timestamp, input: Input);

    /// Takes in a frame, and starts the handlers of what the client did.
    fn receive(&mut self, now: Timestamp, frame: Frame);

    /// Takes in a text frame where it stands, if it is one that can be. If there is room on the WebSocket,
    /// something may come of it that is to leave first of all.
    fn hear(&mut self, _frame: &[u8], _has_room: bool) -> Heard {
        Heard::Not
    }

    /// Takes in the body of a POST, with the POST's head if the application wants to see it.
    fn receive_post(
        &mut self,
        now: Timestamp,
        id: RequestId,
        body: Bytes,
        _head: Option<Arc<Parts>>,
    ) {
        self.handle(now, Input::PostBody(id, body));
    }

    /// Asks whether a WebSocket may be the session's.
    fn accept_upgrade(&mut self, now: Timestamp) -> bool;

    /// Acts on the deadlines that have passed.
    fn handle_timeout(&mut self, now: Timestamp);

    /// The next deadline.
    fn poll_timeout(&self) -> Option<Timestamp>;

    /// Carries out what the server ordered.
    fn obey(&mut self, now: Timestamp, order: Order);

    /// Asks for what every turn looks at, and does nothing with it: what is in no cache comes at the same time
    /// then.
    fn fetch(&self) {}

    /// Likewise, of what [`hear`](Self::hear) looks at beside that.
    fn fetch_ears(&self) {}

    /// Begins a turn. Whether there are orders, which come before all else.
    fn begin_turn(&mut self) -> bool;

    /// Carries out what the application ordered.
    fn take_orders(&mut self, now: Timestamp);

    /// Starts the handlers of what the client did.
    fn take_events(&mut self, now: Timestamp);

    /// The next thing to do on the wire, from the machine or from the mailbox.
    fn next_transmit(&mut self, now: Timestamp) -> Option<Next>;

    /// Whether all that a turn could have to do is to send packets, as far as nothing arrived.
    fn only_sends(&self) -> bool {
        false
    }

    /// The next packet that leaves as it stands, if it is the next to leave.
    fn next_packet(&mut self) -> Option<Packet> {
        None
    }

    /// Whether the machine can pass on a packet, and whether it would be the next.
    fn readiness(&self) -> Readiness;

    /// Interrupts a turn: others have theirs.
    fn pause(&mut self) {}

    /// Ends a turn; `false` if something came in meanwhile.
    fn settle(&mut self, readiness: Readiness, waker: &Waker) -> bool;

    /// Gives back the memory of queues that are empty.
    fn shrink_to_fit(&mut self);

    /// Whether the session is over without what was on its way: that need not be waited for.
    fn is_closed(&self) -> bool;

    /// Whether all that was queued when it was closed is passed on, with the farewell.
    fn has_parted(&self) -> bool;

    /// Whether nothing is left to do.
    fn is_finished(&self) -> bool;

    /// The last thing that is called, whether the session is over or its task is dropped.
    fn finish(&mut self);
}
