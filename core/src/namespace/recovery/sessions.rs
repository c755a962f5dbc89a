//! Who may come back, and as whom.

use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::namespace::sockets::{SocketKey, SocketMap};
use crate::offset::Offset;
use crate::{HashKey, Pid, SocketId, Timestamp};

/// What whoever owns the namespace leaves with a socket that may come back: opaque to the core.
#[derive(Clone)]
pub struct Luggage(Arc<dyn Any + Send + Sync>);

impl Luggage {
    /// Packs a value.
    pub fn new(value: Arc<dyn Any + Send + Sync>) -> Self {
        Self(value)
    }

    /// Unpacks it.
    pub fn into_inner(self) -> Arc<dyn Any + Send + Sync> {
        self.0
    }
}

impl fmt::Debug for Luggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Luggage(..)")
    }
}

/// The same value, and not one that is equal to it.
impl PartialEq for Luggage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A socket in a room, from what had been said when it joined up to what had been said when it
/// left. The names of its rooms at this moment are not enough: what it missed was sent before.
pub(super) struct Stay {
    pub(super) room: Box<str>,
    from: Offset,
    until: Option<Offset>,
}

impl Stay {
    pub(super) const fn is_over(&self) -> bool {
        self.until.is_some()
    }

    fn covers(&self, offset: Offset) -> bool {
        self.from < offset && self.until.is_none_or(|until| offset <= until)
    }
}

/// A socket that is connected and may come back.
pub(super) struct Promise {
    pub(super) pid: Pid,
    /// Where it was is known from here on; what was said before was not for it, or is forgotten.
    pub(super) since: Since,
    /// In the order in which it joined, that of its id first.
    pub(super) stays: Vec<Stay>,
}

/// How far back a client may ask.
#[derive(Clone, Copy)]
pub(super) struct Since {
    /// Before this it was not there.
    pub(super) connected: Offset,
    /// Before this it is not known where it was.
    pub(super) known: Offset,
}

impl Promise {
    pub(super) fn joined(&mut self, room: &str, now: Offset) {
        self.stays.push(Stay { room: room.into(), from: now, until: None });
    }

    pub(super) fn left(&mut self, room: &str, now: Offset) {
        let is_it = |stay: &Stay| !stay.is_over() && *stay.room == *room;
        if let Some(at) = self.stays.iter().rposition(is_it) {
            self.end(at, now);
        }
    }

    fn end(&mut self, at: usize, now: Offset) {
        if self.stays[at].from == now {
            // Nothing was said meanwhile.
            self.stays.remove(at);
        } else {
            self.stays[at].until = Some(now);
        }
    }

    /// Ends the stays behind the first `count`, its own room apart.
    pub(super) fn truncate(&mut self, own: &str, count: usize, now: Offset) {
        let open = |stay: &&Stay| !stay.is_over() && *stay.room != *own;
        let mut left = self.stays.iter().filter(open).count().saturating_sub(count);
        for at in (0..self.stays.len()).rev() {
            if left > 0 && open(&&self.stays[at]) {
                self.end(at, now);
                left -= 1;
            }
        }
    }

    /// Forgets stays that ended before `first`, and the oldest ends where there are too many.
    pub(super) fn forget(&mut self, first: Offset) {
        self.stays.retain(|stay| stay.until.is_none_or(|until| until >= first));
        let over = self.stays.iter().filter(|stay| stay.is_over()).count();
        for _ in MAX_STAYS_THAT_ENDED..over {
            let ends =
                self.stays.iter().enumerate().filter_map(|(at, stay)| Some((stay.until?, at)));
            if let Some((until, at)) = ends.min() {
                self.since.known = self.since.known.max(until);
                self.stays.remove(at);
            }
        }
    }
}

/// A client that joins and leaves without end is not brought back from before that.
const MAX_STAYS_THAT_ENDED: usize = 128;

/// A socket that is away.
pub(super) struct Session {
    pub(super) id: SocketId,
    /// Sorted by room.
    stays: Vec<Stay>,
    pub(super) since: Since,
    pub(super) until: Timestamp,
    pub(super) luggage: Option<Luggage>,
    /// What it was known by.
    pub(super) key: SocketKey,
}

