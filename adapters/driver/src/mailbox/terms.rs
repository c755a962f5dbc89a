//! What a mailbox and those who use it say to each other.

use klatch_core::{CloseReason, Limit};

/// What the task is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Close the connection after what is queued, without a word to the namespaces.
    Close(CloseReason),
    /// Disconnect every namespace, then close the connection.
    DisconnectAll,
    /// The client reads too slowly, as this limit shows: close at once.
    Overflow(Limit),
    /// Close at once, whatever is queued.
    Cut(CloseReason),
}

/// How a turn ended, as far as the mailbox is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Nothing came in meanwhile: the task may wait.
    pub(crate) idle: bool,
    /// It was congested, and is not any more.
    pub(crate) drained: bool,
}

/// How a connection's transport stands at the end of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It takes nothing: no poll is pending, or the socket is full.
    Blocked,
    /// It takes packets, but has some to pass on first.
    Busy,
    /// It takes packets, and would pass on the next one at once.
    Idle,
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The namespace or the connection is closed.
    Closed,
    /// It does not fit: the connection is being closed for it.
    Full,
    /// It was volatile, and would have had to wait.
    Busy,
}
