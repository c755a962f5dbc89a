//! What happens to rooms, told in the order in which it happened.

use std::collections::VecDeque;

use klatch_core::RoomEvent;

use super::{Inner, Publish};
use crate::sync::MutexGuard;

/// What happened to rooms, and was not told yet: in the order of the changes, since it is written down
/// under the same lock.
#[derive(Default)]
pub(super) struct News {
    events: VecDeque<RoomEvent>,
    /// Somebody is telling, and goes on: two at once would not agree on the order.
    is_told: bool,
}

impl News {
    pub(super) fn add(&mut self, event: RoomEvent) {
        self.events.push_back(event);
    }

    /// The next to be told, by whoever gets it.
    fn begin(&mut self) -> Option<RoomEvent> {
        if self.is_told {
            return None;
        }
        let event = self.events.pop_front();
        self.is_told = event.is_some();
        event
    }

    /// Whether all of it is told.
    #[cfg(klatch_explore = "shuttle")]
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.is_told
    }

    fn end(&mut self) {
        self.is_told = false;
        if self.events.is_empty() {
            self.events.shrink_to(32);
        }
    }
}

impl Inner {
    /// Takes the lock to change who is where.
    pub(super) fn change(&self) -> MutexGuard<'_, Publish> {
        let mut publish = self.publish.lock();
        publish.namespace.watch_rooms(self.handlers.are_rooms_watched());
        publish
    }

    /// Changes who is in which room.
    pub(crate) fn change_rooms<T>(&self, act: impl FnOnce(&mut klatch_core::Namespace) -> T) -> T {
        let mut publish = self.change();
        let outcome = act(&mut publish.namespace);
        let events = publish.events();
        drop(publish);
        self.tell(events);
        outcome
    }

    /// Tells what happened to rooms, unless somebody does.
    pub(super) fn tell_news(&self) {
        loop {
            let Some(event) = self.publish.lock().news.begin() else { return };
            self.handlers.room_event(&self.name, &event);
            self.publish.lock().news.end();
        }
    }
}
