//! A Socket.IO client over a WebSocket, packet by packet.

use async_tungstenite::tungstenite::Message;
use async_tungstenite::{WebSocketStream, client_async};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};

use super::bed::{Address, Clock};
use crate::runtime::Stream;

pub(crate) struct Client {
    stream: WebSocketStream<Box<dyn Stream>>,
    clock: Clock,
    /// Whether it answers pings.
    pub(crate) alive: bool,
}

impl Client {
    /// Opens a session; the handshake is read.
    pub(crate) async fn open(address: Address<'_>) -> Self {
        let mut client = Self::at(address, "EIO=4&transport=websocket").await;
        assert!(client.next().await.starts_with("0{"), "the first packet opens the session");
        client
    }

    /// A WebSocket for this query, of which nothing is read yet.
    pub(crate) async fn at(address: Address<'_>, query: &str) -> Self {
        let stream = address.connect().await.expect("the server listens");
        let clock = address.clock();
        let opened = clock.soon("the handshake", client_async(address.url(query), stream)).await;
        let (stream, _) = opened.expect("the handshake is accepted");
        Self { stream, clock, alive: true }
    }

    /// A client in the namespace `/`.
    pub(crate) async fn connected(address: Address<'_>) -> Self {
        Self::connected_as(address).await.0
    }

    /// A client in the namespace `/`, and its socket's id.
    pub(crate) async fn connected_as(address: Address<'_>) -> (Self, String) {
        let mut client = Self::open(address).await;
        client.send("40").await;
        let id = client.accepted("").await;
        (client, id)
    }

    /// Reads the CONNECT of a namespace - `""` is `/`, others end with a comma - for the id.
    pub(crate) async fn accepted(&mut self, namespace: &str) -> String {
        let packet = self.next().await;
        let id = packet
            .strip_prefix(&format!("40{namespace}{{\"sid\":\""))
            .and_then(|rest| rest.strip_suffix("\"}"));
        id.unwrap_or_else(|| panic!("not let in: {packet}")).to_owned()
    }

    pub(crate) async fn send(&mut self, packet: &str) {
        self.stream.send(Message::text(packet)).await.expect("the server listens");
    }

    pub(crate) async fn send_bytes(&mut self, message: &[u8]) {
        self.stream.send(Message::binary(message.to_vec())).await.expect("the server listens");
    }

    /// The next message, which must be binary; pings are answered. `None` when the connection is
    /// closed, in whatever way.
    pub(crate) async fn next_bytes(&mut self) -> Option<Bytes> {
        loop {
            match self.clock.soon("a message", self.stream.next()).await {
                Some(Ok(Message::Binary(message))) => return Some(message),
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await,
                Some(Ok(Message::Text(text))) => panic!("not bytes: {text}"),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next packet but pings.
    pub(crate) async fn next(&mut self) -> String {
        self.next_if_open().await.expect("the connection is open")
    }

    /// The next packet but pings; `None` when the connection is closed, in whatever way.
    pub(crate) async fn next_if_open(&mut self) -> Option<String> {
        loop {
            match self.clock.soon("a packet", self.stream.next()).await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    if self.alive {
                        self.send("3").await;
                    }
                }
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_))) => {
                    // The answer is queued.
                    let _ = self.clock.soon("the answer", self.stream.flush()).await;
                    return None;
                }
                Some(Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next binary message.
    pub(crate) async fn binary(&mut self) -> Vec<u8> {
        match self.clock.soon("a packet", self.stream.next()).await {
            Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
            other => panic!("not binary: {other:?}"),
        }
    }

    /// Reads the close frame that comes next, for its code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        match self.clock.soon("a close frame", self.stream.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("no close frame: {other:?}"),
        }
    }

    /// Reads the server's goodbye, whatever comes before it: its code, if it has one.
    pub(crate) async fn goodbye(&mut self) -> Option<u16> {
        loop {
            match self.clock.soon("a close frame", self.stream.next()).await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    /// Reads packets, which must be these.
    pub(crate) async fn expect(&mut self, packets: &[&str]) {
        for packet in packets {
            assert_eq!(self.next().await, *packet);
        }
    }

    /// Reads what is left until the connection is closed.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(packet) = self.next_if_open().await {
            rest.push(packet);
        }
        rest
    }
}
