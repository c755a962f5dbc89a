//! What holds whatever the client and the application do, in whatever order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Model, Report, Word};
use super::*;

const NAMESPACES: [&str; 3] = ["/", "/a", "/b"];
const SURVIVES: usize = 2;
const JOIN_WITHIN: Duration = Duration::from_mins(1);
/// Ping interval and ping timeout together.
const ASSEMBLE_WITHIN: Duration = Duration::from_secs(45);

/// One Engine.IO packet of the client.
#[derive(Clone, Copy, Debug)]
enum Say {
    /// What a client may say there now: one of several.
    Fitting(usize, usize),
    Word(usize, Word),
    /// An event that announces so many attachments.
    Parts(usize, usize),
    Attachment,
    Malformed(&'static str),
    Pong,
    End,
}

/// One thing that happens to a connection. Joins are counted back from the newest.
#[derive(Clone, Debug)]
enum Act {
    /// What the client sends at once: one payload, or as many frames.
    Deliver(Vec<Say>),
    Accept(usize),
    Reject(usize),
    Leave(usize),
    /// An event with so many attachments.
    Send(usize),
    Close,
    Abort,
    Wait(u64),
    WaitForTimeout,
    /// One event is taken.
    Take,
    /// All events are taken, and all that is to be transmitted.
    Settle,
}

/// A connection, what is expected of it and what was seen.
struct Watch {
    connection: Connection,
    model: Model,
    now: Timestamp,
    slots: Vec<Slot>,
    requests: u64,
    /// Messages of the client, which are numbered.
    said: usize,
    /// The packet that awaits attachments: the namespace, its number, how many, since when.
    parts: Option<(&'static str, usize, usize, Timestamp)>,
    sent: usize,
    carried: usize,
    /// Attachments that must come before anything else.
    due: usize,
}

impl Watch {
    fn new(transport: Transport) -> Self {
        let now = Timestamp::ZERO;
        let config = Config::new().max_refusals(SURVIVES).connect_timeout(JOIN_WITHIN);
        let sid = Sid::from_entropy([0; ENTROPY_BYTES]);
        let mut watch = Self {
            connection: Connection::new(&config, sid, transport, now),
            model: Model::default(),
            now,
            slots: Vec::new(),
            requests: 0,
            said: 0,
            parts: None,
            sent: 0,
            carried: 0,
            due: 0,
        };
        watch.settle();
        watch
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Deliver(says) => self.deliver(&says),
            Act::Accept(back) => {
                if let Some((join, slot)) = self.join(back) {
                    assert_eq!(self.connection.accept(slot), self.model.accept(join));
                }
            }
            Act::Reject(back) => {
                if let Some((join, slot)) = self.join(back) {
                    let expected = self.model.reject(join, SURVIVES);
                    assert_eq!(self.connection.reject(self.now, slot), expected);
                }
            }
            Act::Leave(back) => {
                if let Some((join, slot)) = self.join(back) {
                    self.connection.leave(slot);
                    self.model.leave(join);
                }
            }
            Act::Send(attachments) => {
                if !self.model.closed {
                    let bytes = vec![Bytes::from(self.sent.to_string()); attachments];
                    let args = crate::Args((self.sent, bytes));
                    let event = Outgoing::event("/", "e", &args, None).expect("it can be sent");
                    self.connection.send(event);
                    self.sent += 1;
                }
            }
            Act::Close => {
                self.connection.close(self.now, CloseReason::ForcedServerClose);
                self.model.close();
            }
            Act::Abort => {
                self.connection.abort(self.now, CloseReason::SlowConsumer);
                self.model.close();
            }
            Act::Wait(millis) => self.now = self.now + Duration::from_millis(millis),
            Act::WaitForTimeout => {
                let deadline = self.connection.poll_timeout();
                self.now = deadline.unwrap_or(self.now).max(self.now);
                self.wake();
            }
            Act::Take => {
                self.take();
            }
            Act::Settle => self.settle(),
        }
        assert_eq!(self.connection.session().is_open(), !self.model.closed);
    }

    fn join(&self, back: usize) -> Option<(usize, Slot)> {
        let join = self.slots.len().checked_sub(back + 1)?;
        Some((join, self.slots[join]))
    }

