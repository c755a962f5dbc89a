//! The WebSocket transport.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use async_tungstenite::tungstenite::{Message, Utf8Bytes};
use futures::{Sink as _, Stream as _, StreamExt as _};
use klatch_core::engine::Segment;

use super::DisconnectReason;
use super::connection::{Connection, Incoming};
use super::http::Server;
use crate::stream::Stream;

/// tungstenite clears its read buffer before each read: a large one costs more than all the rest.
const READ_BUFFER: usize = 2048;

/// A client's WebSocket. Its masks are not drawn from the seed: no server's answer depends on them.
pub(super) type WebSocket = WebSocketStream<Stream>;

/// Opens a session, and speaks until it ends.
pub(super) async fn run(connection: &Connection, server: &Server) -> DisconnectReason {
    match open(server, "transport=websocket").await {
        Ok(websocket) => talk(connection, websocket).await,
        Err(_) => DisconnectReason::TransportError,
    }
}

async fn open(server: &Server, query: &str) -> io::Result<WebSocket> {
    let (mut stream, rest) = server.switch(query).await?;
    stream.mask();
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    Ok(WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await)
}

/// A WebSocket that the session could go on with.
pub(super) async fn probe(server: &Server, sid: &str) -> io::Result<WebSocket> {
    let mut websocket = open(server, &format!("transport=websocket&sid={sid}")).await?;
    websocket.send(Message::text("2probe")).await.map_err(io::Error::other)?;
    match websocket.next().await {
        Some(Ok(Message::Text(text))) if text.as_str() == "3probe" => Ok(websocket),
        other => Err(io::Error::other(format!("no answer to the probe: {other:?}"))),
    }
}

/// The last word of the upgrade: polling is paused.
pub(super) async fn finish_upgrade(
    connection: &Connection,
    websocket: &mut WebSocket,
) -> Result<(), DisconnectReason> {
    connection.upgraded();
    websocket.send(Message::text("5")).await.map_err(|_| DisconnectReason::TransportError)
}

/// Speaks until the session ends.
pub(super) async fn talk(connection: &Connection, mut websocket: WebSocket) -> DisconnectReason {
    let mut closing = false;
    poll_fn(|cx| {
        if let Poll::Ready(ended) = read(connection, &mut websocket, cx) {
            return Poll::Ready(if closing { DisconnectReason::ClientDisconnect } else { ended });
        }
        if write(connection, &mut websocket, cx).is_err() {
            return Poll::Ready(DisconnectReason::TransportError);
        }
        if !closing && connection.has_said_goodbye() {
            closing = true;
            // Queued behind the rest; refused if the server said it first.
            let _ = Pin::new(&mut websocket).start_send(Message::Close(None));
            let _ = Pin::new(&mut websocket).poll_flush(cx);
        }
        Poll::Pending
    })
    .await
}

fn read(
    connection: &Connection,
    websocket: &mut WebSocket,
    cx: &mut Context<'_>,
) -> Poll<DisconnectReason> {
    while connection.poll_reads(cx) {
        let incoming = match Pin::new(&mut *websocket).poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(Message::Text(text)))) => Incoming::Text(text.into()),
            Poll::Ready(Some(Ok(Message::Binary(bytes)))) => Incoming::Binary(bytes),
            Poll::Ready(Some(Ok(Message::Close(_)))) => {
                // The answer is queued. As that of a browser, it is the last that is written.
                let _ = Pin::new(&mut *websocket).poll_flush(cx);
                return Poll::Ready(DisconnectReason::TransportClose);
            }
            Poll::Ready(None) => return Poll::Ready(DisconnectReason::TransportClose),
            Poll::Ready(Some(Err(_))) => return Poll::Ready(DisconnectReason::TransportError),
            Poll::Ready(Some(Ok(_))) => continue,
        };
        if let Err(ended) = connection.receive(incoming) {
            return Poll::Ready(ended);
        }
    }
    Poll::Pending
}

fn write(
    connection: &Connection,
    websocket: &mut WebSocket,
    cx: &mut Context<'_>,
) -> Result<(), DisconnectReason> {
    loop {
        match Pin::new(&mut *websocket).poll_ready(cx) {
            Poll::Pending => return Ok(()),
            Poll::Ready(ready) => ready.map_err(|_| DisconnectReason::TransportError)?,
        }
        let Some(segment) = connection.poll_segment(cx) else { break };
        let message = match segment {
            Segment::Text(text) => {
                Message::Text(Utf8Bytes::try_from(text).expect("the core encodes UTF-8"))
            }
            Segment::Binary(attachment) => Message::Binary(attachment.bytes().clone()),
        };
        Pin::new(&mut *websocket)
            .start_send(message)
            .map_err(|_| DisconnectReason::TransportError)?;
    }
    match Pin::new(&mut *websocket).poll_flush(cx) {
        Poll::Ready(Err(_)) => Err(DisconnectReason::TransportError),
        _ => Ok(()),
    }
}
