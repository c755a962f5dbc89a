//! Somebody with a client, who comes back when it was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use klatch_core::{SocketId, Timestamp};
use klatch_sim::{Claim, Client, DisconnectReason, Event, Link, Question, Sim, Transport};
use parking_lot::Mutex;

use super::ledger::Ledger;
use super::server::{Introduction, MS, Manner, STATIC, content};
use super::tally::Tally;
use super::trouble::Trouble;

const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

/// A client in one namespace, as long as it is the same socket over the same connection.
pub(crate) struct Seat {
    pub(crate) namespace: String,
    pub(crate) client: Client,
    /// Once it is in.
    pub(crate) id: Option<SocketId>,
    /// By which number handlers know what it says, and how much it has said.
    pub(crate) speaker: u64,
    pub(crate) said: u64,
    /// What it asked, and what is to be answered.
    questions: Vec<(Question, u64)>,
    /// The server was asked to disconnect it, or is.
    pub(crate) is_left: bool,
}

/// Somebody, over one connection at a time.
pub(crate) struct Person {
    pub(crate) transport: Transport,
    link: Link,
    /// A connection's number, among all.
    pub(crate) life: u64,
    /// None while it is not connected.
    pub(crate) seats: Vec<Seat>,
    /// Of the connection that it was on: what it has to say still leaves.
    former: Vec<Client>,
    /// What it may present in each namespace to come back.
    claims: BTreeMap<String, Claim>,
    pub(crate) back_at: Timestamp,
    pub(crate) cut_until: Option<Timestamp>,
    pub(crate) stalled_until: Option<Timestamp>,
}

/// What the people of a history share.
pub(crate) struct Stage<'a> {
    pub(crate) sim: &'a Sim,
    pub(crate) ledger: &'a Mutex<Ledger>,
    pub(crate) tally: &'a mut Tally,
    pub(crate) numbers: &'a mut u64,
    pub(crate) address: std::net::SocketAddr,
}

impl Stage<'_> {
    pub(crate) fn below(&self, limit: usize) -> usize {
        self.sim.runtime().below(limit as u64) as usize
    }

    pub(crate) fn one_in(&self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    /// A number that nobody else has.
    fn number(&mut self) -> u64 {
        *self.numbers += 1;
        *self.numbers
    }
}

/// A link that the seed chooses, and whether it is slow.
fn link(stage: &Stage<'_>) -> (Link, bool) {
    match stage.below(12) {
        0 => (Link::new().latency(100 * MS..=400 * MS), true),
        1 => (Link::new().chunk(1 + stage.below(40)), false),
        2 => (Link::new().chunk(1), true),
        3 => (Link::new().buffer(200 + stage.below(2_000)), true),
        4 => (Link::new().latency(Duration::ZERO..=60 * MS), false),
        _ => (Link::new(), false),
    }
}

impl Person {
    pub(crate) fn new(stage: &Stage<'_>) -> Self {
        Self {
            transport: TRANSPORTS[stage.below(TRANSPORTS.len())],
            link: link(stage).0,
            life: 0,
            seats: Vec::new(),
            former: Vec::new(),
            claims: BTreeMap::new(),
            back_at: stage.sim.now() + stage.below(2_000) as u32 * MS,
            cut_until: None,
            stalled_until: None,
        }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.seats.is_empty()
    }

    fn introduction(&mut self, namespace: &str) -> Introduction {
        Introduction { life: self.life, claim: self.claims.remove(namespace) }
    }

    /// Connects, and asks for one namespace or for several.
    pub(crate) fn come(&mut self, stage: &mut Stage<'_>) {
        let before = std::mem::replace(&mut self.life, stage.number());
        if !self.former.is_empty() {
            stage.ledger.lock().befall(before, Trouble::Dropped);
            self.former.clear();
        }
        if !self.claims.is_empty() {
            stage.ledger.lock().befall(before, Trouble::Superseded);
        }
        let (link, is_slow) = link(stage);
        self.link = link;
        self.transport = TRANSPORTS[stage.below(TRANSPORTS.len())];
        stage.ledger.lock().begin(self.life, self.transport);
        if is_slow {
            stage.ledger.lock().befall(self.life, Trouble::Stalled);
        }
        stage.tally.sessions += 1;
        // Whoever has not lost its memory asks for what it was in.
        if stage.one_in(4) {
            self.claims.clear();
        }
        let mut names: Vec<String> = self.claims.keys().cloned().collect();
        if names.is_empty() {
            names.push(namespace(stage));
        }
        let first = names.remove(0);
        let auth = self.introduction(&first);
        let client = stage.sim.client().server(stage.address).transport(self.transport);
        let client = client.link(self.link.clone()).auth(&auth).start(&first);
        self.sit(stage, first, client);
        for name in names {
            self.join(stage, name);
        }
    }

