//! One client's connection: what it is to send, what it received, and when it ends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{Either, select};
use klatch_core::engine::Segment;
use klatch_core::{Decoder, DecoderLimits, Outgoing, Timestamp};
use klatch_driver::Runtime as _;
use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;

use super::http::Server;
use super::membership::Memberships;
use super::{DisconnectReason, Transport, polling, websocket};
use crate::runtime::Runtime;

/// How long connecting may take: the JavaScript client's `timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What a client's task and its test share.
pub(super) struct Connection {
    pub(super) runtime: Runtime,
    pub(super) number: u16,
    state: Mutex<State>,
}

pub(super) struct State {
    sid: String,
    pub(super) memberships: Memberships,
    decoder: Decoder,
    outbox: VecDeque<Segment>,
    /// Of the transport, which waits for something to send, or to go on reading.
    waker: Option<Waker>,
    /// How long the server may be silent, and when it last pinged.
    patience: Duration,
    heard: Timestamp,
    phase: Phase,
    is_stalled: bool,
    /// Every namespace is left: the session is to be closed.
    goodbye: bool,
}

/// What carries the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Polling,
    /// Polling still, which makes room for the WebSocket.
    Pausing,
    WebSocket,
}

impl State {
    pub(super) fn is_on_websocket(&self) -> bool {
        self.phase == Phase::WebSocket
    }

    fn silent_until(&self) -> Timestamp {
        self.heard + self.patience
    }
}

/// A message of the server's.
pub(super) enum Incoming {
    Text(Bytes),
    Binary(Bytes),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handshake {
    sid: String,
    ping_interval: u64,
    ping_timeout: u64,
}

impl Connection {
    /// Connects. The connection lives until it ends or what is returned beside it is dropped.
    pub(super) fn start(server: Server, transport: Transport) -> (Arc<Self>, oneshot::Sender<()>) {
        let limits = DecoderLimits::default().max_payload(usize::MAX).max_attachments(usize::MAX);
        let state = State {
            sid: String::new(),
            memberships: Memberships::default(),
            decoder: Decoder::new(limits),
            outbox: VecDeque::new(),
            waker: None,
            patience: CONNECT_TIMEOUT,
            heard: server.runtime.now(),
            phase: match transport {
                Transport::WebSocket => Phase::WebSocket,
                Transport::Polling | Transport::Upgrade => Phase::Polling,
            },
            is_stalled: false,
            goodbye: false,
        };
        let (runtime, number) = (server.runtime.clone(), server.host.number());
        let connection = Arc::new(Self { runtime, number, state: Mutex::new(state) });
        let (held, dropped) = oneshot::channel();
        let task = connection.clone();
        connection.runtime.spawn(async move {
            let reason = task.run(&server, transport, dropped).await;
            task.runtime
                .executor()
                .note(format_args!("client {} is disconnected: {reason}", task.number));
            task.lock().memberships.end(reason);
        });
        (connection, held)
    }

