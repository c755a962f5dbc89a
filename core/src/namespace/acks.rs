//! The acks that are awaited: one table for one recipient and for ten thousand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use thiserror::Error;

use super::recovery::Luggage;
use super::sockets::{SocketKey, Sockets};
use super::watch::RoomEvent;
use crate::{AckId, Payload, SocketId, Timestamp};

/// What a [`Namespace`](crate::Namespace) has to say.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NamespaceEvent {
    /// Acks are not awaited any more: once for every successful `expect_acks` that was not
    /// cancelled.
    AcksDone {
        /// What the packet was sent with.
        id: AckId,
        /// Who answered what, in the order of arrival, each socket at most once.
        answers: Vec<(SocketId, Payload)>,
        /// Who did not answer: first those who left, in the order in which they did, then those
        /// whose time was up, in the order in which they were asked.
        missing: Vec<SocketId>,
        /// Why nothing more is awaited.
        cause: AckCause,
    },
    /// A socket that was lost cannot come back any more: its time is over, too many others were
    /// lost after it, or its client came back with an offset that nothing is known of.
    Expired {
        /// Whose id it was.
        id: SocketId,
        /// What was left with it.
        luggage: Option<Luggage>,
    },
    /// Something happened to a room; told if [rooms are
    /// watched](crate::Namespace::watch_rooms).
    Room(RoomEvent),
}

/// Why acks are not awaited any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckCause {
    /// Everyone answered; nobody is missing.
    Complete,
    /// The deadline passed while somebody was still awaited.
    TimedOut,
    /// Nobody is awaited any more, but at least one left without an answer.
    Disconnected,
}

/// Why acks cannot be awaited. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AckError {
    /// These sockets owe as many acks as they may.
    ///
    /// One that never answers should not stop a broadcast to others: send it without them, or
    /// disconnect them.
    #[error("sockets that owe as many acks as they may: {}", sockets.len())]
    TooManyPending {
        /// Who is at the limit, in the order in which they were to be asked.
        sockets: Vec<SocketKey>,
    },
    /// The id did not come from `next_ack_id`, or acks are awaited for it already.
    #[error("the ack id is in use, or was not given out")]
    UnusableId,
}

/// A socket's side of "this socket owes that ack".
pub(super) struct Pending {
    id: AckId,
    /// Where the socket stands among those asked.
    place: u32,
}

struct Entry {
    deadline: Timestamp,
    /// `None` for whoever answered or left.
    asked: Vec<Option<SocketKey>>,
    awaited: usize,
    answers: Vec<(SocketId, Payload)>,
    missing: Vec<SocketId>,
    somebody_left: bool,
}

pub(super) struct Acks {
    next: u64,
    entries: BTreeMap<AckId, Entry>,
    deadlines: BTreeSet<(Timestamp, AckId)>,
    events: VecDeque<NamespaceEvent>,
}

impl Acks {
    pub(super) const fn new() -> Self {
        Self {
            next: 0,
            entries: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            events: VecDeque::new(),
        }
    }

    pub(super) const fn next_id(&mut self) -> AckId {
        let id = AckId::new(self.next);
        self.next += 1;
        id
    }

