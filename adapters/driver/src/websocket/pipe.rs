//! A stream of bytes as tungstenite reads and writes one: it knows no wakers, and takes little at a
//! time.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::AsyncRead as _;
use klatch_core::engine::Frame;

use super::unsent::Unsent;
use crate::runtime::Stream;

/// Bytes that one turn reads from one client. Frames alone are no measure: of a message in
/// fragments, tungstenite reads on until it is whole, which it may never be.
const BYTES_PER_TURN: usize = 256 * 1024;

/// Bytes that are read at once: many frames of a busy client.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    /// Where all connections of a thread read to, so that none needs a buffer while it is idle.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A stream, with what was read of it and not taken yet, and what is to be written to it.
pub(super) struct Pipe {
    stream: Box<dyn Stream>,
    unsent: Unsent,
    /// Read, and lent by the thread until all of it is taken.
    ahead: Vec<u8>,
    /// What of `ahead` is there and not taken yet.
    rest: Range<usize>,
    /// What may be read until the next turn.
    left: usize,
}

impl Pipe {
    /// `ahead` was read of the stream before.
    pub(super) fn new(stream: Box<dyn Stream>, ahead: Vec<u8>) -> Self {
        let rest = 0..ahead.len();
        Self { stream, unsent: Unsent::default(), ahead, rest, left: BYTES_PER_TURN }
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

    /// Reads with this context.
    pub(super) fn with<'a, 'b>(&'a mut self, cx: &'a mut Context<'b>) -> Polled<'a, 'b> {
        Polled { pipe: self, cx }
    }

    /// Queues a message.
    pub(super) fn send(&mut self, frame: &Frame) {
        self.unsent.push(frame);
    }

    /// Ready for another message.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unsent.is_full() { self.poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Writes what is queued.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.unsent.poll_write_to(&mut *self.stream, cx)
    }

    /// Takes from what is there, and reads if nothing is.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.rest.is_empty() {
            ready!(self.poll_read_ahead(cx))?;
        }
        let length = self.rest.len().min(buf.len());
        let taken = self.rest.start..self.rest.start + length;
        self.rest.start = taken.end;
        buf[..length].copy_from_slice(&self.ahead[taken]);
        if self.rest.is_empty() {
            self.give_back();
        }
        Poll::Ready(Ok(length))
    }

    fn poll_read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ahead = SPARE.take();
        self.ahead.resize(SCRATCH, 0);
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut self.ahead);
        if let Poll::Ready(Ok(read @ 1..)) = read {
            self.left = self.left.saturating_sub(read);
            self.rest = 0..read;
        } else {
            self.give_back();
        }
        read.map_ok(|_| ())
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
        let mut nowhere = [0; 1024];
        loop {
            if !matches!(ready!(self.poll_read(cx, &mut nowhere)), Ok(1..)) {
                return Poll::Ready(());
            }
        }
    }
}

/// A pipe for the time of one call. What cannot be read now is [`WouldBlock`](ErrorKind::WouldBlock),
/// and wakes the task when it can. What is written is a whole frame, and queued among the messages.
pub(super) struct Polled<'a, 'b> {
    pipe: &'a mut Pipe,
    cx: &'a mut Context<'b>,
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.pipe.poll_read(self.cx, buf) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Polled<'_, '_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pipe.unsent.push_control(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use futures::task::noop_waker_ref;

    use super::*;

    #[test]
    fn what_is_read_at_once_is_taken_a_little_at_a_time() {
        let stream = Box::new(Cursor::new(b" and what follows".to_vec()));
        let mut pipe = Pipe::new(stream, b"what the host read".to_vec());
        let mut cx = Context::from_waker(noop_waker_ref());
        let mut taken = Vec::new();
        let mut little = [0; 5];
        loop {
            match pipe.with(&mut cx).read(&mut little).expect("there is no error") {
                0 => break,
                read => taken.extend_from_slice(&little[..read]),
            }
        }
        assert_eq!(taken, b"what the host read and what follows");
        assert_eq!(pipe.ahead.capacity(), 0, "nothing is kept when all is taken");
    }
}
