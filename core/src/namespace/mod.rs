//! What the clients of one namespace share: sockets, rooms, broadcasts and acks.

mod acks;
mod limits;
mod recovery;
mod refusals;
mod rooms;
mod sockets;
mod target;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;

use crate::{AckId, HashKey, Payload, SocketId, Timestamp};
use acks::Acks;
use recovery::Recovery;
use rooms::Rooms;
use sockets::{Marks, Sockets};
use watch::Watch;

pub use acks::{AckCause, AckError, NamespaceEvent};
pub use limits::NamespaceLimits;
pub use recovery::{Luggage, NotRecovered, Recovered, RecoveryLimits};
pub use refusals::{DuplicateId, JoinError};
pub use sockets::{SocketKey, SocketMap};
pub use target::Target;
pub use watch::RoomEvent;

/// One namespace: its sockets, their rooms, who a broadcast reaches, and the acks awaited.
///
/// A machine without I/O, clock or locks. Every answer follows from the history of calls: of
/// two namespaces that were told the same, one with another [`HashKey`], every list comes in the
/// same order. Lists change their order only when somebody comes or goes: whoever comes is
/// added at the end, and when one goes the last takes its place.
///
/// Every socket is in the room named by its id from the start, as in Node, but no room is made
/// for it. Only that socket can be in it: if others are in a room of that name when the socket
/// connects, they are put out.
pub struct Namespace {
    sockets: Sockets,
    rooms: Rooms,
    marks: Marks,
    acks: Acks,
    recovery: Option<Box<Recovery>>,
    watch: Option<Box<Watch>>,
    limits: NamespaceLimits,
    key: HashKey,
}

impl Namespace {
    /// A namespace without a socket, with the default limits.
    pub fn new(key: HashKey) -> Self {
        Self::with_limits(key, NamespaceLimits::default())
    }

    /// A namespace without a socket.
    pub fn with_limits(key: HashKey, limits: NamespaceLimits) -> Self {
        Self {
            sockets: Sockets::new(key),
            rooms: Rooms::new(key),
            marks: Marks::new(),
            acks: Acks::new(),
            recovery: None,
            watch: None,
            limits,
            key,
        }
    }

    /// A socket enters. It is in the room named by its id, which nobody else is in.
    ///
    /// From here on a broadcast reaches it: a socket that is still before a middleware has not
    /// entered, and the rooms it was promised are joined when it does.
    ///
    /// # Errors
    ///
    /// If a socket with that id is connected.
    pub fn connect(&mut self, id: SocketId) -> Result<SocketKey, DuplicateId> {
        let key = self.enter(id)?;
        if let Some(watch) = &mut self.watch {
            watch.joined(id.as_str(), true, id);
        }
        Ok(key)
    }

    /// As [`connect`](Self::connect), but nobody is told that it is in its own room.
    fn enter(&mut self, id: SocketId) -> Result<SocketKey, DuplicateId> {
        let key = self.sockets.insert(id).ok_or(DuplicateId(id))?;
        self.marks.insert(key);
        // A recovered socket comes back with an id that others may know by now.
        if let Some(index) = self.rooms.index(id.as_str()) {
            let members = self.rooms.members(index);
            for (nth, key) in members.iter().enumerate() {
                if let Some(watch) = &mut self.watch {
                    let socket = self.sockets.live(*key).id;
                    watch.left(id.as_str(), nth + 1 == members.len(), socket);
                }
                if let Some(recovery) = &mut self.recovery {
                    recovery.left(*key, id.as_str());
                }
            }
            self.rooms.evict(&mut self.sockets, index);
        }
        Ok(key)
    }

    /// Whether [`poll_event`](Self::poll_event) is to say what happens to rooms from here on. It is
    /// not, by default, and nothing is done for it. What was not asked for yet is forgotten when this
    /// ends.
    pub fn watch_rooms(&mut self, watch: bool) {
        if watch != self.watch.is_some() {
            self.watch = watch.then(Box::default);
        }
    }

