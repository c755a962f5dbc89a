//! The kit itself: what the model says, how a story reads, and that planted faults are found.

use super::*;

const ALICE: Member = Person::ALICE.at("/");
const BOB: Member = Person::BOB.at("/");
const CAROL: Member = Person::CAROL.at("/");
const OPS: Room = Room::Named("ops");
const DEV: Room = Room::Named("dev");

/// A model to which this has happened, none of which was refused.
fn model(ops: &[Op]) -> Model {
    let mut model = Model::new();
    for op in ops {
        assert!(model.permits(op), "{op}");
        assert!(!model.expect(op).is_refused(), "{op}");
    }
    model
}

fn crowd() -> Vec<Op> {
    [ALICE, BOB, CAROL].map(Op::Connect).to_vec()
}

fn reached(model: &Model, aim: &Aim) -> Vec<Member> {
    model.reach(aim).into_iter().collect()
}

#[test]
fn people_are_known_by_their_names_and_sockets_by_their_ids() {
    let people: Vec<_> = (0..Person::COUNT).map(Person::nth).collect();
    for person in &people {
        assert_eq!(Person::called(person.name()), Some(*person));
    }
    assert_eq!(Person::called("nobody"), None);
    assert_eq!([3, 4, 5].map(|n| Person::nth(n).among_first(3)), [0, 1, 2].map(Person::nth));
    let places = ["/", "/red", "/blue"];
    let ids = people.iter().flat_map(|person| places.map(|place| person.at(place).id()));
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), people.len() * places.len());
}

#[test]
fn a_broadcast_is_a_union_without_those_excepted_and_without_the_sender() {
    let joins =
        [Op::Join(ALICE, OPS), Op::Join(BOB, OPS), Op::Join(BOB, DEV), Op::Join(CAROL, DEV)];
    let model = model(&[crowd(), joins.to_vec()].concat());
    for (aim, expected) in [
        (Aim::of(ALICE), &[BOB, CAROL][..]),
        (Aim::server("/"), &[ALICE, BOB, CAROL]),
        (Aim::server("/").to(OPS).to(DEV), &[ALICE, BOB, CAROL]),
        (Aim::of(BOB).to(OPS).to(DEV).to(OPS), &[ALICE, CAROL]),
        (Aim::server("/").to(OPS).except(DEV), &[ALICE]),
        (Aim::server("/").to(OPS).except(OPS), &[]),
        (Aim::server("/").to(Room::Named("nowhere")), &[]),
        (Aim::server("/").except(Room::Named("nowhere")), &[ALICE, BOB, CAROL]),
        (Aim::of(ALICE).to(Room::Of(BOB)), &[BOB]),
        (Aim::of(ALICE).to(Room::Of(ALICE)), &[]),
        (Aim::server("/").except(Room::Of(BOB)), &[ALICE, CAROL]),
        (Aim::server("/red"), &[]),
    ] {
        assert_eq!(reached(&model, &aim), expected, "{aim:?}");
    }
    assert_eq!(model.members("/", DEV), [BOB, CAROL].into());
    assert_eq!(model.members("/red", DEV), [].into());
}

#[test]
fn the_room_of_an_id_is_its_sockets_alone_for_as_long_as_it_is_connected() {
    let own = Room::Of(BOB);
    let mut model = model(&[Op::Connect(ALICE), Op::Join(ALICE, own)]);
    assert!(model.is_in(ALICE, own), "nobody has the id yet");
    assert_eq!(model.expect(&Op::Connect(BOB)), Outcome::nobody());
    assert_eq!(model.rooms(ALICE), [Room::Of(ALICE)].into());
    assert_eq!(model.expect(&Op::Join(ALICE, own)), Outcome::refused());
    assert_eq!(model.expect(&Op::LeaveAll(BOB)), Outcome::nobody());
    assert_eq!(model.expect(&Op::Join(ALICE, own)), Outcome::refused(), "he is there still");
    assert_eq!(reached(&model, &Aim::of(BOB)), [ALICE], "he left his room, and hears himself not");
    assert_eq!(model.expect(&Op::Join(BOB, own)), Outcome::nobody());
    assert_eq!(reached(&model, &Aim::of(ALICE).to(own)), [BOB]);
}

