//! `WebSocket`s: async-tungstenite over whatever stream the client came by, or a host's own.

mod foreign;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::error::ProtocolError;
use async_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use async_tungstenite::tungstenite::protocol::frame::{self, CloseFrame};
use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use async_tungstenite::tungstenite::{Error, Message};
use futures::io::{AsyncRead, AsyncWrite};
use futures::{FutureExt as _, Sink as _, Stream as _, StreamExt as _};
use klatch_core::engine::{Frame, Input, WebSocketFault};

use self::foreign::Foreign;
pub use self::foreign::WebSocketMessage;
use crate::runtime::Stream;

/// What a connection's read buffer starts with; it grows to the largest message that the client
/// sends. tungstenite's default of 128 KiB, taken at once, would be most of an idle connection.
const READ_BUFFER: usize = 4096;

/// Bytes that one turn reads from one client. Frames alone are no measure: of a message in
/// fragments, tungstenite reads on until it is whole, which it may never be.
const BYTES_PER_TURN: usize = 256 * 1024;

/// A WebSocket whose handshake is done.
#[expect(clippy::large_enum_variant, reason = "nearly all are framed: a box would cost each one")]
pub(crate) enum WebSocket {
    /// Over a stream of bytes.
    Framed(Framed),
    /// Accepted by the host.
    Foreign(Foreign),
}

/// What async-tungstenite makes of a stream.
pub(crate) struct Framed {
    stream: WebSocketStream<Rationed>,
}

/// A stream from which so much can be read until it gets a new ration.
struct Rationed {
    stream: Box<dyn Stream>,
    left: usize,
}

impl AsyncRead for Rationed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.left = self.left.saturating_sub(read);
        Poll::Ready(Ok(read))
    }
}

impl AsyncWrite for Rationed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

impl WebSocket {
    /// Takes over a stream after its handshake; `read` is what was read beyond it.
    pub(crate) fn framed(stream: Box<dyn Stream>, read: Vec<u8>, max_payload: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(max_payload))
            .max_frame_size(Some(max_payload));
        let stream = Rationed { stream, left: BYTES_PER_TURN };
        let stream = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config))
            .now_or_never()
            .expect("nothing is read or written yet");
        Self::Framed(Framed { stream })
    }

    /// Takes over a WebSocket of the host's.
    pub(crate) fn foreign<T, E>(socket: T, max_payload: usize) -> Self
    where
        E: 'static,
        T: futures::Stream<Item = Result<WebSocketMessage, E>>
            + futures::Sink<WebSocketMessage>
            + Send
            + 'static,
    {
        Self::Foreign(Foreign::new(socket, max_payload))
    }

    /// Begins a turn.
    pub(crate) fn begin_turn(&mut self) {
        match self {
            Self::Framed(framed) => framed.begin_turn(),
            // Its messages are whole: counting them is enough.
            Self::Foreign(_) => {}
        }
    }

    /// The next thing from the client: `None` if it was the WebSocket's own business, a ping say.
    /// After anything but that and a frame, the WebSocket is of no use.
    pub(crate) fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        match self {
            Self::Framed(framed) => framed.poll_input(cx),
            Self::Foreign(foreign) => foreign.poll_input(cx).map(Some),
        }
    }

    /// Whether a frame can be sent; `false` if the stream is broken, which reading will report.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self {
            Self::Framed(framed) => {
                Pin::new(&mut framed.stream).poll_ready(cx).map(|ready| ready.is_ok())
            }
            Self::Foreign(foreign) => foreign.poll_ready(cx),
        }
    }

    /// Queues a frame after [`Self::poll_ready`] said so. What the core encoded needs no check.
    pub(crate) fn start_send(&mut self, frame: Frame) -> bool {
        match self {
            Self::Framed(framed) => framed.start_send(frame),
            Self::Foreign(foreign) => foreign.start_send(frame),
        }
    }

    /// Writes what is queued, answers to the client's pings included.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self {
            Self::Framed(framed) => {
                Pin::new(&mut framed.stream).poll_flush(cx).map(|flushed| flushed.is_ok())
            }
            Self::Foreign(foreign) => foreign.poll_flush(cx),
        }
    }

    /// Writes what is queued, and a goodbye.
    pub(crate) async fn say_goodbye(&mut self, code: Option<u16>) {
        match self {
            Self::Framed(framed) => framed.say_goodbye(code).await,
            Self::Foreign(foreign) => foreign.say_goodbye(code).await,
        }
    }

    /// Waits for the client's goodbye: closing the stream with something unread would reset it,
    /// and ours could be lost.
    pub(crate) async fn linger(self) {
        match self {
            Self::Framed(framed) => framed.linger().await,
            Self::Foreign(foreign) => foreign.linger().await,
        }
    }
}