    /// A socket leaves: its rooms, the acks it owes, and the namespace. False if it had left.
    ///
    /// Acks of which it was the last one awaited are done.
    pub fn disconnect(&mut self, key: SocketKey) -> bool {
        if !self.contains(key) {
            return false;
        }
        self.tell_of_leaving(key);
        self.rooms.truncate(&mut self.sockets, key, 0);
        self.acks.vanish(&mut self.sockets, key);
        if let Some(recovery) = &mut self.recovery {
            recovery.gone(key);
        }
        self.marks.remove(key);
        self.sockets.remove(key);
        true
    }

    /// How many sockets are connected.
    pub fn len(&self) -> usize {
        self.sockets.everyone().len()
    }

    /// Whether no socket is connected.
    pub fn is_empty(&self) -> bool {
        self.sockets.everyone().is_empty()
    }

    /// Whether the socket is connected.
    pub fn contains(&self, key: SocketKey) -> bool {
        self.sockets.get(key).is_some()
    }

    /// The connected socket with that id.
    pub fn key(&self, id: &SocketId) -> Option<SocketKey> {
        self.sockets.key(id)
    }

    /// The id of a connected socket.
    pub fn id(&self, key: SocketKey) -> Option<SocketId> {
        self.sockets.get(key).map(|slot| slot.id)
    }

    /// All connected sockets, in the order in which a broadcast reaches them.
    pub fn sockets(&self) -> impl ExactSizeIterator<Item = SocketKey> {
        self.sockets.everyone().iter().copied()
    }

    /// Puts a socket into a room; `Ok(false)` if it was in it, or is not connected.
    ///
    /// The name of its own id brings it back into the room that it may have left.
    ///
    /// # Errors
    ///
    /// If the name is too long, the id of another connected socket, or one room too many.
    pub fn join(&mut self, key: SocketKey, room: &str) -> Result<bool, JoinError> {
        let Some(slot) = self.sockets.get_mut(key) else {
            return Ok(false);
        };
        if room == slot.id.as_str() {
            let (id, is_back) = (slot.id, std::mem::take(&mut slot.left_own_room));
            if let Some(recovery) = self.recovery.as_mut().filter(|_| is_back) {
                recovery.joined(key, room);
            }
            if let Some(watch) = self.watch.as_mut().filter(|_| is_back) {
                watch.joined(room, true, id);
            }
            return Ok(is_back);
        }
        let (id, memberships) = (slot.id, &slot.memberships);
        let index = self.rooms.index(room);
        match index {
            Some(index) if self.rooms.membership(index, key, memberships).is_some() => {
                return Ok(false);
            }
            Some(_) => {}
            None => self.check_room(room)?,
        }
        let count = self.sockets.live(key).memberships.len();
        if count >= self.limits.rooms_per_socket {
            let limit = self.limits.rooms_per_socket;
            return Err(JoinError::TooManyRooms { limit });
        }
        self.rooms.enter(&mut self.sockets, key, room);
        if let Some(recovery) = &mut self.recovery {
            recovery.joined(key, room);
        }
        if let Some(watch) = &mut self.watch {
            watch.joined(room, index.is_none(), id);
        }
        Ok(true)
    }

    /// Whether a socket that is about to connect may join a room then.
    ///
    /// # Errors
    ///
    /// If the name is too long, or the id of a socket that is connected or away.
    pub fn check_room(&self, room: &str) -> Result<(), JoinError> {
        if room.len() > self.limits.room_name {
            let limit = self.limits.room_name;
            return Err(JoinError::NameTooLong { limit });
        }
        let is_away = |recovery: &Recovery| recovery.is_away(room);
        if self.sockets.named(room).is_some() || self.recovery.as_deref().is_some_and(is_away) {
            return Err(JoinError::ForeignId);
        }
        Ok(())
    }