#[test]
fn a_connection_that_ends_takes_its_person_out_of_all_namespaces() {
    let [here, there] = ["/", "/red"].map(|namespace| Person::ALICE.at(namespace));
    let start = [Op::Connect(here), Op::Connect(there), Op::Connect(BOB), Op::Join(there, OPS)];
    let mut model = model(&start);
    assert_eq!(reached(&model, &Aim::server("/").to(OPS)), [], "it is another room there");
    assert!(!model.permits(&Op::Connect(there)));
    assert_eq!(model.expect(&Op::Close(here)), Outcome::nobody());
    assert_eq!((model.connected("/"), model.connected("/red")), ([BOB].into(), [].into()));
    assert!(!model.permits(&Op::Join(there, OPS)));
    assert_eq!(model.expect(&Op::Join(there, OPS)), Outcome::nobody());
    assert!(model.rooms(there).is_empty(), "who is not there joins nothing");
    assert_eq!(model.expect(&Op::Connect(BOB)), Outcome::refused(), "he is there");
}

#[test]
fn rooms_and_aims_are_shown_as_they_are_in_a_story() {
    let aim = Aim::of(ALICE).to(OPS).to(Room::Of(BOB)).except(DEV);
    assert_eq!(format!("{aim:?}"), "to(ops, id of bob).except(dev) from alice");
    assert_eq!(
        format!("{:?}", Aim::server("/red").except(DEV)),
        "except(dev) from the server in /red"
    );
    assert_eq!(Aim::of(ALICE).to_string(), "broadcast()");
    assert_eq!(Aim::server("/").to_string(), "everybody()");
    assert_eq!(
        format!("{:?} {:?} {:?}", Room::Of(BOB), ALICE, Person::ALICE),
        "id of bob alice alice"
    );
    assert_eq!(format!("{:?}", Sender::Member(BOB)), "bob");
    assert_eq!((OPS.name(), Room::Of(BOB).name()), ("ops".to_owned(), BOB.id().to_string()));
}

#[test]
fn a_cast_is_told_in_any_order() {
    let told = r#"Cast { people: 2, rooms: ["x"], namespaces: ["/a"] }"#;
    assert_eq!(format!("{:?}", Cast::new().people(2).rooms(["x"]).namespaces(["/a"])), told);
    assert_eq!(format!("{:?}", Cast::new().namespaces(["/a"]).rooms(["x"]).people(2)), told);
}

#[test]
fn an_outcome_is_the_same_in_whatever_order_it_is_told() {
    let both = Outcome::nobody().reaching(BOB).reaching(ALICE).reaching(CAROL);
    assert_eq!(both, Outcome::nobody().reaching(CAROL).reaching(ALICE).reaching(BOB));
    assert_eq!(both, [CAROL, BOB, ALICE].into_iter().collect());
    assert_eq!(Outcome::from(Ok::<_, ()>(1)), Outcome::nobody());
    assert_eq!(Outcome::from(Err::<(), _>(1)), Outcome::refused());
}

#[test]
fn an_operation_names_the_namespace_where_the_server_speaks() {
    let named = |mut op: Op| op.namespaces().into_iter().map(|name| *name).collect::<Vec<_>>();
    assert_eq!(named(Op::Emit(Aim::server("/red"))), ["/red"]);
    assert_eq!(named(Op::Emit(Aim::of(ALICE))), [""; 0]);
    assert_eq!(named(Op::Connect(ALICE)), [""; 0]);
    assert!(Quiet.namespaces().is_empty() && Quiet.simpler().is_empty());
}

