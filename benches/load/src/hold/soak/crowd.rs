//! All clients of a soak, and the ledger that they are held to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::SETTLED;
use super::actor::{Act, Actor, Asked, SOON, State, Tempo};
use super::tally::Tally;
use crate::hold::fleet::{Fleet, PeerId};
use crate::hold::ledger::Ledger;
use crate::hold::peer::{End, News};
use crate::hold::words::{self, Heard};

/// Members that a room has, about.
const MEMBERS: usize = 20;

/// Rooms that a client is in, about.
const ROOMS: usize = 2;

/// Between two times that the ledger forgets.
const TIDY: Duration = Duration::from_secs(10);

pub(crate) struct Crowd {
    tempo: Tempo,
    fleet: Fleet,
    ledger: Ledger,
    actors: Vec<Actor>,
    /// Who has which connection.
    owners: BTreeMap<PeerId, usize>,
    /// When whose turn is due.
    agenda: BinaryHeap<Reverse<(Instant, usize, u64)>>,
    tidied: Instant,
    /// The time is up: nobody comes any more, or says anything.
    over: bool,
    pub(crate) tally: Tally,
}

impl Crowd {
    pub(crate) fn new(
        address: SocketAddr,
        count: usize,
        seed: u64,
        tempo: Tempo,
    ) -> io::Result<Self> {
        Ok(Self {
            tempo,
            fleet: Fleet::new(address)?,
            ledger: Ledger::new((count * ROOMS / MEMBERS).max(2)),
            actors: (0..count).map(|number| Actor::new(seed, number, tempo)).collect(),
            owners: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            tidied: Instant::now(),
            over: false,
            tally: Tally::default(),
        })
    }

    /// Connections that there are.
    pub(crate) fn len(&self) -> usize {
        self.fleet.len()
    }

    /// Has all come within a time.
    pub(crate) fn arrive(&mut self, within: Duration) {
        for number in 0..self.actors.len() {
            let after = self.actors[number].arrival(within);
            self.due(number, after);
        }
    }

    /// Waits for what comes, but not longer than that, holds it against the ledger, and does what is due.
    pub(crate) fn turn(&mut self, longest: Duration) -> io::Result<()> {
        let now = Instant::now();
        let next = self.agenda.peek().map(|Reverse((at, ..))| at.saturating_duration_since(now));
        for (peer, news) in self.fleet.turn(longest.min(next.unwrap_or(longest)))? {
            let Some(&number) = self.owners.get(&peer) else { continue };
            match news {
                News::Joined(_) => self.joined(number)?,
                News::Packet(packet) => self.heard(number, peer, &packet),
                News::Gone(end) => self.gone(number, peer, &end),
            }
        }
        // Not what became due while this was busy: whatever prevents it may wait to be read.
        while let Some(Reverse((at, number, turn))) = self.agenda.peek().copied() {
            if at > now {
                break;
            }
            self.agenda.pop();
            if self.actors[number].turn == turn {
                self.take_turn(number)?;
            }
        }
        if self.tidied.elapsed() > TIDY {
            self.tidied = Instant::now();
            self.ledger.tidy(self.tidied);
        }
        Ok(())
    }

    /// Sets the one thing that is due for a client.
    fn due(&mut self, number: usize, after: Duration) {
        let actor = &mut self.actors[number];
        actor.turn += 1;
        self.agenda.push(Reverse((Instant::now() + after, number, actor.turn)));
    }

    fn take_turn(&mut self, number: usize) -> io::Result<()> {
        match self.actors[number].state {
            State::Away => self.come(number),
            State::Here => self.act(number),
            State::Stalled => {
                let actor = &mut self.actors[number];
                actor.state = State::Here;
                actor.did("read again");
                let pause = actor.pause();
                let peer = actor.peer;
                self.due(number, pause);
                peer.map_or(Ok(()), |peer| self.fleet.resume(peer))
            }
            State::Vanished => {
                let actor = &mut self.actors[number];
                actor.state = State::Going;
                actor.did("looked again");
                let peer = actor.peer;
                self.due(number, SOON);
                peer.map_or(Ok(()), |peer| self.fleet.resume(peer))
            }
            State::Coming => {
                self.violated(number, &format!("was not let in within {SOON:?}"));
                self.end(number)
            }
            State::Going => {
                self.violated(number, "was not given up in time");
                self.end(number)
            }
        }
    }