    /// Puts a socket into all of these rooms, or into none; returns how many it was not in before.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join), for the first room that cannot be joined. The socket is then in
    /// the rooms it was in before.
    pub fn join_all<R: AsRef<str>>(
        &mut self,
        key: SocketKey,
        rooms: impl IntoIterator<Item = R>,
    ) -> Result<usize, JoinError> {
        let Some(slot) = self.sockets.get(key) else {
            return Ok(0);
        };
        let (id, count, left_own_room) = (slot.id, slot.memberships.len(), slot.left_own_room);
        let told = self.watch.as_ref().map_or(0, |watch| watch.len());
        let mut joined = 0;
        for room in rooms {
            match self.join(key, room.as_ref()) {
                Ok(newly) => joined += usize::from(newly),
                Err(error) => {
                    if let Some(watch) = &mut self.watch {
                        watch.truncate(told);
                    }
                    self.rooms.truncate(&mut self.sockets, key, count);
                    self.sockets.live(key).left_own_room = left_own_room;
                    if let Some(recovery) = &mut self.recovery {
                        if left_own_room {
                            recovery.left(key, id.as_str());
                        }
                        recovery.truncated(key, id.as_str(), count);
                    }
                    return Err(error);
                }
            }
        }
        Ok(joined)
    }

    /// Takes a socket out of a room, that of its own id too; false if it was not in it.
    pub fn leave(&mut self, key: SocketKey, room: &str) -> bool {
        let Some(slot) = self.sockets.get_mut(key) else {
            return false;
        };
        if room == slot.id.as_str() {
            let (id, leaves) = (slot.id, !std::mem::replace(&mut slot.left_own_room, true));
            if let Some(recovery) = self.recovery.as_mut().filter(|_| leaves) {
                recovery.left(key, room);
            }
            if let Some(watch) = self.watch.as_mut().filter(|_| leaves) {
                watch.left(room, true, id);
            }
            return leaves;
        }
        let nth = self
            .rooms
            .index(room)
            .and_then(|index| self.rooms.membership(index, key, &slot.memberships));
        match nth {
            Some(nth) => {
                let id = slot.id;
                self.rooms.exit(&mut self.sockets, key, nth);
                if let Some(recovery) = &mut self.recovery {
                    recovery.left(key, room);
                }
                if let Some(watch) = &mut self.watch {
                    watch.left(room, self.rooms.index(room).is_none(), id);
                }
                true
            }
            None => false,
        }
    }

    /// Takes a socket out of all its rooms, that of its own id too, as Node's `leaveAll`.
    ///
    /// Returns how many it left.
    pub fn leave_all(&mut self, key: SocketKey) -> usize {
        self.tell_of_leaving(key);
        let Some(slot) = self.sockets.get_mut(key) else {
            return 0;
        };
        let (id, own) = (slot.id, !std::mem::replace(&mut slot.left_own_room, true));
        let left = slot.memberships.len() + usize::from(own);
        self.rooms.truncate(&mut self.sockets, key, 0);
        if let Some(recovery) = &mut self.recovery {
            recovery.left(key, id.as_str());
            recovery.truncated(key, id.as_str(), 0);
        }
        left
    }

    /// A socket is about to leave all its rooms.
    fn tell_of_leaving(&mut self, key: SocketKey) {
        let (Some(watch), Some(slot)) = (&mut self.watch, self.sockets.get(key)) else { return };
        if !slot.left_own_room {
            watch.left(slot.id.as_str(), true, slot.id);
        }
        for room in self.rooms.names_of(slot) {
            let is_last = target::members(&self.sockets, &self.rooms, room).len() == 1;
            watch.left(room, is_last, slot.id);
        }
    }

    /// The rooms a socket is in, that of its own id first; none if it is not connected.
    pub fn rooms(&self, key: SocketKey) -> impl Iterator<Item = &str> {
        self.sockets.get(key).into_iter().flat_map(|slot| {
            let own = (!slot.left_own_room).then(|| slot.id.as_str());
            own.into_iter().chain(self.rooms.names_of(slot))
        })
    }

    /// Whether a socket is in a room.
    pub fn is_in(&self, key: SocketKey, room: &str) -> bool {
        let Some(slot) = self.sockets.get(key) else {
            return false;
        };
        if room == slot.id.as_str() {
            return !slot.left_own_room;
        }
        self.rooms
            .index(room)
            .and_then(|index| self.rooms.membership(index, key, &slot.memberships))
            .is_some()
    }