/// An operation that says no more of itself than it must.
#[derive(Clone, Debug)]
struct Quiet;

impl Operation for Quiet {
    fn members(&mut self) -> Vec<&mut Member> {
        Vec::new()
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        Vec::new()
    }
}

impl std::fmt::Display for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody did anything")
    }
}

#[test]
fn a_system_that_is_lent_is_asked_as_one_that_is_given() {
    let mut lent = Faulty { model: Model::new(), fault: |_, _, right| right };
    let history = [Op::Connect(ALICE), Op::Connect(BOB), Op::Emit(Aim::of(ALICE))];
    assert!(check(&mut lent, &history).is_ok());
    assert_eq!(lent.model.connected("/"), [ALICE, BOB].into());
}

/// Who are few and in one room meet more often.
#[test]
fn half_of_the_histories_are_about_a_few_people_and_half_about_one_room() {
    let histories = Cast::new().people(Person::COUNT).history();
    let (few, one_room) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Search::new().cases(400).prove(&histories, |history: &[Op]| {
        let mut history = history.to_vec();
        let people = history.iter_mut().flat_map(Op::members).map(|who| who.person);
        let people = people.collect::<std::collections::BTreeSet<_>>().len();
        let rooms = history.iter_mut().flat_map(Op::rooms).map(|room| *room);
        let rooms = rooms.filter(|room| matches!(room, Room::Named(_)));
        let rooms = rooms.collect::<std::collections::BTreeSet<_>>().len();
        if history.len() >= 10 {
            few.set(few.get() + usize::from(people <= 3));
            one_room.set(one_room.get() + usize::from(rooms <= 1));
        }
        Ok(())
    });
    assert!(few.get() > 50 && one_room.get() > 50, "{few:?} {one_room:?}");
}

/// What a faulty system does for one of its operations, made of what would be right.
type Fault = fn(&Op, &mut Model, Outcome) -> Outcome;

/// The model with a fault.
struct Faulty {
    model: Model,
    fault: Fault,
}

impl System for Faulty {
    fn perform(&mut self, op: &Op) -> Outcome {
        let right = self.model.expect(op);
        (self.fault)(op, &mut self.model, right)
    }
}

/// The smallest story of a fault, over two namespaces.
fn story(seed: u64, fault: Fault) -> Difference<Op> {
    let histories = Cast::new().namespaces(["/", "/red"]).history().at_most(60);
    let search = Search::new().cases(2_000).seed(seed);
    let found =
        search.run(&histories, |history| check(Faulty { model: Model::new(), fault }, history));
    found.expect_err("it is found")
}

fn to_all(from: Sender, model: &Model) -> Outcome {
    model.connected(from.namespace()).into_iter().collect()
}