    fn deliver(&mut self, says: &[Say]) {
        if self.connection.session().transport() == Transport::WebSocket {
            for say in says {
                let frame = self.say(*say);
                self.deliver_frame(frame);
            }
            return;
        }
        let packets: Vec<_> = says.iter().map(|say| self.say(*say)).collect();
        let segments = packets.iter().map(|packet| match packet {
            Frame::Text(text) => &text[..],
            Frame::Binary(_) => b"bMQ==",
        });
        let body = segments.collect::<Vec<_>>().join(&0x1e);
        let id = self.request();
        self.connection.handle(self.now, Input::PostHead(id));
        self.connection.handle(self.now, Input::PostBody(id, Bytes::from(body)));
    }

    /// In one of two ways.
    fn deliver_frame(&mut self, frame: Frame) {
        if self.said.is_multiple_of(2) {
            let event = self.connection.receive(self.now, frame);
            self.compare(event);
        } else {
            self.connection.handle(self.now, Input::Frame(frame));
        }
    }

    /// The packet, after the model has heard it.
    fn say(&mut self, say: Say) -> Frame {
        self.said += 1;
        let number = self.said;
        match say {
            Say::Fitting(..) if self.parts.is_some() => self.say(Say::Attachment),
            Say::Fitting(at, choice) => match self.model.fitting(NAMESPACES[at]) {
                [] => self.say(Say::Pong),
                words => self.say(Say::Word(at, words[choice % words.len()])),
            },
            Say::Word(at, word) => {
                let namespace = NAMESPACES[at];
                if self.parts.take().is_some() {
                    self.model.close();
                }
                self.model.hear(namespace, word, number);
                text(match word {
                    Word::Connect => format!("40{namespace},"),
                    Word::Disconnect => format!("41{namespace},"),
                    Word::Event => format!(r#"42{namespace},["{number}"]"#),
                    Word::Ack => format!("43{namespace},{number}[]"),
                    Word::StrayAck => format!("43{namespace},"),
                })
            }
            Say::Parts(at, attachments) => {
                if self.parts.is_some() {
                    self.model.close();
                }
                self.parts = Some((NAMESPACES[at], number, attachments, self.now));
                text(format!(r#"45{attachments}-{},["{number}"]"#, NAMESPACES[at]))
            }
            Say::Attachment => {
                match &mut self.parts {
                    None => self.model.close(),
                    Some((.., missing @ 2.., _)) => *missing -= 1,
                    Some((namespace, number, ..)) => {
                        self.model.hear(namespace, Word::Event, *number);
                        self.parts = None;
                    }
                }
                Frame::Binary(Bytes::from_static(b"1"))
            }
            Say::Malformed(packet) => {
                self.model.close();
                text(packet.to_owned())
            }
            Say::Pong => text("3".to_owned()),
            Say::End => {
                self.model.close();
                text("1".to_owned())
            }
        }
    }

    fn wake(&mut self) {
        let open = self.connection.session().is_open();
        self.connection.handle_timeout(self.now);
        let deadline = self.connection.poll_timeout();
        assert!(deadline.is_none_or(|at| at > self.now), "{deadline:?} at {:?}", self.now);
        let join_late = !self.model.welcome && self.now >= Timestamp::ZERO + JOIN_WITHIN;
        let parts_late = self.parts.is_some_and(|(.., since)| self.now >= since + ASSEMBLE_WITHIN);
        if open && (join_late || parts_late) {
            assert!(!self.connection.session().is_open(), "it had its time");
        }
        if !self.connection.session().is_open() {
            self.model.close();
        }
    }

    /// Takes one event, and finds it to be the one expected.
    fn take(&mut self) -> bool {
        let event = self.connection.poll_event();
        self.compare(event)
    }

    fn compare(&mut self, event: Option<Event>) -> bool {
        // What a limit costs the client is the model's, too; that it is counted is not.
        if matches!(event, Some(Event::Limit { .. })) {
            return true;
        }
        let report = event.map(|event| match event {
            Event::Connect { slot, namespace, .. } => {
                assert!(!self.slots.contains(&slot), "a slot is never taken for a later one");
                let join = self.slots.len();
                self.slots.push(slot);
                assert_eq!(namespace, self.model.namespace(join));
                Report::Connect(join)
            }
            Event::Event { slot, name, .. } => {
                Report::Event(self.number(slot), name.parse().expect("names are numbers"))
            }
            Event::Ack { slot, id, .. } => Report::Ack(self.number(slot), id.get() as usize),
            Event::Disconnect { slot } => Report::Disconnect(self.number(slot)),
            Event::Closed { .. } => Report::Closed,
            Event::Upgraded | Event::Limit { .. } => panic!("nobody upgrades here"),
        });
        assert_eq!(report, self.model.take());
        report.is_some()
    }

    fn number(&self, slot: Slot) -> usize {
        self.slots.iter().position(|known| *known == slot).expect("a slot is reported first")
    }

    fn settle(&mut self) {
        while self.take() {}
        if self.connection.session().transport() == Transport::Polling {
            // A poll that waits would have to be the only one.
            while !self.connection.session().can_transmit() && !self.connection.is_finished() {
                let id = self.request();
                self.connection.handle(self.now, Input::Get(id));
                self.transmit();
                if self.model.closed {
                    break;
                }
            }
        }
        self.transmit();
        while self.take() {}
        if self.connection.is_finished() {
            assert!(self.model.closed);
            assert_eq!(self.connection.poll_timeout(), None);
        } else {
            assert!(self.due == 0 && (self.carried == self.sent || self.model.closed));
        }
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::new(self.requests)
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            match transmit {
                Transmit::Frame(Frame::Text(text)) => self.carry(&text),
                Transmit::Frame(Frame::Binary(_)) => self.carry(b"b"),
                Transmit::Respond(_, response) => {
                    if response.body != "ok" {
                        response.body.split(|byte| *byte == 0x1e).for_each(|s| self.carry(s));
                    }
                }
                Transmit::CloseWebSocket(_) => {}
            }
        }
    }

    /// What is sent goes out in order, and attachments directly behind their packet.
    fn carry(&mut self, packet: &[u8]) {
        match packet {
            [b'b', ..] => self.due = self.due.checked_sub(1).expect("an attachment that is due"),
            [b'4', kind, count, ..] => {
                assert_eq!(self.due, 0, "attachments are due");
                self.due = if *kind == b'5' { usize::from(count - b'0') } else { 0 };
                let text = std::str::from_utf8(packet).expect("packets are UTF-8");
                let args = text.split_once(r#"["e","#).expect("all that is sent is an event").1;
                let end = args.find([',', ']']).expect("the array ends");
                assert_eq!(args[..end].parse(), Ok(self.carried));
                self.carried += 1;
            }
            _ => assert_eq!(self.due, 0, "attachments are due"),
        }
    }
}

fn text(packet: String) -> Frame {
    Frame::Text(Bytes::from(packet))
}

fn say() -> impl Strategy<Value = Say> {
    let at = || 0..NAMESPACES.len();
    let word = |word| at().prop_map(move |at| Say::Word(at, word));
    prop_oneof![
        300 => (at(), 0..60_usize).prop_map(|(at, choice)| Say::Fitting(at, choice)),
        30 => Just(Say::Pong),
        12 => (at(), 1..3_usize).prop_map(|(at, count)| Say::Parts(at, count)),
        1 => word(Word::Connect),
        1 => word(Word::Disconnect),
        1 => word(Word::Event),
        1 => word(Word::Ack),
        1 => word(Word::StrayAck),
        1 => Just(Say::Attachment),
        1 => prop::sample::select(vec!["4", "4x", "42[]", "44{}", "4511-[\"a\"]"])
            .prop_map(Say::Malformed),
        1 => Just(Say::End),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let back = || 0..4_usize;
    prop_oneof![
        20 => vec(say(), 1..4).prop_map(Act::Deliver),
        16 => back().prop_map(Act::Accept),
        1 => back().prop_map(Act::Reject),
        5 => back().prop_map(Act::Leave),
        4 => (0..3_usize).prop_map(Act::Send),
        12 => Just(Act::Take),
        10 => Just(Act::Settle),
        1 => (0..10_000_u64).prop_map(Act::Wait),
        1 => Just(Act::WaitForTimeout),
        1 => prop::sample::select(vec![Act::Close, Act::Abort]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_connection_does_as_the_model(
        transport in prop::sample::select(vec![Transport::Polling, Transport::WebSocket]),
        acts in vec(act(), 0..60),
    ) {
        let mut watch = Watch::new(transport);
        for act in acts {
            watch.act(act);
        }
        watch.settle();
    }
}
