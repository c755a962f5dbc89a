//! How a task hears its client.

use std::ops::ControlFlow;
use std::task::{Context, Poll};

use bytes::Bytes;
use klatch_core::Timestamp;
use klatch_core::engine::{Frame, Input};

use super::Task;
use crate::client::{Client, Heard};
use crate::desk;
use crate::runtime::Runtime;

/// Frames that one turn takes in before others get theirs: what one read of a busy client brings,
/// and little enough that nobody waits long.
const FRAMES_PER_TURN: usize = 64;

impl<R: Runtime, C: Client> Task<R, C> {
    /// Takes in frames, if there may be any. How many. What most are does not ask for the time, which costs
    /// more than a little.
    pub(super) fn read(&mut self, now: &mut Option<Timestamp>) -> usize {
        if !std::mem::take(&mut self.readable) {
            return 0;
        }
        // It comes while the stream is read.
        self.client.fetch_ears();
        if let Some(websocket) = &mut self.websocket {
            websocket.begin_turn();
        }
        let frames = self.read_frames(now);
        if let Some(websocket) = &mut self.websocket {
            websocket.end_turn();
        }
        frames
    }

    fn read_frames(&mut self, now: &mut Option<Timestamp>) -> usize {
        let mut frames = 0;
        for _ in 0..FRAMES_PER_TURN {
            if self.client.is_paused(self.postponed) {
                // TCP tells its client. There is another turn when it has read.
                self.postponed = true;
                return frames;
            }
            if self.hear(now) {
                frames += 1;
                continue;
            }
            match self.read_frame(now) {
                ControlFlow::Continue(more) => frames += more,
                ControlFlow::Break(()) => return frames,
            }
        }
        // There may be more, but others get their turn first.
        self.readable = true;
        frames
    }

    /// Takes in a text that is there already; `false` if what comes next is to be read.
    fn hear(&mut self, now: &mut Option<Timestamp>) -> bool {
        let Some(websocket) = &mut self.websocket else { return false };
        let has_room = self.held.is_none() && websocket.has_room();
        let Some(text) = websocket.next_text() else { return false };
        self.ground.hub.meter.received(text.len());
        // Its handlers start at once: it is fresh in the cache, and their memory is there for the next.
        let heard = self.client.hear(text, has_room);
        if heard == Heard::Not {
            let frame = Frame::Text(Bytes::copy_from_slice(text));
            self.client.receive(time(&self.ground.runtime, now), frame);
        }
        self.pass_on_answer(heard);
        true
    }

    /// Passes on what a handler said first, if it did.
    #[inline]
    fn pass_on_answer(&mut self, heard: Heard) {
        if heard != Heard::Answered {
            return;
        }
        desk::pass_on(|text| {
            self.ground.hub.meter.sent(text.len());
            if let Some(websocket) = &mut self.websocket {
                websocket.send_text(text);
            }
        });
    }

    /// Takes in what comes next, if there is something: how many frames that was. Nothing more comes in
    /// this turn after a break.
    #[inline(never)]
    fn read_frame(&mut self, now: &mut Option<Timestamp>) -> ControlFlow<(), usize> {
        let Some(websocket) = &mut self.websocket else { return ControlFlow::Break(()) };
        let mut cx = Context::from_waker(&self.reading);
        let Poll::Ready(input) = websocket.poll_input(&mut cx) else {
            return ControlFlow::Break(());
        };
        match input {
            None => ControlFlow::Continue(0),
            Some(Input::Frame(frame)) => {
                self.ground.hub.meter.received(bytes(&frame));
                let heard = match &frame {
                    Frame::Text(text) => {
                        let has_room = self.held.is_none() && websocket.is_ready(&self.waker);
                        self.client.hear(text, has_room)
                    }
                    Frame::Binary(_) => Heard::Not,
                };
                if heard == Heard::Not {
                    self.client.receive(time(&self.ground.runtime, now), frame);
                }
                self.pass_on_answer(heard);
                ControlFlow::Continue(1)
            }
            Some(input) => {
                if input == Input::WebSocketClosed
                    && let Some(websocket) = self.websocket.take()
                {
                    // The answer to the client's close frame is queued already. By which code it is
                    // closed otherwise, the machine says.
                    self.close_websocket(websocket, None);
                }
                self.client.handle(time(&self.ground.runtime, now), input);
                ControlFlow::Break(())
            }
        }
    }
}

/// How long a message is.
pub(super) fn bytes(frame: &Frame) -> usize {
    let (Frame::Text(bytes) | Frame::Binary(bytes)) = frame;
    bytes.len()
}

/// The time, which is asked for once in a turn.
fn time(runtime: &impl Runtime, now: &mut Option<Timestamp>) -> Timestamp {
    *now.get_or_insert_with(|| runtime.now())
}
