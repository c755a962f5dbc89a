//! One client of a soak and what it does next, which follows from the seed.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use oorandom::Rand64;

use super::super::fleet::PeerId;
use super::super::ledger::Owed;
use super::super::peer::Way;

/// How long a server may take with anything that it does at once.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// What a busy machine may add to a deadline.
const GRACE: Duration = Duration::from_secs(15);

/// Times that depend on what the server is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tempo {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    /// Between two acts of a client, on average.
    pub(crate) pause: Duration,
    /// The longest that a client does not read that stays.
    pub(crate) stall: Duration,
    /// The longest until a client is back.
    pub(crate) absence: Duration,
}

impl Tempo {
    /// With the server's defaults.
    pub(crate) const FULL: Self = Self {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        pause: Duration::from_secs(3),
        stall: Duration::from_secs(8),
        absence: Duration::from_secs(5),
    };

    /// Where seconds must do.
    pub(crate) const SHORT: Self = Self {
        ping_interval: Duration::from_millis(1500),
        ping_timeout: Duration::from_millis(2500),
        pause: Duration::from_millis(500),
        stall: Duration::from_millis(800),
        absence: Duration::from_millis(500),
    };

    /// When a client that says nothing must have been given up.
    pub(crate) fn given_up(&self) -> Duration {
        self.ping_interval + self.ping_timeout + GRACE
    }
}

/// Rooms that a client is in at most.
const ROOMS: usize = 4;

/// How a client stands with its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Away,
    Coming,
    Here,
    /// Does not read for a while.
    Stalled,
    /// Neither reads nor says anything any more. It cannot see that it is given up: the end is behind what
    /// it has not read.
    Vanished,
    /// The server is to end it: it said goodbye, shut its half, or says nothing any more.
    Going,
}

/// What it asked, and when it is answered.
pub(crate) enum Asked {
    Join(usize),
    Leave(usize, Owed),
    Chat(usize, u64),
    Sync(Vec<(usize, Owed)>),
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Chat,
    Join,
    Leave,
    Sync,
    Stall,
    /// Ends its connection with an RST.
    Reset,
    /// Closes its half of the connection.
    Shut,
    /// Loses its network: reads and answers nothing any more.
    Vanish,
    /// Answers nothing any more, and reads.
    Mute,
    Goodbye,
}

/// How often of a thousand times.
const ACTS: [(Act, u64); 10] = [
    (Act::Chat, 580),
    (Act::Join, 130),
    (Act::Leave, 90),
    (Act::Sync, 100),
    (Act::Stall, 40),
    (Act::Reset, 20),
    (Act::Shut, 8),
    (Act::Vanish, 4),
    (Act::Mute, 4),
    (Act::Goodbye, 24),
];

pub(crate) struct Actor {
    lots: Rand64,
    tempo: Tempo,
    way: Way,
    pub(crate) peer: Option<PeerId>,
    pub(crate) state: State,
    /// What is due for it is of this number; whatever has another is out of date.
    pub(crate) turn: u64,
    /// Rooms that it is in.
    pub(crate) rooms: Vec<usize>,
    /// Rooms that it is to be in or asked to leave.
    pub(crate) changing: Vec<usize>,
    asked: BTreeMap<u64, (Instant, Asked)>,
    asks: u64,
    /// What it did last, for whoever wants to know how it came to something.
    past: VecDeque<(Instant, &'static str)>,
}

/// So much of the past is kept.
const PAST: usize = 6;

impl Actor {
    pub(crate) fn new(seed: u64, number: usize, tempo: Tempo) -> Self {
        let lots = Rand64::new(u128::from(seed) << 64 | number as u128);
        Self {
            lots,
            tempo,
            way: Way::WebSocket,
            peer: None,
            state: State::Away,
            turn: 0,
            rooms: Vec::new(),
            changing: Vec::new(),
            asked: BTreeMap::new(),
            asks: 0,
            past: VecDeque::with_capacity(PAST),
        }
    }

    /// One of so many.
    fn lot(&mut self, many: usize) -> usize {
        self.lots.rand_range(0..many as u64) as usize
    }

    /// By what it comes this time.
    pub(crate) fn choose_way(&mut self) -> Way {
        self.way = match self.lot(100) {
            0..60 => Way::WebSocket,
            60..75 => Way::Polling,
            _ => Way::Upgrade,
        };
        self.way
    }

    pub(crate) fn act(&mut self) -> Act {
        let mut lot = self.lots.rand_range(0..1000);
        let drawn = ACTS.into_iter().find(|(_, often)| {
            let is_it = lot < *often;
            lot = lot.saturating_sub(*often);
            is_it
        });
        match drawn.map_or(Act::Chat, |(act, _)| act) {
            Act::Chat | Act::Leave if self.rooms.is_empty() => Act::Join,
            Act::Join if self.rooms.len() + self.changing.len() >= ROOMS => Act::Sync,
            act => act,
        }
    }

