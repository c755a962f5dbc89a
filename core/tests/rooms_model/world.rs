//! The core's namespaces as a system, and all that can be asked of them.

use std::collections::{BTreeMap, BTreeSet};

use klatch_core::testing::{Aim, Member, Model, Op, Outcome, Room, System};
use klatch_core::{HashKey, Namespace, NamespaceLimits, SocketKey, Target};

use super::acts::{Act, MAX_NAME, MAX_ROOMS, NAMESPACES, ROOMS};

pub(crate) struct World {
    namespaces: BTreeMap<&'static str, Namespace>,
    /// The keys of all lives of a socket, the last one its newest.
    pub(crate) keys: BTreeMap<Member, Vec<SocketKey>>,
}

impl World {
    pub(crate) fn new(hash: u8) -> Self {
        let limits = NamespaceLimits::default().rooms_per_socket(MAX_ROOMS).room_name(MAX_NAME);
        Self::of(|| Namespace::with_limits(HashKey::from_entropy([hash; 16]), limits.clone()))
    }

    /// In namespaces that are set up in another way, for as many rooms.
    pub(crate) fn of(namespace: impl Fn() -> Namespace) -> Self {
        let namespaces = NAMESPACES.map(|name| (name, namespace()));
        Self { namespaces: namespaces.into(), keys: BTreeMap::new() }
    }

    pub(crate) fn after(history: &[Act]) -> Self {
        let mut world = Self::new(0);
        for act in history {
            // It is compared elsewhere.
            let _ = world.perform(act);
        }
        world
    }

    pub(crate) fn namespace(&mut self, name: &str) -> &mut Namespace {
        self.namespaces.get_mut(name).expect("all are there")
    }

    /// By what a member is known; that of no socket if it never was there.
    pub(crate) fn key(&self, who: Member) -> SocketKey {
        let lives = self.keys.get(&who);
        lives.and_then(|keys| keys.last()).copied().unwrap_or_else(SocketKey::none)
    }

    pub(crate) fn target(&self, aim: &Aim) -> Target {
        aim.target(|who| self.key(who))
    }

    pub(crate) fn select(&mut self, namespace: &str, target: &Target) -> Vec<SocketKey> {
        // What a list held before must not be taken for a recipient.
        let mut list: Vec<_> = self.keys.values().flatten().copied().collect();
        self.namespace(namespace).select(target, &mut list);
        list
    }

    /// Whose keys these are; each must be of a connected socket of that namespace.
    pub(crate) fn members(&self, namespace: &str, keys: Vec<SocketKey>) -> Vec<Member> {
        let here = || self.keys.iter().filter(|(who, _)| who.namespace == namespace);
        let member = |key| {
            let mut of = here().filter(|(_, lives)| lives.last() == Some(&key));
            *of.next().unwrap_or_else(|| panic!("{key:?} is nobody's in {namespace}")).0
        };
        keys.into_iter().map(member).collect()
    }

    /// As `members`, each of which must be there once.
    pub(crate) fn set(&self, namespace: &str, keys: Vec<SocketKey>) -> BTreeSet<Member> {
        let count = keys.len();
        let set: BTreeSet<_> = self.members(namespace, keys).into_iter().collect();
        assert_eq!(set.len(), count, "somebody is there twice");
        set
    }

    /// (8) (9) Whatever is done to a socket that is gone changes nothing, and nobody else.
    fn poke_former_lives(&mut self) {
        for (who, lives) in &self.keys {
            let namespace = self.namespaces.get_mut(who.namespace).expect("all are there");
            let (_, former) = lives.split_last().expect("somebody who was there had a life");
            for key in former.iter().copied() {
                assert_eq!(namespace.join(key, "a"), Ok(false));
                assert_eq!(namespace.join_all(key, ["a", who.id().as_str()]), Ok(0));
                assert!(!namespace.leave(key, "a") && !namespace.leave(key, who.id().as_str()));
                assert_eq!(namespace.leave_all(key), 0);
                assert!(!namespace.disconnect(key));
                assert!(!namespace.contains(key) && namespace.id(key).is_none());
                assert_eq!(namespace.rooms(key).count(), 0);
            }
        }
    }

