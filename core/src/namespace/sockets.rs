//! The sockets of a namespace: by key, by id, and all in a row.

use std::collections::HashMap;
use std::fmt;

use slotmap::{DefaultKey, Key as _, SecondaryMap, SlotMap};

use super::acks::Pending;
use super::rooms::Membership;
use crate::{HashKey, SocketId};

/// A socket, as its namespace knows it: 8 bytes, opaque, with a generation.
///
/// The key of a socket that is gone is never somebody else's: whatever is asked of it is a no-op.
/// A key means something to the namespace that gave it only; keys of two namespaces may be equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey(DefaultKey);

impl SocketKey {
    /// The key of no socket: whatever is asked of it is a no-op, as for one that is gone.
    pub fn none() -> Self {
        Self(DefaultKey::null())
    }
}

impl fmt::Debug for SocketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketKey({:?})", self.0.data())
    }
}

/// What is kept beside each socket by whoever owns the namespace: a list, so that a broadcast
/// looks up its members without hashing. A stale key finds nothing.
#[derive(Clone, Debug)]
pub struct SocketMap<T>(SecondaryMap<DefaultKey, T>);

impl<T> SocketMap<T> {
    /// An empty map.
    pub fn new() -> Self {
        Self(SecondaryMap::new())
    }

    /// Whether nothing is kept beside any socket.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps a value beside a socket; returns what was there.
    pub fn insert(&mut self, key: SocketKey, value: T) -> Option<T> {
        self.0.insert(key.0, value)
    }

    /// What is kept beside a socket.
    pub fn get(&self, key: SocketKey) -> Option<&T> {
        self.0.get(key.0)
    }

    /// What is kept beside a socket, to be changed.
    pub fn get_mut(&mut self, key: SocketKey) -> Option<&mut T> {
        self.0.get_mut(key.0)
    }

    /// Takes out what is kept beside a socket.
    pub fn remove(&mut self, key: SocketKey) -> Option<T> {
        self.0.remove(key.0)
    }
}

impl<T> Default for SocketMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// One socket. An idle one owns no memory outside of this.
pub(super) struct Slot {
    pub(super) id: SocketId,
    /// Where it stands in `everyone`.
    place: u32,
    /// The room named by its id is virtual: this is its only trace.
    pub(super) left_own_room: bool,
    pub(super) memberships: Vec<Membership>,
    /// The acks awaited from it, by id.
    pub(super) pending: Vec<Pending>,
}

pub(super) struct Sockets {
    slots: SlotMap<DefaultKey, Slot>,
    by_id: HashMap<SocketId, SocketKey, HashKey>,
    everyone: Vec<SocketKey>,
}

impl Sockets {
    pub(super) fn new(key: HashKey) -> Self {
        Self { slots: SlotMap::new(), by_id: HashMap::with_hasher(key), everyone: Vec::new() }
    }

    /// `None` if a socket has that id.
    pub(super) fn insert(&mut self, id: SocketId) -> Option<SocketKey> {
        if self.by_id.contains_key(&id) {
            return None;
        }
        let key = SocketKey(self.slots.insert(Slot {
            id,
            place: self.everyone.len() as u32,
            left_own_room: false,
            memberships: Vec::new(),
            pending: Vec::new(),
        }));
        self.by_id.insert(id, key);
        self.everyone.push(key);
        Some(key)
    }

    /// Forgets a socket that is in no room and of which no ack is awaited.
    pub(super) fn remove(&mut self, key: SocketKey) {
        let Some(slot) = self.slots.remove(key.0) else {
            return;
        };
        debug_assert!(slot.memberships.is_empty() && slot.pending.is_empty());
        self.by_id.remove(&slot.id);
        self.everyone.swap_remove(slot.place as usize);
        if let Some(moved) = self.everyone.get(slot.place as usize) {
            self.slots[moved.0].place = slot.place;
        }
        trim(&mut self.everyone);
        if self.everyone.is_empty() {
            self.by_id.shrink_to(32);
        }
    }

    pub(super) fn get(&self, key: SocketKey) -> Option<&Slot> {
        self.slots.get(key.0)
    }

    pub(super) fn get_mut(&mut self, key: SocketKey) -> Option<&mut Slot> {
        self.slots.get_mut(key.0)
    }

    /// A socket that some index of the namespace holds, and which therefore exists.
    pub(super) fn live(&mut self, key: SocketKey) -> &mut Slot {
        self.slots.get_mut(key.0).expect("the indexes hold live sockets only")
    }

