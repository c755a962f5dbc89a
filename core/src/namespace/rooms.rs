//! Rooms and members, an index in both directions.

use std::collections::HashMap;
use std::sync::Arc;

use super::sockets::{Slot, SocketKey, Sockets, trim};
use crate::HashKey;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RoomIndex(u32);

/// A socket's side of "this socket is in that room".
pub(super) struct Membership {
    room: RoomIndex,
    /// Where the socket stands among the members.
    place: u32,
}

struct Room {
    name: Arc<str>,
    /// Alone in a list of their own, so that a broadcast to one room is a copy.
    members: Vec<SocketKey>,
    /// For each member, where this room stands among its memberships.
    backs: Vec<u32>,
}

/// The rooms that have members. The room named by a socket's id is not one of them.
pub(super) struct Rooms {
    slots: Vec<Option<Room>>,
    free: Vec<RoomIndex>,
    by_name: HashMap<Arc<str>, RoomIndex, HashKey>,
}

impl Rooms {
    pub(super) fn new(key: HashKey) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), by_name: HashMap::with_hasher(key) }
    }

    pub(super) fn index(&self, name: &str) -> Option<RoomIndex> {
        self.by_name.get(name).copied()
    }

    pub(super) fn members(&self, index: RoomIndex) -> &[SocketKey] {
        &self.room(index).members
    }

    /// In the order of their slots: that of creation, but a new room takes the place of one
    /// that is gone.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().flatten().map(|room| &*room.name)
    }

    pub(super) fn names_of<'a>(&'a self, slot: &'a Slot) -> impl Iterator<Item = &'a str> {
        slot.memberships.iter().map(|membership| &*self.room(membership.room).name)
    }

    /// Which of the socket's memberships is that of the room.
    pub(super) fn membership(
        &self,
        index: RoomIndex,
        key: SocketKey,
        memberships: &[Membership],
    ) -> Option<usize> {
        let room = self.room(index);
        // Either side knows; the shorter one is read. A socket's is bounded by its limit.
        if room.members.len() < memberships.len() {
            let place = room.members.iter().position(|member| *member == key)?;
            Some(room.backs[place] as usize)
        } else {
            memberships.iter().position(|m| m.room == index)
        }
    }

    /// Where the socket stands among the members.
    pub(super) fn place(
        &self,
        sockets: &Sockets,
        index: RoomIndex,
        key: SocketKey,
    ) -> Option<usize> {
        let memberships = &sockets.get(key)?.memberships;
        let nth = self.membership(index, key, memberships)?;
        Some(memberships[nth].place as usize)
    }

    /// Puts a live socket into a room that it is not in.
    pub(super) fn enter(&mut self, sockets: &mut Sockets, key: SocketKey, name: &str) {
        let index = match self.index(name) {
            Some(index) => index,
            None => self.create(name),
        };
        let slot = sockets.live(key);
        let room = self.room_mut(index);
        room.backs.push(slot.memberships.len() as u32);
        slot.memberships.push(Membership { room: index, place: room.members.len() as u32 });
        room.members.push(key);
    }

    /// Ends the `nth` membership of a live socket; the room goes with its last member.
    pub(super) fn exit(&mut self, sockets: &mut Sockets, key: SocketKey, nth: usize) {
        let memberships = &mut sockets.live(key).memberships;
        let ended = memberships.swap_remove(nth);
        if let Some(moved) = memberships.get(nth) {
            self.room_mut(moved.room).backs[moved.place as usize] = nth as u32;
        }
        trim(memberships);

        let place = ended.place as usize;
        let room = self.room_mut(ended.room);
        room.members.swap_remove(place);
        room.backs.swap_remove(place);
        if let Some(moved) = room.members.get(place) {
            let back = room.backs[place] as usize;
            sockets.live(*moved).memberships[back].place = ended.place;
        }
        if room.members.is_empty() {
            self.remove(ended.room);
        } else {
            trim(&mut room.members);
            trim(&mut room.backs);
        }
    }

    /// Ends the newest memberships of a live socket until it has `count`.
    pub(super) fn truncate(&mut self, sockets: &mut Sockets, key: SocketKey, count: usize) {
        while let Some(last) = sockets.live(key).memberships.len().checked_sub(1)
            && last >= count
        {
            self.exit(sockets, key, last);
        }
    }

    /// Puts every member out of a room.
    pub(super) fn evict(&mut self, sockets: &mut Sockets, index: RoomIndex) {
        for _ in 0..self.members(index).len() {
            let room = self.room(index);
            let last = room.members.len() - 1;
            let (key, nth) = (room.members[last], room.backs[last]);
            self.exit(sockets, key, nth as usize);
        }
    }

    fn create(&mut self, name: &str) -> RoomIndex {
        let name: Arc<str> = name.into();
        let room = Some(Room { name: Arc::clone(&name), members: Vec::new(), backs: Vec::new() });
        let index = if let Some(index) = self.free.pop() {
            self.slots[index.0 as usize] = room;
            index
        } else {
            self.slots.push(room);
            RoomIndex((self.slots.len() - 1) as u32)
        };
        self.by_name.insert(name, index);
        index
    }

    fn remove(&mut self, index: RoomIndex) {
        if let Some(room) = self.slots[index.0 as usize].take() {
            self.by_name.remove(&room.name);
            self.free.push(index);
        }
        if self.by_name.is_empty() {
            self.slots.clear();
            self.free.clear();
            trim(&mut self.slots);
            trim(&mut self.free);
            self.by_name.shrink_to(32);
        }
    }

    /// Whether nothing is kept but some spare room for a restart.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.slots.is_empty() && self.free.is_empty() && self.by_name.capacity() <= 64
    }

    fn room(&self, index: RoomIndex) -> &Room {
        self.slots[index.0 as usize]
            .as_ref()
            .expect("an index is kept as long as its room has members")
    }

    fn room_mut(&mut self, index: RoomIndex) -> &mut Room {
        self.slots[index.0 as usize]
            .as_mut()
            .expect("an index is kept as long as its room has members")
    }
}