    pub(super) fn expect(
        &mut self,
        sockets: &mut Sockets,
        id: AckId,
        keys: &[SocketKey],
        deadline: Timestamp,
        limit: usize,
    ) -> Result<(), AckError> {
        if id.get() >= self.next || self.entries.contains_key(&id) {
            return Err(AckError::UnusableId);
        }
        let is_full = |key| sockets.get(key).is_some_and(|s| s.pending.len() >= limit);
        let full: Vec<_> = keys.iter().copied().filter(|key| is_full(*key)).collect();
        if !full.is_empty() {
            return Err(AckError::TooManyPending { sockets: full });
        }

        let mut entry = Entry {
            deadline,
            asked: Vec::with_capacity(keys.len()),
            awaited: 0,
            answers: Vec::new(),
            missing: Vec::new(),
            somebody_left: false,
        };
        for key in keys {
            let Some(slot) = sockets.get_mut(*key) else {
                entry.somebody_left = true;
                continue;
            };
            // Whoever is named twice is asked once.
            if let Err(at) = slot.pending.binary_search_by_key(&id, |p| p.id) {
                let place = entry.asked.len() as u32;
                slot.pending.insert(at, Pending { id, place });
                entry.asked.push(Some(*key));
            }
        }
        entry.awaited = entry.asked.len();
        if entry.awaited == 0 {
            self.finish(id, entry);
        } else {
            self.deadlines.insert((deadline, id));
            self.entries.insert(id, entry);
        }
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        sockets: &mut Sockets,
        from: SocketKey,
        id: AckId,
        args: Payload,
    ) -> bool {
        let Some(slot) = sockets.get_mut(from) else {
            return false;
        };
        let Ok(at) = slot.pending.binary_search_by_key(&id, |p| p.id) else {
            return false;
        };
        let pending = slot.pending.remove(at);
        if slot.pending.is_empty() {
            slot.pending = Vec::new();
        }
        let id_of_sender = slot.id;
        self.settle(&pending, |entry| entry.answers.push((id_of_sender, args)));
        true
    }

    /// A live socket is about to leave: nothing is awaited from it any more.
    pub(super) fn vanish(&mut self, sockets: &mut Sockets, key: SocketKey) {
        let slot = sockets.live(key);
        let id_of_socket = slot.id;
        for pending in std::mem::take(&mut slot.pending) {
            self.settle(&pending, |entry| {
                entry.missing.push(id_of_socket);
                entry.somebody_left = true;
            });
        }
    }

    pub(super) fn cancel(&mut self, sockets: &mut Sockets, id: AckId) -> bool {
        let Some(entry) = self.take(id) else {
            return false;
        };
        for key in entry.asked.into_iter().flatten() {
            forget(sockets, key, id);
        }
        true
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn handle_timeout(&mut self, sockets: &mut Sockets, now: Timestamp) {
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline <= now
        {
            let mut entry = self.take(id).expect("a deadline is kept with its entry");
            for key in entry.asked.into_iter().flatten() {
                entry.missing.push(forget(sockets, key, id));
            }
            self.events.push_back(NamespaceEvent::AcksDone {
                id,
                answers: entry.answers,
                missing: entry.missing,
                cause: AckCause::TimedOut,
            });
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<NamespaceEvent> {
        self.events.pop_front()
    }

    /// Awaits one socket less, and ends with the last one.
    fn settle(&mut self, pending: &Pending, note: impl FnOnce(&mut Entry)) {
        let entry =
            self.entries.get_mut(&pending.id).expect("a socket owes acks of the table only");
        entry.asked[pending.place as usize] = None;
        entry.awaited -= 1;
        note(entry);
        if entry.awaited == 0 {
            let entry = self.take(pending.id).expect("it was just looked up");
            self.finish(pending.id, entry);
        }
    }

    fn take(&mut self, id: AckId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.deadlines.remove(&(entry.deadline, id));
        Some(entry)
    }

    fn finish(&mut self, id: AckId, entry: Entry) {
        let cause = if entry.somebody_left { AckCause::Disconnected } else { AckCause::Complete };
        self.events.push_back(NamespaceEvent::AcksDone {
            id,
            answers: entry.answers,
            missing: entry.missing,
            cause,
        });
    }
}

/// Takes an ack off a live socket that owes it.
fn forget(sockets: &mut Sockets, key: SocketKey, id: AckId) -> SocketId {
    let slot = sockets.live(key);
    if let Ok(at) = slot.pending.binary_search_by_key(&id, |p| p.id) {
        slot.pending.remove(at);
    }
    if slot.pending.is_empty() {
        slot.pending = Vec::new();
    }
    slot.id
}
