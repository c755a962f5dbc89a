//! The settings that are limits.

use std::time::Duration;

use klatch_core::Config;

use super::{Builder, ConfigError};
use crate::budget::Budget;
use crate::limits::{Limits, MAILBOX};
use crate::mailbox::ENTRY_OVERHEAD;
use crate::memory;

/// The least buffer that hyper reads a head into.
const LEAST_HEAD: usize = 8192;

/// For all mailboxes, where nobody tells how much memory there is.
const MAILBOXES_ELSEWHERE: usize = 1 << 30;

/// What a server holds its clients and itself to, beside what [`Config`] sets for each connection.
impl Builder {
    /// Bytes that may wait for one client, each packet with 64 more for its bookkeeping; a client that
    /// would need more is closed as a slow consumer. 4 GiB at most.
    ///
    /// 4 MiB: a few seconds of a busy room, and what a reader that stopped may cost. It is as much as a
    /// packet of [`Config::max_payload`] needs, where that is more.
    pub fn mailbox_budget(mut self, bytes: usize) -> Self {
        self.limits.mailbox = Some(bytes);
        self
    }

    /// Bytes that may wait for all clients together, a packet that waits for many of them counted for
    /// each. Beyond it the fullest mailboxes are closed, as slow consumers, until an eighth is free.
    ///
    /// A quarter of the machine's memory, or of what its container may have where that is less; 1 GiB
    /// where nobody tells, which is anywhere but on Linux. It counts in steps of 16 KiB for each
    /// client, of which the first is free: a client that reads has no part in it.
    pub fn server_budget(mut self, bytes: usize) -> Self {
        self.limits.mailboxes = Some(bytes);
        self
    }

    /// Bytes that wait for one client from which on it is not heard: its further events wait until it
    /// has read, [`Socket::is_writable`](crate::Socket::is_writable) says no, and
    /// [`Socket::ready`](crate::Socket::ready) waits.
    ///
    /// 256 KiB: more than a socket's buffer takes at once, and far from what closes the client.
    pub fn soft_mark(mut self, bytes: usize) -> Self {
        self.limits.soft_mark = bytes;
        self
    }

    /// Handlers of one connection that may be under way at once. Further events wait their turn, within
    /// [`Config::max_payload`] bytes.
    ///
    /// 64: enough for those that wait for a database, and few enough that one client keeps no
    /// thousands of tasks.
    pub fn max_handlers(mut self, handlers: usize) -> Self {
        self.limits.handlers = handlers;
        self
    }

    /// Sessions that may be open, or about to. A client more is answered 503 with `Retry-After`, before
    /// anything is asked or kept of it: later it would come back at once, and again.
    ///
    /// 1,000,000: what the memory of a large machine takes. Set it to what yours takes.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.limits.sessions = sessions;
        self
    }

    /// How long a client may take nothing of what is written to it: a WebSocket is closed as a slow
    /// consumer then, the connection of a poll just closed. As long as some of it is taken, time
    /// begins anew.
    ///
    /// 20 s, the ping timeout. Where the host writes, it is the host's to set.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// How long the head of a request may take, and how long a connection may be idle before its next
    /// request. It is closed then.
    ///
    /// 10 s: a client that polls comes back at once. Where the host reads requests, it is the host's to set.
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.limits.head_timeout = timeout;
        self
    }

    /// Bytes that the head of a request may have; one that has more is answered 431. 8192 at least.
    ///
    /// 16 KiB, as in Node. Where the host reads requests, it is the host's to set.
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.limits.head_bytes = bytes;
        self
    }

    /// Headers that a request may have; one that has more is answered 431.
    ///
    /// 100: more than any browser or proxy sends. Where the host reads requests, it is the host's to set.
    pub fn max_headers(mut self, headers: usize) -> Self {
        self.limits.headers = headers;
        self
    }

    /// Rooms that one socket may be in, that of its id not counted. One more is an error for whoever
    /// asks for it.
    ///
    /// 1024: a handler that joins whatever the client names is common.
    pub fn max_rooms(mut self, rooms: usize) -> Self {
        self.limits.namespace = self.limits.namespace.rooms_per_socket(rooms);
        self
    }

    /// Bytes that the name of a room may have. A longer one is an error for whoever asks for it.
    ///
    /// 256: enough for two ids and a word.
    pub fn max_room_name(mut self, bytes: usize) -> Self {
        self.limits.namespace = self.limits.namespace.room_name(bytes);
        self
    }

    /// Acks that one socket may owe. To ask it once more is an error for whoever asks.
    ///
    /// 1024: a client that never answers would be a leak for as long as the deadlines allow.
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.limits.namespace = self.limits.namespace.pending_acks_per_socket(acks);
        self
    }
}

impl Limits {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (setting, value, least) in [
            ("max_handlers", self.handlers, 1),
            ("max_sessions", self.sessions, 1),
            ("max_head_bytes", self.head_bytes, LEAST_HEAD),
            ("max_headers", self.headers, 1),
            ("write_timeout", self.write_timeout.as_millis() as usize, 1),
            ("head_timeout", self.head_timeout.as_millis() as usize, 1),
        ] {
            if value < least {
                return Err(ConfigError::TooLow { setting, value, least });
            }
        }
        Ok(())
    }

    /// What may wait in mailboxes.
    pub(super) fn budget(&self, config: &Config) -> Result<Budget, ConfigError> {
        let needed = config.payload_limit().saturating_add(ENTRY_OVERHEAD);
        let mailbox = self.mailbox.unwrap_or_else(|| needed.max(MAILBOX));
        if mailbox < needed {
            return Err(ConfigError::MailboxBudget { bytes: mailbox, needed });
        }
        let mailboxes = self.mailboxes.unwrap_or_else(|| {
            let quarter = memory::total().map(|total| usize::try_from(total / 4));
            quarter.map_or(MAILBOXES_ELSEWHERE, |quarter| quarter.unwrap_or(usize::MAX))
        });
        Ok(Budget::new(mailbox, self.soft_mark, mailboxes))
    }
}
