//! What holds whatever the client, the network and the application do, in whatever order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Packet, WebSocketFault};
use super::*;
use crate::Text;

/// One thing that happens to a session.
#[derive(Clone, Copy, Debug)]
enum Act {
    Get,
    PostHead,
    /// The body of the last POST: so many messages.
    PostBody(usize),
    /// The body of the last POST, word for word.
    PostText(&'static str),
    PostFailed(PostFault),
    LoseGet,
    LosePost,
    OfferWebSocket,
    Frame(&'static str),
    MessageFrame,
    BinaryFrame,
    WebSocketClosed,
    WebSocketFailed(WebSocketFault),
    Send,
    SendBinary,
    Close,
    /// Time passes, and nobody looks at the timer.
    Wait(u64),
    /// Time passes until the next deadline.
    WaitForTimeout,
    Wake,
    /// Everything that the session puts out is taken.
    Take,
}

/// A session and what was seen of it. Messages are numbers, counted up in each direction.
struct Watch {
    session: Session,
    now: Timestamp,
    last_get: RequestId,
    last_post: RequestId,
    requests: Vec<RequestId>,
    lost: Vec<RequestId>,
    answered: Vec<RequestId>,
    /// How many messages were given to the session, and how many of them it gave to a transport.
    sent: usize,
    carried: usize,
    /// How many messages the client sent, and the number after the last that was delivered.
    received: usize,
    delivered: usize,
    closed: bool,
}

impl Watch {
    fn new(transport: Transport) -> Self {
        let now = Timestamp::ZERO;
        Self {
            session: Session::new(&Config::new(), sid(), transport, now),
            now,
            last_get: RequestId::new(0),
            last_post: RequestId::new(0),
            requests: Vec::new(),
            lost: Vec::new(),
            answered: Vec::new(),
            sent: 0,
            carried: 0,
            received: 0,
            delivered: 0,
            closed: false,
        }
    }

    fn act(&mut self, act: Act) {
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
                let packets = (0..messages).map(|_| format!("4{}", self.receive()));
                let body = packets.collect::<Vec<_>>().join("\x1e");
                self.handle(Input::PostBody(self.last_post, Bytes::from(body)));
            }
            Act::PostText(text) => self.handle(Input::PostBody(self.last_post, text.into())),
            Act::PostFailed(fault) => self.handle(Input::PostFailed(self.last_post, fault)),
            Act::LoseGet => self.lose(self.last_get),
            Act::LosePost => self.lose(self.last_post),
            Act::OfferWebSocket => {
                let open = self.session.is_open();
                let polling = self.session.transport() == Transport::Polling;
                assert!(!self.session.accept_upgrade(self.now) || (open && polling));
            }
            Act::Frame(text) => self.handle(Input::Frame(Frame::Text(text.into()))),
            Act::MessageFrame => {
                let packet = format!("4{}", self.receive());
                self.handle(Input::Frame(Frame::Text(packet.into())));
            }
            Act::BinaryFrame => {
                let message = self.receive().to_string();
                self.handle(Input::Frame(Frame::Binary(message.into())));
            }
            Act::WebSocketClosed => self.handle(Input::WebSocketClosed),
            Act::WebSocketFailed(fault) => self.handle(Input::WebSocketFailed(fault)),
            Act::Send => self.send(|number| Segment::text(&number)),
            Act::SendBinary => self.send(|number| Segment::binary(number.into())),
            Act::Close => self.session.close(self.now, CloseReason::ForcedClose),
            Act::Wait(millis) => self.now = self.now + Duration::from_millis(millis),
            Act::WaitForTimeout => {
                let deadline = self.session.poll_timeout();
                self.now = deadline.unwrap_or(self.now).max(self.now);
                self.wake();
            }
            Act::Wake => self.wake(),
            Act::Take => self.take(),
        }
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(self.now, input);
    }

    fn request(&mut self) -> RequestId {
        let id = RequestId::new(self.requests.len() as u64);
        self.requests.push(id);
        id
    }

    fn lose(&mut self, id: RequestId) {
        self.lost.push(id);
        self.handle(Input::RequestLost(id));
    }

    /// The number of the next message from the client.
    fn receive(&mut self) -> usize {
        self.received += 1;
        self.received - 1
    }

    fn send(&mut self, segment: impl FnOnce(String) -> Segment) {
        if self.session.is_open() {
            self.session.send(segment(self.sent.to_string()));
            self.sent += 1;
        }
    }

    fn wake(&mut self) {
        self.session.handle_timeout(self.now);
        let deadline = self.session.poll_timeout();
        assert!(deadline.is_none_or(|at| at > self.now), "{deadline:?} is over at {:?}", self.now);
    }

