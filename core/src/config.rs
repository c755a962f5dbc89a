//! What can be set, with its default and the reason for it.

use std::time::Duration;

use crate::Parser;
use crate::engine::{Message, Segment, Transport, Transports};
use crate::json::MAX_DEPTH;
use crate::namespaces::MAX_NAMESPACE_NAME;
use crate::packet::MAX_EVENT_NAME;

/// The longest delay that a timer of JavaScript's takes, 2^31 - 1 milliseconds: one that is set to more
/// fires at once. Clients wait for ping interval and ping timeout together.
const MAX_HEARTBEAT: Duration = Duration::from_millis(0x7fff_ffff);

/// The settings of a server's connections. Setters consume and return it.
///
/// The defaults are those of Socket.IO 4 on Node where there is one. What cannot work is found by
/// [`validate`](Self::validate).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_payload: usize,
    pub(crate) max_packets: usize,
    pub(crate) max_attachments: usize,
    pub(crate) max_namespaces: usize,
    pub(crate) max_refusals: usize,
    pub(crate) max_event_name: usize,
    pub(crate) max_namespace_name: usize,
    pub(crate) max_json_depth: usize,
    pub(crate) transports: Transports,
    pub(crate) allow_upgrades: bool,
    pub(crate) initial_packet: Option<Segment>,
    pub(crate) parser: Parser,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            max_payload: 1_000_000,
            max_packets: 1024,
            max_attachments: 10,
            max_namespaces: 16,
            max_refusals: 5,
            max_event_name: MAX_EVENT_NAME,
            max_namespace_name: MAX_NAMESPACE_NAME,
            max_json_depth: MAX_DEPTH,
            transports: Transports::Both,
            allow_upgrades: true,
            initial_packet: None,
            parser: Parser::Default,
        }
    }
}