impl Framed {
    fn begin_turn(&mut self) {
        self.stream.get_mut().left = BYTES_PER_TURN;
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        let next = ready!(Pin::new(&mut self.stream).poll_next(cx));
        Poll::Ready(match next {
            Some(Ok(Message::Text(text))) => Some(Input::Frame(Frame::Text(text.into()))),
            Some(Ok(Message::Binary(bytes))) => Some(Input::Frame(Frame::Binary(bytes))),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Ok(Message::Close(_))) | None => Some(Input::WebSocketClosed),
            Some(Err(error)) => Some(input_of(&error)),
        })
    }

    fn start_send(&mut self, frame: Frame) -> bool {
        let (data, bytes) = match frame {
            Frame::Text(bytes) => (Data::Text, bytes),
            Frame::Binary(bytes) => (Data::Binary, bytes),
        };
        let frame = frame::Frame::message(bytes, OpCode::Data(data), true);
        Pin::new(&mut self.stream).start_send(Message::Frame(frame)).is_ok()
    }

    async fn say_goodbye(&mut self, code: Option<u16>) {
        let frame = code.map(|code| CloseFrame { code: CloseCode::from(code), reason: "".into() });
        // Refused if the client said it first: then its answer is written while reading.
        let _ = self.stream.send(Message::Close(frame)).await;
    }

    async fn linger(mut self) {
        self.begin_turn();
        while let Some(Ok(_)) = self.stream.next().await {
            self.begin_turn();
        }
    }
}

fn input_of(error: &Error) -> Input {
    Input::WebSocketFailed(match error {
        Error::ConnectionClosed | Error::AlreadyClosed => return Input::WebSocketClosed,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            return Input::WebSocketClosed;
        }
        Error::Capacity(_) => WebSocketFault::TooLarge,
        Error::Utf8(_) => WebSocketFault::Utf8,
        Error::Protocol(_) => WebSocketFault::Protocol,
        _ => WebSocketFault::Io,
    })
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;

    use super::*;

    /// A client that begins a message and goes on with empty fragments for ever.
    struct Endless {
        begun: bool,
    }

    impl AsyncRead for Endless {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            // Masked frames without a byte: the first is text, the others continue it.
            let first = u8::from(!std::mem::replace(&mut self.begun, true));
            let frame = [first, 0x80, 1, 2, 3, 4];
            let length = frame.len().min(buf.len());
            buf[..length].copy_from_slice(&frame[..length]);
            Poll::Ready(Ok(length))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn e19_a_message_without_an_end_is_read_a_turn_at_a_time() {
        let stream = Box::new(Endless { begun: false });
        let WebSocket::Framed(mut framed) = WebSocket::framed(stream, Vec::new(), 1000) else {
            unreachable!("that is what was asked for");
        };
        for _ in 0..3 {
            framed.begin_turn();
            let input = framed.poll_input(&mut Context::from_waker(noop_waker_ref()));
            assert!(input.is_pending());
            assert_eq!(framed.stream.get_ref().left, 0, "the whole ration was read");
        }
    }
}
