//! From a TCP connection to a WebSocket, and from there into the core and back.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Duration;

use klatch_core::engine::{
    self, Frame, Input, Method, RequestError, Transmit, Transport, WebSocketFault,
};
use klatch_core::{CloseReason, Config, Connection, Timestamp};
use mio::Token;
use mio::net::TcpStream;
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server::{self, create_response, write_response};
use tungstenite::protocol::{CloseFrame, Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use crate::chat::Socket;

/// What a request may take, in time and in bytes; and what may wait for a client that reads slowly.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_HEAD: usize = 16 * 1024;
const MAILBOX: usize = 4 << 20;

/// A connection whose request has not come whole.
pub(crate) struct Newcomer {
    stream: TcpStream,
    head: Vec<u8>,
    pub(crate) until: Timestamp,
}

/// What has come of a newcomer.
pub(crate) enum Request {
    Partial(Newcomer),
    WebSocket(Box<WebSocket<TcpStream>>),
}

impl Newcomer {
    pub(crate) fn new(stream: TcpStream, now: Timestamp) -> Self {
        Self { stream, head: Vec::new(), until: now + PATIENCE }
    }

    /// Reads what is there and answers what is whole. What is written are the first bytes of the
    /// connection: the system has room for them.
    pub(crate) fn read(mut self, config: &Config) -> io::Result<Request> {
        let mut chunk = [0; MAX_HEAD];
        while self.head.len() < MAX_HEAD {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.head.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let (end, request) = match server::Request::try_parse(&self.head) {
            Ok(Some(whole)) => whole,
            Ok(None) if self.head.len() < MAX_HEAD => return Ok(Request::Partial(self)),
            _ => return self.refuse(RequestError::BadRequest),
        };
        let response = match allow(config, &request) {
            Ok(response) => response,
            Err(error) => return self.refuse(error),
        };
        write_response(&mut self.stream, &response).map_err(io::Error::other)?;
        let limit = Some(config.payload_limit());
        let config = WebSocketConfig::default()
            .max_message_size(limit)
            .max_frame_size(limit)
            .max_write_buffer_size(MAILBOX);
        let (read, role) = (self.head.split_off(end), Role::Server);
        let websocket = WebSocket::from_partially_read(self.stream, read, role, Some(config));
        Ok(Request::WebSocket(Box::new(websocket)))
    }

    fn refuse<T>(mut self, error: RequestError) -> io::Result<T> {
        let (status, body) = (error.status(), error.json());
        write!(
            self.stream,
            "HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        Err(io::Error::other(error))
    }
}

fn allow(config: &Config, request: &server::Request) -> Result<server::Response, RequestError> {
    let response = create_response(request);
    let query = request.uri().query().unwrap_or_default();
    match engine::Request::parse(config, Method::Get, query, response.is_ok())? {
        engine::Request::Open(Transport::WebSocket) if request.uri().path() == "/socket.io/" => {
            response.map_err(|_| RequestError::BadRequest)
        }
        _ => Err(RequestError::UnknownTransport),
    }
}

pub(crate) type Clients = BTreeMap<Token, Client>;

/// One client: the core's machine, and the WebSocket that it speaks through.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    websocket: Box<WebSocket<TcpStream>>,
    /// Nothing more can be read.
    ended: bool,
    /// The system had no room for all of it.
    pub(crate) unsent: bool,
    /// Who it is in the namespaces that it is in.
    pub(crate) sockets: Vec<Socket>,
}

impl Client {
    pub(crate) fn new(connection: Connection, websocket: Box<WebSocket<TcpStream>>) -> Self {
        Self { connection, sockets: Vec::new(), websocket, ended: false, unsent: false }
    }

    /// What it says; `None` if that is all for now.
    pub(crate) fn read(&mut self) -> Option<Input> {
        while !self.ended {
            let fault = match self.websocket.read() {
                Ok(Message::Text(text)) => return Some(Input::Frame(Frame::Text(text.into()))),
                Ok(Message::Binary(bytes)) => return Some(Input::Frame(Frame::Binary(bytes))),
                Ok(Message::Ping(_) | Message::Pong(_)) => continue, // tungstenite answers them
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(Error::Capacity(_)) => Input::WebSocketFailed(WebSocketFault::TooLarge),
                Ok(_) | Err(_) => Input::WebSocketClosed,
            };
            self.ended = true;
            return Some(fault);
        }
        None
    }

    /// Sends what there is. What the system has no room for waits in the WebSocket; `false` if
    /// that is too much, and the end of the client.
    pub(crate) fn write(&mut self, now: Timestamp) -> bool {
        let mut fits = true;
        while let Some(transmit) = self.connection.poll_transmit() {
            let message = match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    Message::Text(text.try_into().expect("the core writes UTF-8"))
                }
                Transmit::Frame(Frame::Binary(bytes)) => Message::Binary(bytes),
                Transmit::CloseWebSocket(code) => Message::Close(
                    code.map(|code| CloseFrame { code: code.into(), reason: "".into() }),
                ),
                _ => unreachable!("only polling has requests to answer"),
            };
            if let Err(Error::WriteBufferFull(_)) = self.websocket.write(message) {
                self.connection.abort(now, CloseReason::SlowConsumer);
                fits = false;
            }
        }
        // Whatever else is wrong, who reads will meet it.
        let flushed = self.websocket.flush();
        self.unsent =
            matches!(flushed, Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock);
        fits
    }
}
