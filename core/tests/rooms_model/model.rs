//! What happens in a namespace, and the naive model of it: each socket's rooms in a set, its own
//! id among them. Everything else is found by looking at all of them.

use std::collections::{BTreeMap, BTreeSet};

use klatch_core::{ENTROPY_BYTES, JoinError, SocketId};
use proptest::collection::vec;
use proptest::prelude::*;

pub(crate) const MAX_ROOMS: usize = 3;
pub(crate) const MAX_NAME: usize = 20;
pub(crate) const IDS: u8 = 5;

pub(crate) fn id(n: u8) -> SocketId {
    SocketId::from_entropy([n; ENTROPY_BYTES])
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Room {
    Named(&'static str),
    OfId(u8),
}

impl Room {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Named(name) => name.to_owned(),
            Self::OfId(n) => id(n).to_string(),
        }
    }
}

pub(crate) fn texts(rooms: &[Room]) -> Vec<String> {
    rooms.iter().map(|room| room.text()).collect()
}

/// Sockets are named by a number that wraps around all that ever connected: some are gone.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Connect(u8),
    Disconnect(usize),
    Join(usize, Room),
    JoinAll(usize, Vec<Room>),
    Leave(usize, Room),
    LeaveAll(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Aim {
    pub(crate) to: Option<Vec<Room>>,
    pub(crate) except: Vec<Room>,
    pub(crate) sender: Option<usize>,
}

pub(crate) fn room() -> impl Strategy<Value = Room> {
    prop_oneof![
        14 => prop::sample::select(vec!["a", "a", "b", "b", "c", ""]).prop_map(Room::Named),
        5 => (0..IDS).prop_map(Room::OfId),
        1 => Just(Room::Named("longer than 20 bytes!")),
    ]
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let socket = || 0..8_usize;
    prop_oneof![
        4 => (0..IDS).prop_map(Op::Connect),
        1 => socket().prop_map(Op::Disconnect),
        6 => (socket(), room()).prop_map(|(s, r)| Op::Join(s, r)),
        2 => (socket(), vec(room(), 0..5)).prop_map(|(s, r)| Op::JoinAll(s, r)),
        2 => (socket(), room()).prop_map(|(s, r)| Op::Leave(s, r)),
        1 => socket().prop_map(Op::LeaveAll),
    ]
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Op>> {
    let crowd = Just((0..3).map(Op::Connect).collect::<Vec<_>>());
    (crowd, vec(op(), 0..24)).prop_map(|(crowd, ops)| [crowd, ops].concat())
}

pub(crate) fn aim() -> impl Strategy<Value = Aim> {
    let one = || prop_oneof![12 => room(), 1 => Just(Room::Named("nowhere"))];
    let to = prop_oneof![1 => Just(Vec::new()), 12 => vec(one(), 1..5)];
    (
        prop::option::weighted(0.75, to),
        prop_oneof![Just(Vec::new()), vec(one(), 1..3)],
        prop::option::of(0..8_usize),
    )
        .prop_map(|(to, except, sender)| Aim { to, except, sender })
}

/// A socket is the number of its connect; all that the model knows is who is in what.
#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) ids: BTreeMap<usize, SocketId>,
    pub(crate) rooms: BTreeMap<usize, BTreeSet<String>>,
}

impl Model {
    pub(crate) fn members(&self, room: &str) -> BTreeSet<usize> {
        let is_in = |n: &&usize| self.rooms[n].contains(room);
        self.rooms.keys().filter(is_in).copied().collect()
    }

    pub(crate) fn connect(&mut self, n: usize, id: SocketId) -> bool {
        if self.ids.values().any(|other| *other == id) {
            return false;
        }
        for rooms in self.rooms.values_mut() {
            rooms.remove(id.as_str());
        }
        self.ids.insert(n, id);
        self.rooms.insert(n, BTreeSet::from([id.to_string()]));
        true
    }

    pub(crate) fn disconnect(&mut self, n: usize) -> bool {
        self.rooms.remove(&n);
        self.ids.remove(&n).is_some()
    }

    pub(crate) fn join(&mut self, n: usize, room: &str) -> Result<bool, JoinError> {
        let Some(own) = self.ids.get(&n) else {
            return Ok(false);
        };
        let is_own = room == own.as_str();
        if !is_own && room.len() > MAX_NAME {
            return Err(JoinError::NameTooLong { limit: MAX_NAME });
        }
        if !is_own && self.ids.values().any(|id| id.as_str() == room) {
            return Err(JoinError::ForeignId);
        }
        let others = self.rooms[&n].iter().filter(|r| *r != own.as_str());
        let is_full = others.count() == MAX_ROOMS;
        if !is_own && is_full && !self.rooms[&n].contains(room) {
            return Err(JoinError::TooManyRooms { limit: MAX_ROOMS });
        }
        let rooms = self.rooms.get_mut(&n).expect("it is connected");
        Ok(rooms.insert(room.to_owned()))
    }

    pub(crate) fn join_all(&mut self, n: usize, rooms: &[String]) -> Result<usize, JoinError> {
        let mut after = self.clone();
        let mut joined = 0;
        for room in rooms {
            joined += usize::from(after.join(n, room)?);
        }
        *self = after;
        Ok(joined)
    }

    pub(crate) fn leave(&mut self, n: usize, room: &str) -> bool {
        self.rooms.get_mut(&n).is_some_and(|rooms| rooms.remove(room))
    }

    pub(crate) fn leave_all(&mut self, n: usize) -> usize {
        let rooms = self.rooms.get_mut(&n).map(std::mem::take);
        rooms.map_or(0, |rooms| rooms.len())
    }

    pub(crate) fn select(&self, aim: &Aim, sender: Option<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        match &aim.to {
            None => found.extend(self.ids.keys()),
            Some(rooms) => {
                for room in rooms {
                    found.extend(self.members(&room.text()));
                }
            }
        }
        for room in &aim.except {
            for n in self.members(&room.text()) {
                found.remove(&n);
            }
        }
        found.retain(|n| Some(*n) != sender);
        found
    }
}
