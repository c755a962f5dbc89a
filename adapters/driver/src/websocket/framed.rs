//! A WebSocket over a stream of bytes.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use klatch_core::engine::{Frame, Input, WebSocketFault};

use super::pipe::Pipe;
use super::reader::{Reader, Received};
use super::unsent::Control;
use crate::stream::AnyStream;

/// A WebSocket over a stream of bytes.
#[repr(C)]
pub(crate) struct Framed {
    pipe: Pipe,
    reader: Reader,
    hearing: Hearing,
    /// Our close frame is queued, and nothing may follow it.
    said_goodbye: bool,
}

/// What can still come from the client.
#[derive(Clone, Copy, PartialEq)]
enum Hearing {
    Anything,
    /// It broke the rules: what follows is not understood.
    Noise,
    /// It said goodbye.
    Goodbye,
    /// It is gone.
    Nothing,
}

impl Framed {
    pub(super) fn new(stream: AnyStream, read: Vec<u8>, max_payload: usize) -> Self {
        Self {
            reader: Reader::new(max_payload),
            pipe: Pipe::new(stream, read),
            hearing: Hearing::Anything,
            said_goodbye: false,
        }
    }

    #[inline]
    pub(super) fn fetch(&self) {
        self.pipe.fetch();
    }

    pub(super) fn begin_turn(&mut self) {
        self.pipe.begin_turn();
    }

    pub(super) fn end_turn(&mut self) {
        self.pipe.end_turn();
    }

    #[inline]
    pub(super) fn next_text(&mut self) -> Option<&[u8]> {
        if self.pipe.rest().is_empty() || self.hearing != Hearing::Anything {
            return None;
        }
        let text = self.reader.whole_text(self.pipe.rest())?;
        Some(self.pipe.lend(text))
    }

    pub(super) fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        if self.hearing != Hearing::Anything {
            return Poll::Ready(Some(Input::WebSocketClosed));
        }
        if !self.pipe.rest().is_empty()
            && let ready @ Poll::Ready(_) = self.read_rest()
        {
            return ready;
        }
        let end = match ready!(self.pipe.poll_read(cx)) {
            // There is something to look at.
            Ok(1..) => return Poll::Ready(None),
            Ok(0) => Input::WebSocketClosed,
            Err(error) => lost(&error),
        };
        self.hearing = Hearing::Nothing;
        Poll::Ready(Some(end))
    }

    /// Takes what was read, as far as it tells something; pending if all of it tells nothing yet.
    fn read_rest(&mut self) -> Poll<Option<Input>> {
        match self.reader.read(self.pipe.rest()) {
            Ok((taken, received)) => {
                self.pipe.take(taken);
                received.map_or(Poll::Pending, |received| Poll::Ready(self.receive(received)))
            }
            Err(fault) => {
                self.hearing = Hearing::Noise;
                Poll::Ready(Some(Input::WebSocketFailed(fault)))
            }
        }
    }

    fn receive(&mut self, received: Received) -> Option<Input> {
        match received {
            Received::Message(frame) => Some(Input::Frame(frame)),
            Received::Ping(payload) => {
                if !self.said_goodbye {
                    self.pipe.send_control(Control::Pong, &payload);
                }
                None
            }
            Received::Pong => None,
            Received::Close(answer) => {
                self.hearing = Hearing::Goodbye;
                self.send_goodbye(&answer);
                Some(Input::WebSocketClosed)
            }
        }
    }

    fn send_goodbye(&mut self, payload: &[u8]) {
        if !std::mem::replace(&mut self.said_goodbye, true) {
            self.pipe.send_control(Control::Close, payload);
        }
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.pipe.poll_ready(cx).map(|ready| ready.is_ok())
    }

    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.pipe.has_room()
    }

    pub(super) fn start_send(&mut self, frame: &Frame) {
        self.pipe.send(frame);
    }

    pub(super) fn send_text(&mut self, text: &[u8]) {
        self.pipe.send_text(text);
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.pipe.poll_flush(cx).map(|flushed| flushed.is_ok())
    }

    pub(super) fn took_some(&mut self) -> bool {
        self.pipe.took_some()
    }

    pub(super) async fn say_goodbye(&mut self, code: Option<u16>) {
        // If the client said it first, the answer is queued already.
        match code {
            Some(code) => self.send_goodbye(&code.to_be_bytes()),
            None => self.send_goodbye(&[]),
        }
        poll_fn(|cx| self.poll_flush(cx)).await;
    }

    pub(super) async fn linger(mut self) -> bool {
        poll_fn(|cx| {
            // Whoever waits for the end of this must get a turn, however much the client sends.
            self.begin_turn();
            while self.hearing == Hearing::Anything {
                // Whatever it is, it comes too late.
                let _ = ready!(self.poll_input(cx));
            }
            if self.hearing == Hearing::Noise {
                return self.pipe.poll_drain(cx).map(|()| false);
            }
            self.pipe.end_turn();
            Poll::Ready(self.hearing == Hearing::Goodbye)
        })
        .await
    }
}

/// What it means that a stream cannot be read. A reset is how many clients go.
fn lost(error: &io::Error) -> Input {
    if error.kind() == ErrorKind::ConnectionReset {
        Input::WebSocketClosed
    } else {
        Input::WebSocketFailed(WebSocketFault::Io)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};

    use futures::io::{AsyncRead, AsyncWrite};
    use futures::task::noop_waker_ref;

    use super::*;
    use crate::stream::any;

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
        let lingering = Framed::new(any(Endless { begun: false }), Vec::new(), 1000).linger();
        let mut cx = Context::from_waker(noop_waker_ref());
        assert!(pin!(lingering).poll(&mut cx).is_pending());
        // Nor does one that is not understood any more.
        let mut framed = Framed::new(any(Endless { begun: false }), Vec::new(), 1000);
        framed.hearing = Hearing::Noise;
        assert!(pin!(framed.linger()).poll(&mut cx).is_pending());
    }

    #[test]
    fn e19_a_message_without_an_end_is_read_a_turn_at_a_time() {
        let stream = any(Endless { begun: false });
        let mut framed = Framed::new(stream, Vec::new(), 1000);
        for _ in 0..3 {
            framed.begin_turn();
            let mut cx = Context::from_waker(noop_waker_ref());
            while let Poll::Ready(input) = framed.poll_input(&mut cx) {
                assert_eq!(input, None, "it is not whole");
            }
            assert_eq!(framed.pipe.left(), 0, "the whole ration was read");
        }
    }
}
