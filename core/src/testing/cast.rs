//! Who plays, and where: strategies for everything that a history is made of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::aim::{Aim, Room, Sender};
use super::history::Histories;
use super::model::Model;
use super::operation::Op;
use super::people::{Member, Person};

/// Who plays, and where: people, rooms and namespaces, and strategies for all that they can do.
///
/// Few of each, so that they meet: what goes wrong among hundreds goes wrong among three.
///
/// ```
/// use klatch_core::testing::{Cast, Op};
/// use proptest::prelude::*;
///
/// // What happens in a service whose clients cannot leave a room, and hear of everything.
/// let cast = Cast::new().people(3).rooms(["lobby"]);
/// let ops = prop_oneof![
///     cast.member().prop_map(Op::Connect),
///     cast.member().prop_map(Op::Disconnect),
///     (cast.member(), cast.named_room()).prop_map(|(who, room)| Op::Join(who, room)),
///     cast.aim().prop_map(Op::Emit),
/// ];
/// # drop(ops);
/// ```
#[derive(Clone, Debug)]
pub struct Cast {
    people: u8,
    rooms: Vec<&'static str>,
    namespaces: Vec<&'static str>,
}

impl Default for Cast {
    fn default() -> Self {
        Self { people: 4, rooms: vec!["ops", "dev", "lobby"], namespaces: vec!["/"] }
    }
}

impl Cast {
    /// Four people, the rooms `ops`, `dev` and `lobby`, and the namespace `/`.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many people. Default 4: one who speaks, one who is meant, one who is not, and one more.
    ///
    /// # Panics
    ///
    /// If there are none, or more than have [names](Person::COUNT).
    #[must_use]
    pub fn people(mut self, count: u8) -> Self {
        assert!((1..=Person::COUNT).contains(&count), "between 1 and 26 people can play");
        self.people = count;
        self
    }

    /// The rooms that have names. Default `ops`, `dev` and `lobby`: a union of two, and one beside it.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn rooms(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.rooms = names.into_iter().collect();
        assert!(!self.rooms.is_empty(), "there is a room at least");
        self
    }

    /// The namespaces, with their slashes. Default `/` alone, as in most services; with two of them a
    /// history shows whether they leak into each other.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn namespaces(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.namespaces = names.into_iter().collect();
        assert!(!self.namespaces.is_empty(), "there is a namespace at least");
        self
    }

    /// Somebody, somewhere.
    pub fn member(&self) -> impl Strategy<Value = Member> + Clone + use<> {
        (0..self.people, select(self.namespaces.clone()))
            .prop_map(|(person, namespace)| Person::nth(person).at(namespace))
    }

    /// A room: mostly one with a name, else one that is named by somebody's id.
    pub fn room(&self) -> impl Strategy<Value = Room> + Clone + use<> {
        prop_oneof![4 => self.named_room(), 1 => self.member().prop_map(Room::Of)]
    }

    /// A room with a name.
    pub fn named_room(&self) -> impl Strategy<Value = Room> + Clone + use<> {
        select(self.rooms.clone()).prop_map(Room::Named)
    }

    /// Who speaks: mostly a socket, else the server.
    pub fn sender(&self) -> impl Strategy<Value = Sender> + Clone + use<> {
        let server = select(self.namespaces.clone()).prop_map(Sender::Server);
        prop_oneof![3 => self.member().prop_map(Sender::Member), 1 => server]
    }

    /// A broadcast: to all or to up to three rooms, except none or up to two.
    pub fn aim(&self) -> impl Strategy<Value = Aim> + Clone + use<> {
        let to = prop_oneof![1 => Just(Vec::new()), 3 => vec(self.room(), 1..=3)];
        let except = prop_oneof![Just(Vec::new()), vec(self.room(), 1..=2)];
        (self.sender(), to, except).prop_map(|(from, to, except)| Aim { from, to, except })
    }

    /// Anything that can happen in a namespace.
    pub fn op(&self) -> impl Strategy<Value = Op> + Clone + use<> {
        let who = || self.member();
        let membership = || (self.member(), self.room());
        prop_oneof![
            4 => who().prop_map(Op::Connect),
            1 => who().prop_map(Op::Disconnect),
            1 => who().prop_map(Op::Close),
            6 => membership().prop_map(|(who, room)| Op::Join(who, room)),
            2 => membership().prop_map(|(who, room)| Op::Leave(who, room)),
            1 => who().prop_map(Op::LeaveAll),
            5 => self.aim().prop_map(Op::Emit),
        ]
    }

    /// Whole histories of what can happen in a namespace; see [`Histories`].
    pub fn history(&self) -> Histories<BoxedStrategy<Op>, Model> {
        Histories::new(self.op().boxed(), Model::new())
    }
}
