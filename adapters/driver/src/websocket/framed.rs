//! A WebSocket over a stream of bytes.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::{Context, Poll};

use klatch_core::engine::{Frame, Input, WebSocketFault};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::pipe::Pipe;
use crate::runtime::Stream;

/// What tungstenite reads to. It is kept while a connection is idle, and grows to the largest
/// message that the client sends. With less, every message would be an allocation of its own.
const READ_BUFFER: usize = 1024;

/// tungstenite, and the stream that it has to be given for each move. It reads, and answers what
/// is the WebSocket's own business; messages of the core's go past it, among its frames.
pub(crate) struct Framed {
    context: WebSocketContext,
    pipe: Pipe,
    /// The client has closed the WebSocket or broken its rules: nothing more can be read from it.
    ended: bool,
}

impl Framed {
    pub(super) fn new(stream: Box<dyn Stream>, read: Vec<u8>, max_payload: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(max_payload))
            .max_frame_size(Some(max_payload));
        Self {
            context: WebSocketContext::new(Role::Server, Some(config)),
            pipe: Pipe::new(stream, read),
            ended: false,
        }
    }

    pub(super) fn begin_turn(&mut self) {
        self.pipe.begin_turn();
    }

    pub(super) fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        if self.ended {
            return Poll::Ready(Some(Input::WebSocketClosed));
        }
        let input = match self.context.read(&mut self.pipe.with(cx)) {
            Ok(Message::Text(text)) => Some(Input::Frame(Frame::Text(text.into()))),
            Ok(Message::Binary(bytes)) => Some(Input::Frame(Frame::Binary(bytes))),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => None,
            Ok(Message::Close(_)) => Some(Input::WebSocketClosed),
            Err(error) if would_block(&error) => return Poll::Pending,
            Err(error) => {
                self.ended = true;
                Some(input_of(&error))
            }
        };
        Poll::Ready(input)
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.pipe.poll_ready(cx).map(|ready| ready.is_ok())
    }

    pub(super) fn start_send(&mut self, frame: &Frame) {
        self.pipe.send(frame);
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.pipe.poll_flush(cx).map(|flushed| flushed.is_ok())
    }

    pub(super) async fn say_goodbye(&mut self, code: Option<u16>) {
        let frame = code.map(|code| CloseFrame { code: CloseCode::from(code), reason: "".into() });
        poll_fn(|cx| {
            // Refused if the client said it first: then its answer is queued already.
            let _ = self.context.close(&mut self.pipe.with(cx), frame.clone());
            self.poll_flush(cx)
        })
        .await;
    }

    pub(super) async fn linger(mut self) {
        poll_fn(|cx| {
            // Whoever waits for the end of this must get a turn, however much the client sends.
            self.begin_turn();
            while !self.ended {
                match self.poll_input(cx) {
                    Poll::Ready(Some(Input::WebSocketClosed)) => return Poll::Ready(()),
                    Poll::Ready(_) => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
            // What breaks the rules is not understood any more, but has to be taken all the same.
            self.pipe.poll_drain(cx)
        })
        .await;
    }
}

fn would_block(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
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
    use std::io;
    use std::pin::{Pin, pin};

    use futures::io::{AsyncRead, AsyncWrite};
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
    fn a_client_that_never_stops_does_not_keep_others_from_their_turn() {
        let lingering = Framed::new(Box::new(Endless { begun: false }), Vec::new(), 1000).linger();
        let mut cx = Context::from_waker(noop_waker_ref());
        assert!(pin!(lingering).poll(&mut cx).is_pending());
        // Nor does one that is not understood any more.
        let mut framed = Framed::new(Box::new(Endless { begun: false }), Vec::new(), 1000);
        framed.ended = true;
        assert!(pin!(framed.linger()).poll(&mut cx).is_pending());
    }

    #[test]
    fn e19_a_message_without_an_end_is_read_a_turn_at_a_time() {
        let stream = Box::new(Endless { begun: false });
        let mut framed = Framed::new(stream, Vec::new(), 1000);
        for _ in 0..3 {
            framed.begin_turn();
            let input = framed.poll_input(&mut Context::from_waker(noop_waker_ref()));
            assert!(input.is_pending());
            assert_eq!(framed.pipe.left(), 0, "the whole ration was read");
        }
    }
}