    async fn run(
        &self,
        server: &Server,
        transport: Transport,
        dropped: oneshot::Receiver<()>,
    ) -> DisconnectReason {
        let talking = async {
            match transport {
                Transport::WebSocket => websocket::run(self, server).await,
                Transport::Polling => polling::run(self, server, false).await,
                Transport::Upgrade => polling::run(self, server, true).await,
            }
        };
        let speaking = async { select(pin!(talking), pin!(self.silence())).await.factor_first().0 };
        match select(pin!(speaking), dropped).await {
            Either::Left((reason, _)) => reason,
            Either::Right(_) => DisconnectReason::ClientDisconnect,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(super) fn sid(&self) -> String {
        self.lock().sid.clone()
    }

    /// Until the server has been silent for longer than it may be.
    async fn silence(&self) -> DisconnectReason {
        loop {
            let due = self.lock().silent_until();
            if self.runtime.now() >= due {
                return DisconnectReason::PingTimeout;
            }
            self.runtime.timer(due).await;
        }
    }

    /// Takes in a message; `Err` if the server closes the session with it.
    pub(super) fn receive(&self, incoming: Incoming) -> Result<(), DisconnectReason> {
        match incoming {
            Incoming::Binary(bytes) => {
                self.note("<-", format_args!("({} bytes)", bytes.len()));
                let State { memberships, decoder, .. } = &mut *self.lock();
                let packet = decoder.decode_binary(bytes);
                if let Some(packet) = packet.expect("an attachment comes where one was announced") {
                    memberships.take_in(packet);
                }
            }
            Incoming::Text(bytes) => {
                let text = std::str::from_utf8(&bytes).expect("the server sends UTF-8");
                self.note("<-", format_args!("{text}"));
                match text.split_at_checked(1).expect("a packet has a type") {
                    ("0", handshake) => self.open(handshake),
                    ("1", _) => return Err(DisconnectReason::TransportClose),
                    ("2", "") => self.pong(),
                    ("4", packet) => self.receive_packet(packet),
                    ("6", "") => {}
                    _ => panic!("the server sent what a client does not know: {text}"),
                }
            }
        }
        Ok(())
    }

    fn receive_packet(&self, packet: &str) {
        let State { memberships, decoder, .. } = &mut *self.lock();
        if let Some(refusal) = packet.strip_prefix('4') {
            return memberships.refuse(refusal);
        }
        let packet = decoder.decode_text(packet.to_owned().into());
        if let Some(packet) = packet.expect("the server sends packets of Socket.IO") {
            memberships.take_in(packet);
        }
    }

    fn open(&self, handshake: &str) {
        let handshake: Handshake = serde_json::from_str(handshake).expect("a handshake is JSON");
        let mut state = self.lock();
        state.sid = handshake.sid;
        state.patience = Duration::from_millis(handshake.ping_interval + handshake.ping_timeout);
        state.heard = self.runtime.now();
    }

    fn pong(&self) {
        self.lock().heard = self.runtime.now();
        self.send([Segment::Text(Bytes::from_static(b"3"))]);
    }

    /// Sends a packet of Socket.IO.
    pub(super) fn send_packet(&self, packet: &Outgoing) {
        let attachments = packet.attachments().iter().cloned().map(Segment::Binary);
        self.send([Segment::Text(packet.text().clone())].into_iter().chain(attachments));
    }

    pub(super) fn send(&self, segments: impl IntoIterator<Item = Segment>) {
        self.change(|state| state.outbox.extend(segments));
    }

    /// Closes the session after what is to be sent.
    pub(super) fn close(&self) {
        self.change(|state| {
            state.goodbye = true;
            if !state.is_on_websocket() {
                state.outbox.push_back(Segment::Text(Bytes::from_static(b"1")));
            }
        });
    }

    /// Reads nothing any more, or goes on.
    pub(super) fn stall(&self, is_stalled: bool) {
        let what = if is_stalled { "stops reading" } else { "reads on" };
        self.runtime.executor().note(format_args!("client {} {what}", self.number));
        self.change(|state| state.is_stalled = is_stalled);
    }

    pub(super) fn pause_polling(&self) {
        self.change(|state| state.phase = Phase::Pausing);
    }

    pub(super) fn upgraded(&self) {
        self.lock().phase = Phase::WebSocket;
        self.runtime.executor().note(format_args!("client {} is on a WebSocket", self.number));
    }

    /// Changes something that the transport may wait for.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// All there is to send, as soon as there is something; `None` when polling is to pause.
    pub(super) async fn segments(&self) -> Option<Vec<Segment>> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.phase != Phase::Polling {
                return Poll::Ready(None);
            }
            if state.outbox.is_empty() {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let segments: Vec<_> = state.outbox.drain(..).collect();
            drop(state);
            for segment in &segments {
                self.note_sent(segment);
            }
            Poll::Ready(Some(segments))
        })
        .await
    }

    /// What is to be sent next, if there is something.
    pub(super) fn poll_segment(&self, cx: &mut Context<'_>) -> Option<Segment> {
        let mut state = self.lock();
        let segment = state.outbox.pop_front();
        match &segment {
            None => state.waker = Some(cx.waker().clone()),
            Some(segment) => {
                drop(state);
                self.note_sent(segment);
            }
        }
        segment
    }

    /// Whether the transport may read; if not, it is woken when it may.
    pub(super) fn poll_reads(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.lock();
        if state.is_stalled {
            state.waker = Some(cx.waker().clone());
        }
        !state.is_stalled
    }

    /// Waits until polling may poll; `false` when it is to pause.
    pub(super) async fn polls(&self) -> bool {
        poll_fn(|cx| {
            let is_pausing = self.lock().phase != Phase::Polling;
            if is_pausing || self.poll_reads(cx) { Poll::Ready(!is_pausing) } else { Poll::Pending }
        })
        .await
    }

    pub(super) fn has_said_goodbye(&self) -> bool {
        let state = self.lock();
        state.goodbye && state.outbox.is_empty()
    }

    fn note_sent(&self, segment: &Segment) {
        match segment {
            Segment::Text(text) => {
                let text = std::str::from_utf8(text).expect("the core encodes UTF-8");
                self.note("->", format_args!("{text}"));
            }
            Segment::Binary(attachment) => {
                self.note("->", format_args!("({} bytes)", attachment.bytes().len()));
            }
        }
    }

    fn note(&self, direction: &str, what: std::fmt::Arguments<'_>) {
        self.runtime.executor().note(format_args!("client {} {direction} {what}", self.number));
    }
}
