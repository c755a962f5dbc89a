//! Rooms and broadcasts against a naive model.
//!
//! Numbers in brackets are the invariants of Socket.IO's rooms as the project lists them; events
//! of the adapter (12 to 14), flags and packets (22, 27 to 30) are the business of others.

#[path = "rooms_model/model.rs"]
mod model;

use std::collections::BTreeSet;

use klatch_core::{
    ENTROPY_BYTES, HashKey, Namespace, NamespaceLimits, SocketId, SocketKey, Target,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult};

use model::{Aim, IDS, MAX_NAME, MAX_ROOMS, Model, Op, aim, history, id, op, room, texts};

/// A failing history belongs into a unit test, not into a file beside this one.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        // ChaCha, the default, takes half of the time where nothing is optimised.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config
}

/// The machine and the model, side by side.
struct World {
    namespace: Namespace,
    model: Model,
    /// The key that each successful connect gave.
    keys: Vec<SocketKey>,
}

impl World {
    fn new(hash: u8) -> Self {
        let limits = NamespaceLimits::default().rooms_per_socket(MAX_ROOMS).room_name(MAX_NAME);
        Self {
            namespace: Namespace::with_limits(HashKey::from_entropy([hash; 16]), limits),
            model: Model::default(),
            keys: Vec::new(),
        }
    }

    fn after(history: &[Op]) -> Result<Self, TestCaseError> {
        let mut world = Self::new(0);
        for op in history {
            world.apply(op)?;
        }
        Ok(world)
    }

    fn apply(&mut self, op: &Op) -> TestCaseResult {
        if let Op::Connect(n) = op {
            let key = self.namespace.connect(id(*n));
            let is_new = self.model.connect(self.keys.len(), id(*n));
            prop_assert_eq!(key.is_ok(), is_new);
            self.keys.extend(key);
            return Ok(());
        }
        let Self { namespace, model, keys } = self;
        let count = keys.len();
        match op {
            Op::Connect(_) => {}
            Op::Disconnect(n) => {
                let left = namespace.disconnect(keys[n % count]);
                prop_assert_eq!(left, model.disconnect(n % count));
            }
            Op::Join(n, room) => {
                let joined = namespace.join(keys[n % count], &room.text());
                prop_assert_eq!(joined, model.join(n % count, &room.text()));
            }
            Op::JoinAll(n, rooms) => {
                let joined = namespace.join_all(keys[n % count], texts(rooms));
                prop_assert_eq!(joined, model.join_all(n % count, &texts(rooms)));
            }
            Op::Leave(n, room) => {
                let left = namespace.leave(keys[n % count], &room.text());
                prop_assert_eq!(left, model.leave(n % count, &room.text()));
            }
            Op::LeaveAll(n) => {
                let left = namespace.leave_all(keys[n % count]);
                prop_assert_eq!(left, model.leave_all(n % count));
            }
        }
        Ok(())
    }

    /// Compares all that can be asked.
    fn check(&self) -> TestCaseResult {
        let Self { namespace, model, keys } = self;
        let all = self.numbers(namespace.sockets())?;
        prop_assert_eq!(all, model.ids.keys().copied().collect());
        prop_assert_eq!(namespace.len(), model.ids.len());
        prop_assert_eq!(namespace.is_empty(), model.ids.is_empty());

        let real = namespace.room_names().map(str::to_owned);
        let real: Vec<_> = real.collect();
        let mut names: BTreeSet<_> = model.rooms.values().flatten().cloned().collect();
        names.retain(|room| model.ids.values().all(|id| id.as_str() != room));
        prop_assert_eq!(real.len(), names.len(), "a room stands there twice");
        // (2) an empty room is not there
        prop_assert_eq!(real.into_iter().collect::<BTreeSet<_>>(), names);

        let mut asked: BTreeSet<_> = model.rooms.values().flatten().cloned().collect();
        asked.extend((0..IDS).map(|n| id(n).to_string()));
        asked.insert("nowhere".to_owned());
        for room in &asked {
            let members = self.numbers(namespace.members(room))?;
            prop_assert_eq!(namespace.room_len(room), members.len());
            prop_assert_eq!(members, model.members(room), "{}", room);
        }
        for (n, key) in keys.iter().enumerate() {
            // (8, 9) a socket that left has no id and no rooms, and nobody has it for a member
            prop_assert_eq!(namespace.id(*key), model.ids.get(&n).copied());
            prop_assert_eq!(namespace.contains(*key), model.ids.contains_key(&n));
            let rooms: Vec<_> = namespace.rooms(*key).map(str::to_owned).collect();
            let expected = model.rooms.get(&n).cloned().unwrap_or_default();
            if let Some(id) = model.ids.get(&n).filter(|id| expected.contains(id.as_str())) {
                prop_assert_eq!(rooms.first().map(String::as_str), Some(id.as_str()));
            }
            prop_assert_eq!(rooms.len(), expected.len(), "a room stands there twice");
            // (1) both directions say the same, being both what the model says
            prop_assert_eq!(rooms.into_iter().collect::<BTreeSet<_>>(), expected.clone());
            for room in &asked {
                prop_assert_eq!(namespace.is_in(*key, room), expected.contains(room));
            }
        }
        for n in 0..IDS {
            let number = model.ids.iter().find(|(_, other)| **other == id(n));
            let key = number.map(|(n, _)| keys[*n]);
            prop_assert_eq!(namespace.key(&id(n)), key);
        }
        Ok(())
    }

