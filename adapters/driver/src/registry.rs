//! The sessions of a server.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use klatch_core::Sid;

use crate::inbox::Inbox;
use crate::sync::Mutex;

/// The sessions of a server, by the id that their clients name in requests; so many of them at most.
pub(crate) struct Registry {
    most: usize,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    sessions: HashMap<Sid, Arc<Inbox>>,
    /// Places of clients that are about to open a session.
    taken: usize,
}

impl Registry {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    /// Takes a place for a session, to be filled or given back; `false` if there is none.
    #[must_use]
    pub(crate) fn take_place(&self) -> bool {
        let mut entries = self.entries.lock();
        let is_free = entries.sessions.len() + entries.taken < self.most;
        entries.taken += usize::from(is_free);
        is_free
    }

    /// Gives back a place that was not filled.
    pub(crate) fn leave_place(&self) {
        self.entries.lock().taken -= 1;
    }

    /// Fills a place that was taken, or gives it back: `false` if there is a session of this id.
    #[must_use]
    pub(crate) fn fill_place(&self, sid: Sid, inbox: Arc<Inbox>) -> bool {
        let mut entries = self.entries.lock();
        entries.taken -= 1;
        let Entry::Vacant(place) = entries.sessions.entry(sid) else { return false };
        place.insert(inbox);
        true
    }

    pub(crate) fn find(&self, sid: &Sid) -> Option<Arc<Inbox>> {
        self.entries.lock().sessions.get(sid).cloned()
    }

    /// Forgets a session; how many are left.
    pub(crate) fn remove(&self, sid: &Sid) -> usize {
        let mut entries = self.entries.lock();
        let removed = entries.sessions.remove(sid);
        let left = entries.sessions.len();
        drop(entries);
        drop(removed);
        left
    }

    /// Every session, the oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Inbox>> {
        let mut all: Vec<_> = self.entries.lock().sessions.values().cloned().collect();
        all.sort_unstable_by_key(|inbox| inbox.number());
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.lock().sessions.len()
    }
}
