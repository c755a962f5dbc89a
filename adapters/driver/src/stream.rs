//! Streams of whatever type, where klatch keeps them.

use std::hint::black_box;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};

use crate::runtime::Stream;

/// A stream whose type is forgotten.
pub(crate) type AnyStream = Box<dyn Kept>;

/// Forgets the type of a stream.
pub(crate) fn any(stream: impl Stream) -> AnyStream {
    Box::new(Marked { stream, mark: 0 })
}

/// A stream in memory of its own.
pub(crate) trait Kept: Stream {
    /// Asks for that memory, which is to be read or written soon, and does nothing with it.
    fn fetch(&self);
}

/// What is asked for is beside the stream, about whose inside nothing is known. What is small is on one line of
/// the cache with that.
#[repr(C)]
struct Marked<T> {
    mark: u8,
    stream: T,
}

impl<T: Stream> Kept for Marked<T> {
    #[inline]
    fn fetch(&self) {
        black_box(self.mark);
    }
}

impl<T: Stream> AsyncRead for Marked<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read_vectored(cx, bufs)
    }
}

impl<T: Stream> AsyncWrite for Marked<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
