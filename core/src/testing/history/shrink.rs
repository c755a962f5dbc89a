//! How a history that failed becomes small.

use std::collections::BTreeSet;

use proptest::strategy::ValueTree;

use super::super::aim::Room;
use super::super::operation::Operation;
use super::super::people::{Member, Person};

/// A history and the smaller ones to try in its place: the [`ValueTree`] of
/// [`Histories`](super::Histories).
#[derive(Clone, Debug)]
pub struct Shrink<O> {
    /// The smallest that failed so far.
    best: Vec<O>,
    /// What is tried in its place.
    tried: Option<Vec<O>>,
    stage: Stage,
    /// Whether something became smaller since the first stage began.
    progress: bool,
}

/// What comes next. All stages are gone through again until nothing comes of any.
#[derive(Clone, Debug)]
enum Stage {
    /// So many steps before this one go.
    Remove {
        count: usize,
        end: usize,
    },
    /// One takes another's place; those that are left, the next one last.
    Replace(Vec<Replacement>),
    /// The people become alice, bob and so on, as they appear.
    Rename,
    /// This step is put simpler, in the nth way.
    Simplify {
        step: usize,
        nth: usize,
    },
    Done,
}

/// The first takes the place of the second, everywhere.
#[derive(Clone, Copy, Debug)]
enum Replacement {
    Person(Person, Person),
    Member(Member, Member),
    Namespace(&'static str, &'static str),
    Room(Room, Room),
}

impl<O: Operation> Shrink<O> {
    pub(super) fn new(history: Vec<O>) -> Self {
        let stage = Stage::start(&history);
        Self { best: history, tried: None, stage, progress: false }
    }

    /// The next history to try.
    fn next(&mut self) -> Option<Vec<O>> {
        loop {
            let (candidate, after) = self.candidate();
            self.stage = after;
            match (candidate, &self.stage) {
                (Some(candidate), _) => return Some(candidate),
                (None, Stage::Done) if std::mem::take(&mut self.progress) => {
                    self.stage = Stage::start(&self.best);
                }
                (None, Stage::Done) => return None,
                (None, _) => {}
            }
        }
    }

    /// What the stage has to try, if anything, and what comes after that.
    fn candidate(&self) -> (Option<Vec<O>>, Stage) {
        let best = &self.best;
        match self.stage.clone() {
            Stage::Remove { count: 0, .. } => (None, Stage::Replace(replacements(best))),
            Stage::Remove { count, end: 0 } => {
                (None, Stage::Remove { count: count / 2, end: best.len() })
            }
            Stage::Remove { count, end } => {
                let end = end.min(best.len());
                let start = end.saturating_sub(count);
                let rest = [&best[..start], &best[end..]].concat();
                // An empty history proves nothing.
                let rest = Some(rest).filter(|rest| !rest.is_empty() && start < end);
                (rest, Stage::Remove { count, end: start })
            }
            Stage::Replace(mut left) => match left.pop() {
                Some(replacement) => (replacement.within(best), Stage::Replace(left)),
                None => (None, Stage::Rename),
            },
            Stage::Rename => (renamed(best), Stage::Simplify { step: 0, nth: 0 }),
            Stage::Simplify { step, nth } => {
                let Some(operation) = best.get(step) else { return (None, Stage::Done) };
                match operation.simpler().into_iter().nth(nth) {
                    Some(simpler) => {
                        let mut history = best.clone();
                        history[step] = simpler;
                        (Some(history), Stage::Simplify { step, nth: nth + 1 })
                    }
                    None => (None, Stage::Simplify { step: step + 1, nth: 0 }),
                }
            }
            Stage::Done => (None, Stage::Done),
        }
    }
}

impl Stage {
    fn start<O>(history: &[O]) -> Self {
        Self::Remove { count: history.len() / 2, end: history.len() }
    }
}

impl<O: Operation> ValueTree for Shrink<O> {
    type Value = Vec<O>;

