//! Whole histories.

mod shrink;

use std::fmt;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

use self::shrink::Shrink;
use super::aim::Room;
use super::model::Rules;
use super::operation::Operation;
use super::people::Member;

/// How often something else is drawn in place of what cannot happen. At the start hardly anything
/// can: somebody has to connect first.
const DRAWS: u32 = 32;

/// A strategy for histories: lists of operations, each of which could happen when it was drawn, as
/// far as the rules say so.
///
/// Many are of fewer people and rooms than are drawn: where all meet all the time, more goes wrong.
///
/// A history that fails is made small: steps go, alone and many at once; people, namespaces and rooms
/// take each other's places until there are few of them; what is left is put
/// [simpler](Operation::simpler). All of it again until nothing more can be done. Steps name people and
/// rooms, and not the steps before them: when one goes, the others mean what they meant, and
/// those that can happen no more are passed over.
#[derive(Clone, Debug)]
pub struct Histories<S, R> {
    operations: S,
    rules: R,
    steps: usize,
}

impl<S, R> Histories<S, R> {
    /// Histories of what `operations` draws, by these rules, to which nothing has happened.
    pub const fn new(operations: S, rules: R) -> Self {
        Self { operations, rules, steps: 30 }
    }

    /// How many steps a history has at most. Default 30: what can go wrong does so within ten, and
    /// they have to meet.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub const fn at_most(mut self, steps: usize) -> Self {
        assert!(steps > 0, "a history has a step at least");
        self.steps = steps;
        self
    }
}

impl<O, S, R> Strategy for Histories<S, R>
where
    O: Operation,
    S: Strategy<Value = O>,
    R: Rules<O> + Clone + fmt::Debug,
{
    type Tree = Shrink<O>;
    type Value = Vec<O>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut rules = self.rules.clone();
        let length = (1..=self.steps).new_tree(runner)?.current();
        let mut focus = Focus::draw(runner)?;
        let mut history = Vec::with_capacity(length);
        for _ in 0..length {
            for _ in 0..DRAWS {
                let mut operation = self.operations.new_tree(runner)?.current();
                focus.narrow(&mut operation);
                if rules.permits(&operation) {
                    // What comes of it is for whoever checks it.
                    let _ = rules.expect(&operation);
                    history.push(operation);
                    break;
                }
            }
        }
        Ok(Shrink::new(history))
    }
}

/// How many of those who are drawn a history is about: the first people or
/// all, the first room that has a name or all of them.
#[derive(Debug)]
struct Focus {
    people: Option<u8>,
    has_one_room: bool,
    room: Option<Room>,
}

impl Focus {
    fn draw(runner: &mut TestRunner) -> Result<Self, Reason> {
        let people = proptest::option::weighted(0.5, 2..=3_u8).new_tree(runner)?.current();
        let has_one_room = proptest::bool::ANY.new_tree(runner)?.current();
        Ok(Self { people, has_one_room, room: None })
    }

    fn narrow(&mut self, operation: &mut impl Operation) {
        if let Some(people) = self.people {
            let narrow = |member: &mut Member| member.person = member.person.among_first(people);
            operation.members().into_iter().for_each(narrow);
            for room in operation.rooms() {
                if let Room::Of(member) = room {
                    narrow(member);
                }
            }
        }
        if self.has_one_room {
            for room in operation.rooms() {
                if matches!(room, Room::Named(_)) {
                    *room = *self.room.get_or_insert(*room);
                }
            }
        }
    }
}