    /// Asks for another namespace over the connection that there is.
    pub(crate) fn join(&mut self, stage: &mut Stage<'_>, namespace: String) {
        if self.seats.iter().any(|seat| seat.namespace == namespace) {
            return;
        }
        let auth = self.introduction(&namespace);
        let client = self.seats[0].client.start_with(&namespace, &auth);
        self.sit(stage, namespace, client);
    }

    fn sit(&mut self, stage: &mut Stage<'_>, namespace: String, client: Client) {
        stage.tally.connects += 1;
        let (id, speaker) = (None, stage.number());
        let (said, questions, is_left) = (0, Vec::new(), false);
        self.seats.push(Seat { namespace, client, id, speaker, said, questions, is_left });
    }

    /// Hears what has come, and gets up where nothing comes any more.
    pub(crate) fn listen(&mut self, stage: &mut Stage<'_>) {
        for seat in &mut self.seats {
            seat.listen(stage);
        }
        let mut at = 0;
        while at < self.seats.len() {
            if self.seats[at].client.is_over() {
                let seat = self.seats.remove(at);
                if let Some(claim) = seat.end(stage) {
                    self.claims.insert(seat.namespace, claim);
                }
                self.former.push(seat.client);
            } else {
                at += 1;
            }
        }
        if self.seats.is_empty() && self.back_at <= stage.sim.now() {
            self.back_at = stage.sim.now() + stage.below(3_000) as u32 * MS;
        }
    }

    /// Is away from now on, whatever becomes of the connection.
    pub(crate) fn go(&mut self, stage: &mut Stage<'_>, within: usize) {
        stage.ledger.lock().befall(self.life, Trouble::Dropped);
        for mut seat in std::mem::take(&mut self.seats) {
            seat.listen(stage);
            if let Some(claim) = seat.end(stage) {
                self.claims.insert(seat.namespace, claim);
            }
        }
        self.former.clear();
        (self.cut_until, self.stalled_until) = (None, None);
        self.back_at = stage.sim.now() + stage.below(within) as u32 * MS;
    }
}

/// A namespace for somebody who has none.
pub(crate) fn namespace(stage: &Stage<'_>) -> String {
    match stage.below(4) {
        0 => STATIC[1].to_owned(),
        1 => format!("/child-{}", stage.below(5)),
        _ => STATIC[0].to_owned(),
    }
}

impl Seat {
    /// What stamps the next thing that it says.
    pub(crate) fn stamp(&mut self) -> (u64, u64) {
        self.said += 1;
        (self.speaker, self.said - 1)
    }

    pub(crate) fn is_in(&self) -> bool {
        self.client.is_connected() && !self.is_left
    }

    pub(crate) fn awaits(&mut self, question: Question, answer: u64) {
        self.questions.push((question, answer));
    }

    /// Whether all that it asked is answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.questions.is_empty()
    }

    fn listen(&mut self, stage: &mut Stage<'_>) {
        // Everybody who was let in has one, connected still or not.
        if self.id.is_none() && self.client.claim().is_some() {
            self.id = SocketId::parse(&self.client.id());
        }
        for event in self.client.received() {
            self.hear(stage, event);
        }
        self.questions.retain(|(question, expected)| {
            let Some(answer) = question.answer::<u64>() else { return true };
            stage.tally.answers += 1;
            if answer != *expected {
                let what = format!("{} got {answer}, not {expected}", self.client);
                stage.ledger.lock().violate(what);
            }
            false
        });
    }

    fn hear(&self, stage: &mut Stage<'_>, event: Event) {
        let id = self.id.expect("nothing comes before it is in");
        stage.tally.heard += 1;
        if event.name() == "asked" {
            let number: u64 = event.decode();
            stage.ledger.lock().receive(&self.namespace, id, number);
            if self.is_in() && !stage.one_in(10) {
                stage.tally.acks += 1;
                event.answer(&number);
            }
            return;
        }
        let (number, manner, carried): (u64, Manner, klatch_core::Value) = event.decode();
        let mut ledger = stage.ledger.lock();
        ledger.receive(&self.namespace, id, number);
        if carried != content(number, manner) {
            ledger.violate(format!("{} got {number} with what is another's", self.client));
        }
    }

    /// It is over; what it may present to come back.
    fn end(&self, stage: &mut Stage<'_>) -> Option<Claim> {
        let id = self.id?;
        let was_told = self.client.is_over()
            && self.client.expect_disconnect() == DisconnectReason::ServerDisconnect;
        stage.ledger.lock().read_all(&self.namespace, id, was_told);
        self.client.claim()
    }
}
