//! What happens to rooms, for whoever wants to know.

use std::collections::VecDeque;
use std::sync::Arc;

use super::NamespaceEvent;
use crate::SocketId;

/// What happened to a room: Node's events of an adapter. Only what changes something is told.
///
/// The room named by a socket's id is one like any other here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A room is there: somebody is about to be in it.
    Created {
        /// Its name.
        room: Arc<str>,
    },
    /// A socket is in a room.
    Joined {
        /// The room's name.
        room: Arc<str>,
        /// The socket's id.
        socket: SocketId,
    },
    /// A socket is in a room no more.
    Left {
        /// The room's name.
        room: Arc<str>,
        /// The socket's id.
        socket: SocketId,
    },
    /// A room is gone, with the last who was in it.
    Deleted {
        /// Its name.
        room: Arc<str>,
    },
}

/// What happened to rooms, and was not told yet.
#[derive(Debug, Default)]
pub(super) struct Watch {
    events: VecDeque<RoomEvent>,
}

impl Watch {
    /// A socket joined a room, which was made for it or not.
    pub(super) fn joined(&mut self, room: &str, is_new: bool, socket: SocketId) {
        let room: Arc<str> = room.into();
        if is_new {
            self.events.push_back(RoomEvent::Created { room: room.clone() });
        }
        self.events.push_back(RoomEvent::Joined { room, socket });
    }

    /// A socket leaves a room, which is gone then or not.
    pub(super) fn left(&mut self, room: &str, is_last: bool, socket: SocketId) {
        let room: Arc<str> = room.into();
        self.events.push_back(RoomEvent::Left { room: room.clone(), socket });
        if is_last {
            self.events.push_back(RoomEvent::Deleted { room });
        }
    }

    /// How much there is to tell.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// What came after there was this much to tell did not happen.
    pub(super) fn truncate(&mut self, len: usize) {
        self.events.truncate(len);
    }

    pub(super) fn poll_event(&mut self) -> Option<NamespaceEvent> {
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > 32 {
            self.events = VecDeque::new();
        }
        event.map(NamespaceEvent::Room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ENTROPY_BYTES;

    #[test]
    fn a_burst_is_told_whole_and_its_memory_given_back() {
        let mut watch = Watch::default();
        let socket = SocketId::from_entropy([1; ENTROPY_BYTES]);
        for n in 0..100 {
            watch.joined("x", n == 0, socket);
        }
        assert_eq!(watch.len(), 101);
        assert_eq!(std::iter::from_fn(|| watch.poll_event()).count(), 101);
        assert_eq!(watch.events.capacity(), 0);

        for _ in 0..32 {
            watch.joined("x", false, socket);
        }
        assert_eq!(std::iter::from_fn(|| watch.poll_event()).count(), 32);
        assert_eq!(watch.events.capacity(), 32, "as many are soon to come again");
    }
}