    /// How many sockets are in a room; 0 if there is no such room.
    pub fn room_len(&self, room: &str) -> usize {
        target::members(&self.sockets, &self.rooms, room).len()
    }

    /// Who is in a room, in the order in which a broadcast reaches them.
    pub fn members(&self, room: &str) -> impl ExactSizeIterator<Item = SocketKey> {
        target::members(&self.sockets, &self.rooms, room).iter().copied()
    }

    /// The rooms that somebody joined, each with at least one member; those named by the id of a
    /// connected socket are not among them.
    pub fn room_names(&self) -> impl Iterator<Item = &str> {
        self.rooms.names()
    }

    /// Writes whom a broadcast reaches into `list`, in place of what it held.
    ///
    /// Whoever is in at least one room of the union, each once, in the order of the union and of
    /// the members; without those in an excepted room; without the sender. The name of a
    /// connected socket's id is a room like any other, in both. A list that is used again makes
    /// this free of allocations.
    pub fn select(&mut self, target: &Target, list: &mut Vec<SocketKey>) {
        target::select(&self.sockets, &self.rooms, &mut self.marks, target, list);
    }

    /// An id for a packet that asks for acks, of one socket or of many: 0, 1, 2 and so on.
    pub fn next_ack_id(&mut self) -> AckId {
        self.acks.next_id()
    }

    /// Awaits an ack from each of these sockets until `deadline`.
    ///
    /// An id is for one call: a late answer to the first would pass for one to the second. With
    /// nobody to ask, the acks are done at once. Whoever is not connected counts as one who left,
    /// but cannot be listed as missing: its id is forgotten.
    ///
    /// # Errors
    ///
    /// If a socket owes too many acks, or the id cannot be used. Nothing is changed then.
    pub fn expect_acks(
        &mut self,
        id: AckId,
        sockets: &[SocketKey],
        deadline: Timestamp,
    ) -> Result<(), AckError> {
        let limit = self.limits.pending_acks_per_socket;
        self.acks.expect(&mut self.sockets, id, sockets, deadline, limit)
    }

    /// A socket answered. False, and nothing is changed, if it does not owe this ack: the id is
    /// unknown, was asked of others, was answered or came too late.
    pub fn handle_ack(&mut self, from: SocketKey, id: AckId, args: Payload) -> bool {
        self.acks.answer(&mut self.sockets, from, id, args)
    }

    /// The caller lost interest: the acks are not awaited any more, and no event follows.
    ///
    /// False if none are awaited; the event that they are done may then wait in `poll_event`.
    pub fn cancel_acks(&mut self, id: AckId) -> bool {
        self.acks.cancel(&mut self.sockets, id)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called: the earliest deadline.
    ///
    /// Changed by `expect_acks`, `handle_ack`, `cancel_acks`, `disconnect` and `handle_timeout`;
    /// with recovery by `lose`, `forget_away`, `recover`, `record` and `record_for`, too.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let recovery = self.recovery.as_ref().and_then(|recovery| recovery.poll_timeout());
        [self.acks.poll_timeout(), recovery].into_iter().flatten().min()
    }

    /// It is `now`: acks whose deadline is not after it are done, the earliest first; then
    /// sockets that have been away for too long cannot come back.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.acks.handle_timeout(&mut self.sockets, now);
        if let Some(recovery) = &mut self.recovery {
            recovery.handle_timeout(now);
        }
    }

    /// What happened next, oldest first; what concerns acks before what concerns recovery, and that
    /// before what concerns rooms.
    ///
    /// Changed by `expect_acks`, `handle_ack`, `disconnect` and `handle_timeout`; with recovery by
    /// `lose`, `forget_away` and `recover`, too. If [rooms are watched](Self::watch_rooms), by whatever
    /// changes who is in one.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<NamespaceEvent> {
        let acks = self.acks.poll_event();
        acks.or_else(|| self.recovery.as_mut()?.poll_event())
            .or_else(|| self.watch.as_mut()?.poll_event())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("sockets", &self.len())
            .field("rooms", &self.room_names().count())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
