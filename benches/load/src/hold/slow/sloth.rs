//! A connection that sends a byte now and then, if anything.

use std::time::Duration;

use crate::hold::http;
use crate::wire;

/// In what a connection is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Head,
    HalfOpen,
    Body,
    Unjoined,
    Frame,
    Probe,
}

/// As many of each. The first three are ended by the deadline for heads.
pub(crate) const KINDS: [Kind; 7] = [
    Kind::Nothing,
    Kind::Head,
    Kind::HalfOpen,
    Kind::Body,
    Kind::Unjoined,
    Kind::Frame,
    Kind::Probe,
];

impl Kind {
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Nothing => "connections that send nothing",
            Self::Head => "heads of requests, a byte at a time",
            Self::HalfOpen => "requests for a WebSocket, a byte at a time",
            Self::Body => "bodies of POSTs, a byte at a time",
            Self::Unjoined => "WebSockets that never join a namespace",
            Self::Frame => "frames, a byte at a time",
            Self::Probe => "upgrades that end after the switch",
        }
    }

    /// What it sends at once to get where it is slow, and what the server is to answer before.
    pub(crate) fn begins(self) -> Option<String> {
        match self {
            Self::Nothing | Self::Head | Self::HalfOpen => None,
            Self::Body | Self::Probe => Some(http::request(None, None)),
            Self::Unjoined | Self::Frame => Some(http::upgrade(None)),
        }
    }

    /// What it sends at once of a session, and what follows a byte at a time.
    pub(crate) fn goes_on(self, sid: &str) -> (Vec<u8>, Vec<u8>) {
        let body = "x".repeat(1000);
        match self {
            Self::Nothing | Self::Unjoined => (Vec::new(), Vec::new()),
            Self::Head => (Vec::new(), http::request(None, None).into_bytes()),
            Self::HalfOpen => (Vec::new(), http::upgrade(None).into_bytes()),
            Self::Body => {
                let post = http::request(Some(sid), Some(&body));
                (post[..post.len() - body.len()].into(), body.into())
            }
            Self::Frame => (Vec::new(), wire::frame(body.as_bytes())),
            Self::Probe => (http::upgrade(Some(sid)).into_bytes(), Vec::new()),
        }
    }
}

/// When each is to be ended, in what the server is set to.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    head: Duration,
    ping_interval: Duration,
    ping_timeout: Duration,
    connect: Duration,
    upgrade: Duration,
}

impl Deadlines {
    /// The server's defaults.
    pub(crate) const FULL: Self = Self {
        head: Duration::from_secs(10),
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        connect: Duration::from_secs(45),
        upgrade: Duration::from_secs(10),
    };

    /// Where seconds must do.
    pub(crate) const SHORT: Self = Self {
        head: Duration::from_millis(2500),
        ping_interval: Duration::from_millis(1500),
        ping_timeout: Duration::from_secs(3),
        connect: Duration::from_secs(4),
        upgrade: Duration::from_secs(2),
    };

    pub(crate) fn environment(&self) -> [(&'static str, String); 5] {
        let millis = |time: Duration| time.as_millis().to_string();
        [
            ("HEAD_TIMEOUT", millis(self.head)),
            ("PING_INTERVAL", millis(self.ping_interval)),
            ("PING_TIMEOUT", millis(self.ping_timeout)),
            ("CONNECT_TIMEOUT", millis(self.connect)),
            ("UPGRADE_TIMEOUT", millis(self.upgrade)),
        ]
    }

    /// From when it begins to be slow.
    pub(crate) fn of(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Nothing | Kind::Head | Kind::HalfOpen => self.head,
            Kind::Body => self.ping_timeout,
            // Whichever comes first: it does not answer a ping either.
            Kind::Unjoined | Kind::Frame => {
                self.connect.min(self.ping_interval + self.ping_timeout)
            }
            Kind::Probe => self.upgrade,
        }
    }

    pub(crate) fn longest(&self) -> Duration {
        KINDS.iter().map(|kind| self.of(*kind)).max().unwrap_or_default()
    }

    /// How long it takes until all are there, the first of them being there still.
    pub(crate) fn arrival(&self) -> Duration {
        self.head.mul_f64(0.35)
    }

    /// For how long all are there, and not one of them ended.
    pub(crate) fn window(&self) -> Duration {
        self.head.mul_f64(0.55)
    }
}
