//! What should come of an operation: rules, and those that hold in any namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::aim::{Aim, Room, Sender};
use super::operation::Op;
use super::outcome::Outcome;
use super::people::Member;

/// What should come of operations: [`Model`], or rules of yours on top of it.
///
/// Write them so that nobody needs to test them: sets and loops, and no thought for speed.
pub trait Rules<O = Op> {
    /// Whether this can happen now: nobody leaves who is not there. What cannot is not drawn, and
    /// passed over in a history from which something was taken out.
    fn permits(&self, operation: &O) -> bool {
        let _ = operation;
        true
    }

    /// What comes of it. Whatever it changes is so for what follows.
    fn expect(&mut self, operation: &O) -> Outcome;
}

/// Sockets, rooms and broadcasts in the plainest way: each socket's rooms in a set, its own id's
/// among them. Everything else is found by looking at all of them.
///
/// - A socket is in the room of its id from the start, and may leave it. As long as it is
///   connected nobody else can join that room, and those who were in it when it connects are put out.
/// - A broadcast reaches whoever is in at least one of its rooms, once each; never who is in
///   an excepted one, nor the sender. Without a room it is for the whole namespace; a room that
///   nobody is in adds nobody.
/// - It reaches who is there at that moment, and nobody of another namespace.
///
/// ```
/// use klatch_core::testing::{Aim, Model, Op, Outcome, Person, Room, Rules};
///
/// let [alice, bob] = [Person::ALICE, Person::BOB].map(|person| person.at("/"));
/// let ops = Room::Named("ops");
/// let mut model = Model::new();
/// for op in [Op::Connect(alice), Op::Connect(bob), Op::Join(alice, ops), Op::Join(bob, ops)] {
///     assert!(model.permits(&op));
///     assert_eq!(model.expect(&op), Outcome::nobody());
/// }
/// let said = Op::Emit(Aim::of(alice).to(ops));
/// assert_eq!(model.expect(&said), Outcome::nobody().reaching(bob));
/// assert_eq!(model.expect(&Op::Join(alice, Room::Of(bob))), Outcome::refused());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    rooms: BTreeMap<Member, BTreeSet<Room>>,
}

impl Model {
    /// Nobody is there.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a socket is connected.
    pub fn is_connected(&self, member: Member) -> bool {
        self.rooms.contains_key(&member)
    }

    /// The sockets of a namespace.
    pub fn connected(&self, namespace: &str) -> BTreeSet<Member> {
        self.rooms.keys().copied().filter(|member| member.namespace == namespace).collect()
    }

    /// The rooms of a socket; none if it is not connected.
    pub fn rooms(&self, member: Member) -> BTreeSet<Room> {
        self.rooms.get(&member).cloned().unwrap_or_default()
    }

    /// Whether a socket is in a room.
    pub fn is_in(&self, member: Member, room: Room) -> bool {
        self.rooms.get(&member).is_some_and(|rooms| rooms.contains(&room))
    }

    /// Who of a namespace is in a room.
    pub fn members(&self, namespace: &str, room: Room) -> BTreeSet<Member> {
        let mut members = self.connected(namespace);
        members.retain(|member| self.is_in(*member, room));
        members
    }

    /// Whom a broadcast reaches.
    pub fn reach(&self, aim: &Aim) -> BTreeSet<Member> {
        let mut reached = BTreeSet::new();
        for (member, rooms) in &self.rooms {
            let is_here = member.namespace == aim.from.namespace();
            let is_meant = aim.to.is_empty() || aim.to.iter().any(|room| rooms.contains(room));
            let is_excepted = aim.except.iter().any(|room| rooms.contains(room));
            let is_sender = aim.from == Sender::Member(*member);
            if is_here && is_meant && !is_excepted && !is_sender {
                reached.insert(*member);
            }
        }
        reached
    }

    fn connect(&mut self, member: Member) -> Outcome {
        if self.is_connected(member) {
            return Outcome::refused();
        }
        let own = Room::Of(member);
        for (other, rooms) in &mut self.rooms {
            if other.namespace == member.namespace {
                rooms.remove(&own);
            }
        }
        self.rooms.insert(member, BTreeSet::from([own]));
        Outcome::nobody()
    }

    fn join(&mut self, member: Member, room: Room) -> Outcome {
        let is_anothers = match room {
            Room::Of(owner) => {
                owner != member && owner.namespace == member.namespace && self.is_connected(owner)
            }
            Room::Named(_) => false,
        };
        let Some(rooms) = self.rooms.get_mut(&member) else {
            return Outcome::nobody();
        };
        if is_anothers {
            return Outcome::refused();
        }
        rooms.insert(room);
        Outcome::nobody()
    }
}

impl Rules for Model {
    /// Who connects is not connected; who does anything else is.
    fn permits(&self, op: &Op) -> bool {
        match op {
            Op::Connect(who) => !self.is_connected(*who),
            Op::Disconnect(who)
            | Op::Close(who)
            | Op::Join(who, _)
            | Op::Leave(who, _)
            | Op::LeaveAll(who)
            | Op::Emit(Aim { from: Sender::Member(who), .. }) => self.is_connected(*who),
            Op::Emit(Aim { from: Sender::Server(_), .. }) => true,
        }
    }

    /// What is asked of a socket that is not connected changes nothing.
    fn expect(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Connect(who) => return self.connect(*who),
            Op::Join(who, room) => return self.join(*who, *room),
            Op::Emit(aim) => return self.reach(aim).into_iter().collect(),
            Op::Disconnect(who) => {
                self.rooms.remove(who);
            }
            Op::Close(who) => self.rooms.retain(|member, _| member.person != who.person),
            Op::Leave(who, room) => {
                if let Some(rooms) = self.rooms.get_mut(who) {
                    rooms.remove(room);
                }
            }
            Op::LeaveAll(who) => {
                if let Some(rooms) = self.rooms.get_mut(who) {
                    rooms.clear();
                }
            }
        }
        Outcome::nobody()
    }
}
