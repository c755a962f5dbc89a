//! What a server holds its clients and itself to, beside the settings of connections.

use std::time::Duration;

use klatch_core::NamespaceLimits;

/// Every limit of a server that is not in the core's `Config`. What each of them is for stands with its
/// setter, in [`Builder`](crate::Builder).
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Bytes that may wait for one client; [`MAILBOX`], or what one packet needs, unless it is set.
    pub(crate) mailbox: Option<usize>,
    /// Bytes that may wait for all clients; a part of the machine's memory unless it is set.
    pub(crate) mailboxes: Option<usize>,
    pub(crate) soft_mark: usize,
    pub(crate) handlers: usize,
    pub(crate) sessions: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) head_timeout: Duration,
    pub(crate) head_bytes: usize,
    pub(crate) headers: usize,
    pub(crate) namespace: NamespaceLimits,
}

/// Bytes that may wait for one client.
pub(crate) const MAILBOX: usize = 4 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            mailbox: None,
            mailboxes: None,
            soft_mark: 256 << 10,
            handlers: 64,
            sessions: 1_000_000,
            write_timeout: Duration::from_secs(20),
            head_timeout: Duration::from_secs(10),
            head_bytes: 16 << 10,
            headers: 100,
            namespace: NamespaceLimits::default(),
        }
    }
}