/// Faults, in how many steps each can be shown, and what is told of it.
const FAULTS: &[(Fault, usize, &str)] = &[
    (
        |op, model, right| match op {
            Op::Emit(aim) if aim.to.is_empty() && aim.except.is_empty() => to_all(aim.from, model),
            _ => right,
        },
        2,
        "after alice connected, alice emitted `broadcast()`, which reached alice, \
         who should not have got it",
    ),
    (
        // The sender is left out for the room of its id.
        |op, model, right| match op {
            Op::Emit(Aim { from: Sender::Member(who), to, except })
                if to.is_empty() && except.is_empty() && !model.is_in(*who, Room::Of(*who)) =>
            {
                right.reaching(*who)
            }
            _ => right,
        },
        3,
        "alice emitted `broadcast()`, which reached alice, who should not have got it",
    ),
    (
        // Once for every room.
        |op, model, right| match op {
            Op::Emit(aim) if aim.except.is_empty() => {
                let others = model.reach(aim);
                let mut outcome = right;
                for room in aim.to.iter().skip(1) {
                    let twice = others
                        .iter()
                        .filter(|who| model.is_in(**who, aim.to[0]) && model.is_in(**who, *room));
                    outcome = twice.fold(outcome, |outcome, who| outcome.reaching(*who));
                }
                outcome
            }
            _ => right,
        },
        4,
        " twice, who should have got it once",
    ),
    (
        // Rooms that nobody is in are taken for no rooms.
        |op, model, right| match op {
            Op::Emit(aim) if aim.to.iter().all(|room| model.members("/", *room).is_empty()) => {
                model.reach(&Aim { to: Vec::new(), ..aim.clone() }).into_iter().collect()
            }
            _ => right,
        },
        4,
        ", who should not have got it",
    ),
    (
        // To wins over except.
        |op, model, right| match op {
            Op::Emit(aim) if !aim.to.is_empty() => {
                model.reach(&Aim { except: Vec::new(), ..aim.clone() }).into_iter().collect()
            }
            _ => right,
        },
        4,
        ", who should not have got it",
    ),
    (
        // Whoever leaves a room stays in it.
        |op, model, right| {
            if let Op::Leave(who, room @ Room::Named(_)) = op
                && model.is_connected(*who)
            {
                return model.expect(&Op::Join(*who, *room));
            }
            right
        },
        5,
        " left `",
    ),
    (
        // A room of a name is one in all namespaces.
        |op, model, right| match op {
            Op::Emit(aim) => {
                let there = if aim.from.namespace() == "/" { "/red" } else { "/" };
                let named = aim.to.iter().filter(|room| matches!(room, Room::Named(_)));
                let leaked = named.flat_map(|room| model.members(there, *room));
                leaked.fold(right, |outcome, who| outcome.reaching_with(who, "a leak"))
            }
            _ => right,
        },
        4,
        "with `a leak`, who should not have got it",
    ),
    (
        // Anybody may listen in.
        |_, _, right| if right.is_refused() { Outcome::nobody() } else { right },
        3,
        "joined `id of ",
    ),
    (
        |op, _, right| match op {
            Op::LeaveAll(who) if who.namespace == "/red" => panic!("no {who} here"),
            _ => right,
        },
        2,
        "after alice in /red connected, alice in /red left all rooms, which made it panic: \
         no alice in /red here",
    ),
];

#[test]
fn every_planted_fault_is_found_and_its_story_is_short() {
    for (n, (fault, steps, says)) in FAULTS.iter().enumerate() {
        for seed in 0..5 {
            let difference = story(seed, *fault);
            let told = difference.to_string();
            assert!(told.contains(says), "fault {n}, seed {seed}: {told}");
            assert!(difference.steps().len() <= *steps, "fault {n}, seed {seed}: {told}");
        }
    }
}

#[test]
fn a_system_that_is_right_passes() {
    let search = Search::new().cases(500);
    search.prove(&Cast::new().history(), |history| {
        check(Faulty { model: Model::new(), fault: |_, _, right| right }, history)
    });
}

#[test]
fn what_must_hold_between_two_steps_is_part_of_the_story() {
    let search = Search::new().cases(500);
    let found = search.run(&Cast::new().history(), |history| {
        let right = Faulty { model: Model::new(), fault: |_, _, right| right };
        let mut both = Comparison::new(Model::new(), right);
        both.look(|model, system| assert_eq!(*model, system.model))?;
        history.iter().try_for_each(|op| {
            both.step(op)?;
            both.look(|model, _| assert!(model.connected("/").len() < 2, "a crowd"))
        })
    });
    let told = found.expect_err("two connect").to_string();
    assert_eq!(
        told,
        "after alice connected, bob connected, which made it panic: a crowd\n\n   \
         1. alice connected\n   2. bob connected"
    );
    let right = Faulty { model: Model::new(), fault: |_, _, right| right };
    let mut early = Comparison::<Op, _, _>::new(Model::new(), right);
    let told = early.look(|_, _| panic!("too early")).expect_err("it panics").to_string();
    assert_eq!(told, "before anything happened, something made it panic: too early");
}

