//! What should come of it: who is where, and what is due to whom. Sets and loops.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use klatch_core::{CloseReason, SocketId, Timestamp};

use klatch_sim::Transport;

use super::server::{MAILBOX, PACKET_OVERHEAD};
use super::trouble::{Trouble, Troubles};

/// How long a server of these histories takes to miss whoever has vanished, and a tick.
pub(crate) const MISSED_WITHIN: Duration = Duration::from_millis(5_010);

/// From how much on that is due to a client, its mailbox may be full though its link is well: what is due
/// is all that is in there and on the way, each packet taken for somewhat less than it counts there.
const FILLED: usize = MAILBOX * 2 / 3;

/// A room, by its number or by whose id it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    Numbered(u8),
    Of(SocketId),
}

impl Room {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Numbered(number) => format!("room {number}"),
            Self::Of(id) => id.to_string(),
        }
    }
}

/// What may become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It arrives, or the connection is lost; then a client that comes back gets it still.
    Plain,
    /// It may be missing.
    Volatile,
    /// It arrives, or the connection is lost.
    Question,
}

#[derive(Debug)]
struct Due {
    number: u64,
    kind: Kind,
    /// About what it counts for in a mailbox.
    weight: usize,
}

#[derive(Debug)]
struct Seat {
    /// Over which connection, and in which of its lives.
    life: u64,
    rooms: BTreeSet<Room>,
    /// Lost, and may come back.
    away: bool,
    /// Nobody looks any more at what is due to it.
    unread: bool,
    due: VecDeque<Due>,
}

/// A connection of a client's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    transport: Transport,
    pub(crate) troubles: Troubles,
    vanished: Option<Timestamp>,
}

type Seats = BTreeMap<SocketId, Seat>;

/// Who is where and what is due to whom, as it follows from what handlers did in which order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    namespaces: BTreeMap<String, Seats>,
    /// What was due to those who are gone, and whose clients have not read all of it.
    gone: BTreeMap<SocketId, VecDeque<Due>>,
    lives: BTreeMap<u64, Life>,
    /// The number of what is to be heard next, by who says it.
    said: BTreeMap<u64, u64>,
    numbers: u64,
    /// The server closes, or is about to.
    pub(crate) is_closing: bool,
    /// What must not be. A handler that panics would be caught by the server.
    violations: Vec<String>,
    /// How many sockets connected, how many of them as who they had been, and how many messages
    /// were due, and were heard.
    pub(crate) connected: u64,
    pub(crate) recovered: u64,
    pub(crate) due: u64,
    pub(crate) heard: u64,
}

fn names(rooms: &BTreeSet<Room>) -> BTreeSet<String> {
    rooms.iter().map(|room| room.name()).collect()
}

impl Ledger {
    pub(crate) fn violate(&mut self, what: String) {
        self.violations.push(what);
    }

    /// The first thing that must not be, if there is one.
    pub(crate) fn violation(&self) -> Option<&str> {
        self.violations.first().map(String::as_str)
    }