    pub(super) fn key(&self, id: &SocketId) -> Option<SocketKey> {
        self.by_id.get(id).copied()
    }

    /// The live socket whose id is this text.
    pub(super) fn named(&self, name: &str) -> Option<SocketKey> {
        self.key(&SocketId::parse(name)?)
    }

    pub(super) fn everyone(&self) -> &[SocketKey] {
        &self.everyone
    }

    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.slots.is_empty() && self.by_id.capacity() <= 64 && self.everyone.capacity() <= 64
    }

    pub(super) fn place(&self, key: SocketKey) -> Option<usize> {
        self.get(key).map(|slot| slot.place as usize)
    }

    /// Whoever is in the room named by a socket's id: that socket, or nobody.
    pub(super) fn own_room(&self, name: &str) -> &[SocketKey] {
        match self.named(name).and_then(|key| self.get(key)) {
            Some(slot) if !slot.left_own_room => {
                std::slice::from_ref(&self.everyone[slot.place as usize])
            }
            _ => &[],
        }
    }
}

/// Gives back what a list no longer needs after a burst; growth stays amortised, as it must shrink
/// to a quarter first.
pub(super) fn trim<T>(list: &mut Vec<T>) {
    if list.capacity() > 32 && list.len() < list.capacity() / 4 {
        list.shrink_to(list.capacity() / 2);
    }
}

/// Marks on sockets that all come off at once: who a broadcast met already.
pub(super) struct Marks {
    /// Apart from the slots, as a broadcast touches one per member: 8 bytes each instead of 88.
    marks: SecondaryMap<DefaultKey, u32>,
    epoch: u32,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self { marks: SecondaryMap::new(), epoch: 0 }
    }

    pub(super) fn insert(&mut self, key: SocketKey) {
        self.marks.insert(key.0, 0);
    }

    pub(super) fn remove(&mut self, key: SocketKey) {
        self.marks.remove(key.0);
    }

    /// Takes all marks off.
    pub(super) fn clear(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            // A mark of four billion broadcasts ago would pass for one of now.
            self.marks.values_mut().for_each(|mark| *mark = 0);
            self.epoch = 1;
        }
    }

    /// Marks a socket; false if it had the mark, or is not there.
    pub(super) fn mark(&mut self, key: SocketKey) -> bool {
        match self.marks.get_mut(key.0) {
            Some(mark) if *mark != self.epoch => {
                *mark = self.epoch;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_off_when_the_epoch_wraps_too() {
        let mut slots = SlotMap::new();
        let key = SocketKey(slots.insert(()));
        let mut marks = Marks::new();
        marks.insert(key);
        marks.clear();
        assert!(marks.mark(key));
        assert!(!marks.mark(key));
        marks.epoch = u32::MAX;
        marks.clear();
        assert_eq!(marks.epoch, 1);
        assert!(marks.mark(key), "the mark of the first epoch 1 is gone");
        marks.remove(key);
        marks.clear();
        assert!(!marks.mark(key), "nothing is kept of it");
    }

    #[test]
    fn what_is_kept_beside_a_socket_is_found_by_its_key_alone() {
        let mut slots = SlotMap::new();
        let [a, b] = [(); 2].map(|()| SocketKey(slots.insert(())));
        let mut map = SocketMap::new();
        assert_eq!((map.insert(a, 1), map.insert(a, 2)), (None, Some(1)));
        *map.get_mut(a).expect("it is there") += 5;
        assert_eq!((map.get(a), map.get(b), map.get(SocketKey::none())), (Some(&7), None, None));
        assert_eq!((map.remove(a), map.remove(a), map.get(a)), (Some(7), None, None));
    }

    #[test]
    fn a_list_shrinks_by_half_once_three_quarters_of_it_are_free() {
        for (capacity, len, trimmed) in
            [(64, 16, 64), (64, 15, 32), (64, 0, 32), (1000, 250, 1000), (32, 0, 32), (33, 0, 16)]
        {
            let mut list = vec![0_u8; capacity];
            list.truncate(len);
            trim(&mut list);
            assert_eq!(list.capacity(), trimmed, "{capacity} with {len}");
        }
    }

    #[test]
    fn an_idle_socket_is_one_small_slot() {
        assert!(size_of::<Slot>() <= 80, "{}", size_of::<Slot>());
        assert_eq!(size_of::<Option<SocketKey>>(), 8);
    }
}
