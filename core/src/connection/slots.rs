//! Which namespaces a connection is in, and how far.

use std::num::NonZeroU32;

use smallvec::SmallVec;

use crate::Text;

/// One namespace of one connection, from its CONNECT to its end. A slot that has ended is never
/// taken for a later one of the same namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    index: u32,
    generation: NonZeroU32,
}

impl Slot {
    /// A small number, unique among the connection's namespaces at any one time: fit to index a list.
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client asked to join; the application has not answered yet.
    Pending,
    /// Packets pass.
    Joined,
    /// The server ended it: what the client sent before it knew is dropped.
    Left,
    /// The client ended it, and the application has not heard of it yet.
    Leaving,
}

#[derive(Debug)]
struct Entry {
    namespace: Text,
    stage: Stage,
    generation: NonZeroU32,
}

impl Entry {
    fn is_named(&self, namespace: &[u8]) -> bool {
        self.namespace.as_bytes() == namespace
    }

    /// Whether the client is in the namespace, or waits to be let in.
    fn is_live(&self) -> bool {
        !self.namespace.is_empty() && matches!(self.stage, Stage::Pending | Stage::Joined)
    }
}

/// The namespaces of a connection: few, so that a list is the fastest map, and mostly one, which is kept in
/// place: what an event looks up is not in the cache, and neither is where to look.
#[derive(Debug, Default)]
pub(super) struct Slots {
    entries: SmallVec<[Entry; 1]>,
}

impl Slots {
    /// The namespace's slot. While a client that left and came again is waited for, there are
    /// two: the new one.
    #[expect(clippy::inline_always, reason = "most clients are in one")]
    #[inline(always)]
    pub(super) fn find(&self, namespace: &[u8]) -> Option<(Slot, Stage)> {
        if let Some(first) = self.entries.first()
            && first.is_named(namespace)
            && first.is_live()
        {
            return Some((self.slot(0), first.stage));
        }
        self.find_any(namespace)
    }

    #[inline(never)]
    fn find_any(&self, namespace: &[u8]) -> Option<(Slot, Stage)> {
        let named = |entry: &Entry| entry.is_named(namespace);
        let at = (self.entries.iter().position(|entry| named(entry) && entry.is_live()))
            .or_else(|| self.entries.iter().position(named))?;
        Some((self.slot(at), self.entries[at].stage))
    }

    pub(super) fn stage(&self, slot: Slot) -> Option<Stage> {
        let entry = self.entries.get(slot.index())?;
        (entry.generation == slot.generation && !entry.namespace.is_empty()).then_some(entry.stage)
    }

    pub(super) fn set(&mut self, slot: Slot, stage: Stage) {
        if self.stage(slot).is_some() {
            self.entries[slot.index()].stage = stage;
        }
    }

    /// Enters a namespace as pending; `None` if the client is in `max` of them or waits for them.
    /// One that the server ended is remembered as long as its place is not needed.
    pub(super) fn insert(&mut self, namespace: &Text, max: usize) -> Option<Slot> {
        if self.entries.iter().filter(|entry| entry.is_live()).count() >= max {
            return None;
        }
        let same = |entry: &Entry| entry.namespace == *namespace && entry.stage == Stage::Left;
        let place = (self.entries.iter().position(same))
            .or_else(|| self.entries.iter().position(|entry| entry.namespace.is_empty()))
            .or_else(|| {
                let left = |entry: &Entry| entry.stage == Stage::Left;
                self.entries.iter().position(left).filter(|_| self.entries.len() >= max)
            });
        let at = place.unwrap_or_else(|| {
            // Not more than `max` beyond it: whoever lets the client in again has taken the events
            // by which it left before.
            let (stage, generation) = (Stage::Pending, NonZeroU32::MIN);
            self.entries.push(Entry { namespace: "".into(), stage, generation });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[at];
        // A copy, in place if it is short: the name is a slice of the message that it came in, which would
        // be kept as long.
        entry.namespace = Text::copied(namespace.as_bytes());
        entry.stage = Stage::Pending;
        entry.generation = entry.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        Some(self.slot(at))
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if self.stage(slot).is_some() {
            // A namespace's name is never empty: it stands for a vacant entry.
            self.entries[slot.index()].namespace = Text::from("");
        }
    }

    fn slot(&self, at: usize) -> Slot {
        Slot { index: at as u32, generation: self.entries[at].generation }
    }
}