    fn current(&self) -> Vec<O> {
        self.tried.as_ref().unwrap_or(&self.best).clone()
    }

    /// What is tried failed, too: it takes the place of the best.
    fn simplify(&mut self) -> bool {
        if let Some(smaller) = self.tried.take() {
            self.best = smaller;
            self.progress = true;
            if let Stage::Simplify { nth, .. } = &mut self.stage {
                // It is another step now, with ways of its own.
                *nth = 0;
            }
        }
        self.tried = self.next();
        self.tried.is_some()
    }

    /// What is tried passed: something else is tried, and the best in the end.
    fn complicate(&mut self) -> bool {
        if self.tried.is_none() {
            return false;
        }
        self.tried = self.next();
        true
    }
}

impl Replacement {
    /// The history with it; `None` if it changes nothing.
    fn within<O: Operation>(self, history: &[O]) -> Option<Vec<O>> {
        let mut history = history.to_vec();
        let mut changed = false;
        for operation in &mut history {
            for member in operation.members() {
                changed |= self.change_member(member);
            }
            for room in operation.rooms() {
                changed |= self.change_room(room);
            }
            for namespace in operation.namespaces() {
                changed |= self.change_namespace(namespace);
            }
        }
        changed.then_some(history)
    }

    fn change_member(self, member: &mut Member) -> bool {
        let before = *member;
        match self {
            Self::Person(to, from) if member.person == from => member.person = to,
            Self::Member(to, from) if *member == from => *member = to,
            _ => return self.change_namespace(&mut member.namespace),
        }
        *member != before
    }

    fn change_namespace(self, namespace: &mut &'static str) -> bool {
        match self {
            Self::Namespace(to, from) if *namespace == from => {
                *namespace = to;
                true
            }
            _ => false,
        }
    }

    fn change_room(self, room: &mut Room) -> bool {
        match (self, &mut *room) {
            (Self::Room(to, from), _) => {
                let changes = *room == from;
                if changes {
                    *room = to;
                }
                changes
            }
            (_, Room::Of(member)) => self.change_member(member),
            (_, Room::Named(_)) => false,
        }
    }
}

/// Everybody and everything that another one could stand in for: whoever comes first in the order
/// of the alphabet stays. `/`, which is told without being named, stands in for any namespace.
fn replacements<O: Operation>(history: &[O]) -> Vec<Replacement> {
    let (mut members, mut rooms) = (BTreeSet::new(), BTreeSet::new());
    let mut namespaces = BTreeSet::from(["/"]);
    for mut operation in history.iter().cloned() {
        members.extend(operation.members().into_iter().map(|member| *member));
        rooms.extend(operation.rooms().into_iter().map(|room| *room));
        namespaces.extend(operation.namespaces().into_iter().map(|namespace| *namespace));
    }
    let owners = rooms.iter().filter_map(|room| match room {
        Room::Of(member) => Some(*member),
        Room::Named(_) => None,
    });
    members.extend(owners);
    let people = members.iter().map(|member| member.person).collect();
    namespaces.extend(members.iter().map(|member| member.namespace));
    let mut found = Vec::new();
    // The last ones are tried first: they change most.
    pairs(&rooms, |to, from| found.push(Replacement::Room(to, from)));
    pairs(&members, |to, from| found.push(Replacement::Member(to, from)));
    pairs(&people, |to, from| found.push(Replacement::Person(to, from)));
    pairs(&namespaces, |to, from| found.push(Replacement::Namespace(to, from)));
    found
}

fn pairs<T: Copy + Ord>(all: &BTreeSet<T>, mut act: impl FnMut(T, T)) {
    for from in all {
        for to in all.range(..from) {
            act(*to, *from);
        }
    }
}

