//! The life of a session: what its client, the network, the application and time do, in any order.
//!
//! An input is settings, a colon, and a character for each thing that happens, as `Act::read` has
//! them. Without a colon all of it happens to a session that polls. What it does not know is nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use klatch_core::engine::{
    Event, Frame, Input, Message, PostFault, RequestId, Response, Segment, Session, Transmit,
    Transport, WebSocketFault,
};
use klatch_core::{CloseReason, Config, ENTROPY_BYTES, Sid, Timestamp};

/// No deadline is further away: the longest is that of a farewell.
const LONGEST: Duration = Duration::from_secs(30);
/// What one input may put out beside what was sent: its own answer, that of a poll that waits, that of a
/// POST, a farewell.
const OUTPUTS: usize = 4;

pub(crate) fn run(input: &[u8]) {
    let colon = input.iter().position(|byte| *byte == b':');
    let (settings, mut acts) =
        colon.map_or((&[][..], input), |at| (&input[..at], &input[at + 1..]));
    let mut watch = Watch::new(settings);
    while let Some(act) = Act::read(&mut acts) {
        watch.act(act);
    }
    watch.settle();
    watch.end();
}

/// One thing that happens to a session.
#[derive(Clone, Copy)]
enum Act<'a> {
    Get,
    PostHead,
    /// The body of the last POST: so many messages.
    PostBody(u8),
    /// The body of the last POST, word for word.
    PostText(&'a [u8]),
    PostFailed(PostFault),
    LoseGet,
    LosePost,
    OfferWebSocket,
    /// A frame of text, word for word.
    Frame(&'a [u8]),
    MessageFrame,
    BinaryFrame,
    WebSocketClosed,
    WebSocketFailed(WebSocketFault),
    Send,
    SendUncompressed,
    SendBinary,
    Close,
    Abort,
    Shrink,
    /// Time passes, and nobody looks at the timer.
    Wait(u64),
    /// Time passes until the next deadline.
    WaitForTimeout,
    Wake,
    /// Everything that the session puts out is taken.
    Take,
}

impl<'a> Act<'a> {
    /// Takes the next act from the front.
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        loop {
            let (letter, behind) = rest.split_first()?;
            *rest = behind;
            return Some(match letter {
                b'g' => Self::Get,
                b'p' => Self::PostHead,
                b'0'..=b'9' => Self::PostBody(letter - b'0'),
                b'[' => Self::PostText(quoted(rest, b']')?),
                b'L' => Self::PostFailed(PostFault::TooLarge),
                b'O' => Self::PostFailed(PostFault::OctetStream),
                b'E' => Self::PostFailed(PostFault::Encoded),
                b'S' => Self::PostFailed(PostFault::TooSlow),
                b'x' => Self::LoseGet,
                b'y' => Self::LosePost,
                b'w' => Self::OfferWebSocket,
                b'(' => Self::Frame(quoted(rest, b')')?),
                b'm' => Self::MessageFrame,
                b'b' => Self::BinaryFrame,
                b'c' => Self::WebSocketClosed,
                b'I' => Self::WebSocketFailed(WebSocketFault::Io),
                b'T' => Self::WebSocketFailed(WebSocketFault::TooLarge),
                b'P' => Self::WebSocketFailed(WebSocketFault::Protocol),
                b'U' => Self::WebSocketFailed(WebSocketFault::Utf8),
                b's' => Self::Send,
                b'u' => Self::SendUncompressed,
                b'n' => Self::SendBinary,
                b'C' => Self::Close,
                b'A' => Self::Abort,
                b'h' => Self::Shrink,
                b',' => Self::Wait(50),
                b'-' => Self::Wait(10_000),
                b't' => Self::WaitForTimeout,
                b'.' => Self::Wake,
                b';' => Self::Take,
                _ => continue,
            });
        }
    }
}

/// What stands before `end`, which is taken too. Numbers of messages are not to be had so.
fn quoted<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
    let at = rest.iter().position(|byte| *byte == end)?;
    let (quoted, behind) = (&rest[..at], &rest[at + 1..]);
    *rest = behind;
    if quoted.contains(&b'#') { quoted.get(..0) } else { Some(quoted) }
}

/// A session and what was seen of it. Messages that count are numbers behind a `#`, counted up in each
/// direction.
struct Watch {
    session: Session,
    now: Timestamp,
    last_get: RequestId,
    last_post: RequestId,
    /// Whether each request was answered, or given up.
    settled: Vec<bool>,
    websockets: usize,
    websockets_closed: usize,
    /// How many messages were given to the session, and how many of them it gave to a transport.
    sent: usize,
    carried: usize,
    has_shaken_hands: bool,
    has_said_farewell: bool,
    /// How many messages the client sent, and the number after the last that was delivered.
    received: usize,
    delivered: usize,
    /// Those that came over the session's own WebSocket, and were not delivered yet.
    due: Vec<usize>,
    closed: bool,
    /// Inputs and deadlines since everything was taken.
    inputs: usize,
}

