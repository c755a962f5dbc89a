//! A client with several namespaces and its application, against a list of everybody who ever joined.
//!
//! An input is a character for each thing that happens, as `Act::read` has them; what it does not know
//! is nothing. What a client says without anything else between comes at once: as one payload, where it
//! polls. It is a WebSocket from the start if the first character is `w`.

#[path = "connection/model.rs"]
mod model;

use std::time::Duration;

use bytes::Bytes;
use klatch_core::engine::{Frame, Input, RequestId, Transmit, Transport};
use klatch_core::{
    Args, CloseReason, Config, Connection, ENTROPY_BYTES, Event, Outgoing, Sid, Slot, Timestamp,
};
use model::{Model, Report, Word};

const NAMESPACES: [&str; 3] = ["/", "/a", "/b"];
const MALFORMED: [&str; 5] = ["4", "4x", "42[]", "44{}", "4511-[\"a\"]"];
/// In one payload.
const PACKETS: usize = 16;
const SURVIVES: usize = 2;
const JOIN_WITHIN: Duration = Duration::from_mins(1);
/// Ping interval and ping timeout together.
const ASSEMBLE_WITHIN: Duration = Duration::from_secs(45);

pub(crate) fn run(input: &[u8]) {
    let (transport, mut acts) = match input {
        [b'w', acts @ ..] => (Transport::WebSocket, acts),
        acts => (Transport::Polling, acts),
    };
    let (mut watch, mut says, mut at) = (Watch::new(transport), Vec::new(), NAMESPACES[0]);
    while let Some(act) = Act::read(&mut acts) {
        match act {
            Act::Turn(to) => at = to,
            Act::Say(say) => says.push((at, say)),
            act => {
                watch.deliver(&std::mem::take(&mut says));
                watch.act(act);
            }
        }
    }
    watch.deliver(&says);
    watch.settle();
    watch.end();
}

/// One Engine.IO packet of the client, in one of the namespaces where it belongs to one.
#[derive(Clone, Copy)]
enum Say {
    /// What a client may say there now: one of several.
    Fitting(usize),
    Word(Word),
    /// An event that announces so many attachments.
    Parts(usize),
    Attachment,
    Malformed(&'static str),
    Pong,
    End,
}

/// One thing that happens to a connection. Joins are counted back from the newest.
#[derive(Clone, Copy)]
enum Act {
    /// The client says what follows in this namespace.
    Turn(&'static str),
    Say(Say),
    Upgrade,
    Accept(usize),
    Reject(usize),
    Leave(usize),
    /// An event with so many attachments.
    Send(usize),
    Close,
    Abort,
    Shrink,
    Wait(u64),
    WaitForTimeout,
    /// One event is taken.
    Take,
    /// All events are taken, and all that is to be transmitted.
    Settle,
}

impl Act {
    /// Takes the next act from the front.
    fn read(rest: &mut &[u8]) -> Option<Self> {
        loop {
            return Some(match take(rest)? {
                letter @ b'0'..=b'2' => Self::Turn(NAMESPACES[usize::from(letter - b'0')]),
                b'f' => Self::Say(Say::Fitting(number(rest)?)),
                b'c' => Self::Say(Say::Word(Word::Connect)),
                b'd' => Self::Say(Say::Word(Word::Disconnect)),
                b'e' => Self::Say(Say::Word(Word::Event)),
                b'a' => Self::Say(Say::Word(Word::Ack)),
                b's' => Self::Say(Say::Word(Word::StrayAck)),
                b'p' => Self::Say(Say::Parts(1)),
                b'P' => Self::Say(Say::Parts(2)),
                b'b' => Self::Say(Say::Attachment),
                b'x' => Self::Say(Say::Malformed(MALFORMED[number(rest)? % MALFORMED.len()])),
                b'o' => Self::Say(Say::Pong),
                b'q' => Self::Say(Say::End),
                b'u' => Self::Upgrade,
                b'A' => Self::Accept(number(rest)?),
                b'R' => Self::Reject(number(rest)?),
                b'L' => Self::Leave(number(rest)?),
                b'S' => Self::Send(number(rest)? % 4),
                b'C' => Self::Close,
                b'X' => Self::Abort,
                b'h' => Self::Shrink,
                b',' => Self::Wait(1_000),
                b'-' => Self::Wait(10_000),
                b't' => Self::WaitForTimeout,
                b'.' => Self::Take,
                b';' => Self::Settle,
                _ => continue,
            });
        }
    }
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

/// A digit that belongs to the letter before.
fn number(rest: &mut &[u8]) -> Option<usize> {
    take(rest).map(|digit| usize::from(digit.wrapping_sub(b'0') % 64))
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
        let config =
            Config::new().max_packets(PACKETS).max_refusals(SURVIVES).connect_timeout(JOIN_WITHIN);
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
            Act::Turn(_) | Act::Say(_) => {}
            Act::Upgrade => self.upgrade(),
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
            Act::Send(attachments) => self.send(attachments),
            Act::Close => {
                self.connection.close(self.now, CloseReason::ForcedServerClose);
                self.model.close();
            }
            Act::Abort => {
                self.connection.abort(self.now, CloseReason::SlowConsumer);
                self.model.close();
            }
            Act::Shrink => self.connection.shrink_to_fit(),
            Act::Wait(millis) => self.now = self.now + Duration::from_millis(millis),
            Act::WaitForTimeout => self.wait_for_timeout(),
            Act::Take => {
                self.take();
            }
            Act::Settle => self.settle(),
        }
        self.agree();
    }