impl Session {
    pub(super) fn new(
        id: SocketId,
        key: SocketKey,
        promise: Promise,
        until: Timestamp,
        luggage: Option<Luggage>,
    ) -> Self {
        let Promise { mut stays, since, .. } = promise;
        stays.sort_by(|one, other| one.room.cmp(&other.room));
        Self { id, stays, since, until, luggage, key }
    }

    /// Whether it was in a room when the packet at `offset` was sent.
    pub(super) fn was_in(&self, room: &str, offset: Offset) -> bool {
        let first = self.stays.partition_point(|stay| *stay.room < *room);
        let stays = self.stays[first..].iter().take_while(|stay| *stay.room == *room);
        stays.into_iter().any(|stay| stay.covers(offset))
    }

    /// The rooms that it was in when it was lost.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.stays.iter().filter(|stay| !stay.is_over()).map(|stay| &*stay.room)
    }

    /// As it is once it is connected again.
    pub(super) fn into_stays(self) -> Vec<Stay> {
        self.stays
    }
}

/// The secrets that were given out, each with whom it stands for: somebody connected, or away.
pub(super) struct Sessions {
    promises: SocketMap<Promise>,
    connected: HashMap<Pid, SocketKey, HashKey>,
    away: HashMap<Pid, Session, HashKey>,
    deadlines: BTreeSet<(Timestamp, Pid)>,
    /// Those away by what they were known by: one may still be named as a sender.
    senders: HashMap<SocketKey, SocketId, HashKey>,
    ids: HashSet<SocketId, HashKey>,
}

impl Sessions {
    pub(super) fn new(key: HashKey) -> Self {
        Self {
            promises: SocketMap::new(),
            connected: HashMap::with_hasher(key),
            away: HashMap::with_hasher(key),
            deadlines: BTreeSet::new(),
            senders: HashMap::with_hasher(key),
            ids: HashSet::with_hasher(key),
        }
    }

    /// A connected socket may come back under `pid`.
    pub(super) fn promise(&mut self, key: SocketKey, promise: Promise) {
        self.break_promise(key);
        self.connected.insert(promise.pid, key);
        self.promises.insert(key, promise);
    }

    pub(super) fn promised(&mut self, key: SocketKey) -> Option<&mut Promise> {
        self.promises.get_mut(key)
    }

    /// A socket is no longer connected, whatever becomes of it.
    pub(super) fn break_promise(&mut self, key: SocketKey) -> Option<Promise> {
        let promise = self.promises.remove(key)?;
        self.connected.remove(&promise.pid);
        if self.connected.is_empty() {
            self.connected.shrink_to(32);
        }
        Some(promise)
    }

    pub(super) fn connected(&self, pid: &Pid) -> Option<SocketKey> {
        self.connected.get(pid).copied()
    }

    pub(super) fn keep(&mut self, pid: Pid, session: Session) {
        self.deadlines.insert((session.until, pid));
        self.senders.insert(session.key, session.id);
        self.ids.insert(session.id);
        self.away.insert(pid, session);
    }

    pub(super) fn take(&mut self, pid: &Pid) -> Option<Session> {
        let session = self.away.remove(pid)?;
        self.deadlines.remove(&(session.until, *pid));
        self.senders.remove(&session.key);
        self.ids.remove(&session.id);
        if self.away.is_empty() {
            self.away.shrink_to(32);
            self.senders.shrink_to(32);
            self.ids.shrink_to(32);
        }
        Some(session)
    }

    /// Whoever has been away for the longest.
    pub(super) fn take_first(&mut self) -> Option<Session> {
        let (_, pid) = self.deadlines.first().copied()?;
        self.take(&pid)
    }

    /// Whoever's time is up.
    pub(super) fn take_expired(&mut self, now: Timestamp) -> Option<Session> {
        self.deadlines.first().is_some_and(|(until, _)| *until <= now).then_some(())?;
        self.take_first()
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// How many are away.
    pub(super) fn len(&self) -> usize {
        self.away.len()
    }

    /// Whether nobody could ask for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.connected.is_empty() && self.away.is_empty()
    }

    /// Whether the socket with this id is away.
    pub(super) fn is_away(&self, id: &SocketId) -> bool {
        self.ids.contains(id)
    }

    /// The id of a sender that has gone away.
    pub(super) fn sender(&self, key: SocketKey) -> Option<SocketId> {
        self.senders.get(&key).copied()
    }
}