impl Watch {
    fn new(settings: &[u8]) -> Self {
        let is_set = |letter: u8| settings.contains(&letter);
        let mut config = Config::new().allow_upgrades(!is_set(b'n')).max_packets(5);
        if is_set(b'i') {
            config = config.initial_packet(Message::Text("#0".into()));
        }
        let transport = if is_set(b'w') { Transport::WebSocket } else { Transport::Polling };
        let (now, sid) = (Timestamp::ZERO, Sid::from_entropy([0; ENTROPY_BYTES]));
        Self {
            session: Session::new(&config, sid, transport, now),
            now,
            last_get: RequestId::new(u64::MAX),
            last_post: RequestId::new(u64::MAX),
            settled: Vec::new(),
            websockets: usize::from(is_set(b'w')),
            websockets_closed: 0,
            sent: usize::from(is_set(b'i')),
            carried: 0,
            has_shaken_hands: false,
            has_said_farewell: false,
            received: 0,
            delivered: 0,
            due: Vec::new(),
            closed: false,
            inputs: 0,
        }
    }

    fn act(&mut self, act: Act) {
        self.inputs += 1;
        match act {
            Act::Get => {
                self.last_get = self.request();
                self.handle(Input::Get(self.last_get));
            }
            Act::PostHead => {
                self.last_post = self.request();
                self.handle(Input::PostHead(self.last_post));
            }
            Act::PostBody(messages) => {
                let packets = (0..messages).map(|_| format!("4#{}", self.receive()));
                let body = packets.collect::<Vec<_>>().join("\x1e");
                self.handle(Input::PostBody(self.last_post, Bytes::from(body)));
            }
            Act::PostText(text) => {
                self.handle(Input::PostBody(self.last_post, Bytes::copy_from_slice(text)));
            }
            Act::PostFailed(fault) => self.handle(Input::PostFailed(self.last_post, fault)),
            Act::LoseGet => self.lose(self.last_get),
            Act::LosePost => self.lose(self.last_post),
            Act::OfferWebSocket => self.offer(),
            Act::Frame(text) => {
                self.handle(Input::Frame(Frame::Text(Bytes::copy_from_slice(text))));
            }
            Act::MessageFrame => {
                let packet = format!("4#{}", self.receive_at_once());
                self.handle(Input::Frame(Frame::Text(packet.into())));
            }
            Act::BinaryFrame => {
                let message = format!("#{}", self.receive_at_once());
                self.handle(Input::Frame(Frame::Binary(message.into())));
            }
            Act::WebSocketClosed => self.handle(Input::WebSocketClosed),
            Act::WebSocketFailed(fault) => self.handle(Input::WebSocketFailed(fault)),
            Act::Send => self.send(|session, text| session.send(Segment::text(&text))),
            Act::SendUncompressed => {
                self.send(|session, text| session.send_uncompressed(Segment::text(&text)));
            }
            Act::SendBinary => {
                self.send(|session, text| session.send(Segment::binary(text.into())));
            }
            Act::Close => self.session.close(self.now, CloseReason::ForcedClose),
            Act::Abort => self.session.abort(CloseReason::SlowConsumer),
            Act::Shrink => self.session.shrink_to_fit(),
            Act::Wait(millis) => self.now = self.now + Duration::from_millis(millis),
            Act::WaitForTimeout => self.wait_for_timeout(),
            Act::Wake => self.wake(),
            Act::Take => self.take(),
        }
        let session = &self.session;
        assert!(session.is_open() || !session.can_transmit());
        assert!(session.can_transmit() || !session.is_writable());
        assert!(!(session.is_open() && session.is_closed()));
        assert!(session.is_closed() || !session.is_finished());
        assert_eq!(session.poll_timeout().is_none(), session.is_closed());
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(self.now, input);
    }

    fn request(&mut self) -> RequestId {
        self.settled.push(false);
        RequestId::new(self.settled.len() as u64 - 1)
    }

    /// That request, unless there was none.
    fn find(&mut self, id: RequestId) -> Option<&mut bool> {
        let all = (0..).map(RequestId::new).zip(&mut self.settled);
        all.into_iter().find(|(other, _)| *other == id).map(|(_, settled)| settled)
    }

    fn lose(&mut self, id: RequestId) {
        // An answer that is on its way is one all the same.
        self.take();
        self.inputs += 1;
        if let Some(settled) = self.find(id)
            && !std::mem::replace(settled, true)
        {
            self.handle(Input::RequestLost(id));
        }
    }

    fn offer(&mut self) {
        // What is still to be sent is for the WebSocket that was offered before.
        self.take();
        let polls = self.session.is_open() && self.session.transport() == Transport::Polling;
        let accepted = self.session.accept_upgrade(self.now);
        assert!(!accepted || polls);
        self.websockets += usize::from(accepted);
    }

    /// The number of the next message from the client.
    fn receive(&mut self) -> usize {
        self.received += 1;
        self.received - 1
    }

    /// As `receive`; if the session has the WebSocket that it comes by, it must be delivered.
    fn receive_at_once(&mut self) -> usize {
        let number = self.receive();
        if self.session.is_open() && self.session.transport() == Transport::WebSocket {
            self.due.push(number);
        }
        number
    }