impl Config {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long after the last pong the server pings. 25 s: under the idle timeouts of common proxies.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping. 20 s: a phone that changes networks comes back within it.
    #[must_use]
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// How long an upgrade may take. 10 s; when it is over, only the new transport is closed.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// How long a client may take to join its first namespace. 45 s, then the connection is closed.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Bytes in one HTTP body, one WebSocket message or one packet with its attachments.
    /// 1,000,000; the handshake tells it to the client as `maxPayload`.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Packets in one polling payload. 1024: a body of one-byte packets costs more to handle than to send.
    #[must_use]
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// Attachments in one packet. 10, as in `socket.io-parser` since CVE-2026-33151. With
    /// [`Parser::Msgpack`] it is how many values of a packet may be bytes, where Node has no limit:
    /// each costs as much as a hundred of its bytes.
    #[must_use]
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.max_attachments = attachments;
        self
    }

    /// Namespaces that one connection may be in or wait for. 16; a further CONNECT is refused.
    #[must_use]
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.max_namespaces = namespaces;
        self
    }

    /// Refused CONNECTs that one connection survives. 5: names are not to be guessed for ever.
    #[must_use]
    pub fn max_refusals(mut self, refusals: usize) -> Self {
        self.max_refusals = refusals;
        self
    }

    /// Bytes in the name of an event. 256: names are written by programmers, and end up in logs. A
    /// longer one closes the connection.
    #[must_use]
    pub fn max_event_name(mut self, bytes: usize) -> Self {
        self.max_event_name = bytes;
        self
    }

    /// Bytes in the name of a namespace that a client asks for, its slash among them. 128, and a larger
    /// value counts as 128: no namespace has a longer name, and one that nobody knows is sent back to
    /// the client in an error. A longer one closes the connection.
    #[must_use]
    pub fn max_namespace_name(mut self, bytes: usize) -> Self {
        self.max_namespace_name = bytes.min(MAX_NAMESPACE_NAME);
        self
    }

    /// Arrays and objects of a packet that may be open at once, the outermost included. 128, and a
    /// larger value counts as 128: it is as deep as `serde_json` reads, and what reads deeper recurses
    /// on a stack that has an end. A deeper one closes the connection.
    #[must_use]
    pub fn max_json_depth(mut self, depth: usize) -> Self {
        self.max_json_depth = depth.min(MAX_DEPTH);
        self
    }

    /// By which transports clients may come. Both; a request for another is refused with code 0.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }

    /// Whether a session that polls may move to a WebSocket. It may; otherwise the handshake offers
    /// none, and a client that tries nevertheless is refused.
    #[must_use]
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.allow_upgrades = allow;
        self
    }

    /// A message that each session is sent right behind its handshake: over polling, in the same
    /// answer. None by default.
    ///
    /// It is Engine.IO's, and for its clients. Those of Socket.IO take it for a packet of theirs, and end
    /// the connection if it is none.
    #[must_use]
    pub fn initial_packet(mut self, message: Message) -> Self {
        self.initial_packet = Some(match message {
            Message::Text(text) => Segment::text(&text),
            Message::Binary(bytes) => Segment::binary(bytes),
        });
        self
    }

    /// Whether a session on this transport may move to a WebSocket.
    pub(crate) fn offers_upgrade(&self, transport: Transport) -> bool {
        self.allow_upgrades
            && transport == Transport::Polling
            && self.transports.has(Transport::WebSocket)
    }

    /// How packets are written and read. [`Parser::Default`], which clients have unless they are told
    /// otherwise; all clients of a server speak the same.
    #[must_use]
    pub fn parser(mut self, parser: Parser) -> Self {
        self.parser = parser;
        self
    }

    /// Finds what cannot work.
    ///
    /// # Errors
    ///
    /// The first that is found.
    pub fn validate(&self) -> Result<(), ConfigFault> {
        // The handshake tells both in whole milliseconds.
        let tick = Duration::from_millis(1);
        let heartbeat = self.ping_interval.saturating_add(self.ping_timeout);
        let faults = [
            (self.ping_interval < tick, ConfigFault::PingInterval),
            (self.ping_timeout < tick, ConfigFault::PingTimeout),
            (heartbeat > MAX_HEARTBEAT, ConfigFault::Heartbeat),
            (self.upgrade_timeout.is_zero(), ConfigFault::UpgradeTimeout),
            (self.connect_timeout.is_zero(), ConfigFault::ConnectTimeout),
            (self.max_payload == 0, ConfigFault::MaxPayload),
            (self.max_packets == 0, ConfigFault::MaxPackets),
            (self.max_namespaces == 0, ConfigFault::MaxNamespaces),
            (self.max_event_name == 0, ConfigFault::MaxEventName),
            (self.max_namespace_name == 0, ConfigFault::MaxNamespaceName),
            (self.max_json_depth == 0, ConfigFault::MaxJsonDepth),
        ];
        let found = faults.into_iter().find_map(|(found, fault)| found.then_some(fault));
        found.map_or(Ok(()), Err)
    }

    /// How whoever makes packets has to write them: what [`parser`](Self::parser) set.
    pub const fn packet_parser(&self) -> Parser {
        self.parser
    }

    /// The largest HTTP body and WebSocket message that whoever does the I/O may let through, in bytes.
    pub const fn payload_limit(&self) -> usize {
        self.max_payload
    }

    /// How long whoever does the I/O may wait for the body of a request whose head arrived: the
    /// ping timeout, since a client that sends slower than that has missed its heartbeat anyway.
    pub const fn body_deadline(&self) -> Duration {
        self.ping_timeout
    }

    /// How long what a client did before it went may take until it is handled: the ping timeout, for as
    /// long as a client that is gone may seem to be there anyway.
    pub const fn farewell_deadline(&self) -> Duration {
        self.ping_timeout
    }

    /// How old what a client had not read when it was lost can be: it had read what was sent before
    /// the last ping that it answered, and it was noticed when the next was not.
    pub fn loss_noticed_within(&self) -> Duration {
        self.ping_interval.saturating_add(self.ping_timeout.saturating_mul(2))
    }
}