    fn come(&mut self, number: usize) -> io::Result<()> {
        if self.over {
            return Ok(());
        }
        let way = self.actors[number].choose_way();
        let peer = self.fleet.open(way)?;
        let actor = &mut self.actors[number];
        actor.peer = Some(peer);
        actor.state = State::Coming;
        self.owners.insert(peer, number);
        self.due(number, SOON);
        Ok(())
    }

    /// Ends a connection with an RST; its client comes back later.
    fn end(&mut self, number: usize) -> io::Result<()> {
        let Some(peer) = self.actors[number].peer else { return Ok(()) };
        self.fleet.reset(peer)?;
        self.over_with(number, peer);
        Ok(())
    }

    /// Its connection is over.
    fn over_with(&mut self, number: usize, peer: PeerId) {
        self.owners.remove(&peer);
        self.ledger.gone(peer, Instant::now());
        let actor = &mut self.actors[number];
        actor.forget();
        let absence = actor.absence();
        self.due(number, absence);
    }

    fn joined(&mut self, number: usize) -> io::Result<()> {
        self.tally.came += 1;
        let actor = &mut self.actors[number];
        actor.state = State::Here;
        actor.did("came");
        let pause = actor.pause();
        for _ in 0..ROOMS {
            self.join(number)?;
        }
        self.due(number, pause);
        Ok(())
    }

    fn act(&mut self, number: usize) -> io::Result<()> {
        if self.over {
            return Ok(());
        }
        if self.actors[number].waits_since().is_some_and(|since| since.elapsed() > SOON) {
            self.violated(number, &format!("was not answered within {SOON:?}"));
            return self.end(number);
        }
        let actor = &mut self.actors[number];
        let Some(peer) = actor.peer else { return Ok(()) };
        let (act, mut pause) = (actor.act(), actor.pause());
        self.tally.acted(act);
        self.actors[number].did(act.name());
        match act {
            Act::Chat => self.chat(number, peer)?,
            Act::Join => self.join(number)?,
            Act::Leave => self.leave(number, peer)?,
            Act::Sync => self.sync(number, peer)?,
            Act::Stall => {
                let actor = &mut self.actors[number];
                actor.state = State::Stalled;
                pause = actor.stall();
                self.fleet.pause(peer)?;
            }
            Act::Reset => return self.end(number),
            Act::Shut | Act::Vanish | Act::Mute | Act::Goodbye => {
                self.actors[number].state = State::Going;
                pause = self.tempo.given_up();
                match act {
                    Act::Shut => self.fleet.shut(peer)?,
                    Act::Goodbye => self.fleet.leave(peer)?,
                    _ => self.fleet.silence(peer)?,
                }
                if act == Act::Vanish {
                    self.actors[number].state = State::Vanished;
                    self.fleet.pause(peer)?;
                }
            }
        }
        self.due(number, pause);
        Ok(())
    }

    fn chat(&mut self, number: usize, peer: PeerId) -> io::Result<()> {
        let actor = &mut self.actors[number];
        let Some(room) = actor.own_room() else { return Ok(()) };
        let (size, message) = (actor.size(), self.ledger.says(peer, room));
        let ack = actor.ask(Asked::Chat(room, message), Instant::now());
        self.fleet.say(peer, &words::chat(ack, room, peer, message, size))
    }

    fn join(&mut self, number: usize) -> io::Result<()> {
        let actor = &mut self.actors[number];
        let (Some(peer), Some(room)) = (actor.peer, actor.new_room(self.ledger.rooms())) else {
            return Ok(());
        };
        actor.changing.push(room);
        self.ledger.joins(peer, room);
        let ack = self.actors[number].ask(Asked::Join(room), Instant::now());
        self.fleet.say(peer, &words::join(ack, room))
    }

    fn leave(&mut self, number: usize, peer: PeerId) -> io::Result<()> {
        let actor = &mut self.actors[number];
        let Some(room) = actor.own_room() else { return Ok(()) };
        actor.rooms.retain(|own| *own != room);
        actor.changing.push(room);
        let owed = self.ledger.owed(peer, room);
        let ack = actor.ask(Asked::Leave(room, owed), Instant::now());
        self.fleet.say(peer, &words::leave(ack, room))
    }