    fn send(&mut self, send: impl FnOnce(&mut Session, String)) {
        let open = self.session.is_open();
        send(&mut self.session, format!("#{}", self.sent));
        self.sent += usize::from(open);
    }

    fn wait_for_timeout(&mut self) {
        let deadline = self.session.poll_timeout();
        self.now = deadline.unwrap_or(self.now).max(self.now);
        self.wake();
    }

    fn wake(&mut self) {
        self.session.handle_timeout(self.now);
        if let Some(deadline) = self.session.poll_timeout() {
            assert!(deadline > self.now, "{deadline:?} is over at {:?}", self.now);
            assert!(deadline <= self.now + LONGEST, "{deadline:?} is far from {:?}", self.now);
        }
    }

    fn take(&mut self) {
        let mut expected =
            OUTPUTS * std::mem::take(&mut self.inputs) + self.sent - self.carried + 1;
        while let Some(transmit) = self.session.poll_transmit() {
            expected = expected.checked_sub(1).expect("it ends");
            match transmit {
                Transmit::Respond(id, response) => self.answer(id, &response),
                Transmit::Frame(frame) => {
                    assert!(self.websockets > 0);
                    match frame {
                        Frame::Text(text) => self.carry(&text),
                        Frame::Binary(bytes) => self.carry_message(&bytes),
                    }
                }
                Transmit::CloseWebSocket(_) => {
                    self.websockets_closed += 1;
                    assert!(self.websockets_closed <= self.websockets);
                }
                transmit => panic!("{transmit:?} is new"),
            }
        }
        while let Some(event) = self.session.poll_event() {
            self.hear(&event);
        }
        assert!(self.due.is_empty(), "what came by its own WebSocket is delivered: {:?}", self.due);
        assert_eq!(self.closed, !self.session.is_open());
        if self.session.is_finished() {
            assert!(self.settled.iter().all(|settled| *settled), "a request waits for ever");
        }
    }

    fn hear(&mut self, event: &Event) {
        assert!(!self.closed, "{event:?} after the end");
        let message = match event {
            Event::Message(Message::Text(text)) => text.as_bytes(),
            Event::Message(Message::Binary(bytes)) => bytes,
            Event::Closed(_) => {
                self.closed = true;
                return;
            }
            _ => return,
        };
        // Those without a number were made up.
        if let Some(number) = number(message) {
            assert!(number >= self.delivered, "{number} once more");
            assert!(number < self.received, "{number} was never sent");
            self.delivered = number + 1;
            if let Some(at) = self.due.iter().position(|due| *due == number) {
                assert_eq!(at, 0, "{number} came before what was sent before it");
                self.due.remove(0);
            }
        }
    }

    fn answer(&mut self, id: RequestId, response: &Response) {
        let settled = self.find(id).unwrap_or_else(|| panic!("{id:?} was never asked"));
        assert!(!std::mem::replace(settled, true), "{id:?} is answered twice, or was given up");
        let body = std::str::from_utf8(&response.body).expect("an answer is text");
        match response.status {
            200 if body == "ok" => {}
            200 => body.split('\x1e').for_each(|segment| self.carry(segment.as_bytes())),
            status => assert!([400, 408, 413, 415].contains(&status), "{status}"),
        }
    }

    /// Packets go out in order: the handshake, then messages as they were sent, each once, whatever
    /// carries them, and nothing after the farewell.
    fn carry(&mut self, packet: &[u8]) {
        assert!(!self.has_said_farewell, "something follows the farewell");
        match packet {
            [b'0', b'{', ..] => assert!(!std::mem::replace(&mut self.has_shaken_hands, true)),
            b"1" => self.has_said_farewell = true,
            b"2" => assert!(self.has_shaken_hands, "a ping before the handshake"),
            b"6" | b"3probe" => {}
            [b'4', message @ ..] => self.carry_message(message),
            [b'b', base64 @ ..] => {
                self.carry_message(&STANDARD.decode(base64).expect("it is base64"));
            }
            _ => panic!("{packet:?} is nothing that a server sends"),
        }
    }

    fn carry_message(&mut self, message: &[u8]) {
        assert!(self.has_shaken_hands, "a message before the handshake");
        assert_eq!(number(message), Some(self.carried));
        self.carried += 1;
        assert!(self.carried <= self.sent, "it was not sent");
    }

    /// A session that lives has lost nothing: what it still has goes out when it can.
    fn settle(&mut self) {
        self.take();
        if self.session.is_open() {
            if !self.session.can_transmit() {
                self.act(Act::Get);
                self.take();
            }
            assert!(self.session.is_open());
            assert_eq!(self.carried, self.sent);
        }
    }

    /// A client that is silent from here on is over soon: a ping, the time it has to answer that, and
    /// whatever else it began.
    fn end(&mut self) {
        for _ in 0..8 {
            self.inputs += 1;
            self.wait_for_timeout();
            self.take();
        }
        assert!(self.session.is_finished() && self.closed);
        assert_eq!(self.session.poll_timeout(), None);
    }
}

/// The number of a message that has one.
fn number(message: &[u8]) -> Option<usize> {
    let digits = message.strip_prefix(b"#")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
