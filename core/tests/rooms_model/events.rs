//! What is told of rooms, and who must be in them by that.

use std::collections::{BTreeMap, BTreeSet};

use klatch_core::testing::{Model, Room};
use klatch_core::{NamespaceEvent, RoomEvent, SocketId};

/// Who is where, by what was told of one namespace.
#[derive(Default)]
pub(crate) struct Told {
    rooms: BTreeMap<String, BTreeSet<SocketId>>,
}

impl Told {
    /// Hears all that there was to tell of a namespace. Each event must make sense where it stands, and
    /// none may be told that changes nothing: what came and what went since the model was like `before`
    /// is as many.
    pub(crate) fn hear(
        &mut self,
        name: &str,
        events: &[NamespaceEvent],
        before: &Model,
        after: &Model,
    ) {
        let room = |event: &NamespaceEvent| match event {
            NamespaceEvent::Room(event) => event.clone(),
            event => panic!("{event:?} is of no room"),
        };
        let events: Vec<_> = events.iter().map(room).collect();
        for event in &events {
            self.replay(event);
        }
        self.follow(&events);
        let (before, after) = (pairs(name, before), pairs(name, after));
        let joined = events.iter().filter(|event| matches!(event, RoomEvent::Joined { .. }));
        let left = events.iter().filter(|event| matches!(event, RoomEvent::Left { .. }));
        assert_eq!(joined.count(), after.difference(&before).count(), "{events:?}");
        assert_eq!(left.count(), before.difference(&after).count(), "{events:?}");
        let here = self.rooms.iter();
        let here = here.flat_map(|(room, ids)| ids.iter().map(|id| (room.clone(), *id)));
        assert_eq!(here.collect::<BTreeSet<_>>(), after, "{events:?}");
    }

    /// (12) (13): a room is created before somebody is in it, and deleted after the last one left.
    fn replay(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Created { room } => {
                assert!(
                    self.rooms.insert(room.to_string(), BTreeSet::new()).is_none(),
                    "{event:?}"
                );
            }
            RoomEvent::Joined { room, socket } => {
                let members = self.rooms.get_mut(&**room).expect("it was created");
                assert!(members.insert(*socket), "{event:?}");
            }
            RoomEvent::Left { room, socket } => {
                let members = self.rooms.get_mut(&**room).expect("it was not deleted");
                assert!(members.remove(socket), "{event:?}");
            }
            RoomEvent::Deleted { room } => {
                let members = self.rooms.remove(&**room);
                assert_eq!(members, Some(BTreeSet::new()), "{event:?}");
            }
        }
    }

    /// (12): whoever a room is created for joins it next; with the last one it goes next.
    fn follow(&self, events: &[RoomEvent]) {
        assert!(self.rooms.values().all(|members| !members.is_empty()), "{events:?}");
        for (nth, event) in events.iter().enumerate() {
            match event {
                RoomEvent::Created { room } => {
                    let next = events.get(nth + 1);
                    let joins = |next: &RoomEvent| matches!(next, RoomEvent::Joined { room: joined, .. } if joined == room);
                    assert!(next.is_some_and(joins), "{events:?}");
                }
                RoomEvent::Deleted { room } => {
                    let leaves = |last: &RoomEvent| matches!(last, RoomEvent::Left { room: left, .. } if left == room);
                    assert!(nth > 0 && leaves(&events[nth - 1]), "{events:?}");
                }
                RoomEvent::Joined { .. } | RoomEvent::Left { .. } => {}
            }
        }
    }
}

/// Who is where, (14) that of its own id too.
fn pairs(name: &str, model: &Model) -> BTreeSet<(String, SocketId)> {
    let connected = model.connected(name).into_iter();
    let rooms = |who| model.rooms(who).into_iter().map(move |room: Room| (room.name(), who));
    connected.flat_map(rooms).map(|(room, who)| (room, who.id())).collect()
}
