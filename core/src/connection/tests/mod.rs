//! The connection as lists: what goes in, and exactly what comes out. Time is arithmetic.
//!
//! Names such as S9 and B9 are rows of the project's list of hostile inputs.

mod binary;
mod close;
mod hostile;
mod join;
mod leave;
mod msgpack;
mod receiving;
mod timeouts;

use std::time::Duration;

use bytes::Bytes;

use super::{Connection, Event, Slot, SlotError};
use crate::engine::{Frame, Input, RequestId, Transmit, Transport};
use crate::{
    CloseReason, Config, ConnectError, ENTROPY_BYTES, Limit, Outgoing, Payload, Sid, SocketId,
    Timestamp,
};

/// What an input puts out that changes nothing on the wire and tells the application nothing.
const NOTHING: [&str; 0] = [];

/// What a WebSocket client hears that is closed for what it sent.
const FORCED: [&str; 2] = ["closed forced close", "close"];

/// The same after a limit.
fn forced_at(limit: &str) -> [String; 3] {
    [format!("limit {limit}"), FORCED[0].to_owned(), FORCED[1].to_owned()]
}

/// A connection, the time, and every slot that it reported, which are named by their number.
///
/// After each input it takes everything that the connection puts out: first the events, then
/// what is to be done on the wire, each in order and each as a line.
struct Rig {
    connection: Connection,
    now: Timestamp,
    slots: Vec<(Slot, String)>,
    posts: u64,
}

impl Rig {
    fn new(config: &Config, transport: Transport) -> Self {
        let now = Timestamp::ZERO;
        let sid = Sid::from_entropy([0; ENTROPY_BYTES]);
        let connection = Connection::new(config, sid, transport, now);
        Self { connection, now, slots: Vec::new(), posts: 0 }
    }

    /// A connection over a WebSocket, after the handshake.
    fn websocket() -> Self {
        Self::websocket_with(&Config::new())
    }

    fn websocket_with(config: &Config) -> Self {
        let mut rig = Self::new(config, Transport::WebSocket);
        assert_eq!(rig.output().len(), 1);
        rig
    }

    /// A connection over polling whose handshake was the answer to request 0.
    fn polling() -> Self {
        let mut rig = Self::new(&Config::new(), Transport::Polling);
        assert_eq!(rig.get(0).len(), 1);
        rig
    }

    /// A connection over a WebSocket, joined to "/" as slot 0.
    fn joined() -> Self {
        let mut rig = Self::websocket();
        assert_eq!(rig.text("40"), ["#0 connect / []"]);
        assert_eq!(rig.accept(0).len(), 1);
        rig
    }

    /// A connection over polling, joined to "/" as slot 0.
    fn joined_by_polling() -> Self {
        let mut rig = Self::polling();
        assert_eq!(rig.post("40"), ["#0 connect / []", "respond 1000 200 ok"]);
        assert_eq!(rig.accept(0), NOTHING);
        assert_eq!(rig.get(1).len(), 1);
        rig
    }

    fn input(&mut self, input: Input) -> Vec<String> {
        self.connection.handle(self.now, input);
        self.output()
    }

    fn text(&mut self, text: &str) -> Vec<String> {
        self.input(Input::Frame(Frame::Text(Bytes::from(text.to_owned()))))
    }

    fn binary(&mut self, bytes: &[u8]) -> Vec<String> {
        self.input(Input::Frame(Frame::Binary(Bytes::copy_from_slice(bytes))))
    }

    fn get(&mut self, id: u64) -> Vec<String> {
        self.input(Input::Get(RequestId::new(id)))
    }

    /// A POST, head and body at once, numbered from 1000. `␞` stands for the separator.
    fn post(&mut self, body: &str) -> Vec<String> {
        let id = RequestId::new(1000 + self.posts);
        self.posts += 1;
        let mut output = self.input(Input::PostHead(id));
        output.extend(self.input(Input::PostBody(id, Bytes::from(body.replace('␞', "\x1e")))));
        output
    }

    /// Lets the client in and tells it.
    #[track_caller]
    fn accept(&mut self, number: usize) -> Vec<String> {
        let (slot, namespace) = self.slots[number].clone();
        assert_eq!(self.connection.accept(slot), Ok(()));
        let id = SocketId::from_entropy([0; ENTROPY_BYTES]);
        self.send(Outgoing::connect(&namespace, &id, None))
    }

    /// Tells the client that it is not let in, and keeps it out.
    #[track_caller]
    fn reject(&mut self, number: usize, error: &ConnectError) -> Vec<String> {
        let (slot, namespace) = self.slots[number].clone();
        self.connection.send(Outgoing::connect_error(&namespace, error));
        assert_eq!(self.connection.reject(self.now, slot), Ok(()));
        self.output()
    }

    /// Ends a namespace and tells the client.
    fn leave(&mut self, number: usize) -> Vec<String> {
        let (slot, namespace) = self.slots[number].clone();
        self.connection.leave(slot);
        self.send(Outgoing::disconnect(&namespace))
    }

