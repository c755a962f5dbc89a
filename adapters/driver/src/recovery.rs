//! Connection state recovery: its settings, and what a client that comes back presents.

use std::time::Duration;

use klatch_core::{Config, Payload, Pid, RecoveryLimits};
use serde::Deserialize;

/// How sockets that are lost come back, as who they were; see [`Builder::recovery`].
///
/// A client that comes back in time, with what the server told it when it connected, has its
/// socket's id and rooms again, and gets what it missed: in order, each event once, without what
/// was volatile or asked for an answer. [`Socket::recovered`](crate::Socket::recovered) tells.
/// Otherwise it connects as a new one, which the client's `recovered` shows, too: so does who missed more
/// than half of a [mailbox](crate::Builder::mailbox_budget) holds, as room is left for what comes before
/// it has read that.
///
/// Only a connection that was lost is made up for: not one that a side ended with a DISCONNECT.
/// Each event then has one argument more, a text, which the official clients hand to their
/// listeners as well. As in Node, what a client last got as a text in a volatile event or in one
/// that asks for an answer passes for that argument there: it then connects as a new one.
///
/// All that is kept is in the memory of this process, and bounded; see the single settings.
///
/// [`Builder::recovery`]: crate::Builder::recovery
#[derive(Clone, Debug, Default)]
#[must_use = "it is for `Builder::recovery`"]
pub struct Recovery {
    limits: RecoveryLimits,
    skip_middlewares: bool,
}

impl Recovery {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a socket may be away. 2 minutes, as in Node.
    pub fn max_disconnection(mut self, duration: Duration) -> Self {
        self.limits = self.limits.max_disconnection(duration);
        self
    }

    /// How many events each namespace keeps. 10,000; the oldest go first, and with them the way back
    /// for whoever needed them.
    pub fn packets(mut self, packets: usize) -> Self {
        self.limits = self.limits.packets(packets);
        self
    }

    /// How many bytes these take, with what it takes to find them. 16 MiB for each namespace.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.limits = self.limits.bytes(bytes);
        self
    }

    /// How many sockets of each namespace may be away. 10,000; who has been away for the longest
    /// goes first.
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.limits = self.limits.sessions(sessions);
        self
    }

    /// Whether a client that comes back need not pass the
    /// [middlewares](crate::Handlers::middleware). It must, by default: what let it in two minutes
    /// ago may not hold any more. In Node it need not.
    pub fn skip_middlewares(mut self, skip: bool) -> Self {
        self.skip_middlewares = skip;
        self
    }

    /// With what depends on the other settings.
    pub(crate) fn within(mut self, config: &Config) -> Self {
        self.limits = self.limits.notice(config.loss_noticed_within());
        self
    }

    /// Whether anybody can come back at all.
    pub(crate) fn recovers(&self) -> bool {
        self.limits.recovers()
    }

    /// As the core wants it.
    pub(crate) fn limits(&self) -> RecoveryLimits {
        self.limits.clone()
    }

    pub(crate) fn skips_middlewares(&self) -> bool {
        self.skip_middlewares
    }
}

/// What a client shows to come back.
pub(crate) struct Claim {
    pub(crate) pid: Pid,
    pub(crate) offset: Option<String>,
}

impl Claim {
    /// Reads it from `auth`, where the clients put it among what the application asked for; `None`
    /// if there is none, or of other types: it is a new client then.
    pub(crate) fn read(auth: &Payload) -> Option<Self> {
        #[derive(Deserialize)]
        struct Shown {
            pid: String,
            #[serde(default)]
            offset: Option<String>,
        }

        let Shown { pid, offset } = auth.decode().ok()?;
        Some(Self { pid: Pid::parse(&pid)?, offset })
    }
}
