//! How a task writes to its client.

use std::task::{Context, Poll, ready};

use klatch_core::Timestamp;
use klatch_core::engine::Transmit;

use super::Task;
use super::reading::bytes;
use crate::client::{Client, Next};
use crate::mailbox::{Packet, Readiness};
use crate::runtime::Runtime;

impl<R: Runtime, C: Client> Task<R, C> {
    /// Writes the packets that wait, if there is nothing else to do. Whether that was all: a broadcast wakes
    /// thousands of tasks for nothing else. What is left is for the rest of a turn.
    ///
    /// It need not ask for the time: when it is time for something, the timer [rings](crate::inbox::alarm).
    pub(super) fn only_writes(&mut self, cx: &mut Context<'_>) -> bool {
        let is_ready = self.timed && !self.readable && !self.postponed && self.held.is_none();
        if !is_ready || !self.may_wait() || !self.client.only_sends() {
            return false;
        }
        let Some(websocket) = &mut self.websocket else { return false };
        while let Some(packet) = self.client.next_packet() {
            self.ground.hub.meter.sent(packet.len());
            websocket.send(&packet);
            if !websocket.has_room() {
                return false;
            }
        }
        // A packet may have been no frame of its own, or the last of a namespace, by which a deadline moves.
        if !self.client.only_sends()
            || self.client.poll_timeout() != Some(self.deadline)
            || websocket.poll_flush(cx).is_pending()
        {
            return false;
        }
        if !self.client.settle(Readiness::Idle, cx.waker()) {
            cx.waker().wake_by_ref();
        }
        true
    }

    /// Passes on all that the transports take, and flushes.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, now: Timestamp) -> Readiness {
        let is_full = self.pass_on(cx, now).is_pending();
        if let Some(websocket) = &mut self.websocket
            && (is_full || websocket.poll_flush(cx).is_pending())
        {
            self.stall.note(now, websocket.took_some());
            return Readiness::Blocked;
        }
        self.stall.clear();
        self.client.readiness()
    }

    /// When the client will have taken nothing for too long.
    pub(super) fn stalled_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.stall.deadline(now, self.ground.hub.limits.write_timeout)
    }

    fn pass_on(&mut self, cx: &mut Context<'_>, now: Timestamp) -> Poll<()> {
        if self.client.is_closed() {
            // A client that does not read would hold up its own end.
            self.held = None;
        }
        loop {
            let next = match self.held.take() {
                Some(held) => Some(*held),
                None => self.client.next_transmit(now),
            };
            match next {
                None => return Poll::Ready(()),
                Some(Next::Packet(packet)) => ready!(self.send(cx, packet)),
                Some(Next::Transmit(transmit)) => ready!(self.transmit(cx, transmit)),
            }
        }
    }

    /// Sends a packet if the WebSocket has room; else it is the first to leave when it has.
    #[inline]
    fn send(&mut self, cx: &mut Context<'_>, packet: Packet) -> Poll<()> {
        let Some(websocket) = &mut self.websocket else { return Poll::Ready(()) };
        if websocket.poll_ready(cx).is_pending() {
            self.held = Some(Box::new(Next::Packet(packet)));
            return Poll::Pending;
        }
        self.ground.hub.meter.sent(packet.len());
        websocket.send(&packet);
        Poll::Ready(())
    }

    fn transmit(&mut self, cx: &mut Context<'_>, transmit: Transmit) -> Poll<()> {
        match transmit {
            Transmit::Respond(id, response) => {
                if let Some(at) = self.replies.iter().position(|(waiting, _)| *waiting == id) {
                    // A client that went away meanwhile has no use for the answer.
                    self.ground.hub.meter.sent(response.body.len());
                    let sent = self.replies.swap_remove(at).1.send(response);
                    if sent.is_ok() && self.client.has_parted() {
                        std::mem::take(&mut self.told).flushed();
                    }
                }
            }
            Transmit::Frame(frame) => {
                let Some(websocket) = &mut self.websocket else { return Poll::Ready(()) };
                if websocket.poll_ready(cx).is_pending() {
                    self.held = Some(Box::new(Transmit::Frame(frame).into()));
                    return Poll::Pending;
                }
                self.ground.hub.meter.sent(bytes(&frame));
                websocket.start_send(frame);
            }
            Transmit::CloseWebSocket(code) => {
                if let Some(websocket) = self.websocket.take() {
                    self.close_websocket(websocket, code);
                }
            }
            _ => {}
        }
        Poll::Ready(())
    }
}
