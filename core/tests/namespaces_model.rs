//! The directory of namespaces against a naive model. Invariants 42, 45 and 46, as the project lists
//! them.

use klatch_core::{HashKey, NamespaceKey, Namespaces, ParentKey, Route};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult};

const NAMES: usize = 4;

#[derive(Clone, Debug)]
enum Op {
    /// The caller wants a namespace.
    Insert(usize),
    /// The caller wants one that a parent would have.
    InsertChild(usize, usize),
    /// A client asks for a name; the parents say yes that have their bit set.
    Connect(usize, u8),
    /// A parent says yes to a client that has waited meanwhile.
    Enter(usize, usize),
    /// One of those who came is gone.
    Leave(usize),
    /// The caller ends a namespace, by any key that there was.
    Remove(usize),
    InsertParent,
    RemoveParent(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let (name, nth) = (0..NAMES, 0..64_usize);
    prop_oneof![
        1 => name.clone().prop_map(Op::Insert),
        1 => (nth.clone(), name.clone()).prop_map(|(parent, name)| Op::InsertChild(parent, name)),
        8 => (name.clone(), any::<u8>()).prop_map(|(name, yes)| Op::Connect(name, yes)),
        3 => (nth.clone(), name).prop_map(|(parent, name)| Op::Enter(parent, name)),
        9 => nth.clone().prop_map(Op::Leave),
        1 => nth.clone().prop_map(Op::Remove),
        2 => Just(Op::InsertParent),
        1 => nth.prop_map(Op::RemoveParent),
    ]
}

/// A namespace, as anybody would write it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    name: usize,
    key: NamespaceKey,
    parent: Option<ParentKey>,
    stays: bool,
}

#[derive(Default)]
struct Model {
    /// In the order in which they were made.
    entries: Vec<Entry>,
    /// In the order in which they are asked.
    parents: Vec<ParentKey>,
    /// Every key that there was.
    keys: Vec<NamespaceKey>,
    every_parent: Vec<ParentKey>,
    /// Who is where, with the key that it found; some of these namespaces have ended.
    visitors: Vec<NamespaceKey>,
}

impl Model {
    fn find(&mut self, name: usize) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.name == name)
    }

    /// Ends those whom nobody keeps up.
    fn sweep(&mut self) {
        let visitors = &self.visitors;
        self.entries.retain(|entry| entry.stays || visitors.contains(&entry.key));
    }

    fn made(&mut self, name: usize, key: NamespaceKey, parent: Option<ParentKey>, stays: bool) {
        self.entries.push(Entry { name, key, parent, stays });
        self.keys.push(key);
    }
}

type Directory = Namespaces<NamespaceKey, ParentKey>;

fn text(name: usize) -> String {
    format!("/{name}")
}

/// The first of those who are asked, in order, that says yes.
fn ask(directory: &mut Directory, name: usize, yes: u8) -> Result<NamespaceKey, Option<ParentKey>> {
    let mut refused_by = None;
    loop {
        match directory.route(&text(name), refused_by) {
            Route::Into(key) => return Ok(*key),
            Route::Nowhere => return Err(None),
            Route::Ask(parent, value) => {
                assert_eq!(parent, *value);
                let nth = directory.parents().position(|(key, _)| key == parent);
                if nth.is_some_and(|nth| yes >> (nth % 8) & 1 == 1) {
                    return Err(Some(parent));
                }
                refused_by = Some(parent);
            }
        }
    }
}