    fn seats(&mut self, namespace: &str) -> &mut Seats {
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.to_owned(), Seats::new());
        }
        self.namespaces.get_mut(namespace).expect("it was made")
    }

    /// Who is there, and connected.
    fn present(&mut self, namespace: &str, id: SocketId) -> Option<&mut Seat> {
        self.seats(namespace).get_mut(&id).filter(|seat| !seat.away)
    }

    // What handlers see of sockets.

    /// `rooms` is where the server says that it is, `promised` what middlewares had it join.
    pub(crate) fn connect(
        &mut self,
        (namespace, id): (&str, SocketId),
        life: u64,
        rooms: Vec<String>,
        promised: &[Room],
    ) {
        self.connected += 1;
        let all = promised.iter().copied().chain([Room::Of(id)]).collect();
        let unread = self.lives.get(&life).is_some_and(|life| life.troubles.have(Trouble::Rogue));
        let seat = Seat { life, rooms: all, away: false, unread, due: VecDeque::new() };
        let expected = names(&seat.rooms);
        if self.seats(namespace).insert(id, seat).is_some() {
            self.violate(format!("{id} connects to {namespace} a second time"));
        }
        if rooms.into_iter().collect::<BTreeSet<_>>() != expected {
            self.violate(format!("{id} begins in other rooms than {expected:?}"));
        }
    }

    /// It is back as who it was.
    pub(crate) fn recover(
        &mut self,
        (namespace, id): (&str, SocketId),
        life: u64,
        rooms: Vec<String>,
        promised: &[Room],
    ) {
        self.connected += 1;
        self.recovered += 1;
        let Some(seat) = self.seats(namespace).get_mut(&id).filter(|seat| seat.away) else {
            return self.violate(format!("{id} is back in {namespace}, and was not away"));
        };
        (seat.away, seat.unread, seat.life) = (false, false, life);
        seat.rooms.extend(promised);
        // What it had of the rest before it was lost, it has heard by now.
        seat.due.retain(|due| due.kind == Kind::Plain);
        let expected = names(&seat.rooms);
        let rooms = rooms.into_iter().collect::<BTreeSet<_>>();
        if rooms != expected {
            self.violate(format!("{id} is back in {rooms:?}, not in {expected:?}"));
        }
    }

    pub(crate) fn disconnecting(&mut self, (namespace, id): (&str, SocketId), rooms: Vec<String>) {
        let expected = self.present(namespace, id).map(|seat| names(&seat.rooms));
        let rooms = rooms.into_iter().collect::<BTreeSet<_>>();
        if expected.as_ref() != Some(&rooms) {
            self.violate(format!("{id} leaves {namespace} and {rooms:?}, not {expected:?}"));
        }
    }

    pub(crate) fn disconnect(
        &mut self,
        (namespace, id): (&str, SocketId),
        reason: CloseReason,
        now: Timestamp,
    ) {
        let Some(seat) = self.present(namespace, id) else {
            return self.violate(format!("{id} leaves {namespace}, where it is not: {reason}"));
        };
        if reason.is_recoverable() {
            seat.away = true;
        }
        let life = seat.life;
        if !reason.is_recoverable() {
            self.remove(namespace, id);
        }
        let Some(Life { transport, troubles, vanished }) = self.lives.get(&life).copied() else {
            return self.violate(format!("{id} came over {life}, which nobody began"));
        };
        let is_closing = self.is_closing && reason == CloseReason::ServerShuttingDown;
        // More may come in a moment than its link takes: above all for whoever has just come back, whose
        // mailbox has what it missed.
        let is_filled = reason == CloseReason::SlowConsumer && self.weight_due_to(life) > FILLED;
        if !is_closing && !is_filled && !troubles.explain(reason, transport) {
            self.violate(format!("{id} of life {life} ends by {reason}, after {troubles:?}"));
        }
        if troubles.is_only(Trouble::Vanished)
            && vanished.is_some_and(|vanished| now - vanished > MISSED_WITHIN)
        {
            self.violate(format!("{id} was missed at {now:?}, and vanished at {vanished:?}"));
        }
    }

    /// What is due to a client in all namespaces.
    fn weight_due_to(&self, life: u64) -> usize {
        let seats = self.namespaces.values().flat_map(BTreeMap::values);
        let due = seats.filter(|seat| seat.life == life).flat_map(|seat| &seat.due);
        due.map(|due| due.weight).sum()
    }

    /// It cannot come back any more.
    pub(crate) fn expire(&mut self, id: SocketId) {
        let is_away = |seats: &Seats| seats.get(&id).is_some_and(|seat| seat.away);
        let found = self.namespaces.iter().find(|(_, seats)| is_away(seats));
        let Some(namespace) = found.map(|(name, _)| name.clone()) else {
            return self.violate(format!("{id} cannot come back, and was not away"));
        };
        self.remove(&namespace, id);
    }

    fn remove(&mut self, namespace: &str, id: SocketId) {
        let seat = self.seats(namespace).remove(&id);
        if let Some(Seat { unread: false, due, .. }) = seat {
            self.gone.insert(id, due);
        }
    }

    pub(crate) fn join(&mut self, namespace: &str, id: SocketId, room: Room) {
        if let Some(seat) = self.present(namespace, id) {
            seat.rooms.insert(room);
        }
    }

    pub(crate) fn leave(&mut self, namespace: &str, id: SocketId, room: Room) {
        if let Some(seat) = self.present(namespace, id) {
            seat.rooms.remove(&room);
        }
    }

    pub(crate) fn leave_all(&mut self, namespace: &str, id: SocketId) {
        if let Some(seat) = self.present(namespace, id) {
            seat.rooms.clear();
        }
    }

    /// What somebody says comes in its order, and nothing is missing.
    pub(crate) fn hear(&mut self, speaker: u64, number: u64) {
        let next = self.said.entry(speaker).or_default();
        let expected = std::mem::replace(next, number + 1);
        if number != expected {
            self.violate(format!("{speaker} said {number}, and {expected} was next"));
        }
    }

    /// How much of what somebody said was heard.
    pub(crate) fn heard_of(&self, speaker: u64) -> u64 {
        self.said.get(&speaker).copied().unwrap_or_default()
    }

    // What is sent.

    /// Whom a broadcast reaches: those who are away, too, if it is for them when they are back.
    pub(crate) fn reach(
        &mut self,
        namespace: &str,
        from: Option<SocketId>,
        to: Option<&[Room]>,
        except: &[Room],
    ) -> Vec<SocketId> {
        let is_meant = |(id, seat): &(&SocketId, &Seat)| {
            to.is_none_or(|to| to.iter().any(|room| seat.rooms.contains(room)))
                && !except.iter().any(|room| seat.rooms.contains(room))
                && Some(**id) != from
        };
        self.seats(namespace).iter().filter(is_meant).map(|(id, _)| *id).collect()
    }

    /// Those of them who are there.
    pub(crate) fn connected_of(&mut self, namespace: &str, ids: &[SocketId]) -> Vec<SocketId> {
        let seats = self.seats(namespace);
        ids.iter().copied().filter(|id| seats.get(id).is_some_and(|seat| !seat.away)).collect()
    }

    /// Something of so many bytes is sent to these: its number.
    pub(crate) fn send(
        &mut self,
        namespace: &str,
        to: &[SocketId],
        kind: Kind,
        bytes: usize,
    ) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        let weight = bytes + PACKET_OVERHEAD;
        for id in to {
            let seat = self.seats(namespace).get_mut(id).expect("it was reached just now");
            if !seat.away || kind == Kind::Plain {
                seat.due.push_back(Due { number, kind, weight });
                self.due += 1;
            }
        }
        number
    }

    /// One message of so many bytes to everybody in several namespaces: its number.
    pub(crate) fn send_to_all(&mut self, namespaces: &[String], bytes: usize) -> u64 {
        let number = self.numbers + 1;
        for namespace in namespaces {
            let all = self.reach(namespace, None, None, &[]);
            self.numbers = number - 1;
            self.send(namespace, &all, Kind::Plain, bytes);
        }
        self.numbers = number;
        number
    }

    // What clients see.

    /// A client has received something: it must be due to it, and nothing before.
    pub(crate) fn receive(&mut self, namespace: &str, id: SocketId, number: u64) {
        self.heard += 1;
        let seat = self.namespaces.get_mut(namespace).and_then(|seats| seats.get_mut(&id));
        // It may read after its socket has ended, of what was sent before.
        let due = seat.map(|seat| &mut seat.due).or_else(|| self.gone.get_mut(&id));
        let Some(due) = due else {
            return self.violate(format!("{id} of {namespace} got {number}, and is nobody"));
        };
        let skipped = loop {
            match due.pop_front() {
                Some(due) if due.number == number => return,
                Some(Due { kind: Kind::Volatile, .. }) => {}
                skipped => break skipped,
            }
        };
        self.violate(format!("{id} of {namespace} got {number}, and due was {skipped:?}"));
    }

    /// A client has read all that it ever will as this socket. If the server disconnected it, and it
    /// was told so, nothing that was due to it before is missing.
    pub(crate) fn read_all(&mut self, namespace: &str, id: SocketId, was_told: bool) {
        if let Some(seat) = self.seats(namespace).get_mut(&id) {
            seat.unread = true;
            if was_told {
                self.violate(format!("{id} of {namespace} was told that it is out, and is in"));
            }
        } else if let Some(due) = self.gone.remove(&id)
            && let Some(due) = due.iter().find(|due| due.kind != Kind::Volatile)
            && was_told
        {
            self.violate(format!("{id} of {namespace} was disconnected, and misses {due:?}"));
        }
    }

    /// Nothing is under way: whoever is connected has got all that is due.
    pub(crate) fn expect_all_arrived(&mut self) {
        let mut missing = Vec::new();
        for (namespace, seats) in &mut self.namespaces {
            for (id, seat) in seats.iter_mut().filter(|(_, seat)| !seat.away && !seat.unread) {
                seat.due.retain(|due| due.kind != Kind::Volatile);
                if let Some(due) = seat.due.front() {
                    missing
                        .push(format!("{id} of life {} in {namespace} misses {due:?}", seat.life));
                }
            }
        }
        self.violations.append(&mut missing);
    }

    /// How many are connected to each namespace that somebody is in, and how many are in each room.
    pub(crate) fn census(&self) -> BTreeMap<&str, (usize, BTreeMap<u8, usize>)> {
        let mut census = BTreeMap::new();
        for (namespace, seats) in &self.namespaces {
            let (mut count, mut rooms) = (0, BTreeMap::new());
            for seat in seats.values().filter(|seat| !seat.away) {
                count += 1;
                for room in &seat.rooms {
                    if let Room::Numbered(number) = room {
                        *rooms.entry(*number).or_default() += 1;
                    }
                }
            }
            if count > 0 {
                census.insert(namespace.as_str(), (count, rooms));
            }
        }
        census
    }

    /// Who may come back, as far as anybody has said.
    pub(crate) fn away(&self) -> Vec<(String, SocketId)> {
        let seats = self.namespaces.iter();
        let away = seats.flat_map(|(namespace, seats)| {
            let away = seats.iter().filter(|(_, seat)| seat.away);
            away.map(|(id, _)| (namespace.clone(), *id))
        });
        away.collect()
    }

    // Connections.

    pub(crate) fn begin(&mut self, life: u64, transport: Transport) {
        let troubles = Troubles::default();
        self.lives.insert(life, Life { transport, troubles, vanished: None });
    }

    /// Something befalls a connection, unless it was one to an earlier server.
    pub(crate) fn befall(&mut self, life: u64, trouble: Trouble) {
        if let Some(life) = self.lives.get_mut(&life) {
            life.troubles.add(trouble);
        }
    }

    pub(crate) fn vanish(&mut self, life: u64, now: Timestamp) {
        self.befall(life, Trouble::Vanished);
        if let Some(life) = self.lives.get_mut(&life) {
            life.vanished = Some(now);
        }
    }

    /// How many connections something failed.
    pub(crate) fn failed(&self) -> u64 {
        self.lives.values().filter(|life| life.troubles.are_faults()).count() as u64
    }

    /// Over which connection somebody is there.
    pub(crate) fn life_of(&mut self, namespace: &str, id: SocketId) -> Option<u64> {
        self.present(namespace, id).map(|seat| seat.life)
    }

    /// Somebody who is connected, by lot, and where.
    pub(crate) fn somebody(&self, below: impl FnOnce(usize) -> usize) -> Option<(&str, SocketId)> {
        let present = || {
            self.namespaces.iter().flat_map(|(namespace, seats)| {
                let here = seats.iter().filter(|(_, seat)| !seat.away);
                here.map(|(id, _)| (namespace.as_str(), *id))
            })
        };
        let count = present().count();
        if count == 0 { None } else { present().nth(below(count)) }
    }

    /// The server is gone, and whoever was there with it: its memory, too.
    pub(crate) fn forget(&mut self) {
        self.namespaces.clear();
        self.gone.clear();
        self.lives.clear();
        self.said.clear();
        self.is_closing = false;
    }
}
