//! Rooms and broadcasts against the model of the kit that users have for theirs.
//!
//! Numbers in brackets are the invariants of Socket.IO's rooms as the project lists them; flags and
//! packets (22, 27 to 30) are the business of others.

#[path = "rooms_model/acts.rs"]
mod acts;
#[expect(
    clippy::disallowed_methods,
    reason = "a campaign has a clock and settings; the core has none"
)]
mod campaign;
#[path = "rooms_model/events.rs"]
mod events;
#[path = "rooms_model/world.rs"]
mod world;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use klatch_core::testing::{
    Aim, Comparison, Difference, Member, Op, Person, Room, Rules as _, Search, System as _,
};
use klatch_core::{SocketKey, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;

use acts::{Act, Bounded, MAX_ROOMS, NAMESPACES, act, cast, history};
use campaign::Campaign;
use events::Told;
use world::World;

/// How many histories are tried, unless `PROPTEST_CASES` says so.
const CASES: u32 = 10_000;

/// A failing history belongs into a unit test, not into a file beside this one.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        // ChaCha, the default, takes half of the time where nothing is optimised.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}

/// (1) (2) (4) to (9), (15) to (19) and (23) to (25): whatever happens in two namespaces, all that
/// can be asked of them is what the model says, and so are those whom a broadcast reaches.
#[test]
fn a_history_is_what_the_model_says() {
    let search = Search::new().cases(config().cases);
    search.prove(&history(), |history| prove(history).map(drop));
}

/// Holds a history to the model at each of its steps, and empties what is there in the end; how many
/// operations that were.
fn prove(history: &[Act]) -> Result<u64, Difference<Act>> {
    let mut both = Comparison::new(Bounded::default(), World::new(0));
    for act in history {
        both.step(act)?;
        both.look(|rules, world| world.compare(&rules.model))?;
    }
    let everybody = NAMESPACES.map(|name| both.rules().model.connected(name));
    let mut operations = history.len() as u64;
    for who in everybody.into_iter().flatten() {
        both.step(&Act::Plain(Op::Disconnect(who)))?;
        operations += 1;
    }
    both.look(|_, world| {
        for name in NAMESPACES {
            assert_eq!(world.namespace(name).room_names().count(), 0);
        }
    })?;
    Ok(operations)
}

#[test]
#[ignore = "it takes as long as it is given: cargo xtask simulate --core"]
fn campaign() {
    let (mut campaign, operations) = (Campaign::begin(), Cell::new(0));
    while let Some(seed) =
        campaign.next(operations.get(), format!("{} operations", operations.get()))
    {
        let found = Search::new().cases(CASES).seed(seed).run(&history(), |history| {
            operations.set(operations.get() + prove(history)?);
            Ok(())
        });
        if let Err(story) = found {
            panic!("again: cargo xtask simulate --core --seeds {seed}\n{story}");
        }
    }
    println!("seeds {:?}, {CASES} histories each: as the model says", campaign.tried());
}

/// (12) (13) (14): what is told of rooms is what happened to them, and nothing is told if nobody asked.
#[test]
fn what_is_told_of_rooms_is_what_happened() {
    let search = Search::new().cases(config().cases);
    search.prove(&history(), |history| {
        let (mut rules, mut world, mut deaf) = (Bounded::default(), World::new(0), World::new(0));
        let mut told = BTreeMap::from(NAMESPACES.map(|name| (name, Told::default())));
        for name in NAMESPACES {
            world.namespace(name).watch_rooms(true);
        }
        let everybody =
            NAMESPACES.map(|name| (0..Person::COUNT).map(move |n| Person::nth(n).at(name)));
        let ends = everybody.into_iter().flatten().map(|who| Act::Plain(Op::Disconnect(who)));
        for act in history.iter().cloned().chain(ends) {
            let before = rules.model.clone();
            let outcome = rules.expect(&act);
            assert_eq!((world.perform(&act), deaf.perform(&act)), (outcome.clone(), outcome));
            for (name, told) in &mut told {
                let namespace = world.namespace(name);
                let events: Vec<_> = std::iter::from_fn(|| namespace.poll_event()).collect();
                told.hear(name, &events, &before, &rules.model);
                assert_eq!(deaf.namespace(name).poll_event(), None);
            }
        }
        Ok(())
    });
}

fn select_set(world: &mut World, namespace: &str, target: &Target) -> BTreeSet<Member> {
    let keys = world.select(namespace, target);
    world.set(namespace, keys)
}

fn names(rooms: &[Room]) -> Vec<String> {
    rooms.iter().map(Room::name).collect()
}

/// A socket that is there after any history: alice's in `/`.
fn present(history: &[Act]) -> (World, SocketKey) {
    let alice = Person::ALICE.at("/");
    let mut world = World::after(history);
    // She may be there already.
    let _ = world.perform(&Act::Plain(Op::Connect(alice)));
    let key = world.key(alice);
    (world, key)
}

proptest! {
    #![proptest_config(config())]

    /// (3) the room of its id is all that a new socket is in, and nobody else is in it.
    /// (10) (11) whoever is turned away leaves nothing behind, and was nobody's target before.
    #[test]
    fn a_socket_comes_and_goes_without_a_trace(
        history in history(),
        rooms in vec(cast().room(), 0..4),
    ) {
        let newcomer = Person::nth(Person::COUNT - 1).at("/");
        let own = newcomer.id();
        let mut world = World::after(&history);
        prop_assert_eq!(world.select("/", &Target::all().to(own)), []);
        let _ = world.perform(&Act::Plain(Op::Connect(newcomer)));
        let newest = world.key(newcomer);
        let namespace = world.namespace("/");
        prop_assert_eq!(namespace.rooms(newest).collect::<Vec<_>>(), [own.as_str()]);
        prop_assert_eq!(namespace.members(own.as_str()).collect::<Vec<_>>(), [newest]);
        // An error is one of the ways to be turned away.
        let _ = namespace.join_all(newest, names(&rooms));
        prop_assert!(namespace.disconnect(newest));
        let mut before = Bounded::default();
        for act in &history {
            drop(before.expect(act));
        }
        world.compare(&before.model);
    }

    /// (6) as one call or as several, and a name that stands there twice counts once.
    #[test]
    fn joining_in_bulk_is_joining_one_by_one(
        history in history(),
        rooms in vec(cast().room(), 0..4),
    ) {
        let (mut bulk, key) = present(&history);
        let (mut single, same) = present(&history);
        prop_assert_eq!(key, same);
        let twice = [names(&rooms), names(&rooms)].concat();
        let joined = bulk.namespace("/").join_all(key, &twice);
        let mut count = Ok(0);
        for room in &twice {
            let one = single.namespace("/").join(key, room);
            count = count.and_then(|n| one.map(|newly| n + usize::from(newly)));
        }
        prop_assert_eq!(joined, count);
        if count.is_ok() {
            prop_assert_eq!(
                bulk.namespace("/").rooms(key).collect::<Vec<_>>(),
                single.namespace("/").rooms(key).collect::<Vec<_>>()
            );
        }
        prop_assert!(bulk.namespace("/").rooms(key).count() <= MAX_ROOMS + 1);
    }

    /// (17) (18) (20) (21) and what else holds for targets, whatever the rooms.
    #[test]
    fn targets_add_up(
        history in history(),
        aim in cast().aim(),
        (x, y) in (cast().room(), cast().room()),
    ) {
        let mut world = World::after(&history);
        let (x, y) = (x.name(), y.name());
        let base = world.target(&aim);
        let mut select_set = |target: &Target| select_set(&mut world, aim.from.namespace(), target);
        let reached = select_set(&base);

        let xy = select_set(&base.clone().to(&*x).to(&*y));
        let yx = select_set(&base.clone().to(&*y).to(&*x));
        prop_assert_eq!(&xy, &yx, "(20) the order of rooms does not count");
        prop_assert_eq!(&xy, &select_set(&base.clone().to(&*x).to(&*y).to(&*x)));
        let not_xy = select_set(&base.clone().except(&*x).except(&*y));
        let not_yx = select_set(&base.clone().except(&*y).except(&*x));
        prop_assert_eq!(not_xy, not_yx, "(20) nor does that of excepted ones");
        let neither = select_set(&Target::all().to(&*x).except(&*x));
        prop_assert_eq!(neither, BTreeSet::new(), "(17) except wins");

        prop_assert_eq!(&select_set(&base.clone().except("nowhere")), &reached, "(18)");
        if !aim.to.is_empty() {
            prop_assert_eq!(&select_set(&base.clone().to("nowhere")), &reached, "(18)");
        }
        let none = [""; 0];
        for nobody in
            [Target::rooms(["nowhere"]), Target::rooms(none), Target::all().to_any_of(none)]
        {
            prop_assert_eq!(select_set(&nobody), BTreeSet::new(), "(18)");
        }
        prop_assert_eq!(select_set(&base), reached, "(21)");
        prop_assert_eq!(base, world.target(&aim), "(21)");
    }

    /// Whatever the hash key, the same calls give the same lists in the same order.
    /// (26) A list is a snapshot: it is the caller's, and later calls do not reach it.
    #[test]
    fn the_order_follows_from_the_history(
        history in history(),
        aims in vec(cast().aim(), 1..4),
        late in act(),
    ) {
        let (mut one, mut other) = (World::new(1), World::new(2));
        for act in &history {
            prop_assert_eq!(one.perform(act), other.perform(act));
            for name in NAMESPACES {
                let names = |world: &mut World| {
                    world.namespace(name).room_names().map(str::to_owned).collect::<Vec<_>>()
                };
                prop_assert_eq!(names(&mut one), names(&mut other));
            }
        }
        for aim in &aims {
            let target = one.target(aim);
            let select = |world: &mut World| world.select(aim.from.namespace(), &target);
            prop_assert_eq!(select(&mut one), select(&mut other));
            // Between two broadcasts something may happen.
            prop_assert_eq!(one.perform(&late), other.perform(&late));
        }
    }

    /// (23) What happens in one namespace changes nothing in the other: the same is reached there,
    /// in the same order, as if it had been alone.
    #[test]
    fn namespaces_never_meet(history in history(), aim in cast().aim()) {
        let here = aim.from.namespace();
        let is_here = |act: &Act| match act {
            // It ends in both.
            Act::Plain(Op::Close(_)) => true,
            Act::Plain(Op::Emit(Aim { from, .. })) => from.namespace() == here,
            Act::JoinAll(who, _)
            | Act::Plain(
                Op::Connect(who)
                | Op::Disconnect(who)
                | Op::Join(who, _)
                | Op::Leave(who, _)
                | Op::LeaveAll(who),
            ) => who.namespace == here,
        };
        let alone: Vec<_> = history.iter().filter(|act| is_here(act)).cloned().collect();
        let (mut alone, mut both) = (World::after(&alone), World::after(&history));
        let target = alone.target(&aim);
        prop_assert_eq!(&both.target(&aim), &target);
        prop_assert_eq!(both.select(here, &target), alone.select(here, &target));
    }
}
