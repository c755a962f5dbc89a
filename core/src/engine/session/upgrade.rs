//! From polling to WebSocket (protocol, section "Upgrade").
//!
//! The client opens a WebSocket beside its polls and sends `2probe`; the server answers `3probe`
//! and ends the poll that is pending, so that the client can stop polling; the client's `5` makes
//! the WebSocket the session's transport. What is queued meanwhile goes by whichever transport is
//! the session's at that moment, so that the order is kept.

use std::time::Duration;

use bytes::Bytes;

use super::{Event, Frame, Segment, Session, Timestamp, Transmit, Transport, WebSocketFault};

/// How long a poll that arrives during a probe is held before it is sent away empty. Node looks
/// every 100 ms; a client that has not yet read `3probe` would otherwise poll in a tight loop.
const RELEASE_AFTER: Duration = Duration::from_millis(100);

/// A WebSocket that wants to be the session's transport.
#[derive(Debug)]
pub(super) struct Probe {
    until: Timestamp,
    /// Whether `2probe` was answered.
    answered: bool,
    /// When the poll that is pending is to be released.
    release: Option<Timestamp>,
}

impl Probe {
    pub(super) fn timeout(&self) -> Timestamp {
        self.release.map_or(self.until, |release| release.min(self.until))
    }
}

impl Session {
    /// Takes the offer of a WebSocket that named this session. If it answers `false` - there is one
    /// already, the session is closed, or upgrades are off - that WebSocket is to be closed and nothing
    /// of it handed in.
    ///
    /// Carry out what [`poll_transmit`](Self::poll_transmit) still has before: its frames are for
    /// the WebSocket that was offered last.
    ///
    /// May change the answer of [`poll_timeout`](Self::poll_timeout).
    #[must_use]
    pub fn accept_upgrade(&mut self, now: Timestamp) -> bool {
        let polls = self.is_open() && self.transport == Transport::Polling;
        let accepts = polls && self.upgradable && self.probe.is_none();
        if accepts {
            let until = now + self.upgrade_timeout;
            self.probe = Some(Box::new(Probe { until, answered: false, release: None }));
        }
        accepts
    }

    /// Anything but the two packets that are due closes the new transport, and only that.
    pub(super) fn handle_probe_frame(&mut self, frame: &Frame) {
        let Some(probe) = &mut self.probe else { return };
        match frame {
            Frame::Text(text) if !probe.answered && text == "2probe" => {
                probe.answered = true;
                let answer = Frame::Text(Bytes::from_static(b"3probe"));
                self.transmits.push(Transmit::Frame(answer));
                self.release_poll();
            }
            Frame::Text(text) if probe.answered && text == "5" => self.complete_upgrade(),
            Frame::Text(text) if std::str::from_utf8(text).is_err() => {
                self.handle_websocket_lost(Some(WebSocketFault::Utf8));
            }
            Frame::Text(_) | Frame::Binary(_) => self.drop_probe(),
        }
    }

    fn complete_upgrade(&mut self) {
        self.probe = None;
        self.transport = Transport::WebSocket;
        self.polling.answer_get(&mut self.transmits, &[Segment::NOOP]);
        self.events.push(Event::Upgraded);
    }

    /// A poll that arrives while a probe is answered is not held for long.
    pub(super) fn poll_while_probing(&mut self, now: Timestamp) {
        if let Some(probe) = &mut self.probe
            && probe.answered
        {
            probe.release = Some(now + RELEASE_AFTER);
        }
    }

    pub(super) fn handle_probe_timeout(&mut self, now: Timestamp) {
        let Some(probe) = &mut self.probe else { return };
        if probe.until <= now {
            self.drop_probe();
        } else if probe.release.is_some_and(|release| release <= now) {
            probe.release = None;
            self.release_poll();
        }
    }

    fn release_poll(&mut self) {
        // What is queued releases the poll as well as a noop does.
        if self.polling.has_get() && self.queue.is_empty() {
            self.queue.push(Segment::NOOP);
        }
    }

    pub(super) fn drop_probe(&mut self) {
        if self.probe.take().is_some() {
            self.transmits.push(Transmit::CloseWebSocket(None));
        }
    }
}
