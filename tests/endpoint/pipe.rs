//! A WebSocket that a host accepted, and the client's end of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::channel::mpsc;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use klatch::{Bytes, WebSocketMessage};

use crate::PATIENCE;

/// A host's WebSocket: two channels.
pub(crate) struct Pipe {
    read: mpsc::UnboundedReceiver<Result<WebSocketMessage, &'static str>>,
    write: mpsc::UnboundedSender<WebSocketMessage>,
}

/// The client's end of it.
pub(crate) struct Client {
    pub(crate) read: mpsc::UnboundedReceiver<WebSocketMessage>,
    pub(crate) write: mpsc::UnboundedSender<Result<WebSocketMessage, &'static str>>,
}

pub(crate) fn pipe() -> (Pipe, Client) {
    let ((to_server, from_client), (to_client, from_server)) =
        (mpsc::unbounded(), mpsc::unbounded());
    (Pipe { read: from_client, write: to_client }, Client { read: from_server, write: to_server })
}

impl Stream for Pipe {
    type Item = Result<WebSocketMessage, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.read.poll_next_unpin(cx)
    }
}

impl Sink<WebSocketMessage> for Pipe {
    type Error = mpsc::SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.write.poll_ready_unpin(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: WebSocketMessage) -> Result<(), Self::Error> {
        self.write.start_send_unpin(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.write.poll_flush_unpin(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.write.poll_close_unpin(cx)
    }
}

pub(crate) fn text(text: &str) -> WebSocketMessage {
    WebSocketMessage::Text(Bytes::copy_from_slice(text.as_bytes()))
}

impl Client {
    pub(crate) fn send(&self, message: WebSocketMessage) {
        self.write.unbounded_send(Ok(message)).expect("the server reads");
    }

    pub(crate) async fn next(&mut self) -> Option<WebSocketMessage> {
        tokio::time::timeout(PATIENCE, self.read.next()).await.expect("something comes")
    }

    /// Something with an id in it that nobody can foresee.
    pub(crate) async fn starts_with(&mut self, start: &str) {
        let message = self.next().await;
        let Some(WebSocketMessage::Text(text)) = &message else { panic!("{message:?}") };
        assert!(text.starts_with(start.as_bytes()), "{message:?}");
    }
}