    fn agree(&self) {
        assert_eq!(self.connection.session().is_open(), !self.model.closed);
    }

    fn join(&self, back: usize) -> Option<(usize, Slot)> {
        let join = self.slots.len().checked_sub(back + 1)?;
        Some((join, self.slots[join]))
    }

    fn upgrade(&mut self) {
        self.transmit();
        if self.connection.accept_upgrade(self.now) {
            for packet in ["2probe", "5"] {
                self.connection.handle(self.now, Input::Frame(text(packet.to_owned())));
            }
            self.model.upgrade();
        }
    }

    fn send(&mut self, attachments: usize) {
        if self.model.closed {
            return;
        }
        let bytes = vec![Bytes::from(self.sent.to_string()); attachments];
        let event = Outgoing::event("/", "e", &Args((self.sent, bytes)), None);
        let event = event.expect("it can be sent");
        self.sent += 1;
        // In one of two ways.
        if self.sent.is_multiple_of(2) {
            self.connection.send(event);
        } else if let Some(transmit) = self.connection.transmit(event) {
            self.carry_out(&transmit);
        }
    }

    fn deliver(&mut self, says: &[(&'static str, Say)]) {
        if says.is_empty() {
            return;
        }
        if self.connection.session().transport() == Transport::WebSocket {
            for (at, say) in says {
                let frame = self.say(at, *say);
                self.deliver_frame(frame);
            }
            return;
        }
        let packets: Vec<_> = (0..)
            .zip(says)
            .map(|(nth, (at, say))| {
                if nth == PACKETS {
                    self.model.close();
                }
                self.say(at, *say)
            })
            .collect();
        let segments = packets.iter().map(|packet| match packet {
            Frame::Text(text) => &text[..],
            Frame::Binary(_) => b"bMQ==",
        });
        let body = segments.collect::<Vec<_>>().join(&0x1e);
        let id = self.request();
        self.connection.handle(self.now, Input::PostHead(id));
        self.connection.handle(self.now, Input::PostBody(id, Bytes::from(body)));
        self.agree();
    }

    /// In one of two ways.
    fn deliver_frame(&mut self, frame: Frame) {
        if self.said.is_multiple_of(2) {
            let text = if let Frame::Text(text) = &frame { &text[..] } else { b"" };
            let event = match self.connection.plain_event(text) {
                Some(event) => Some(event.into()),
                None => self.connection.receive(self.now, frame),
            };
            self.compare(event);
        } else {
            self.connection.handle(self.now, Input::Frame(frame));
        }
        self.agree();
    }

    /// The packet, after the model has heard it.
    fn say(&mut self, namespace: &'static str, say: Say) -> Frame {
        self.said += 1;
        let number = self.said;
        match say {
            Say::Fitting(_) if self.parts.is_some() => self.say(namespace, Say::Attachment),
            Say::Fitting(choice) => match self.model.fitting(namespace) {
                [] => self.say(namespace, Say::Pong),
                words => self.say(namespace, Say::Word(words[choice % words.len()])),
            },
            Say::Word(word) => {
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
            Say::Parts(attachments) => {
                if self.parts.is_some() {
                    self.model.close();
                }
                self.parts = Some((namespace, number, attachments, self.now));
                text(format!(r#"45{attachments}-{namespace},["{number}"]"#))
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

    fn wait_for_timeout(&mut self) {
        let deadline = self.connection.poll_timeout();
        self.now = deadline.unwrap_or(self.now).max(self.now);
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
                Report::Event(self.nth(slot), name.parse().expect("names are numbers"))
            }
            Event::Ack { slot, id, .. } => Report::Ack(self.nth(slot), id.get() as usize),
            Event::Disconnect { slot } => Report::Disconnect(self.nth(slot)),
            Event::Upgraded => Report::Upgraded,
            Event::Closed { .. } => Report::Closed,
            event => panic!("{event:?} is new"),
        });
        assert_eq!(report, self.model.take());
        report.is_some()
    }

    fn nth(&self, slot: Slot) -> usize {
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

    /// A client that is silent from here on is over soon.
    fn end(&mut self) {
        for _ in 0..8 {
            self.wait_for_timeout();
            self.transmit();
            while self.take() {}
        }
        assert!(self.connection.is_finished());
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::new(self.requests)
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            self.carry_out(&transmit);
        }
    }

    fn carry_out(&mut self, transmit: &Transmit) {
        match transmit {
            Transmit::Frame(Frame::Text(text)) => self.carry(text),
            Transmit::Frame(Frame::Binary(_)) => self.carry(b"b"),
            Transmit::Respond(_, response) if response.body != "ok" => {
                response.body.split(|byte| *byte == 0x1e).for_each(|packet| self.carry(packet));
            }
            _ => {}
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
