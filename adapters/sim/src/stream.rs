//! A connection: two ends, and what is under way between them.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures::io::{AsyncRead, AsyncWrite};
use futures::task::{ArcWake, waker};
use klatch_core::Timestamp;
use klatch_driver::Runtime as _;
use parking_lot::Mutex;

use crate::link::Link;
use crate::runtime::Runtime;

/// One end of a connection.
///
/// Dropped, it closes the connection as a system does: what it wrote arrives, but if something
/// comes that it has not read, the other end is told of a reset.
pub struct Stream {
    wire: Arc<Wire>,
    /// 0 is the client's, 1 the server's.
    side: usize,
    /// The reader of a chunked link sleeps between two pieces.
    has_read: bool,
    /// What is written here is not drawn from the seed.
    is_masked: bool,
}

/// What both ends share.
pub(crate) struct Wire {
    runtime: Runtime,
    link: Link,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Nothing arrives; for good, if one end has vanished.
    cut: bool,
    vanished: bool,
    /// Reset from outside: both ends see it at once.
    broken: bool,
    /// By the side that reads.
    pipes: [Pipe; 2],
}

/// One direction.
#[derive(Default)]
struct Pipe {
    pieces: VecDeque<(Timestamp, Bytes)>,
    bytes: usize,
    /// When the last piece arrives: the next one does not before.
    last: Timestamp,
    /// When the reader sees that nothing follows.
    end: Option<Timestamp>,
    /// When the reader sees that the connection is reset.
    reset: Option<Timestamp>,
    /// The reader is gone.
    unread: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// The wire wakes the reader at this moment.
    rings: Option<Timestamp>,
}

impl Pipe {
    /// When the reader will find something.
    fn next(&self) -> Option<Timestamp> {
        let piece = self.pieces.front().map(|(at, _)| *at).or(self.end);
        piece.into_iter().chain(self.reset).min()
    }

    fn lose(&mut self) {
        self.pieces.clear();
        self.bytes = 0;
    }
}

/// Both ends of a new connection, the client's first.
pub(crate) fn pair(runtime: &Runtime, link: &Link) -> (Stream, Stream, Weak<Wire>) {
    let wire = Wire { runtime: runtime.clone(), link: link.clone(), state: Mutex::default() };
    let wire = Arc::new(wire);
    let end = |side| Stream { wire: wire.clone(), side, has_read: false, is_masked: false };
    (end(0), end(1), Arc::downgrade(&wire))
}

impl Stream {
    /// From now on something is written that does not follow from the seed: its length alone counts
    /// for the trace.
    pub(crate) fn mask(&mut self) {
        self.is_masked = true;
    }
}

impl Wire {
    fn delay(&self) -> Duration {
        self.link.delay(|limit| self.runtime.below(limit))
    }

    /// Has the reader of a side woken when there will be something for it.
    fn ring(self: &Arc<Self>, state: &mut State, side: usize) {
        let pipe = &mut state.pipes[side];
        let (Some(at), false) = (pipe.next(), state.cut) else { return };
        if pipe.reader.is_some() && pipe.rings.is_none_or(|rings| rings > at) {
            pipe.rings = Some(at);
            let bell = Bell { wire: Arc::downgrade(self), side };
            self.runtime.executor().wake_at(at, waker(Arc::new(bell)));
        }
    }

