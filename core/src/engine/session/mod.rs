//! One Engine.IO session: the state machine.

mod io;
mod polling;
#[cfg(test)]
mod tests;
mod upgrade;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

pub use self::io::{Event, Input, PostFault, RequestId, Transmit, WebSocketFault};
use self::polling::Polling;
use self::upgrade::Probe;
use super::Transport;
use super::packet::{Frame, Message, Packet, PacketError, Segment};
use crate::queue::Queue;
use crate::{CloseReason, Config, Limit, Sid, Text, Timestamp};

/// How long a closed session waits until its client has taken what is left (Node's `closeTimeout`).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// One Engine.IO session, from its handshake to its end.
///
/// It is driven: whoever does the I/O hands in what arrives ([`handle`](Self::handle)) and what
/// time it is, carries out what [`poll_transmit`](Self::poll_transmit) says, and calls
/// [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout).
///
/// What a client does wrong is never an error of a call: it ends in one [`Event::Closed`].
/// After that nothing more is reported, and what is left to transmit is the farewell.
// What is looked at for every packet comes first, side by side; see `Connection`.
#[repr(C)]
pub struct Session {
    state: State,
    transport: Transport,
    /// Whether it may move to a WebSocket.
    upgradable: bool,
    /// Whether something that is queued is to be compressed, if it leaves by polling.
    compress: bool,
    transmits: Queue<Transmit>,
    events: Queue<Event>,
    /// Packets for the client, in order, not yet given to a transport.
    queue: Queue<Segment>,
    probe: Option<Box<Probe>>,
    heartbeat: Heartbeat,
    polling: Polling,
    sid: Sid,
    ping_interval: Duration,
    ping_timeout: Duration,
    upgrade_timeout: Duration,
    max_packets: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Closed to the application; what is queued, and the farewell, are still to be passed on.
    Closing {
        until: Timestamp,
    },
    /// Over, and the client took all that was queued, and the farewell.
    Parted,
    Closed,
}

/// What is due next: a ping to the client, or its pong.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Heartbeat {
    due: Timestamp,
    is_pinged: bool,
}

impl Heartbeat {
    const fn ping_at(due: Timestamp) -> Self {
        Self { due, is_pinged: false }
    }

    const fn pong_by(due: Timestamp) -> Self {
        Self { due, is_pinged: true }
    }
}

impl Session {
    /// Opens a session on the transport by which the client came.
    ///
    /// The handshake is the first thing to transmit: over a WebSocket at once, over polling as
    /// the answer to the request that opened the session, which is handed in as
    /// [`Input::Get`] like any other. Behind it is [`Config::initial_packet`].
    pub fn new(config: &Config, sid: Sid, transport: Transport, now: Timestamp) -> Self {
        let upgradable = config.offers_upgrade(transport);
        let mut queue = Queue::new();
        queue.push(handshake(config, sid, upgradable));
        if let Some(packet) = config.initial_packet.clone() {
            queue.push(packet);
        }
        Self {
            sid,
            state: State::Open,
            transport,
            upgradable,
            // An initial packet may be long.
            compress: true,
            polling: Polling::default(),
            probe: None,
            heartbeat: Heartbeat::ping_at(now + config.ping_interval),
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            upgrade_timeout: config.upgrade_timeout,
            max_packets: config.max_packets,
            queue,
            transmits: Queue::new(),
            events: Queue::new(),
        }
    }

    /// The session's id: the client's secret.
    pub const fn sid(&self) -> Sid {
        self.sid
    }