    /// What both answers to a CONNECT come to for a slot that is not to be answered.
    #[track_caller]
    fn assert_stale(&mut self, number: usize, error: SlotError) {
        let slot = self.slots[number].0;
        assert_eq!(self.connection.accept(slot), Err(error));
        assert_eq!(self.connection.reject(self.now, slot), Err(error));
        assert_eq!(self.output(), NOTHING);
    }

    fn send(&mut self, packet: Outgoing) -> Vec<String> {
        self.connection.send(packet);
        self.output()
    }

    /// Sends an event to "/" whose arguments are attachments.
    fn emit(&mut self, name: &str, attachments: &[&'static [u8]]) -> Vec<String> {
        self.queue(name, attachments);
        self.output()
    }

    /// Sends, but leaves what comes of it to the next input.
    fn queue(&mut self, name: &str, attachments: &[&'static [u8]]) {
        let bytes: Vec<_> = attachments.iter().copied().map(Bytes::from_static).collect();
        let event = Outgoing::event("/", name, &crate::Args(bytes), None);
        self.connection.send(event.expect("bytes can be sent"));
    }

    fn close(&mut self, reason: CloseReason) -> Vec<String> {
        self.connection.close(self.now, reason);
        self.output()
    }

    fn abort(&mut self, reason: CloseReason) -> Vec<String> {
        self.connection.abort(self.now, reason);
        self.output()
    }

    /// Lets time pass and wakes the connection at each of its deadlines.
    fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut output = Vec::new();
        while let Some(deadline) = self.connection.poll_timeout().filter(|at| *at <= end) {
            self.now = deadline;
            self.connection.handle_timeout(self.now);
            assert!(self.connection.poll_timeout().is_none_or(|at| at > self.now));
            output.extend(self.output());
        }
        self.now = end;
        output
    }

    /// As `wait`, with a client that answers each ping.
    fn wait_awake(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut output = Vec::new();
        while let Some(deadline) = self.connection.poll_timeout().filter(|at| *at <= end) {
            for line in self.wait(deadline.saturating_since(self.now).as_millis() as u64) {
                if line == "frame 2" {
                    output.extend(self.text("3"));
                } else {
                    output.push(line);
                }
            }
        }
        self.now = end;
        output
    }

    /// When the connection wants to be woken, in milliseconds since it began.
    fn timeout(&self) -> Option<u128> {
        let at = self.connection.poll_timeout()?;
        Some(at.offset().as_millis())
    }

    fn is_open(&self) -> bool {
        self.connection.session().is_open()
    }

    fn is_finished(&self) -> bool {
        self.connection.is_finished()
    }

    fn output(&mut self) -> Vec<String> {
        let mut output = self.events();
        while let Some(transmit) = self.connection.poll_transmit() {
            output.push(show_transmit(transmit));
        }
        output
    }

    fn events(&mut self) -> Vec<String> {
        let mut output = Vec::new();
        while let Some(event) = self.connection.poll_event() {
            output.push(self.show_event(event));
        }
        output
    }

    fn show_event(&mut self, event: Event) -> String {
        match event {
            Event::Connect { slot, namespace, auth } => {
                assert!(self.number(slot).is_none(), "a slot is never taken for a later one");
                let line = format!("#{} connect {namespace} {}", self.slots.len(), show(&auth));
                self.slots.push((slot, namespace.as_str().to_owned()));
                line
            }
            Event::Event { slot, name, args, ack } => {
                let number = self.number(slot).expect("a slot is reported first");
                let ack = ack.map_or(String::new(), |id| format!(" ack {id}"));
                format!("#{number} event {name} {}{ack}", show(&args))
            }
            Event::Ack { slot, id, args } => {
                let number = self.number(slot).expect("a slot is reported first");
                format!("#{number} ack {id} {}", show(&args))
            }
            Event::Disconnect { slot } => {
                let number = self.number(slot).expect("a slot is reported first");
                format!("#{number} disconnect")
            }
            Event::Upgraded => "upgraded".to_owned(),
            Event::Limit { limit } => format!("limit {limit}"),
            Event::Closed { reason } => format!("closed {reason}"),
        }
    }

    fn number(&self, slot: Slot) -> Option<usize> {
        self.slots.iter().position(|(known, _)| *known == slot)
    }
}

/// The arguments, and behind them the bytes of each attachment.
fn show(payload: &Payload) -> String {
    let attachments = payload.attachments().iter();
    let attachments = attachments.map(|attachment| format!(" {:?}", &attachment.bytes()[..]));
    format!("[{}]{}", payload.as_json(), attachments.collect::<String>())
}

fn show_transmit(transmit: Transmit) -> String {
    match transmit {
        Transmit::Respond(id, response) => {
            let id = (0..2000).find(|number| RequestId::new(*number) == id);
            let id = id.expect("the tests count from 0 and from 1000");
            format!("respond {id} {} {}", response.status, show_bytes(&response.body))
        }
        Transmit::Frame(Frame::Text(text)) => format!("frame {}", show_bytes(&text)),
        Transmit::Frame(Frame::Binary(bytes)) => format!("frame {:?}", &bytes[..]),
        Transmit::CloseWebSocket(None) => "close".to_owned(),
        Transmit::CloseWebSocket(Some(code)) => format!("close {code}"),
    }
}

fn show_bytes(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("the core sends UTF-8 as text");
    text.replace('\x1e', "␞")
}
