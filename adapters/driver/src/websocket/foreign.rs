//! A WebSocket that the host accepted with a library of its own.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::sink::SinkExt as _;
use futures::stream::StreamExt as _;
use futures::{Sink, Stream};
use klatch_core::engine::{Frame, Input, WebSocketFault};

/// A message of a WebSocket that a host accepted; see
/// [`WebSocketRequest::accept`](crate::WebSocketRequest::accept). Pings and pongs are the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketMessage {
    /// Text: UTF-8 in what klatch sends, and checked in what it is given.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// The end, with its code. What follows it is not read, and nothing is sent after it.
    Close(Option<u16>),
}

/// Whatever the host's WebSocket is. What its errors say is the host's to log: to the session
/// each of them is a broken stream.
trait Socket:
    Stream<Item = Option<WebSocketMessage>> + Sink<WebSocketMessage, Error = ()> + Send
{
}

impl<T> Socket for T where
    T: Stream<Item = Option<WebSocketMessage>> + Sink<WebSocketMessage, Error = ()> + Send
{
}

/// A WebSocket of the host's.
pub(crate) struct Foreign {
    socket: Pin<Box<dyn Socket>>,
    max_payload: usize,
    /// It took a message since somebody asked.
    took_some: bool,
    /// It takes no more: a sink that failed once is not to be asked again.
    is_broken: bool,
}

impl Foreign {
    pub(super) fn new<T, E>(socket: T, max_payload: usize) -> Self
    where
        E: 'static,
        T: Stream<Item = Result<WebSocketMessage, E>> + Sink<WebSocketMessage> + Send + 'static,
    {
        let socket = socket.map(Result::ok).sink_map_err(|_| ());
        Self { socket: Box::pin(socket), max_payload, took_some: false, is_broken: false }
    }

    pub(super) fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        let next = ready!(self.socket.as_mut().poll_next(cx));
        let frame = match next {
            Some(Some(WebSocketMessage::Text(text))) => Frame::Text(text),
            Some(Some(WebSocketMessage::Binary(bytes))) => Frame::Binary(bytes),
            Some(Some(WebSocketMessage::Close(_))) | None => {
                return Poll::Ready(Input::WebSocketClosed);
            }
            Some(None) => return Poll::Ready(Input::WebSocketFailed(WebSocketFault::Io)),
        };
        let (Frame::Text(bytes) | Frame::Binary(bytes)) = &frame;
        Poll::Ready(if bytes.len() > self.max_payload {
            Input::WebSocketFailed(WebSocketFault::TooLarge)
        } else {
            Input::Frame(frame)
        })
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let ready = self.poll_sink(|socket| socket.poll_ready(cx));
        self.took_some |= ready.is_ready();
        ready
    }

    /// That it is ready is no sign that it takes anything: that is what it is sent.
    pub(super) fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.poll_sink(|socket| socket.poll_ready(cx)) == Poll::Ready(true)
    }

    /// Asks the sink, if it is worth asking; whether it did what it was asked.
    fn poll_sink(
        &mut self,
        poll: impl FnOnce(Pin<&mut dyn Socket>) -> Poll<Result<(), ()>>,
    ) -> Poll<bool> {
        if self.is_broken {
            return Poll::Ready(false);
        }
        let done = ready!(poll(self.socket.as_mut()));
        self.is_broken = done.is_err();
        Poll::Ready(done.is_ok())
    }

    /// Whether it was ready for a message since this was asked: how much of one is written, it does not
    /// tell.
    pub(super) fn took_some(&mut self) -> bool {
        std::mem::take(&mut self.took_some)
    }

    pub(super) fn start_send(&mut self, frame: Frame) {
        let message = match frame {
            Frame::Text(bytes) => WebSocketMessage::Text(bytes),
            Frame::Binary(bytes) => WebSocketMessage::Binary(bytes),
        };
        self.took_some = true;
        // A broken WebSocket is reported by the next read.
        let _ = self.poll_sink(|socket| Poll::Ready(socket.start_send(message)));
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.poll_sink(|socket| socket.poll_flush(cx))
    }

    pub(super) async fn say_goodbye(&mut self, code: Option<u16>) {
        if !self.is_broken {
            // The client may have said it first.
            self.is_broken = self.socket.send(WebSocketMessage::Close(code)).await.is_err();
        }
    }

    pub(super) async fn linger(mut self) -> bool {
        let mut is_answered = false;
        while !is_answered && let Some(Some(message)) = self.socket.next().await {
            is_answered = matches!(message, WebSocketMessage::Close(_));
        }
        if !self.is_broken {
            // It is over, whatever comes of that.
            let _ = self.socket.close().await;
        }
        is_answered
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::{sink, stream};

    use super::*;

    #[test]
    fn a_sink_that_failed_is_not_asked_again() {
        let broken = sink::unfold((), |(), _| async { Err::<(), _>("it is broken") });
        let silent = stream::pending::<Result<WebSocketMessage, &str>>();
        let mut foreign = Foreign::new(Both(Box::pin(broken), silent), 10);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for _ in 0..3 {
            let _ = foreign.poll_ready(&mut cx);
            foreign.start_send(Frame::Text(Bytes::from_static(b"2")));
            assert_eq!(foreign.poll_flush(&mut cx), Poll::Ready(false));
        }
        block_on(foreign.say_goodbye(None));
        assert!(foreign.poll_ready(&mut cx).is_ready(), "nothing waits for it");
    }

    struct Both<S, T>(Pin<Box<S>>, T);

    impl<S, T: Stream + Unpin> Stream for Both<S, T> {
        type Item = T::Item;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
            self.1.poll_next_unpin(cx)
        }
    }

    impl<S: Sink<WebSocketMessage>, T: Unpin> Sink<WebSocketMessage> for Both<S, T> {
        type Error = S::Error;

        fn poll_ready(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), S::Error>> {
            self.0.as_mut().poll_ready(cx)
        }

        fn start_send(mut self: Pin<&mut Self>, message: WebSocketMessage) -> Result<(), S::Error> {
            self.0.as_mut().start_send(message)
        }

        fn poll_flush(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), S::Error>> {
            self.0.as_mut().poll_flush(cx)
        }

        fn poll_close(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), S::Error>> {
            self.0.as_mut().poll_close(cx)
        }
    }
}