/// The history with alice, bob and so on in the order of their appearance; `None` if it is so.
fn renamed<O: Operation>(history: &[O]) -> Option<Vec<O>> {
    let mut history = history.to_vec();
    let mut people: Vec<Person> = Vec::new();
    let mut changed = false;
    let mut rename = |member: &mut Member| {
        let known = people.iter().position(|person| *person == member.person);
        let nth = known.unwrap_or_else(|| {
            people.push(member.person);
            people.len() - 1
        });
        let name = Person::nth(nth as u8);
        changed |= member.person != name;
        member.person = name;
    };
    for operation in &mut history {
        operation.members().into_iter().for_each(&mut rename);
        for room in operation.rooms() {
            if let Room::Of(member) = room {
                rename(member);
            }
        }
    }
    changed.then_some(history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Aim, Op};

    /// The smallest that fails.
    fn smallest(history: Vec<Op>, fails: impl Fn(&[Op]) -> bool) -> (Vec<Op>, u32) {
        assert!(fails(&history));
        let mut tree = Shrink::new(history);
        let mut runs = 0;
        let mut goes_on = tree.simplify();
        while goes_on {
            runs += 1;
            goes_on = if fails(&tree.current()) { tree.simplify() } else { tree.complicate() };
        }
        assert!(fails(&tree.current()));
        assert!(!tree.simplify() && !tree.complicate(), "it is over");
        (tree.current(), runs)
    }

    fn named(name: &'static str) -> Room {
        Room::Named(name)
    }

    /// Forty steps of three people in two namespaces and three rooms.
    fn long() -> Vec<Op> {
        let people = [Person::nth(7), Person::nth(3), Person::nth(5)];
        let step = |n: usize| {
            let who = people[n % 3].at(["/", "/red"][n % 2]);
            let room = [named("ops"), named("dev"), Room::Of(people[1].at("/"))][n / 3 % 3];
            match n % 5 {
                0 => Op::Connect(who),
                1 | 2 => Op::Join(who, room),
                3 => Op::Leave(who, room),
                _ => Op::Emit(Aim::of(who).to(room).to(named("lobby")).except(named("dev"))),
            }
        };
        (0..40).map(step).collect()
    }

    #[test]
    fn steps_that_do_not_matter_go_and_the_others_stay_in_order() {
        let fails = |history: &[Op]| {
            let joined = history.iter().position(|op| matches!(op, Op::Join(..)));
            let said = history.iter().rposition(|op| matches!(op, Op::Emit(_)));
            joined.zip(said).is_some_and(|(joined, said)| joined < said)
        };
        let (history, runs) = smallest(long(), fails);
        let alice = Person::ALICE.at("/");
        let said = Op::Emit(Aim::of(alice).to(named("dev")));
        assert_eq!(history, [Op::Join(alice, named("dev")), said]);
        assert!(runs < 100, "{runs}");
    }

    #[test]
    fn people_who_must_differ_are_two_and_are_called_by_the_first_names() {
        let fails = |history: &[Op]| {
            let people = history
                .iter()
                .cloned()
                .filter_map(|mut op| op.members().first().map(|member| member.person));
            people.collect::<BTreeSet<_>>().len() >= 2
        };
        let (history, _) = smallest(long(), fails);
        let names: Vec<_> = history.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].starts_with("alice ") && names[1].starts_with("bob "), "{names:?}");
    }

    #[test]
    fn one_room_takes_the_place_of_all_but_where_it_cannot() {
        let fails = |history: &[Op]| {
            let rooms = history
                .iter()
                .cloned()
                .flat_map(|mut op| op.rooms().into_iter().map(|room| *room).collect::<Vec<_>>());
            rooms.filter(|room| *room != named("dev")).count() >= 2
        };
        let (history, _) = smallest(long(), fails);
        let mut history = history;
        let rooms: Vec<_> =
            history.iter_mut().flat_map(Operation::rooms).map(|room| *room).collect();
        assert_eq!(rooms, [named("ops"); 2]);
    }

    #[test]
    fn a_history_that_is_as_small_as_can_be_stays() {
        let alone = vec![Op::Connect(Person::ALICE.at("/"))];
        assert_eq!(smallest(alone.clone(), |_| true), (alone, 0));
    }
}
