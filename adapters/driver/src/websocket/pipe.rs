//! The stream beneath a WebSocket: read ahead a little, written a turn's worth at once.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::AsyncRead as _;
use klatch_core::engine::Frame;

use super::unsent::{Control, Unsent};
use crate::stream::AnyStream;

/// Bytes that one turn reads from one client. Messages alone are no measure: one in fragments may
/// never be whole.
const BYTES_PER_TURN: usize = 256 * 1024;

/// Bytes that are read at once: many frames of a busy client.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    /// Where all connections of a thread read to, so that none needs a buffer while it is idle.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A stream, with what was read of it and not taken yet, and what is to be written to it.
#[repr(C)]
pub(super) struct Pipe {
    stream: AnyStream,
    unsent: Unsent,
    /// Read, and lent by the thread until all of it is taken and there is no more, or the turn ends.
    ahead: Vec<u8>,
    /// What of `ahead` is there and not taken yet.
    rest: Range<usize>,
    /// What may be read until the next turn.
    left: usize,
}

impl Pipe {
    /// `ahead` was read of the stream before.
    pub(super) fn new(stream: AnyStream, ahead: Vec<u8>) -> Self {
        let rest = 0..ahead.len();
        Self { stream, unsent: Unsent::default(), ahead, rest, left: BYTES_PER_TURN }
    }

    /// Asks for what is to be read or written soon.
    #[inline]
    pub(super) fn fetch(&self) {
        self.stream.fetch();
    }

    /// Begins a turn.
    pub(super) fn begin_turn(&mut self) {
        self.left = BYTES_PER_TURN;
    }

    /// What may still be read in this turn.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// What was read and not taken yet.
    pub(super) fn rest(&mut self) -> &mut [u8] {
        &mut self.ahead[self.rest.clone()]
    }

    /// Takes so much from the front of the rest.
    pub(super) fn take(&mut self, taken: usize) {
        self.rest.start += taken;
    }

    /// Takes so much from the front of the rest, and lends a part of it.
    #[inline]
    pub(super) fn lend(&mut self, part: Range<usize>) -> &[u8] {
        let start = self.rest.start;
        self.rest.start += part.end;
        &self.ahead[start + part.start..start + part.end]
    }

    /// Ends a turn, after which nothing is lent any more.
    pub(super) fn end_turn(&mut self) {
        if self.rest.is_empty() && !self.ahead.is_empty() {
            self.give_back();
        }
    }

    /// Queues a message.
    pub(super) fn send(&mut self, frame: &Frame) {
        self.unsent.push(frame);
    }

    /// Queues a message of text.
    pub(super) fn send_text(&mut self, text: &[u8]) {
        self.unsent.push_text(text);
    }

    /// Queues a frame of the WebSocket's own.
    pub(super) fn send_control(&mut self, kind: Control, payload: &[u8]) {
        self.unsent.push_control(kind, payload);
    }

    /// Whether it is ready for another message.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        !self.unsent.is_full()
    }

    /// Ready for another message.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unsent.is_full() { self.poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Writes what is queued.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.unsent.poll_write_to(&mut *self.stream, cx)
    }

    /// Whether the stream took something since this was asked.
    pub(super) fn took_some(&mut self) -> bool {
        self.unsent.took_some()
    }

    /// Reads on when all that was there is taken. How much came, of which 0 is the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.ahead.len() != SCRATCH {
            self.ahead = SPARE.take();
            self.ahead.resize(SCRATCH, 0);
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut self.ahead);
        if let Poll::Ready(Ok(read @ 1..)) = read {
            self.left = self.left.saturating_sub(read);
            self.rest = 0..read;
        } else {
            self.give_back();
        }
        read
    }

    fn give_back(&mut self) {
        self.rest = 0..0;
        let ahead = std::mem::take(&mut self.ahead);
        // What a host had read ahead is not the thread's.
        if ahead.len() == SCRATCH {
            SPARE.set(ahead);
        }
    }

    /// Reads all that comes, a turn's worth at most, and forgets it; ready at the end of the stream.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.give_back();
            if !matches!(ready!(self.poll_read(cx)), Ok(1..)) {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use futures::task::noop_waker_ref;

    use super::*;
    use crate::stream::any;

    #[test]
    fn what_is_read_at_once_is_taken_a_little_at_a_time() {
        let stream = any(Cursor::new(b" and what follows".to_vec()));
        let mut pipe = Pipe::new(stream, b"what the host read".to_vec());
        let mut cx = Context::from_waker(noop_waker_ref());
        let mut taken = Vec::new();
        loop {
            let rest = pipe.rest();
            let little = rest.len().min(5);
            taken.extend_from_slice(&rest[..little]);
            pipe.take(little);
            if pipe.rest().is_empty() && matches!(pipe.poll_read(&mut cx), Poll::Ready(Ok(0))) {
                break;
            }
        }
        assert_eq!(taken, b"what the host read and what follows");
        assert_eq!(pipe.ahead.capacity(), 0, "nothing is kept when all is taken");
    }
}
