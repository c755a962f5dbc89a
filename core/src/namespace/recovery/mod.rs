//! Connection state recovery: who was lost comes back as who it was, and gets what it missed.

mod log;
mod sessions;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use self::log::{Addressees, Log};
use self::sessions::{Promise, Session, Sessions, Since};
use super::{DuplicateId, Namespace, NamespaceEvent, SocketKey, Target};
use crate::offset::Offset;
use crate::outgoing::Draft;
use crate::{HashKey, Outgoing, Pid, SocketId, Timestamp};

pub use sessions::Luggage;

/// How long a socket that was lost may come back, and how much is kept for it.
///
/// All of it is kept once for a [`Namespace`], not for each socket. Whatever limit is met, the
/// oldest goes: a client that needed it connects as a new one.
#[derive(Clone, Debug)]
pub struct RecoveryLimits {
    pub(super) max_disconnection: Duration,
    pub(super) notice: Duration,
    pub(super) packets: usize,
    pub(super) bytes: usize,
    pub(super) sessions: usize,
}

impl Default for RecoveryLimits {
    fn default() -> Self {
        Self {
            max_disconnection: Duration::from_mins(2),
            notice: Duration::from_secs(65),
            packets: 10_000,
            bytes: 16 * 1024 * 1024,
            sessions: 10_000,
        }
    }
}

impl RecoveryLimits {
    /// How long a socket may be away. Default 2 minutes, as in Node.
    #[must_use]
    pub const fn max_disconnection(mut self, duration: Duration) -> Self {
        self.max_disconnection = duration;
        self
    }

    /// How long it may take until a loss is noticed, which is how much longer packets are kept.
    /// Default 65 s: a ping interval and two ping timeouts, each with its default. A client that
    /// lived when it was last heard of has read what was sent before the ping that it answered.
    #[must_use]
    pub const fn notice(mut self, duration: Duration) -> Self {
        self.notice = duration;
        self
    }

    /// How many packets are kept. Default 10,000, an average of 50 a second for as long as they are.
    #[must_use]
    pub const fn packets(mut self, packets: usize) -> Self {
        self.packets = packets;
        self
    }

    /// How many bytes the packets take, each with 192 bytes beyond its own and the names of its
    /// rooms. Default 16 MiB.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How many sockets may be away. Default 10,000, with 1024 rooms each in the worst case.
    #[must_use]
    pub const fn sessions(mut self, sessions: usize) -> Self {
        self.sessions = sessions;
        self
    }

    /// Whether anybody can come back at all: some time and some sockets are allowed for.
    pub const fn recovers(&self) -> bool {
        !self.max_disconnection.is_zero() && self.sessions > 0
    }
}

/// A socket that is back.
#[derive(Debug)]
pub struct Recovered {
    /// What it is known by from now on.
    pub key: SocketKey,
    /// Its id, as before.
    pub id: SocketId,
    /// What was left with it when it went.
    pub luggage: Option<Luggage>,
    /// What it missed, in order.
    pub missed: Vec<Outgoing>,
}

/// Why a socket cannot come back: its client is to connect as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotRecovered {
    /// Nobody is away under this `pid`: it was never given out, its time is over, it has been
    /// used, or its socket is connected.
    #[error("nobody is away under this pid")]
    Unknown,
    /// Something of what it missed is gone, or its offset is none. Its session is over.
    #[error("what was missed since that offset is not known any more")]
    Incomplete,
}

/// What a namespace keeps for those who may come back.
pub(super) struct Recovery {
    log: Log,
    sessions: Sessions,
    limits: RecoveryLimits,
    expired: VecDeque<NamespaceEvent>,
}