#[test]
#[should_panic(expected = "after alice connected, alice emitted")]
fn a_proof_that_fails_tells_the_story() {
    let (fault, ..) = FAULTS[0];
    Search::new().prove(&Cast::new().history(), |history| {
        check(Faulty { model: Model::new(), fault }, history)
    });
}

#[test]
fn the_same_seed_finds_the_same_and_another_searches_elsewhere() {
    let first = |seed| {
        let seen = std::cell::RefCell::new(Vec::new());
        let result = Search::new().cases(3).seed(seed).run(&Cast::new().history(), |history| {
            seen.borrow_mut().push(history.to_vec());
            Ok(())
        });
        assert!(result.is_ok());
        seen.into_inner()
    };
    assert_eq!(first(0), first(0));
    assert_ne!(first(0), first(1));
}

#[test]
fn histories_are_of_what_can_happen_and_most_of_it_does() {
    let search = Search::new().cases(200);
    let steps = std::cell::Cell::new(0);
    let result = search.run(&Cast::new().people(2).history().at_most(50), |history| {
        let mut model = Model::new();
        for op in history {
            assert!(model.permits(op), "{op}");
            // It was refused or not.
            let _ = model.expect(op);
        }
        steps.set(steps.get() + history.len());
        Ok(())
    });
    assert!(result.is_ok());
    assert!(steps.get() > 200 * 20, "{}", steps.get());
}

/// All the ways in which two outcomes may differ, as they are told.
#[test]
fn a_story_says_what_went_wrong_for_whom() {
    struct Says<'a>(&'a [Outcome]);
    impl System for Says<'_> {
        fn perform(&mut self, _: &Op) -> Outcome {
            let (first, others) = self.0.split_first().expect("it is asked no more");
            self.0 = others;
            first.clone()
        }
    }
    impl Rules for Says<'_> {
        fn expect(&mut self, op: &Op) -> Outcome {
            self.perform(op)
        }
    }
    let told = |expected: Outcome, got: Outcome| {
        let (expected, got) = ([Outcome::nobody(), expected], [Outcome::nobody(), got]);
        let history = [Op::Join(ALICE, OPS), Op::Join(BOB, DEV)];
        let difference = check_against(Says(&expected), Says(&got), &history).expect_err("they do");
        assert_eq!(difference.expected(), &expected[1]);
        assert_eq!(difference.got(), Ok(&got[1]));
        let told = difference.to_string();
        let (sentence, steps) = told.split_once("\n\n").expect("a sentence, then the steps");
        assert_eq!(steps, "   1. alice joined `ops`\n   2. bob joined `dev`");
        sentence
            .strip_prefix("after alice joined `ops`, bob joined `dev`, which ")
            .map(str::to_owned)
    };
    let nobody = Outcome::nobody;
    for (expected, got, says) in [
        (
            nobody(),
            nobody().reaching(ALICE).reaching(CAROL).reaching_with(BOB, "news"),
            "reached alice, bob with `news` and carol, who should not have got it",
        ),
        (
            nobody().reaching(ALICE),
            nobody().reaching(BOB),
            "reached bob, who should not have got it; it did not reach alice, who should have got it",
        ),
        (
            nobody().reaching(ALICE).reaching(ALICE),
            nobody().reaching(ALICE).reaching(ALICE).reaching(ALICE),
            "reached alice 3 times, who should have got it twice",
        ),
        (nobody(), Outcome::refused(), "was refused, and should not have been refused"),
        (Outcome::refused(), nobody(), "went through, and should have been refused"),
        (nobody(), nobody().answered("1"), "was answered `1`, and should not have been"),
        (nobody().answered("1"), nobody(), "went through, and should have been answered `1`"),
    ] {
        assert_eq!(told(expected, got).as_deref(), Some(says));
    }
}
