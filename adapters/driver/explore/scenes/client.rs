//! Clients, without a network: what one side hands over is with the other at once.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use http::{Method, Request, header};

use crate::endpoint::Endpoint;
use crate::websocket::WebSocketMessage;

/// How many frames a client's WebSocket takes that the client has not read.
const FRAMES: usize = 1;

/// A client of Engine.IO.
pub(super) struct Client {
    endpoint: Endpoint,
    way: Way,
}

enum Way {
    Polling {
        sid: String,
        read: VecDeque<String>,
    },
    WebSocket {
        sender: mpsc::UnboundedSender<WebSocketMessage>,
        receiver: mpsc::Receiver<WebSocketMessage>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Polling,
    WebSocket,
}

impl Client {
    /// Opens a session; `None` if the server takes nobody in.
    pub(super) async fn open(endpoint: &Endpoint, transport: Transport) -> Option<Self> {
        let endpoint = endpoint.clone();
        match transport {
            Transport::Polling => {
                let mut read = get(&endpoint, "transport=polling").await?;
                let open: serde_json::Value =
                    serde_json::from_str(read.pop_front()?.strip_prefix('0')?).ok()?;
                let sid = open["sid"].as_str()?.to_owned();
                Some(Self { endpoint, way: Way::Polling { sid, read } })
            }
            Transport::WebSocket => {
                let request = request(Method::GET, "transport=websocket", Bytes::new());
                let websocket = endpoint.websocket(&request, None).await.ok()?;
                let (sender, incoming) = mpsc::unbounded();
                let (outgoing, mut receiver) = mpsc::channel(FRAMES);
                websocket.accept(Ends { incoming, outgoing });
                let open = text(receiver.next().await?)?;
                open.starts_with('0').then_some(())?;
                Some(Self { endpoint, way: Way::WebSocket { sender, receiver } })
            }
        }
    }

    /// Sends a packet of Engine.IO.
    pub(super) async fn send(&mut self, packet: impl Into<String>) {
        let packet = Bytes::from(packet.into());
        match &self.way {
            Way::Polling { sid, .. } => {
                let query = format!("transport=polling&sid={sid}");
                // A session that is over takes nothing, which reading will show.
                let _ = self.endpoint.answer(request(Method::POST, &query, packet), None).await;
            }
            Way::WebSocket { sender, .. } => {
                let _ = sender.unbounded_send(WebSocketMessage::Text(packet));
            }
        }
    }

    /// The next packet of Engine.IO; `None` at the end of the session.
    pub(super) async fn next(&mut self) -> Option<String> {
        match &mut self.way {
            Way::Polling { sid, read } => loop {
                match read.pop_front().as_deref() {
                    Some("1") => return None,
                    Some("6") => {}
                    Some(packet) => return Some(packet.to_owned()),
                    None => {
                        let query = format!("transport=polling&sid={sid}");
                        *read = get(&self.endpoint, &query).await?;
                    }
                }
            },
            Way::WebSocket { sender, receiver } => {
                let packet = receiver.next().await.and_then(text);
                if packet.is_none() {
                    // The server waits for it: whoever said goodbye is answered.
                    sender.close_channel();
                }
                packet
            }
        }
    }
}

async fn get(endpoint: &Endpoint, query: &str) -> Option<VecDeque<String>> {
    let response = endpoint.answer(request(Method::GET, query, Bytes::new()), None).await;
    response.status().is_success().then_some(())?;
    let body = String::from_utf8(response.into_body().into()).expect("packets are text");
    Some(body.split('\x1e').map(str::to_owned).collect())
}

fn request(method: Method, query: &str, body: Bytes) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(format!("/socket.io/?EIO=4&{query}"));
    let request = request.header(header::CONTENT_TYPE, "text/plain").body(body);
    request.expect("a valid request")
}

fn text(message: WebSocketMessage) -> Option<String> {
    match message {
        WebSocketMessage::Text(text) => {
            Some(String::from_utf8(text.into()).expect("packets are text"))
        }
        WebSocketMessage::Binary(_) => panic!("nobody sent bytes"),
        WebSocketMessage::Close(_) => None,
    }
}

/// The server's side of a WebSocket.
struct Ends {
    incoming: mpsc::UnboundedReceiver<WebSocketMessage>,
    outgoing: mpsc::Sender<WebSocketMessage>,
}

impl Stream for Ends {
    type Item = Result<WebSocketMessage, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_next_unpin(cx).map(|message| message.map(Ok))
    }
}

impl Sink<WebSocketMessage> for Ends {
    type Error = mpsc::SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.outgoing.poll_ready_unpin(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: WebSocketMessage) -> Result<(), Self::Error> {
        self.outgoing.start_send_unpin(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.outgoing.poll_flush_unpin(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.outgoing.poll_close_unpin(cx)
    }
}