    /// Asks something by whose answer all must have come that was accepted before.
    fn sync(&mut self, number: usize, peer: PeerId) -> io::Result<()> {
        let rooms = self.actors[number].rooms.iter();
        let owed = rooms.map(|room| (*room, self.ledger.owed(peer, *room))).collect();
        let ack = self.actors[number].ask(Asked::Sync(owed), Instant::now());
        self.fleet.say(peer, &words::question(ack, "sync", ""))
    }

    fn heard(&mut self, number: usize, peer: PeerId, packet: &str) {
        let held = match words::read(packet) {
            Some(Heard::Chat { room, speaker, number }) => {
                self.tally.heard += 1;
                self.ledger.heard(peer, room, speaker, number)
            }
            Some(Heard::Answer { ack, well: true }) => match self.actors[number].answered(ack) {
                Some(asked) => self.answered(number, peer, asked),
                None => return self.violated(number, &format!("heard the answer {ack} twice")),
            },
            _ => return self.violated(number, &format!("heard `{packet}`")),
        };
        if let Err(violation) = held {
            self.violated(number, &violation.to_string());
        }
    }

    fn answered(
        &mut self,
        number: usize,
        peer: PeerId,
        asked: Asked,
    ) -> Result<(), crate::hold::ledger::Violation> {
        match asked {
            Asked::Join(room) => {
                self.ledger.joined(peer, room);
                let actor = &mut self.actors[number];
                actor.changing.retain(|changing| *changing != room);
                actor.rooms.push(room);
                Ok(())
            }
            Asked::Leave(room, owed) => {
                self.tally.settled += 1;
                let settled = self.ledger.settled(peer, room, &owed);
                self.ledger.left(peer, room);
                self.actors[number].changing.retain(|changing| *changing != room);
                settled
            }
            Asked::Chat(room, message) => {
                self.tally.accepted += 1;
                self.ledger.accepted(peer, room, message)
            }
            Asked::Sync(all) => {
                self.tally.settled += 1;
                all.iter().try_for_each(|(room, owed)| self.ledger.settled(peer, *room, owed))
            }
        }
    }

    fn gone(&mut self, number: usize, peer: PeerId, end: &End) {
        match (self.actors[number].state, end) {
            (State::Vanished | State::Going, end) if !matches!(end, End::Nonsense(_)) => {}
            (State::Coming, End::Status(503, _)) => self.tally.turned_away += 1,
            (state, end) => {
                self.violated(number, &format!("is gone while it is {state:?}: {end:?}"));
            }
        }
        self.over_with(number, peer);
    }

    fn violated(&mut self, number: usize, what: &str) {
        let peer = self.actors[number].peer.map_or(0, PeerId::number);
        let past = self.actors[number].shown_past();
        self.tally.violated(format!("client {number} as {peer} {what} ({past})"));
    }

    /// Nobody comes or acts any more; whoever is there hears all that is under way for it.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.over = true;
        // Those who stall read again when their time has come, and all questions are answered.
        self.rest()?;
        for number in 0..self.actors.len() {
            if let (State::Here, Some(peer)) = (self.actors[number].state, self.actors[number].peer)
            {
                self.sync(number, peer)?;
            }
        }
        self.rest()
    }

    /// Waits until nobody waits for anything.
    fn rest(&mut self) -> io::Result<()> {
        let end = Instant::now() + SETTLED;
        while Instant::now() < end && !self.actors.iter().all(Actor::is_at_rest) {
            self.turn(Duration::from_millis(50))?;
        }
        for number in 0..self.actors.len() {
            if !self.actors[number].is_at_rest() {
                let waits = self.actors[number].shown();
                self.violated(number, &format!("has not come to rest: {waits}"));
            }
        }
        Ok(())
    }

    /// Has everybody go, in this way or that, until nobody is left.
    pub(crate) fn part(&mut self) -> io::Result<()> {
        for number in 0..self.actors.len() {
            let (state, peer) = (self.actors[number].state, self.actors[number].peer);
            match (state, peer) {
                (State::Here, Some(peer)) if number % 2 == 0 => {
                    self.actors[number].state = State::Going;
                    self.fleet.leave(peer)?;
                    self.due(number, self.tempo.given_up());
                }
                (State::Vanished | State::Going, _) => {}
                _ => self.end(number)?,
            }
        }
        while self.fleet.len() > 0 {
            self.turn(Duration::from_millis(50))?;
        }
        Ok(())
    }
}