    /// The transport that carries messages now.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Takes in what arrived. May change the answer of every `poll_*` and `is_*`.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Get(id) => self.handle_get(now, id),
            Input::PostHead(id) => self.handle_post_head(id),
            Input::PostBody(id, body) => self.handle_post_body(now, id, body),
            Input::PostFailed(id, fault) => self.handle_post_failed(id, fault),
            Input::RequestLost(id) => self.handle_request_lost(id),
            Input::Frame(frame) => self.handle_frame(now, frame),
            Input::WebSocketClosed => self.handle_websocket_lost(None),
            Input::WebSocketFailed(fault) => self.handle_websocket_lost(Some(fault)),
        }
    }

    /// Takes in a frame as [`handle`](Self::handle) does, but hands out at once the message that
    /// would be the next event.
    pub(crate) fn handle_frame_at_once(&mut self, now: Timestamp, frame: Frame) -> Option<Message> {
        if self.hears_at_once() {
            return self.take_frame(now, frame);
        }
        self.handle_frame(now, frame);
        None
    }

    /// Whether a message that came now, in a frame, would be the next event.
    pub(crate) fn hears_at_once(&self) -> bool {
        self.is_open() && self.transport == Transport::WebSocket && self.events.is_empty()
    }

    /// Queues a packet for the client, behind those queued before; dropped once the session is closed.
    /// May change the answer of [`poll_transmit`](Self::poll_transmit) and [`is_writable`](Self::is_writable).
    pub fn send(&mut self, segment: Segment) {
        self.compress = true;
        self.send_uncompressed(segment);
    }

    /// As [`send`](Self::send), but the packet is not worth compressing where it leaves by polling:
    /// an answer is compressed if one of its packets is worth it.
    pub fn send_uncompressed(&mut self, segment: Segment) {
        if self.is_open() {
            self.queue.push(segment);
        }
    }

    /// Closes the session after what is queued: the client is told, the application hears
    /// [`Event::Closed`] with this reason. Does nothing if it is closed already.
    ///
    /// The client has 30 seconds to take it: over polling, that is what the next GETs are for.
    pub fn close(&mut self, now: Timestamp, reason: CloseReason) {
        if !self.is_open() {
            return;
        }
        self.events.push(Event::Closed(reason));
        self.state = State::Closing { until: now + CLOSE_TIMEOUT };
        match self.transport {
            // A POST that was in flight when the WebSocket took over.
            Transport::WebSocket => self.polling.refuse_post(&mut self.transmits),
            Transport::Polling => self.drop_probe(),
        }
    }

    /// Closes the session without what is queued: its client does not take it.
    pub fn abort(&mut self, reason: CloseReason) {
        if self.is_open() {
            self.fail(reason);
        }
    }

    /// Gives back the memory that queues keep for more than they hold. It is for sessions that
    /// are idle: a busy one would have to ask for it again at once. With the heartbeat, say.
    pub fn shrink_to_fit(&mut self) {
        self.queue.shrink_to_fit();
        self.transmits.shrink_to_fit();
        self.events.shrink_to_fit();
    }

    /// Acts on every deadline that `now` has reached.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let State::Closing { until } = self.state {
            if until <= now {
                // Why it is over has been said; what is left is to let go of the transports.
                self.fail(CloseReason::TransportClose);
            }
            return;
        }
        if !self.is_open() {
            return;
        }
        self.handle_probe_timeout(now);
        if self.heartbeat.due > now {
            return;
        }
        if self.heartbeat.is_pinged {
            self.fail(CloseReason::PingTimeout);
        } else {
            self.heartbeat = Heartbeat::pong_by(now + self.ping_timeout);
            self.queue.push(Segment::PING);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once the session has ended.
    ///
    /// Changed by `handle`, `handle_timeout`, `accept_upgrade`, `close`, `abort` and `poll_transmit`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Parted | State::Closed => None,
            State::Closing { until } => Some(until),
            State::Open => {
                let beat = self.heartbeat.due;
                Some(self.probe.as_ref().map_or(beat, |probe| beat.min(probe.timeout())))
            }
        }
    }

    /// The next thing that the application should know; call until it is `None`.
    ///
    /// Changed by `handle`, `handle_timeout`, `close` and `abort`.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// The next thing to do on the wire, in this order; call until it is `None`.
    ///
    /// Changed by `handle`, `handle_timeout`, both `send`s, `close` and `abort`. Over polling, all that is
    /// queued goes into the answer of the pending GET: [`send`](Self::send) what there is first.
    #[must_use]
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(transmit) = self.transmits.pop() {
            return Some(transmit);
        }
        if self.transport == Transport::Polling {
            return self.answer_poll();
        }
        if let Some(segment) = self.queue.pop() {
            return Some(Transmit::Frame(segment.into_frame()));
        }
        if matches!(self.state, State::Closing { .. }) {
            self.state = State::Parted;
            return Some(Transmit::CloseWebSocket(None));
        }
        None
    }

    /// Whether a packet sent now goes out with the next transmit: there is a WebSocket or a
    /// pending GET. Until then it is better kept where its bytes are counted.
    /// Changed by every call that takes `&mut self`.
    pub fn can_transmit(&self) -> bool {
        self.is_open() && (self.transport == Transport::WebSocket || self.polling.has_get())
    }

    /// Whether a packet sent now would be the next to go out: as `can_transmit`, and nothing is
    /// queued before it. Changed by every call that takes `&mut self`.
    pub fn is_writable(&self) -> bool {
        self.can_transmit() && self.queue.is_empty()
    }

    /// Whether a packet sent now would be the next transmit, alone, as a frame.
    pub(crate) fn is_clear(&self) -> bool {
        self.transport == Transport::WebSocket && self.is_writable() && self.transmits.is_empty()
    }

    /// Whether messages still go in and out: until [`Event::Closed`] is queued.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the session is over without regard for what was on its way: it failed, was
    /// aborted, or its farewell was taken or given up. A frame that still waits for room on the
    /// WebSocket can be dropped.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Parted | State::Closed)
    }

    /// Whether the session was [closed](Self::close), and all that was queued has been transmitted
    /// since, with the farewell behind it. Over polling, its client has taken what was queued: the
    /// farewell is the answer to the GET that came after.
    ///
    /// Changed by [`poll_transmit`](Self::poll_transmit).
    pub fn has_parted(&self) -> bool {
        self.state == State::Parted
    }

    /// Whether the session has ended and nothing is left to transmit or to report: it can be forgotten.
    pub fn is_finished(&self) -> bool {
        self.is_closed() && self.transmits.is_empty() && self.events.is_empty()
    }

    fn handle_frame(&mut self, now: Timestamp, frame: Frame) {
        if !self.is_open() {
            return;
        }
        if self.transport == Transport::Polling {
            return self.handle_probe_frame(&frame);
        }
        if let Some(message) = self.take_frame(now, frame) {
            self.events.push(Event::Message(message));
        }
    }

    /// The message in a frame of the session's own WebSocket, or what the frame means otherwise.
    fn take_frame(&mut self, now: Timestamp, frame: Frame) -> Option<Message> {
        let packet = match frame {
            // What nearly all frames are is not made a packet first.
            Frame::Text(text) if text.first() == Some(&b'4') => match Text::try_from(text) {
                Ok(text) => return Some(Message::Text(text.skip(1))),
                Err(_) => Err(PacketError::Utf8),
            },
            frame => Packet::from_frame(frame),
        };
        match packet {
            Ok(Packet::Message(message)) => return Some(message),
            Ok(packet) => self.handle_packet(now, packet),
            // RFC 6455 has a word for it, whichever layer notices.
            Err(PacketError::Utf8) => self.handle_websocket_lost(Some(WebSocketFault::Utf8)),
            Err(_) => self.fail(CloseReason::ParseError),
        }
        None
    }

    /// What a packet means once its transport is the session's own.
    fn handle_packet(&mut self, now: Timestamp, packet: Packet) {
        match packet {
            Packet::Message(message) => self.events.push(Event::Message(message)),
            Packet::Pong => {
                // A pong that nobody asked for changes nothing: the next ping stays due.
                if self.heartbeat.is_pinged {
                    self.heartbeat = Heartbeat::ping_at(now + self.ping_interval);
                }
            }
            Packet::Ping(_) => self.fail(CloseReason::TransportError),
            Packet::Close => self.closed_by_client(),
            Packet::Open | Packet::Upgrade | Packet::Noop => {}
        }
    }

    fn handle_websocket_lost(&mut self, fault: Option<WebSocketFault>) {
        if !self.is_open() {
            return;
        }
        if fault == Some(WebSocketFault::TooLarge) {
            self.hit(Limit::Payload);
        }
        match (self.transport, fault) {
            (Transport::Polling, None) => self.probe = None,
            (Transport::Polling, Some(fault)) => {
                if self.probe.take().is_some() {
                    self.transmits.push(Transmit::CloseWebSocket(fault.close_code()));
                }
            }
            (Transport::WebSocket, None) => self.end(CloseReason::TransportClose),
            (Transport::WebSocket, Some(fault)) => {
                self.end(fault.close_reason());
                self.transmits.push(Transmit::CloseWebSocket(fault.close_code()));
            }
        }
    }

    fn closed_by_client(&mut self) {
        // The protocol's own suite expects the poll that is pending to end with a noop.
        self.polling.answer_get(&mut self.transmits, &[Segment::NOOP]);
        self.fail(CloseReason::TransportClose);
    }

    /// Tells of a limit, while somebody listens.
    #[cold]
    fn hit(&mut self, limit: Limit) {
        if self.is_open() {
            self.events.push(Event::Limit(limit));
        }
    }

    /// Ends the session at once: what is queued is lost, every transport is closed.
    fn fail(&mut self, reason: CloseReason) {
        self.drop_probe();
        self.close_websocket();
        self.end(reason);
    }

    fn close_websocket(&mut self) {
        if self.transport == Transport::WebSocket {
            self.transmits.push(Transmit::CloseWebSocket(None));
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if self.is_open() {
            self.events.push(Event::Closed(reason));
        }
        self.state = State::Closed;
        self.queue.clear();
        self.polling.answer_get(&mut self.transmits, &[Segment::CLOSE]);
        self.polling.refuse_post(&mut self.transmits);
    }
}

/// The open packet (protocol, section "Handshake").
fn handshake(config: &Config, sid: Sid, upgradable: bool) -> Segment {
    let upgrades = if upgradable { r#""websocket""# } else { "" };
    Segment::Text(Bytes::from(format!(
        r#"0{{"sid":"{}","upgrades":[{upgrades}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
        sid.as_str(),
        config.ping_interval.as_millis(),
        config.ping_timeout.as_millis(),
        config.max_payload,
    )))
}

/// Without the id, which is the client's secret, and without what is said.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("transport", &self.transport)
            .field("polling", &self.polling)
            .field("probe", &self.probe)
            .field("heartbeat", &self.heartbeat)
            .field("queued", &self.queue.iter().len())
            .finish_non_exhaustive()
    }
}