/// A setting that cannot work, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// Pings would follow each other without a pause.
    #[error("`ping_interval` is below a millisecond: the server would ping without end")]
    PingInterval,
    /// No client can answer in no time.
    #[error("`ping_timeout` is below a millisecond: no client could answer a ping in time")]
    PingTimeout,
    /// The timers of JavaScript clients would end at once.
    #[error(
        "`ping_interval` and `ping_timeout` are more than 24 days together, the most that timers \
         in JavaScript take: clients would give up at once"
    )]
    Heartbeat,
    /// Every upgrade would be too late.
    #[error("`upgrade_timeout` is zero: leave upgrades out with `allow_upgrades(false)` instead")]
    UpgradeTimeout,
    /// Every client would be too late.
    #[error("`connect_timeout` is zero: no client could join a namespace in time")]
    ConnectTimeout,
    /// Every message would be too long.
    #[error("`max_payload` is zero: no client could send anything")]
    MaxPayload,
    /// Every payload would have too many packets.
    #[error("`max_packets` is zero: no client that polls could send anything")]
    MaxPackets,
    /// Every CONNECT would be refused.
    #[error("`max_namespaces` is zero: no client could join any")]
    MaxNamespaces,
    /// Every event would close its connection.
    #[error("`max_event_name` is zero: no event has so short a name")]
    MaxEventName,
    /// Every CONNECT would close its connection.
    #[error("`max_namespace_name` is zero: `/` has one byte")]
    MaxNamespaceName,
    /// Every event would close its connection.
    #[error("`max_json_depth` is zero: the arguments of an event are an array")]
    MaxJsonDepth,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_so_are_the_extremes() {
        assert_eq!(Config::new().validate(), Ok(()));
        let extreme = Config::new()
            .ping_interval(Duration::from_millis(0x7fff_fffe))
            .ping_timeout(Duration::from_millis(1))
            .upgrade_timeout(Duration::MAX)
            .connect_timeout(Duration::MAX)
            .max_payload(usize::MAX)
            .max_packets(1)
            .max_attachments(0)
            .max_namespaces(1)
            .max_refusals(0);
        assert_eq!(extreme.validate(), Ok(()));
        let patient = extreme
            .ping_interval(Duration::from_millis(1))
            .ping_timeout(Duration::from_millis(0x7fff_fffe));
        assert_eq!(patient.validate(), Ok(()));
    }

    #[test]
    fn whoever_does_the_io_is_told_what_was_set() {
        let config = Config::new()
            .ping_interval(Duration::from_secs(7))
            .ping_timeout(Duration::from_secs(3))
            .max_payload(5_000)
            .parser(Parser::Msgpack);
        assert_eq!(config.packet_parser(), Parser::Msgpack);
        assert_eq!(config.payload_limit(), 5_000);
        assert_eq!(config.body_deadline(), Duration::from_secs(3));
        assert_eq!(config.farewell_deadline(), Duration::from_secs(3));
        assert_eq!(config.loss_noticed_within(), Duration::from_secs(13));
    }

    #[test]
    fn each_fault_is_found() {
        let config = Config::new;
        for (config, fault) in [
            (config().ping_interval(Duration::from_micros(999)), ConfigFault::PingInterval),
            (config().ping_timeout(Duration::ZERO), ConfigFault::PingTimeout),
            (config().ping_interval(MAX_HEARTBEAT), ConfigFault::Heartbeat),
            (config().ping_timeout(Duration::MAX), ConfigFault::Heartbeat),
            (config().upgrade_timeout(Duration::ZERO), ConfigFault::UpgradeTimeout),
            (config().connect_timeout(Duration::ZERO), ConfigFault::ConnectTimeout),
            (config().max_payload(0), ConfigFault::MaxPayload),
            (config().max_packets(0), ConfigFault::MaxPackets),
            (config().max_namespaces(0), ConfigFault::MaxNamespaces),
            (config().max_event_name(0), ConfigFault::MaxEventName),
            (config().max_namespace_name(0), ConfigFault::MaxNamespaceName),
            (config().max_json_depth(0), ConfigFault::MaxJsonDepth),
        ] {
            assert_eq!(config.validate(), Err(fault), "{config:?}");
        }
    }
}