impl Recovery {
    fn new(key: HashKey, limits: RecoveryLimits) -> Self {
        Self {
            log: Log::new(&limits),
            sessions: Sessions::new(key),
            limits,
            expired: VecDeque::new(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let deadlines = [self.sessions.poll_timeout(), self.log.poll_timeout()];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(session) = self.sessions.take_expired(now) {
            self.expire(session);
        }
        self.log.expire(now);
    }

    pub(super) fn poll_event(&mut self) -> Option<NamespaceEvent> {
        self.expired.pop_front()
    }

    /// Whether a room is named by the id of a socket that may come back into it.
    pub(super) fn is_away(&self, room: &str) -> bool {
        SocketId::parse(room).is_some_and(|id| self.sessions.is_away(&id))
    }

    /// A socket joined a room: what was said there before was not for it.
    pub(super) fn joined(&mut self, key: SocketKey, room: &str) {
        let now = self.last();
        if let Some(promise) = self.sessions.promised(key) {
            promise.joined(room, now);
        }
    }

    /// A socket left a room: what was said there is still for it, if it was lost on the way.
    pub(super) fn left(&mut self, key: SocketKey, room: &str) {
        let (now, first) = (self.last(), self.log.first());
        if let Some(promise) = self.sessions.promised(key) {
            promise.left(room, now);
            promise.forget(first);
        }
    }

    /// A socket left all its rooms but that of its id and the first `count` others.
    pub(super) fn truncated(&mut self, key: SocketKey, own: &str, count: usize) {
        let (now, first) = (self.last(), self.log.first());
        if let Some(promise) = self.sessions.promised(key) {
            promise.truncate(own, count, now);
            promise.forget(first);
        }
    }

    /// A socket went for good.
    pub(super) fn gone(&mut self, key: SocketKey) {
        self.sessions.break_promise(key);
        self.forget_what_nobody_needs();
    }

    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.sessions.is_empty() && self.log.len() == 0 && self.poll_timeout().is_none()
    }

    /// The offset of the last packet.
    fn last(&self) -> Offset {
        Offset::new(self.log.next().get() - 1)
    }

    fn expire(&mut self, session: Session) {
        let Session { id, luggage, .. } = session;
        self.expired.push_back(NamespaceEvent::Expired { id, luggage });
        self.forget_what_nobody_needs();
    }

    fn forget_what_nobody_needs(&mut self) {
        if self.sessions.is_empty() {
            self.log.clear();
        }
    }

    fn record(&mut self, now: Timestamp, addressees: Addressees, draft: Draft) -> Outgoing {
        let packet = draft.complete(self.log.next());
        if self.sessions.is_empty() {
            self.log.skip();
        } else {
            self.log.push(now, addressees, packet.clone());
        }
        packet
    }

    /// What a session missed; `None` if that is not known.
    fn missed(
        &self,
        now: Timestamp,
        session: &Session,
        offset: Option<&str>,
    ) -> Option<Vec<Outgoing>> {
        // A client that read nothing has no offset. An earlier one than it can have is a lie.
        let Since { connected, known } = session.since;
        let offset = offset.map_or(Some(connected), Offset::parse)?.max(connected);
        if offset < known {
            return None;
        }
        Some(self.log.missed(now, offset, session)?.cloned().collect())
    }
}

/// Recovery. Nothing of it does anything, or costs anything, unless
/// [`with_recovery`](Namespace::with_recovery) was called.
impl Namespace {
    /// Sockets that are lost may come back.
    #[must_use]
    pub fn with_recovery(mut self, limits: RecoveryLimits) -> Self {
        self.recovery = Some(Box::new(Recovery::new(self.key, limits)));
        self
    }

    /// Whether sockets that are lost may come back.
    pub fn has_recovery(&self) -> bool {
        self.recovery.is_some()
    }

    /// A socket that just connected, and is in no room but its own, may come back under `pid`.
    pub fn promise(&mut self, key: SocketKey, pid: Pid) {
        let Some(slot) = self.sockets.get(key) else { return };
        if let Some(recovery) = &mut self.recovery {
            let now = recovery.last();
            let since = Since { connected: now, known: now };
            let mut promise = Promise { pid, since, stays: Vec::new() };
            promise.joined(slot.id.as_str(), now);
            recovery.sessions.promise(key, promise);
        }
    }

    /// The socket that is connected and was promised to come back under `pid`: if a client
    /// presents it, that socket has been lost and it was not noticed yet.
    pub fn promised(&self, pid: &Pid) -> Option<SocketKey> {
        self.recovery.as_ref()?.sessions.connected(pid)
    }