    /// Lets nothing arrive any more, or everything again.
    pub(crate) fn cut(&self, cut: bool) {
        let mut state = self.state.lock();
        state.cut = cut || state.vanished;
        let waiting = state.take_wakers();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// As [`Self::cut`], for good and without a trace at either end.
    pub(crate) fn vanish(&self) {
        let mut state = self.state.lock();
        (state.cut, state.vanished) = (true, true);
    }

    /// Breaks the connection at both ends; what is under way is lost.
    pub(crate) fn reset(&self) {
        let mut state = self.state.lock();
        state.broken = !state.vanished;
        state.pipes.iter_mut().for_each(Pipe::lose);
        let waiting = state.take_wakers();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Whether a side has been told of a reset.
    fn is_reset(&self, side: usize, now: Timestamp) -> bool {
        self.broken || (!self.cut && self.pipes[side].reset.is_some_and(|at| at <= now))
    }

    /// Of all who wait, to be woken without the lock.
    fn take_wakers(&mut self) -> Vec<Waker> {
        let wakers = self.pipes.iter_mut().map(|pipe| [pipe.reader.take(), pipe.writer.take()]);
        wakers.flatten().flatten().collect()
    }
}

/// Wakes the reader of a side, whoever that is by then.
struct Bell {
    wire: Weak<Wire>,
    side: usize,
}

impl ArcWake for Bell {
    fn wake_by_ref(bell: &Arc<Self>) {
        let Some(wire) = bell.wire.upgrade() else { return };
        let mut state = wire.state.lock();
        let pipe = &mut state.pipes[bell.side];
        pipe.rings = None;
        let reader = pipe.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.wire.link.is_chunked() && std::mem::take(&mut this.has_read) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let now = this.wire.runtime.now();
        let mut state = this.wire.state.lock();
        if state.is_reset(this.side, now) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let is_cut = state.cut;
        let pipe = &mut state.pipes[this.side];
        match pipe.pieces.front_mut() {
            Some((at, piece)) if *at <= now && !is_cut => {
                let read = piece.len().min(buf.len());
                piece.copy_to_slice(&mut buf[..read]);
                if piece.is_empty() {
                    pipe.pieces.pop_front();
                }
                pipe.bytes -= read;
                this.has_read = true;
                let writer = pipe.writer.take();
                drop(state);
                if let Some(writer) = writer {
                    writer.wake();
                }
                return Poll::Ready(Ok(read));
            }
            None if pipe.end.is_some_and(|end| end <= now) && !is_cut => {
                return Poll::Ready(Ok(0));
            }
            _ => {}
        }
        pipe.reader = Some(cx.waker().clone());
        this.wire.ring(&mut state, this.side);
        Poll::Pending
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (wire, other) = (&self.wire, 1 - self.side);
        let now = wire.runtime.now();
        let mut state = wire.state.lock();
        if state.is_reset(self.side, now) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let pipe = &mut state.pipes[other];
        if pipe.end.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = wire.link.capacity().saturating_sub(pipe.bytes);
        if room == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut bytes = Vec::new();
        for buf in bufs {
            bytes.extend_from_slice(&buf[..buf.len().min(room - bytes.len())]);
        }
        let written = bytes.len();
        if pipe.unread {
            // It arrives where nobody is any more, and that news comes back.
            let told = now + wire.delay() + wire.delay();
            state.pipes[self.side].reset.get_or_insert(told);
            wire.ring(&mut state, self.side);
            return Poll::Ready(Ok(written));
        }
        pipe.bytes += written;
        let mut bytes = Bytes::from(bytes);
        let counted = (!self.is_masked).then_some(&bytes[..]);
        wire.runtime.executor().count(|trace, now| trace.write(now, written, counted));
        while !bytes.is_empty() {
            let piece = wire.link.piece(bytes.len(), |limit| wire.runtime.below(limit));
            pipe.last = pipe.last.max(now + wire.delay());
            pipe.pieces.push_back((pipe.last, bytes.split_to(piece)));
        }
        wire.ring(&mut state, other);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (wire, other) = (&self.wire, 1 - self.side);
        let mut state = wire.state.lock();
        let pipe = &mut state.pipes[other];
        if pipe.end.is_none() {
            wire.runtime.executor().count(|trace, now| trace.close(now, other));
            pipe.last = pipe.last.max(wire.runtime.now() + wire.delay());
            pipe.end = Some(pipe.last);
            wire.ring(&mut state, other);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let (wire, other) = (self.wire.clone(), 1 - self.side);
        let mut state = wire.state.lock();
        wire.runtime.executor().count(|trace, now| trace.close(now, self.side));
        let read = &mut state.pipes[self.side];
        read.unread = true;
        let is_left = read.bytes > 0;
        read.lose();
        let (reader, writer) = (read.reader.take(), read.writer.take());
        let at = wire.runtime.now() + wire.delay();
        let written = &mut state.pipes[other];
        written.last = written.last.max(at);
        written.end.get_or_insert(written.last);
        if is_left {
            written.reset.get_or_insert(at);
        }
        wire.ring(&mut state, other);
        drop(state);
        drop(reader);
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.side == 0 { "Stream(client)" } else { "Stream(server)" })
    }
}