fn apply(directory: &mut Directory, model: &mut Model, op: &Op) -> TestCaseResult {
    match *op {
        Op::Insert(name) => {
            let entered = directory.insert(&text(name), |key| key).expect("a name");
            let (key, is_new) = (*entered.value, entered.is_new);
            if let Some(entry) = model.find(name) {
                entry.stays = true;
                prop_assert_eq!((key, is_new), (entry.key, false));
            } else {
                prop_assert!(is_new && !model.keys.contains(&key));
                model.made(name, key, None, true);
            }
        }
        Op::InsertChild(nth, name) => {
            let Some(&parent) = pick(&model.every_parent, nth) else { return Ok(()) };
            let entered = directory.insert_child(parent, &text(name), |key, _| key);
            let entered = entered.expect("a name").map(|it| (*it.value, it.is_new));
            let is_there = model.parents.contains(&parent);
            match (model.find(name), entered) {
                (Some(entry), entered) => {
                    entry.stays = true;
                    prop_assert_eq!(entered, Some((entry.key, false)));
                }
                (None, Some((key, true))) if is_there => {
                    model.made(name, key, Some(parent), true);
                }
                (None, entered) => prop_assert!(entered.is_none() && !is_there),
            }
        }
        Op::Connect(name, yes) => {
            let willing = |(nth, _): &(usize, &ParentKey)| yes >> (nth % 8) & 1 == 1;
            let expected = model.parents.iter().enumerate().find(willing).map(|(_, key)| *key);
            let there = model.find(name).map(|entry| entry.key);
            let found = ask(directory, name, yes);
            prop_assert_eq!(found, there.ok_or(expected));
            match found {
                Ok(key) => model.visitors.push(key),
                Err(Some(parent)) => enter(directory, model, parent, name)?,
                Err(None) => {}
            }
        }
        Op::Enter(nth, name) => {
            if let Some(&parent) = pick(&model.every_parent, nth) {
                enter(directory, model, parent, name)?;
            }
        }
        Op::Leave(nth) => {
            if model.visitors.is_empty() {
                return Ok(());
            }
            let key = model.visitors.swap_remove(nth % model.visitors.len());
            let before = model.entries.len();
            model.sweep();
            let ends = model.entries.len() < before;
            prop_assert_eq!(directory.leave(key), ends.then_some(key));
        }
        Op::Remove(nth) => {
            let Some(&key) = pick(&model.keys, nth) else { return Ok(()) };
            let is_there = model.entries.iter().any(|entry| entry.key == key);
            prop_assert_eq!(directory.remove(key), is_there.then_some(key));
            model.entries.retain(|entry| entry.key != key);
        }
        Op::InsertParent => {
            let key = directory.insert_parent(|key| key);
            prop_assert!(!model.every_parent.contains(&key));
            model.parents.push(key);
            model.every_parent.push(key);
        }
        Op::RemoveParent(nth) => {
            let Some(&key) = pick(&model.every_parent, nth) else { return Ok(()) };
            let is_there = model.parents.contains(&key);
            let children = model.entries.iter().filter(|entry| entry.parent == Some(key));
            let children: Vec<_> = children.map(|entry| entry.key).collect();
            prop_assert_eq!(directory.remove_parent(key), is_there.then_some((key, children)));
            model.entries.retain(|entry| entry.parent != Some(key));
            model.parents.retain(|parent| *parent != key);
        }
    }
    Ok(())
}

fn enter(
    directory: &mut Directory,
    model: &mut Model,
    parent: ParentKey,
    name: usize,
) -> TestCaseResult {
    let entered = directory.enter(parent, &text(name), |key, _| key);
    let entered = entered.map(|it| (*it.value, it.is_new));
    let there = model.find(name).map(|entry| (entry.key, false));
    if there.is_some() || !model.parents.contains(&parent) {
        prop_assert_eq!(entered, there);
    } else {
        prop_assert!(entered.is_some_and(|(key, is_new)| is_new && !model.keys.contains(&key)));
        if let Some((key, _)) = entered {
            model.made(name, key, Some(parent), false);
        }
    }
    model.visitors.extend(entered.map(|(key, _)| key));
    Ok(())
}

fn pick<T>(list: &[T], nth: usize) -> Option<&T> {
    list.get(nth.checked_rem(list.len())?)
}

/// Everything that can be asked.
fn check(directory: &Directory, model: &Model) -> TestCaseResult {
    let names: Vec<_> = model.entries.iter().map(|entry| text(entry.name)).collect();
    prop_assert_eq!(directory.names().collect::<Vec<_>>(), names);
    let keys: Vec<_> = model.entries.iter().map(|entry| entry.key).collect();
    prop_assert_eq!((directory.len(), directory.is_empty()), (keys.len(), keys.is_empty()));
    prop_assert_eq!(directory.iter().copied().collect::<Vec<_>>(), keys);
    for name in 0..NAMES {
        let entry = model.entries.iter().find(|entry| entry.name == name);
        prop_assert_eq!(directory.get(&text(name)), entry.map(|entry| &entry.key));
        let lasting = entry.filter(|entry| entry.stays).map(|entry| &entry.key);
        prop_assert_eq!(directory.get_lasting(&text(name)), lasting);
    }
    let parents: Vec<_> = directory.parents().map(|(key, _)| key).collect();
    prop_assert_eq!(&parents, &model.parents);
    for parent in &model.every_parent {
        let children = model.entries.iter().filter(|entry| entry.parent == Some(*parent));
        let children: Vec<_> = children.map(|entry| entry.key).collect();
        prop_assert_eq!(directory.children(*parent).copied().collect::<Vec<_>>(), children);
        prop_assert_eq!(directory.parent(*parent).is_some(), model.parents.contains(parent));
    }
    Ok(())
}

/// A failing history belongs into a unit test, not into a file beside this one.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        // ChaCha, the default, takes half of the time where nothing is optimised.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 3_000;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_directory_does_what_anybody_would_write_down(history in vec(op(), 1..80)) {
        let mut directory = Directory::new(HashKey::from_entropy([9; 16]));
        let mut model = Model::default();
        for op in &history {
            apply(&mut directory, &mut model, op)?;
            check(&directory, &model)?;
        }
        // When all are gone, what is left is what the caller wanted.
        for key in std::mem::take(&mut model.visitors) {
            directory.leave(key);
        }
        model.sweep();
        prop_assert!(model.entries.iter().all(|entry| entry.stays));
        check(&directory, &model)?;
    }
}
