//! hyper's I/O traits over those of `futures`, and the other way round.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper::upgrade::Upgraded;
use klatch_core::Limit;

use super::Edge;
use crate::runtime::{Stream, Timer};
use crate::stream::AnyStream;

/// As much as is read at once. hyper's buffer may be uninitialised, which only unsafe code could
/// hand to a `futures` reader; the copy is of requests, never of what a WebSocket carries.
const CHUNK: usize = 4096;

/// A stream for hyper, which gives it back when it has become a WebSocket. Its client has so much time
/// to take some of what is written to it.
pub(super) struct Bridge {
    stream: AnyStream,
    edge: Arc<Edge>,
    /// While the client takes nothing.
    patience: Option<Box<dyn Timer>>,
}

impl Bridge {
    pub(super) fn new(stream: AnyStream, edge: Arc<Edge>) -> Self {
        Self { stream, edge, patience: None }
    }

    pub(super) fn into_inner(self) -> AnyStream {
        self.stream
    }

    /// Passes on what became of a write, or that there has been none for too long.
    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut dyn Stream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut *self.stream), cx);
        if written.is_ready() {
            self.patience = None;
            return written;
        }
        let Edge { hub, host, .. } = &*self.edge;
        let begin = || host.timer(host.now() + hub.limits.write_timeout);
        ready!(Pin::new(self.patience.get_or_insert_with(begin)).poll(cx));
        hub.counts.hit(Limit::WriteTime);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Bridge {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; CHUNK];
        let room = buf.remaining().min(CHUNK);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk[..room]))?;
        buf.put_slice(&chunk[..read]);
        Poll::Ready(Ok(()))
    }
}

impl Write for Bridge {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.in_time(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    /// `futures` streams do not tell; those of klatch's adapters do gather.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx, AsyncWrite::poll_close)
    }
}

/// What hyper hands over where the host accepted the connection.
pub(super) struct Unbridge(Upgraded);

impl Unbridge {
    pub(super) const fn new(upgraded: Upgraded) -> Self {
        Self(upgraded)
    }
}

impl AsyncRead for Unbridge {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.0).poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl AsyncWrite for Unbridge {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
