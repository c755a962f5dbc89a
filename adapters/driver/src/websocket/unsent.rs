//! What is to be written to a WebSocket's stream.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use klatch_core::engine::Frame;

use crate::runtime::Stream;

/// Bytes after which what is queued is written before more is: enough for one write to carry a
/// whole mailbox, mostly.
const FULL: usize = 64 * 1024;

/// The largest buffer that a thread keeps.
const SPARE_CAPACITY: usize = 4 * FULL;

/// Bytes for which a new buffer has room: a few small frames.
const FIRST_CAPACITY: usize = 2 * 1024;

/// How many of these a thread keeps: as many connections may gather at the same time.
const MAX_SMALL: usize = 64;

/// RFC 6455, section 5.2: the last frame of a message, of text or of bytes.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
/// Instead of a length: the length follows in two bytes, or in eight.
const MEDIUM: u8 = 126;
const LONG: u8 = 127;

/// A frame of the WebSocket's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Close = 0x88,
    Pong = 0x8a,
}

thread_local! {
    /// Frames are gathered here, and mostly written within the same turn, or the next: a connection has
    /// a buffer of its own only while its socket is full.
    static SPARES: RefCell<Spares> = const {
        RefCell::new(Spares { large: Vec::new(), small: Vec::new() })
    };
}

/// Buffers that nobody uses.
struct Spares {
    /// The largest there was.
    large: Vec<u8>,
    /// Some that have not grown.
    small: Vec<Vec<u8>>,
}

impl Spares {
    fn take(&mut self) -> Vec<u8> {
        if self.large.capacity() > 0 {
            return std::mem::take(&mut self.large);
        }
        self.small.pop().unwrap_or_else(|| Vec::with_capacity(FIRST_CAPACITY))
    }

    fn give(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        match buffer.capacity() {
            1..=FIRST_CAPACITY if self.small.len() < MAX_SMALL => self.small.push(buffer),
            0..=FIRST_CAPACITY => {}
            ..=SPARE_CAPACITY if buffer.capacity() > self.large.capacity() => self.large = buffer,
            _ => {}
        }
    }
}

/// Whole frames, some of which may be half written.
#[derive(Default)]
pub(super) struct Unsent {
    bytes: Vec<u8>,
    written: usize,
    /// The stream may hold back what it has taken.
    unflushed: bool,
    /// The stream took something since somebody asked.
    took_some: bool,
}

impl Unsent {
    /// Whether there should be no more before something is written.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// Queues a message of the core's.
    pub(super) fn push(&mut self, frame: &Frame) {
        match frame {
            Frame::Text(text) => self.push_message(TEXT, text),
            Frame::Binary(bytes) => self.push_message(BINARY, bytes),
        }
    }

    /// Queues a message of text.
    pub(super) fn push_text(&mut self, text: &[u8]) {
        self.push_message(TEXT, text);
    }

    #[inline]
    fn push_message(&mut self, kind: u8, payload: &[u8]) {
        let bytes = self.buffer();
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ 0..MEDIUM), _) => bytes.extend_from_slice(&[kind, length]),
            (_, Ok(length)) => {
                let [high, low] = length.to_be_bytes();
                bytes.extend_from_slice(&[kind, MEDIUM, high, low]);
            }
            _ => {
                bytes.extend_from_slice(&[kind, LONG]);
                bytes.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
    }

    /// Queues a frame of the WebSocket's own, whose payload has 125 bytes at most. A client that
    /// pings and does not read gets no more pongs than fit: not every ping needs one (RFC 6455,
    /// section 5.5.3).
    pub(super) fn push_control(&mut self, kind: Control, payload: &[u8]) {
        debug_assert!(payload.len() < usize::from(MEDIUM), "no control frame is longer");
        if kind == Control::Close || !self.is_full() {
            let bytes = self.buffer();
            bytes.extend_from_slice(&[kind as u8, payload.len() as u8]);
            bytes.extend_from_slice(payload);
        }
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = SPARES.with_borrow_mut(Spares::take);
        }
        &mut self.bytes
    }

    /// Writes all there is, and has the stream pass it on. After an error nothing is left.
    pub(super) fn poll_write_to(
        &mut self,
        stream: &mut dyn Stream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        while self.written < self.bytes.len() {
            match ready!(stream.as_mut().poll_write(cx, &self.bytes[self.written..])) {
                Ok(written @ 1..) => {
                    self.written += written;
                    self.took_some = true;
                }
                Ok(0) => return Poll::Ready(self.fail(ErrorKind::WriteZero.into())),
                Err(error) => return Poll::Ready(self.fail(error)),
            }
            self.unflushed = true;
        }
        self.clear();
        if self.unflushed {
            let flushed = ready!(stream.poll_flush(cx));
            self.unflushed = false;
            flushed?;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the stream took something since this was asked.
    pub(super) fn took_some(&mut self) -> bool {
        std::mem::take(&mut self.took_some)
    }

    fn fail(&mut self, error: io::Error) -> io::Result<()> {
        self.clear();
        Err(error)
    }

    fn clear(&mut self) {
        self.written = 0;
        let bytes = std::mem::take(&mut self.bytes);
        SPARES.with_borrow_mut(|spares| spares.give(bytes));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn pongs_that_nobody_reads_have_an_end() {
        let mut unsent = Unsent::default();
        for _ in 0..10_000 {
            unsent.push_control(Control::Pong, &[7; 125]);
        }
        assert!((FULL..FULL + 127).contains(&unsent.bytes.len()));
        unsent.push_control(Control::Close, &[]);
        assert_eq!(unsent.bytes[unsent.bytes.len() - 2..], [0x88, 0], "the goodbye fits");
    }

    #[test]
    fn lengths_are_written_as_short_as_they_can_be() {
        let head = |frame: Frame| {
            let mut unsent = Unsent::default();
            unsent.push(&frame);
            unsent.bytes.truncate(10);
            unsent.bytes
        };
        let bytes = |length| Bytes::from(vec![7; length]);
        assert_eq!(head(Frame::Text(Bytes::from_static(b"40"))), [0x81, 2, b'4', b'0']);
        assert_eq!(head(Frame::Binary(Bytes::new())), [0x82, 0]);
        assert_eq!(head(Frame::Binary(bytes(125)))[..3], [0x82, 125, 7]);
        assert_eq!(head(Frame::Binary(bytes(126)))[..5], [0x82, 126, 0, 126, 7]);
        assert_eq!(head(Frame::Binary(bytes(65_535)))[..5], [0x82, 126, 255, 255, 7]);
        let long = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(head(Frame::Binary(bytes(65_536))), long);
    }
}