    /// The numbers of connected sockets, each of which must stand there once.
    fn numbers(
        &self,
        list: impl Iterator<Item = SocketKey>,
    ) -> Result<BTreeSet<usize>, TestCaseError> {
        let mut numbers = BTreeSet::new();
        for key in list {
            let n = self.keys.iter().position(|k| *k == key);
            let n = n.ok_or_else(|| TestCaseError::fail("a key from nowhere"))?;
            prop_assert!(numbers.insert(n), "socket {} stands there twice", n);
        }
        Ok(numbers)
    }

    fn sender(&self, aim: &Aim) -> Option<usize> {
        aim.sender.map(|n| n % self.keys.len())
    }

    fn target(&self, aim: &Aim) -> Target {
        let mut target = match &aim.to {
            None => Target::all(),
            Some(rooms) => Target::rooms(texts(rooms)),
        };
        for room in &aim.except {
            target = target.except(room.text());
        }
        match self.sender(aim) {
            Some(n) => target.without(self.keys[n]),
            None => target,
        }
    }

    fn select(&mut self, target: &Target) -> Vec<SocketKey> {
        // What a list held before must not be taken for a recipient.
        let mut list = self.keys.clone();
        self.namespace.select(target, &mut list);
        list
    }

    fn select_set(&mut self, target: &Target) -> Result<BTreeSet<usize>, TestCaseError> {
        let list = self.select(target);
        self.numbers(list.into_iter())
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    /// (1) (2) (4) (5) (6) (8) (9), and that joins in bulk are all or nothing.
    #[test]
    fn membership_is_that_of_the_model(history in history()) {
        let mut world = World::new(0);
        for op in &history {
            world.apply(op)?;
            world.check()?;
        }
        for n in 0..world.keys.len() {
            world.apply(&Op::Disconnect(n))?;
        }
        world.check()?;
        prop_assert_eq!(world.namespace.room_names().count(), 0);
    }

    /// (3) the room of its id is all that a new socket is in, and nobody else is in it.
    /// (10) (11) whoever is turned away leaves nothing behind, and was nobody's target before.
    #[test]
    fn a_socket_comes_and_goes_without_a_trace(history in history(), rooms in vec(room(), 0..4)) {
        let mut world = World::after(&history)?;
        let own = id(77);
        prop_assert_eq!(world.select(&Target::all().to(own.as_str())), []);
        world.apply(&Op::Connect(77))?;
        let newest = world.keys[world.keys.len() - 1];
        prop_assert_eq!(world.namespace.rooms(newest).collect::<Vec<_>>(), [own.as_str()]);
        prop_assert_eq!(world.namespace.members(own.as_str()).collect::<Vec<_>>(), [newest]);
        let before = World::after(&history)?;
        // An error is one of the ways to be turned away.
        let _ = world.namespace.join_all(newest, texts(&rooms));
        prop_assert!(world.namespace.disconnect(newest));
        world.model = before.model;
        world.check()?;
    }

    /// (6) as one call or as several, and a name that stands there twice counts once.
    #[test]
    fn joining_in_bulk_is_joining_one_by_one(history in history(), rooms in vec(room(), 0..4)) {
        let mut bulk = World::after(&history)?;
        let mut single = World::after(&history)?;
        let twice = [texts(&rooms), texts(&rooms)].concat();
        let joined = bulk.namespace.join_all(bulk.keys[0], &twice);
        let mut count = Ok(0);
        for room in &twice {
            let one = single.namespace.join(single.keys[0], room);
            count = count.and_then(|n| one.map(|newly| n + usize::from(newly)));
        }
        prop_assert_eq!(joined, count);
        if count.is_ok() {
            bulk.model.clone_from(&single.model);
            prop_assert_eq!(
                bulk.namespace.rooms(bulk.keys[0]).collect::<Vec<_>>(),
                single.namespace.rooms(single.keys[0]).collect::<Vec<_>>()
            );
        }
    }

    /// (17) (18) (20) (21) and what else holds for targets, whatever the rooms.
    #[test]
    fn targets_add_up(history in history(), aim in aim(), (x, y) in (room(), room())) {
        let mut world = World::after(&history)?;
        let (x, y) = (x.text(), y.text());
        let base = world.target(&aim);
        let reached = world.select_set(&base)?;

        let xy = world.select_set(&base.clone().to(&*x).to(&*y))?;
        let yx = world.select_set(&base.clone().to(&*y).to(&*x))?;
        prop_assert_eq!(&xy, &yx, "(20) the order of rooms does not count");
        prop_assert_eq!(&xy, &world.select_set(&base.clone().to(&*x).to(&*y).to(&*x))?);
        let not_xy = world.select_set(&base.clone().except(&*x).except(&*y))?;
        let not_yx = world.select_set(&base.clone().except(&*y).except(&*x))?;
        prop_assert_eq!(not_xy, not_yx, "(20) nor does that of excepted ones");
        let neither = world.select_set(&Target::all().to(&*x).except(&*x))?;
        prop_assert_eq!(neither, BTreeSet::new(), "(17) except wins");

        let with_unknown = base.clone().except("nowhere");
        prop_assert_eq!(&world.select_set(&with_unknown)?, &reached, "(18)");
        if aim.to.is_some() {
            let with_unknown = base.clone().to("nowhere");
            prop_assert_eq!(&world.select_set(&with_unknown)?, &reached, "(18)");
        }
        for nobody in [Target::rooms(["nowhere"]), Target::rooms([""; 0]), Target::all().to_any_of([""; 0])] {
            prop_assert_eq!(world.select_set(&nobody)?, BTreeSet::new(), "(18)");
        }
        prop_assert_eq!(base.clone(), world.target(&aim), "(21)");
        prop_assert_eq!(world.select_set(&base)?, reached, "(21)");
    }

    /// (23) what happens in one namespace changes nothing in the other, and reaches nobody there.
    /// (24) a client has another id in each.
    #[test]
    fn namespaces_never_meet(here in history(), there in history(), aim in aim()) {
        let mut alone = World::after(&here)?;
        let mut with_neighbour = World::new(0);
        let mut neighbour = Namespace::new(HashKey::from_entropy([1; 16]));
        // The same client is in both: its ids are made of different entropy.
        let id_there = |n: u8| SocketId::from_entropy([n ^ 0x80; ENTROPY_BYTES]);
        let mut keys = Vec::new();
        let mut there = there.iter();
        for op in &here {
            with_neighbour.apply(op)?;
            match (there.next(), keys.len()) {
                (Some(Op::Connect(n)), _) => keys.extend(neighbour.connect(id_there(*n))),
                (None, _) | (Some(_), 0) => {}
                (Some(Op::Disconnect(n)), count) => {
                    neighbour.disconnect(keys[n % count]);
                }
                (Some(Op::Join(n, room) | Op::Leave(n, room)), count) => {
                    let _ = neighbour.join(keys[n % count], &room.text());
                }
                (Some(Op::JoinAll(n, rooms)), count) => {
                    let _ = neighbour.join_all(keys[n % count], texts(rooms));
                }
                (Some(Op::LeaveAll(n)), count) => {
                    neighbour.leave_all(keys[n % count]);
                }
            }
        }
        with_neighbour.check()?;
        let target = alone.target(&aim);
        let reached = with_neighbour.select(&target);
        prop_assert_eq!(&reached, &alone.select(&target));
        for key in reached {
            let id = with_neighbour.namespace.id(key);
            let id = id.ok_or_else(|| TestCaseError::fail("it reached nobody of here"))?;
            prop_assert_eq!(neighbour.key(&id), None);
        }
    }

    /// Whatever the hash key, the same calls give the same lists in the same order.
    /// (26) A list is a snapshot: it is the caller's, and later calls do not reach it.
    #[test]
    fn the_order_follows_from_the_history(history in history(), aims in vec(aim(), 1..4)) {
        let (mut one, mut other) = (World::new(1), World::new(2));
        for op in &history {
            one.apply(op)?;
            other.apply(op)?;
            let names = |world: &World| {
                world.namespace.room_names().map(str::to_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(names(&one), names(&other));
        }
        for aim in &aims {
            let target = one.target(aim);
            prop_assert_eq!(one.select(&target), other.select(&target));
        }
    }

    /// (15) (16) (17) (18) (19) (25) and (7): a sender is left out for who it is, be it in its
    /// own room or not.
    #[test]
    fn a_broadcast_reaches_whom_the_model_says(
        history in history(),
        aims in vec(aim(), 1..4),
        late in op(),
    ) {
        let mut world = World::after(&history)?;
        for aim in &aims {
            let sender = world.sender(aim);
            let reached = world.select_set(&world.target(aim))?;
            prop_assert!(sender.is_none_or(|n| !reached.contains(&n)), "(19) the sender is in");
            prop_assert_eq!(reached, world.model.select(aim, sender), "{:?}", aim);
            // Between two broadcasts something may happen.
            world.apply(&late)?;
        }
    }
}