    /// Compares all that can be asked.
    pub(crate) fn compare(&mut self, model: &Model) {
        self.poke_former_lives();
        for name in NAMESPACES {
            let namespace = &self.namespaces[name];
            let connected = model.connected(name);
            assert_eq!(self.set(name, namespace.sockets().collect()), connected);
            assert_eq!(namespace.len(), connected.len());
            assert_eq!(namespace.is_empty(), connected.is_empty());
            self.compare_rooms(name, model);
            for (who, keys) in self.keys.iter().filter(|(who, _)| who.namespace == name) {
                self.compare_socket(*who, keys[keys.len() - 1], model);
            }
        }
    }

    fn compare_rooms(&self, name: &str, model: &Model) {
        let namespace = &self.namespaces[name];
        let connected = model.connected(name);
        let occupied: BTreeSet<_> = connected.iter().flat_map(|who| model.rooms(*who)).collect();
        let is_virtual = |room: &Room| matches!(room, Room::Of(who) if connected.contains(who));
        let named = occupied.iter().filter(|room| !is_virtual(room)).map(Room::name);
        let real: Vec<_> = namespace.room_names().map(str::to_owned).collect();
        // (2) an empty room is not there
        assert_eq!(real.iter().cloned().collect::<BTreeSet<_>>(), named.collect());
        assert_eq!(real.len(), real.iter().collect::<BTreeSet<_>>().len(), "a room is there twice");
        for room in self.rooms() {
            let members = self.set(name, namespace.members(&room.name()).collect());
            assert_eq!(namespace.room_len(&room.name()), members.len());
            assert_eq!(members, model.members(name, room), "{room}");
        }
    }

    fn compare_socket(&self, who: Member, key: SocketKey, model: &Model) {
        let namespace = &self.namespaces[who.namespace];
        let is_connected = model.is_connected(who);
        // (8, 9) a socket that left has no id and no rooms
        assert_eq!(namespace.contains(key), is_connected);
        assert_eq!(namespace.id(key), is_connected.then(|| who.id()));
        assert_eq!(namespace.key(&who.id()), is_connected.then_some(key));
        let rooms: Vec<_> = namespace.rooms(key).map(str::to_owned).collect();
        let expected = model.rooms(who);
        if expected.contains(&Room::Of(who)) {
            assert_eq!(rooms[0], who.id().as_str(), "that of its own id is the first");
        }
        assert_eq!(rooms.len(), expected.len(), "a room is there twice");
        // (1) both directions say the same, being both what the model says
        let names: BTreeSet<_> = expected.iter().map(Room::name).collect();
        assert_eq!(rooms.into_iter().collect::<BTreeSet<_>>(), names);
        for room in self.rooms() {
            assert_eq!(namespace.is_in(key, &room.name()), expected.contains(&room));
        }
    }

    /// All rooms that anybody speaks of, and one beside them.
    fn rooms(&self) -> BTreeSet<Room> {
        let named = ROOMS.into_iter().chain(["nowhere"]).map(Room::Named);
        named.chain(self.keys.keys().copied().map(Room::Of)).collect()
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        let told = match op {
            Op::Connect(who) => {
                let key = self.namespace(who.namespace).connect(who.id());
                if let Ok(key) = key {
                    self.keys.entry(*who).or_default().push(key);
                }
                return key.into();
            }
            Op::Close(who) => {
                for name in NAMESPACES {
                    let key = self.key(who.person.at(name));
                    self.namespace(name).disconnect(key);
                }
                return Outcome::nobody();
            }
            Op::Emit(aim) => {
                let (namespace, target) = (aim.from.namespace(), self.target(aim));
                let reached = self.select(namespace, &target);
                return self.members(namespace, reached).into_iter().collect();
            }
            Op::Disconnect(who) => {
                let key = self.key(*who);
                self.namespace(who.namespace).disconnect(key).to_string()
            }
            Op::Join(who, room) => {
                let key = self.key(*who);
                format!("{:?}", self.namespace(who.namespace).join(key, &room.name()))
            }
            Op::Leave(who, room) => {
                let key = self.key(*who);
                self.namespace(who.namespace).leave(key, &room.name()).to_string()
            }
            Op::LeaveAll(who) => {
                let key = self.key(*who);
                self.namespace(who.namespace).leave_all(key).to_string()
            }
        };
        Outcome::nobody().answered(told)
    }
}

impl System<Act> for World {
    fn perform(&mut self, act: &Act) -> Outcome {
        match act {
            Act::Plain(op) => self.apply(op),
            Act::JoinAll(who, rooms) => {
                let key = self.key(*who);
                let rooms = rooms.iter().map(Room::name);
                let joined = self.namespace(who.namespace).join_all(key, rooms);
                Outcome::nobody().answered(format!("{joined:?}"))
            }
        }
    }
}
