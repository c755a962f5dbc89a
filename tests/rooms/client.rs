//! A client over TCP: by a WebSocket, or by polling until it has one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_tungstenite::tungstenite::Message;
use async_tungstenite::{WebSocketStream, client_async};
use futures::StreamExt as _;
use klatch_core::{AckId, Body, Decoder, DecoderLimits, Packet, Payload};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

/// What brings a socket back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Claim {
    pid: String,
    offset: Option<String>,
}

/// A socket, as its client knows it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) id: String,
    pub(crate) claim: Claim,
    /// The numbers that came and were not looked at.
    pub(crate) heard: Vec<u64>,
}

pub(crate) struct Client {
    pub(crate) stream: WebSocketStream<Compat<TcpStream>>,
    decoder: Decoder,
    asked: u64,
    answers: BTreeMap<AckId, Payload>,
    pub(crate) seats: BTreeMap<String, Seat>,
}

#[derive(Deserialize)]
struct Welcome {
    sid: String,
    pid: String,
}

impl Client {
    pub(crate) async fn open(address: SocketAddr, by_polling: bool) -> Self {
        let query = "EIO=4&transport=websocket";
        let stream = if by_polling {
            let handshake = get(address, "EIO=4&transport=polling").await;
            let sid = handshake.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let sid = sid.expect("a handshake has an id");
            let mut stream = websocket(address, &format!("{query}&sid={sid}")).await;
            stream.send(Message::text("2probe")).await.expect("it is open");
            let probed = stream.next().await.expect("it is open").expect("it is well");
            assert_eq!(probed, Message::text("3probe"));
            stream.send(Message::text("5")).await.expect("it is open");
            stream
        } else {
            let mut stream = websocket(address, query).await;
            stream.next().await.expect("it is open").expect("a handshake comes first");
            stream
        };
        let decoder = Decoder::new(DecoderLimits::default());
        Self { stream, decoder, asked: 0, answers: BTreeMap::new(), seats: BTreeMap::new() }
    }

    /// Joins a namespace, as who it was perhaps; its socket's id.
    pub(crate) async fn join(&mut self, namespace: &str, claim: Option<&Claim>) -> String {
        let auth = claim.map(|claim| serde_json::to_string(claim).expect("it is JSON"));
        self.send(format!("40{}{}", prefix(namespace), auth.unwrap_or_default())).await;
        while !self.seats.contains_key(namespace) {
            self.read().await;
        }
        let seat = self.seats.get_mut(namespace).expect("it is in");
        // Who came back has heard what it had heard before.
        if let Some(claim) = claim.filter(|claim| claim.pid == seat.claim.pid) {
            seat.claim.offset = seat.claim.offset.take().or_else(|| claim.offset.clone());
        }
        seat.id.clone()
    }

    pub(crate) async fn leave(&mut self, namespace: &str) {
        self.send(format!("41{}", prefix(namespace))).await;
        self.seats.remove(namespace);
    }

    /// Asks, and hears all that comes before the answer.
    pub(crate) async fn ask(&mut self, namespace: &str, event: &str, argument: Value) -> Payload {
        let id = self.asked;
        self.asked += 1;
        let args = Value::from(vec![Value::from(event), argument]);
        self.send(format!("42{}{id}{args}", prefix(namespace))).await;
        loop {
            if let Some(answer) = self.answers.remove(&AckId::new(id)) {
                return answer;
            }
            self.read().await;
        }
    }

    async fn send(&mut self, packet: String) {
        self.stream.send(Message::text(packet)).await.expect("it is open");
    }

    async fn read(&mut self) {
        let message = self.stream.next().await.expect("it is open").expect("it is well");
        let Message::Text(text) = message else { panic!("not text: {message}") };
        match text.as_str().split_at(1) {
            ("2", _) => self.send("3".to_owned()).await,
            ("4", packet) => {
                let packet = self.decoder.decode_text(packet.to_owned().into());
                self.take_in(packet.expect("a packet").expect("nothing has attachments")).await;
            }
            // The poll that nobody waits for was ended.
            ("6", _) => {}
            other => panic!("no message: {other:?}"),
        }
    }

    async fn take_in(&mut self, Packet { namespace, body }: Packet) {
        let namespace = namespace.as_str();
        match body {
            Body::Connect { auth } => {
                let Welcome { sid, pid } = auth.decode().expect("it has ids");
                let seat = Seat { id: sid, claim: Claim { pid, offset: None }, heard: Vec::new() };
                self.seats.insert(namespace.to_owned(), seat);
            }
            Body::Ack { id, args } => {
                let before = self.answers.insert(id, args);
                assert!(before.is_none(), "{id} was answered twice");
            }
            Body::Event { args, ack, .. } => {
                let number = args.decode().expect("a number is all that is said");
                let seat = self.seats.get_mut(namespace).expect("it is there");
                seat.heard.push(number);
                if let Some(id) = ack {
                    self.send(format!("43{}{id}[{number}]", prefix(namespace))).await;
                } else {
                    let args = format!("[{}]", args.as_json());
                    let (_, offset): (u64, String) =
                        serde_json::from_str(&args).expect("an offset");
                    seat.claim.offset = Some(offset);
                }
            }
            other => panic!("the server sent {other:?}"),
        }
    }
}

/// How packets of a namespace begin.
fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

async fn websocket(address: SocketAddr, query: &str) -> WebSocketStream<Compat<TcpStream>> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let url = format!("ws://{address}/socket.io/?{query}");
    client_async(url, stream.compat()).await.expect("it is a WebSocket").0
}

async fn get(address: SocketAddr, query: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let head =
        format!("GET /socket.io/?{query} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it is open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it is text");
    answer
}