    /// As [`disconnect`](Self::disconnect), but the socket may come back. False if it is not
    /// connected. Without recovery, or a promise, it is gone for good.
    pub fn lose(&mut self, now: Timestamp, key: SocketKey, luggage: Option<Luggage>) -> bool {
        let Some(slot) = self.sockets.get(key) else {
            return false;
        };
        let id = slot.id;
        if let Some(recovery) = &mut self.recovery
            && let Some(promise) = recovery.sessions.break_promise(key)
            && recovery.limits.sessions > 0
        {
            let (pid, until) = (promise.pid, now + recovery.limits.max_disconnection);
            let session = Session::new(id, key, promise, until, luggage);
            recovery.sessions.keep(pid, session);
            if recovery.sessions.len() > recovery.limits.sessions
                && let Some(oldest) = recovery.sessions.take_first()
            {
                recovery.expire(oldest);
            }
        }
        self.disconnect(key)
    }

    /// How many sockets are away.
    pub fn away(&self) -> usize {
        self.recovery.as_ref().map_or(0, |recovery| recovery.sessions.len())
    }

    /// Nobody who is away can come back any more, as if their time were up.
    pub fn forget_away(&mut self) {
        let Some(recovery) = &mut self.recovery else { return };
        while let Some(session) = recovery.sessions.take_first() {
            recovery.expire(session);
        }
    }

    /// A client is back, with the offset of the last packet that it read, if it read one: it is
    /// connected as the socket it was, in its rooms. Nothing may come between this and the
    /// sending of what it missed.
    ///
    /// A `pid` is good for one use at a time: whoever comes second finds nobody away.
    ///
    /// # Errors
    ///
    /// If nobody is away under this `pid`, or what it missed is not known; nobody is connected
    /// then.
    pub fn recover(
        &mut self,
        now: Timestamp,
        pid: &Pid,
        offset: Option<&str>,
    ) -> Result<Recovered, NotRecovered> {
        self.handle_timeout(now);
        let recovery = self.recovery.as_mut().ok_or(NotRecovered::Unknown)?;
        let session = recovery.sessions.take(pid).ok_or(NotRecovered::Unknown)?;
        let Some(missed) = recovery.missed(now, &session, offset) else {
            recovery.expire(session);
            return Err(NotRecovered::Incomplete);
        };
        let (id, luggage) = (session.id, session.luggage.clone());
        let key = self.come_back(*pid, session).map_err(|_| NotRecovered::Unknown)?;
        Ok(Recovered { key, id, luggage, missed })
    }

    /// Completes a packet that is for one socket, and keeps it in case that socket is lost.
    ///
    /// Packets are to be sent in the order of these calls, and nothing may change membership
    /// between this and the sending.
    pub fn record_for(&mut self, now: Timestamp, key: SocketKey, draft: Draft) -> Outgoing {
        match (&mut self.recovery, self.sockets.get(key)) {
            (Some(recovery), Some(slot)) => recovery.record(now, Addressees::One(slot.id), draft),
            _ => draft.complete(Offset::new(0)),
        }
    }

    /// Takes back the packet of the [`record_for`](Self::record_for) just before: it was refused on its way
    /// to the client, and the sender told so. Nobody who comes back has missed it.
    pub fn retract(&mut self) {
        if let Some(recovery) = &mut self.recovery {
            recovery.log.pop();
        }
    }

    /// As [`record_for`](Self::record_for), for a packet that is for whoever is meant.
    pub fn record(&mut self, now: Timestamp, target: &Target, draft: Draft) -> Outgoing {
        let Some(recovery) = &mut self.recovery else {
            return draft.complete(Offset::new(0));
        };
        let id = |key| {
            self.sockets.get(key).map(|slot| slot.id).or_else(|| recovery.sessions.sender(key))
        };
        let without = target.sender().and_then(id);
        recovery.record(now, Addressees::Many { target: target.clone(), without }, draft)
    }

    /// Connects a socket that was away.
    fn come_back(&mut self, pid: Pid, session: Session) -> Result<SocketKey, DuplicateId> {
        let key = self.enter(session.id)?;
        // It is in those of them that it was in, that of its id not excepted.
        self.sockets.live(key).left_own_room = true;
        let mut lost: Vec<Box<str>> = Vec::new();
        for room in session.rooms() {
            // Only one that is somebody's own by now can be closed to it.
            if self.join(key, room).is_err() {
                lost.push(room.into());
            }
        }
        if let Some(recovery) = &mut self.recovery {
            // Where it was before counts: it may be lost again before it reads anything.
            let since = session.since;
            recovery.sessions.promise(key, Promise { pid, since, stays: session.into_stays() });
            for room in &lost {
                recovery.left(key, room);
            }
        }
        Ok(key)
    }
}
