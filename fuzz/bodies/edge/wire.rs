//! A stream whose client has said all that it will ever say, and reads everything.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_tungstenite::tungstenite::error::ProtocolError;
use async_tungstenite::tungstenite::protocol::{Role, WebSocketContext};
use async_tungstenite::tungstenite::{Error, Message};
use bytes::{Buf as _, Bytes};
use futures::io::{AsyncRead, AsyncWrite};
use parking_lot::Mutex;

#[derive(Clone)]
pub(super) struct Wire {
    said: Bytes,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    pub(super) fn new(said: Bytes) -> Self {
        Self { said, heard: Arc::default() }
    }

    /// What came is messages, and at the end a goodbye, as a client can read them.
    pub(super) fn check(&self) {
        let heard = self.heard.lock();
        let mut stream = Heard(&heard);
        let mut context = WebSocketContext::new(Role::Client, None);
        loop {
            match context.read(&mut stream) {
                // A client that broke off is told nothing more.
                Ok(Message::Close(_))
                | Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => break,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// What a client reads, and where its answers go.
struct Heard<'a>(&'a [u8]);

impl Read for Heard<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Heard<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.said.is_empty() {
            // It is silent for ever: the heartbeat will notice.
            return Poll::Pending;
        }
        let length = buf.len().min(self.said.len());
        self.said.copy_to_slice(&mut buf[..length]);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.lock().extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
