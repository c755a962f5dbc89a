//! The session as lists: what goes in, and exactly what comes out. Time is arithmetic.

mod close;
mod handshake;
mod heartbeat;
mod polling;
mod upgrade;
mod websocket;

use std::time::Duration;

use bytes::Bytes;

use super::{Event, Frame, Input, Message, PostFault, RequestId, Segment, Session, Transmit};
use crate::engine::{Response, Transport, Transports};
use crate::{CloseReason, Config, ENTROPY_BYTES, Sid, Timestamp};

/// What an input puts out that changes nothing on the wire and tells the application nothing.
const NOTHING: [&str; 0] = [];

const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

fn sid() -> Sid {
    Sid::from_entropy([0; ENTROPY_BYTES])
}

/// A session and the time. After each input it takes everything that the session puts out:
/// first the events, then what is to be done on the wire, each in order and each as a line.
struct Rig {
    session: Session,
    now: Timestamp,
}

impl Rig {
    fn new(config: &Config, transport: Transport) -> Self {
        let now = Timestamp::ZERO;
        Self { session: Session::new(config, sid(), transport, now), now }
    }

    /// A polling session whose handshake was the answer to request 0.
    fn polling() -> Self {
        Self::polling_with(&Config::new())
    }

    fn polling_with(config: &Config) -> Self {
        let mut rig = Self::new(config, Transport::Polling);
        assert_eq!(rig.get(0).len(), 1);
        rig
    }

    /// A session that began as a WebSocket, after its handshake.
    fn websocket() -> Self {
        let mut rig = Self::new(&Config::new(), Transport::WebSocket);
        assert_eq!(rig.output().len(), 1);
        rig
    }

    /// A polling session with a WebSocket beside it whose `2probe` was answered.
    fn probing() -> Self {
        let mut rig = Self::polling();
        assert!(rig.offer());
        assert_eq!(rig.text("2probe"), ["frame 3probe"]);
        rig
    }

    /// A session that came from polling to WebSocket.
    fn upgraded() -> Self {
        let mut rig = Self::probing();
        assert_eq!(rig.text("5"), ["event upgraded"]);
        rig
    }

    fn input(&mut self, input: Input) -> Vec<String> {
        self.session.handle(self.now, input);
        self.output()
    }

    fn get(&mut self, id: u64) -> Vec<String> {
        self.input(Input::Get(RequestId::new(id)))
    }

    /// A POST, head and body at once. `␞` stands for the separator.
    fn post(&mut self, id: u64, body: &str) -> Vec<String> {
        let mut output = self.post_head(id);
        output.extend(self.post_body(id, body));
        output
    }

    fn post_head(&mut self, id: u64) -> Vec<String> {
        self.input(Input::PostHead(RequestId::new(id)))
    }

    fn post_body(&mut self, id: u64, body: &str) -> Vec<String> {
        let body = Bytes::from(body.replace('␞', "\x1e"));
        self.input(Input::PostBody(RequestId::new(id), body))
    }

    fn post_failed(&mut self, id: u64, fault: PostFault) -> Vec<String> {
        self.input(Input::PostFailed(RequestId::new(id), fault))
    }

    fn lost(&mut self, id: u64) -> Vec<String> {
        self.input(Input::RequestLost(RequestId::new(id)))
    }

    fn text(&mut self, text: &str) -> Vec<String> {
        self.input(Input::Frame(Frame::Text(Bytes::from(text.to_owned()))))
    }

    fn binary(&mut self, bytes: &'static [u8]) -> Vec<String> {
        self.input(Input::Frame(Frame::Binary(Bytes::from_static(bytes))))
    }

    fn offer(&mut self) -> bool {
        self.session.accept_upgrade(self.now)
    }

    fn send(&mut self, text: &str) -> Vec<String> {
        self.queue(text);
        self.output()
    }

    /// Sends, but leaves what comes of it to the next input.
    fn queue(&mut self, text: &str) {
        self.session.send(Segment::text(text));
    }

    fn close(&mut self, reason: CloseReason) -> Vec<String> {
        self.session.close(self.now, reason);
        self.output()
    }

    /// Lets time pass and wakes the session at each of its deadlines.
    fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut output = Vec::new();
        while let Some(deadline) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = deadline;
            output.extend(self.wake());
        }
        self.now = end;
        output
    }

    /// Wakes the session now, be it due or not.
    fn wake(&mut self) -> Vec<String> {
        self.session.handle_timeout(self.now);
        assert!(self.session.poll_timeout().is_none_or(|at| at > self.now));
        self.output()
    }

    /// When the session wants to be woken, in milliseconds since it began.
    fn timeout(&self) -> Option<u128> {
        let at = self.session.poll_timeout()?;
        Some(at.offset().as_millis())
    }

    fn is_finished(&self) -> bool {
        self.session.is_finished()
    }

    fn output(&mut self) -> Vec<String> {
        let mut output = Vec::new();
        while let Some(event) = self.session.poll_event() {
            output.push(show_event(event));
        }
        while let Some(transmit) = self.session.poll_transmit() {
            output.push(show_transmit(transmit));
        }
        output
    }
}

fn show_event(event: Event) -> String {
    match event {
        Event::Message(Message::Text(text)) => format!("event text {}", text.as_str()),
        Event::Message(Message::Binary(bytes)) => format!("event binary {:?}", &bytes[..]),
        Event::Upgraded => "event upgraded".to_owned(),
        Event::Limit(limit) => format!("event limit {limit}"),
        Event::Closed(reason) => format!("event closed {reason}"),
    }
}

fn show_transmit(transmit: Transmit) -> String {
    match transmit {
        Transmit::Respond(id, response) => show_response(id, &response),
        Transmit::Frame(Frame::Text(text)) => format!("frame {}", show_bytes(&text)),
        Transmit::Frame(Frame::Binary(bytes)) => format!("frame {:?}", &bytes[..]),
        Transmit::CloseWebSocket(None) => "close".to_owned(),
        Transmit::CloseWebSocket(Some(code)) => format!("close {code}"),
    }
}

fn show_response(id: RequestId, response: &Response) -> String {
    let id = (0..100).find(|number| RequestId::new(*number) == id);
    let id = id.expect("the tests count to a hundred");
    let status = response.status;
    if response.body.is_empty() {
        return format!("respond {id} {status}");
    }
    format!("respond {id} {status} {}", show_bytes(&response.body))
}

fn show_bytes(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("the core sends UTF-8 as text");
    text.replace('\x1e', "␞")
}