    fn take(&mut self) {
        while let Some(transmit) = self.session.poll_transmit() {
            match transmit {
                Transmit::Respond(id, response) => self.answer(id, &response),
                Transmit::Frame(frame) => {
                    self.carry(Packet::from_frame(frame).expect("a frame is a packet"));
                }
                Transmit::CloseWebSocket(_) => {}
            }
        }
        while let Some(event) = self.session.poll_event() {
            assert!(!self.closed, "{event:?} after the end");
            match event {
                Event::Message(message) => {
                    let number = number(&message);
                    assert!(number >= self.delivered, "{number} once more");
                    self.delivered = number + 1;
                }
                Event::Upgraded | Event::Limit(_) => {}
                Event::Closed(_) => self.closed = true,
            }
        }
        assert_eq!(self.closed, !self.session.is_open());
        if self.session.is_finished() {
            assert_eq!(self.session.poll_timeout(), None);
            for id in &self.requests {
                let settled = self.answered.contains(id) || self.lost.contains(id);
                assert!(settled, "{id:?} waits for ever");
            }
        }
    }

    fn answer(&mut self, id: RequestId, response: &Response) {
        assert!(self.requests.contains(&id), "{id:?} was never asked");
        assert!(!self.answered.contains(&id), "{id:?} is answered twice");
        self.answered.push(id);
        if response.status == 200 && response.body != "ok" {
            let body = std::str::from_utf8(&response.body).expect("a payload is text");
            for segment in body.split('\x1e') {
                let packet = Packet::from_text(Text::from(segment.to_owned()));
                self.carry(packet.expect("a segment is a packet"));
            }
        }
    }

    /// Messages go out in the order in which they were sent, each once, whatever carries them.
    fn carry(&mut self, packet: Packet) {
        if let Packet::Message(message) = packet {
            assert_eq!(number(&message), self.carried);
            self.carried += 1;
        }
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
}

fn number(message: &Message) -> usize {
    let digits = match message {
        Message::Text(text) => text.as_str(),
        Message::Binary(bytes) => std::str::from_utf8(bytes).expect("messages are numbers"),
    };
    digits.parse().expect("messages are numbers")
}

/// What a session lives through without harm, most of the time.
fn friendly() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Get),
        2 => Just(Act::PostHead),
        2 => (1..4_usize).prop_map(Act::PostBody),
        1 => Just(Act::PostText("3")),
        2 => Just(Act::OfferWebSocket),
        2 => Just(Act::Frame("2probe")),
        2 => Just(Act::Frame("5")),
        1 => Just(Act::Frame("3")),
        1 => Just(Act::MessageFrame),
        1 => Just(Act::BinaryFrame),
        4 => Just(Act::Send),
        1 => Just(Act::SendBinary),
        1 => (0..12_000_u64).prop_map(Act::Wait),
        1 => Just(Act::WaitForTimeout),
        1 => Just(Act::Wake),
        12 => Just(Act::Take),
    ]
}

/// What ends a session, or at least a transport.
fn hostile() -> impl Strategy<Value = Act> {
    prop_oneof![
        prop::sample::select(vec!["", "1", "2", "x", "3\x1e"]).prop_map(Act::PostText),
        prop::sample::select(vec!["", "1", "2", "x", "0", "6"]).prop_map(Act::Frame),
        prop::sample::select(vec![
            PostFault::TooLarge,
            PostFault::OctetStream,
            PostFault::Encoded,
            PostFault::TooSlow,
        ])
        .prop_map(Act::PostFailed),
        prop::sample::select(vec![
            WebSocketFault::Io,
            WebSocketFault::TooLarge,
            WebSocketFault::Protocol,
            WebSocketFault::Utf8,
        ])
        .prop_map(Act::WebSocketFailed),
        Just(Act::LoseGet),
        Just(Act::LosePost),
        Just(Act::WebSocketClosed),
        Just(Act::Close),
        (0..50_000_u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_session_keeps_its_word(
        transport in prop::sample::select(vec![Transport::Polling, Transport::WebSocket]),
        acts in vec(prop_oneof![12 => friendly(), 1 => hostile()], 0..60),
    ) {
        let mut watch = Watch::new(transport);
        for act in acts {
            watch.act(act);
        }
        watch.settle();
    }
}

/// Every order in which polling, the steps of an upgrade, messages and time can meet.
#[test]
fn no_interleaving_of_an_upgrade_loses_doubles_or_reorders() {
    const OFFERED: &[Act] = &[Act::Get, Act::Take, Act::OfferWebSocket];
    const PROBED: &[Act] = &[Act::Frame("2probe"), Act::PostHead, Act::Get, Act::Take];
    const ACTS: [&[Act]; 8] = [
        &[Act::Get],
        &[Act::PostHead],
        &[Act::PostBody(2)],
        &[Act::Frame("2probe")],
        &[Act::Frame("5"), Act::MessageFrame],
        &[Act::WebSocketClosed],
        &[Act::Send],
        &[Act::WaitForTimeout],
    ];
    const STEPS: u32 = 5;
    let runs = ACTS.len().pow(STEPS);
    for run in 0..2 * runs {
        let start = if run < runs { &[] } else { PROBED };
        let mut watch = Watch::new(Transport::Polling);
        for act in OFFERED.iter().chain(start) {
            watch.act(*act);
        }
        let mut choices = run;
        for _ in 0..STEPS {
            for act in ACTS[choices % ACTS.len()] {
                watch.act(*act);
            }
            watch.take();
            choices /= ACTS.len();
        }
        watch.settle();
    }
}