    /// A room that it is not in, nor about to be.
    pub(crate) fn new_room(&mut self, rooms: usize) -> Option<usize> {
        let room = self.lot(rooms);
        let known = self.rooms.contains(&room) || self.changing.contains(&room);
        (!known).then_some(room)
    }

    /// One of those that it is in.
    pub(crate) fn own_room(&mut self) -> Option<usize> {
        if self.rooms.is_empty() {
            return None;
        }
        let at = self.lot(self.rooms.len());
        Some(self.rooms[at])
    }

    /// Short, mostly.
    pub(crate) fn size(&mut self) -> usize {
        match self.lot(100) {
            0..70 => 16 + self.lot(112),
            70..98 => 128 + self.lot(900),
            _ => 1024 + self.lot(16_000),
        }
    }

    /// Until it acts again.
    pub(crate) fn pause(&mut self) -> Duration {
        // Of an exponential distribution: clients do not wait for each other.
        let lot = 1.0 - self.lots.rand_float();
        self.tempo.pause.mul_f64((-lot.ln()).min(10.0))
    }

    /// How long it does not read.
    pub(crate) fn stall(&mut self) -> Duration {
        self.tempo.stall.mul_f64(self.lots.rand_float())
    }

    /// Until it comes back.
    pub(crate) fn absence(&mut self) -> Duration {
        self.tempo.absence.mul_f64(self.lots.rand_float())
    }

    /// Until it comes for the first time.
    pub(crate) fn arrival(&mut self, within: Duration) -> Duration {
        within.mul_f64(self.lots.rand_float())
    }

    /// Remembers a question; its number.
    pub(crate) fn ask(&mut self, asked: Asked, now: Instant) -> u64 {
        self.asks += 1;
        self.asked.insert(self.asks, (now, asked));
        self.asks
    }

    pub(crate) fn answered(&mut self, ack: u64) -> Option<Asked> {
        self.asked.remove(&ack).map(|(_, asked)| asked)
    }

    /// Since when it waits for an answer.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        self.asked.first_key_value().map(|(_, (since, _))| *since)
    }

    pub(crate) fn did(&mut self, what: &'static str) {
        if self.past.len() == PAST {
            self.past.pop_front();
        }
        self.past.push_back((Instant::now(), what));
    }

    /// What it did last, and how long ago.
    pub(crate) fn shown_past(&self) -> String {
        let past: Vec<_> = self
            .past
            .iter()
            .map(|(at, what)| format!("{what} {:.1} s ago", at.elapsed().as_secs_f64()))
            .collect();
        format!("{:?}: {}", self.way, past.join(", "))
    }

    /// Whether it waits for nothing, or for its end.
    pub(crate) fn is_at_rest(&self) -> bool {
        match self.state {
            State::Away | State::Vanished | State::Going => true,
            State::Here => self.asked.is_empty(),
            State::Coming | State::Stalled => false,
        }
    }

    /// How it stands, and what it waits for.
    pub(crate) fn shown(&self) -> String {
        let asked = self.asked.values().map(|(since, asked)| {
            let what = match asked {
                Asked::Join(room) => format!("to join r{room}"),
                Asked::Leave(room, _) => format!("to leave r{room}"),
                Asked::Chat(room, number) => format!("for message {number} to r{room}"),
                Asked::Sync(_) => "for a word".to_owned(),
            };
            format!("{what} since {:?}", since.elapsed())
        });
        format!("{:?} by {:?}, waiting {:?}", self.state, self.way, asked.collect::<Vec<_>>())
    }

    /// Forgets all that was between it and the server.
    pub(crate) fn forget(&mut self) {
        self.peer = None;
        self.state = State::Away;
        self.rooms.clear();
        self.changing.clear();
        self.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{ACTS, Act, Actor, Tempo};

    #[test]
    fn what_a_client_does_follows_from_the_seed() {
        let acts = |seed, number| {
            let mut actor = Actor::new(seed, number, Tempo::FULL);
            actor.rooms = vec![1];
            let acts: Vec<Act> = (0..50).map(|_| actor.act()).collect();
            (acts, actor.pause(), actor.size())
        };
        assert_eq!(acts(1, 2), acts(1, 2));
        assert_ne!(acts(1, 2), acts(1, 3));
        assert_ne!(acts(1, 2), acts(2, 2));
    }

    #[test]
    fn everything_is_done_now_and_then() {
        assert_eq!(ACTS.iter().map(|(_, often)| often).sum::<u64>(), 1000);
        let mut actor = Actor::new(7, 0, Tempo::FULL);
        actor.rooms = vec![1];
        let acts: Vec<Act> = (0..5000).map(|_| actor.act()).collect();
        for (act, _) in ACTS {
            assert!(acts.contains(&act), "{act:?}");
        }
    }
}
