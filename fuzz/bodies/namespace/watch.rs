//! The namespaces, what is expected of them, and time.

use std::collections::BTreeMap;

use klatch_core::testing::{
    Aim, Member, Model, Op, Outcome, Person, Room, Rules as _, System as _,
};
use klatch_core::{
    AckError, AckId, ENTROPY_BYTES, HashKey, JoinError, Namespace, NamespaceEvent, NamespaceLimits,
    Outgoing, Payload, Pid, SocketKey, Timestamp,
};

use super::absence::{self, Absences};
use super::acts::{Act, Bounded, MAX_NAME, MAX_ROOMS, NAMESPACES};
use super::events::Told;
use super::questions::{MAX_PENDING, Model as Questions};
use super::steps::{Claim, Step};
use super::world::World;

/// No offset is so late.
const LIE: &str = "zzzzzzzz";

pub(super) struct Watch {
    world: World,
    rules: Bounded,
    expected: BTreeMap<&'static str, Expected>,
    millis: u64,
    /// Whatever must be another each time.
    counter: u8,
}

/// What is expected of one namespace, beside its rooms.
#[derive(Default)]
struct Expected {
    told: Told,
    questions: Questions,
    /// The key of each number that `questions` gave out.
    keys: Vec<SocketKey>,
    absences: Absences,
}

impl Expected {
    fn number(&self, key: SocketKey) -> Option<usize> {
        self.keys.iter().position(|other| *other == key)
    }
}

fn namespace() -> Namespace {
    let limits = NamespaceLimits::default().rooms_per_socket(MAX_ROOMS).room_name(MAX_NAME);
    let limits = limits.pending_acks_per_socket(MAX_PENDING);
    let mut namespace = Namespace::with_limits(HashKey::from_entropy([3; 16]), limits)
        .with_recovery(absence::limits());
    namespace.watch_rooms(true);
    namespace
}

impl Watch {
    pub(super) fn new() -> Self {
        let expected = NAMESPACES.map(|name| (name, Expected::default())).into();
        let (world, rules) = (World::of(namespace), Bounded::default());
        Self { world, rules, expected, millis: 0, counter: 0 }
    }

    pub(super) fn step(&mut self, step: &Step) {
        let before = self.rules.model.clone();
        match step {
            Step::Plain(act) => self.act(act),
            Step::Promise(who) => self.promise(*who),
            Step::Tell(who) => self.tell(*who),
            Step::Read(who, packets) => self.of(who.namespace).absences.read(*who, *packets),
            Step::Lose(who) => self.lose(*who),
            Step::Return(who, claim) => self.come_back(*who, *claim),
            Step::Ask(name, whom, within) => self.ask(name, whom, within * 1_000),
            Step::Answer(who, back) => self.answer(*who, *back),
            Step::Cancel(name, back) => self.cancel(name, *back),
            Step::Wait(millis) => self.wait(*millis),
            Step::WaitForTimeout(name) => {
                let deadline = self.world.namespace(name).poll_timeout();
                let until = deadline.map_or(0, |deadline| deadline.offset().as_millis() as u64);
                self.wait(until.saturating_sub(self.millis));
            }
            Step::ForgetAway(name) => {
                self.world.namespace(name).forget_away();
                self.of(name).absences.forget_away();
            }
            Step::Look => self.world.compare(&self.rules.model),
        }
        for name in NAMESPACES {
            let namespace = self.world.namespace(name);
            let events: Vec<_> = std::iter::from_fn(|| namespace.poll_event()).collect();
            let expected = self.expected.get_mut(name).expect("all are there");
            let is_of_room = |event: &NamespaceEvent| matches!(event, NamespaceEvent::Room(_));
            let rooms = events.iter().position(is_of_room).unwrap_or(events.len());
            let mut others = std::mem::take(&mut expected.questions.events);
            others.append(&mut expected.absences.events);
            assert_eq!(events[..rooms], others);
            expected.told.hear(name, &events[rooms..], &before, &self.rules.model);
            assert_eq!(namespace.away(), expected.absences.away());
            let asked = expected.questions.deadline().map(Timestamp::from_millis);
            let first = asked.into_iter().chain(expected.absences.deadline()).min();
            let deadline = namespace.poll_timeout();
            assert!(first.is_none() || deadline.is_some_and(|at| Some(at) <= first));
        }
    }

    /// Whoever goes takes all with it.
    pub(super) fn end(&mut self) {
        self.step(&Step::Look);
        for who in (0..4).map(Person::nth) {
            self.step(&Step::Plain(Act::Plain(Op::Close(who.at(NAMESPACES[0])))));
        }
        self.step(&Step::Wait(100_000));
        for name in NAMESPACES {
            let namespace = self.world.namespace(name);
            assert!(namespace.is_empty() && namespace.room_names().count() == 0);
            assert_eq!((namespace.away(), namespace.poll_timeout()), (0, None));
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis)
    }

    fn of(&mut self, name: &str) -> &mut Expected {
        self.expected.get_mut(name).expect("all are there")
    }

    fn act(&mut self, act: &Act) {
        if let Act::Plain(Op::Connect(who)) = act
            && self.of(who.namespace).absences.is_away(*who)
        {
            // No two sockets ever have one id.
            return;
        }
        if let Some(room) = self.room_of_somebody_away(act) {
            return self.knock(act, room);
        }
        let before = self.rules.model.clone();
        let outcome = self.rules.expect(act);
        assert_eq!(self.world.perform(act), outcome);
        match act {
            Act::Plain(Op::Connect(who)) if !before.is_connected(*who) => {
                self.arrive(*who);
                self.put_out(who.namespace, &before);
            }
            Act::Plain(Op::Emit(aim)) => self.record(aim),
            Act::Plain(Op::Close(who)) => {
                for name in NAMESPACES {
                    self.leave(who.person.at(name), &before);
                }
            }
            Act::Plain(Op::Disconnect(who) | Op::Leave(who, _) | Op::LeaveAll(who))
            | Act::JoinAll(who, _) => self.leave(*who, &before),
            Act::Plain(Op::Connect(_) | Op::Join(..)) => {}
        }
    }

    /// Nobody may join the room of somebody who may come back into it.
    fn room_of_somebody_away(&mut self, act: &Act) -> Option<Room> {
        let (who, rooms) = match act {
            Act::Plain(Op::Join(who, room)) => (*who, std::slice::from_ref(room)),
            Act::JoinAll(who, rooms) => (*who, &rooms[..]),
            Act::Plain(_) => return None,
        };
        let absences = &self.of(who.namespace).absences;
        let is_kept = |room: &&Room| match room {
            Room::Of(owner) => owner.namespace == who.namespace && absences.is_away(*owner),
            Room::Named(_) => false,
        };
        rooms.iter().find(is_kept).copied()
    }

    fn knock(&mut self, act: &Act, room: Room) {
        if let Act::Plain(Op::Join(who, _)) = act {
            let (key, is_connected) = (self.world.key(*who), self.rules.model.is_connected(*who));
            let joined = self.world.namespace(who.namespace).join(key, &room.name());
            assert_eq!(joined, if is_connected { Err(JoinError::ForeignId) } else { Ok(false) });
        }
    }

    /// A new socket is there.
    fn arrive(&mut self, who: Member) {
        let key = self.world.key(who);
        let expected = self.of(who.namespace);
        let number = expected.questions.connect(who.id());
        assert_eq!(number, expected.keys.len());
        expected.keys.push(key);
    }

    /// Somebody left rooms, or the namespace.
    fn leave(&mut self, who: Member, before: &Model) {
        let model = self.rules.model.clone();
        let (key, expected) = (self.world.key(who), self.of(who.namespace));
        let rooms = before.rooms(who).difference(&model.rooms(who)).count();
        expected.absences.left(who, rooms, &model);
        if before.is_connected(who)
            && !model.is_connected(who)
            && let Some(number) = expected.number(key)
        {
            expected.questions.disconnect(number);
        }
    }

    /// Whoever was in the room of a new socket's id is there no more.
    fn put_out(&mut self, name: &'static str, before: &Model) {
        for who in (0..4).map(Person::nth) {
            self.leave(who.at(name), before);
        }
    }

    fn promise(&mut self, who: Member) {
        let connect = Act::Plain(Op::Connect(who));
        if self.rules.model.is_connected(who) || self.of(who.namespace).absences.is_away(who) {
            return;
        }
        self.act(&connect);
        self.counter = self.counter.wrapping_add(1);
        let pid = Pid::from_entropy([self.counter; ENTROPY_BYTES]);
        let key = self.world.key(who);
        self.world.namespace(who.namespace).promise(key, pid);
        assert_eq!(self.world.namespace(who.namespace).promised(&pid), Some(key));
        self.of(who.namespace).absences.promise(who, pid);
    }

    /// What a broadcast carries is kept for those who are away.
    fn record(&mut self, aim: &Aim) {
        let (now, target, name) = (self.now(), self.world.target(aim), aim.from.namespace());
        let reached = self.rules.model.reach(aim);
        let packet = self.world.namespace(name).record(now, &target, draft(name));
        self.of(name).absences.say(now, aim, &reached, &offset(&packet));
    }

    fn tell(&mut self, who: Member) {
        if self.rules.model.is_connected(who) {
            let (now, key, name) = (self.now(), self.world.key(who), who.namespace);
            let packet = self.world.namespace(name).record_for(now, key, draft(name));
            self.of(name).absences.tell(now, who, &offset(&packet));
        }
    }

    fn lose(&mut self, who: Member) {
        let (now, key) = (self.now(), self.world.key(who));
        let before = self.rules.model.clone();
        let is_connected = before.is_connected(who);
        let luggage = if is_connected && self.of(who.namespace).absences.pid(who).is_some() {
            let absences = &mut self.of(who.namespace).absences;
            Some(absences.lose(now, who, before.rooms(who)))
        } else {
            None
        };
        let lost = self.world.namespace(who.namespace).lose(now, key, luggage);
        assert_eq!(lost, is_connected);
        assert_eq!(self.rules.model.expect(&Op::Disconnect(who)), Outcome::nobody());
        self.leave(who, &before);
    }

    fn come_back(&mut self, who: Member, claim: Claim) {
        let (now, name) = (self.now(), who.namespace);
        let absences = &self.of(name).absences;
        let Some(pid) = absences.pid(who) else { return };
        let offset = match claim {
            Claim::Honest => absences.last_read(who),
            Claim::Nothing => None,
            Claim::Lie => Some(LIE.to_owned()),
        };
        self.catch_up(name);
        let recovered = self.world.namespace(name).recover(now, &pid, offset.as_deref());
        let missed = recovered.as_ref().map(|back| back.missed.iter().map(self::offset).collect());
        let outcome = missed.map_err(|why| *why);
        let rooms = self.of(name).absences.come_back(now, who, offset.as_deref(), &outcome);
        assert_eq!(rooms.is_some(), recovered.is_ok());
        let (Some(rooms), Ok(back)) = (rooms, recovered) else { return };
        assert!(back.luggage.is_some());
        assert_eq!(back.id, who.id());
        self.world.keys.entry(who).or_default().push(back.key);
        let absences = &self.expected[name].absences;
        let model = &mut self.rules.model;
        // What is somebody's own by now is closed to it.
        let is_open = |room: &Room| match room {
            Room::Of(owner) if *owner != who && owner.namespace == name => {
                !model.is_connected(*owner) && !absences.is_away(*owner)
            }
            _ => true,
        };
        let rooms: Vec<_> = rooms.into_iter().filter(is_open).collect();
        let ops = [Op::Connect(who), Op::Leave(who, Room::Of(who))].into_iter();
        for op in ops.chain(rooms.into_iter().map(|room| Op::Join(who, room))) {
            assert_eq!(model.expect(&op), Outcome::nobody());
        }
        self.arrive(who);
    }

    fn ask(&mut self, name: &str, whom: &[Member], within: u64) {
        let keys: Vec<_> = whom.iter().map(|who| self.world.key(*who)).collect();
        let deadline = self.millis + within;
        let namespace = self.world.namespace(name);
        let id = namespace.next_ack_id();
        let asked = namespace.expect_acks(id, &keys, Timestamp::from_millis(deadline));
        let expected = self.of(name);
        assert_eq!(id, AckId::new(expected.questions.next));
        expected.questions.next += 1;
        // Whoever never was there is as good as gone.
        let nobody = expected.questions.connect(Person::nth(Person::COUNT - 1).at("/").id());
        expected.keys.push(SocketKey::none());
        expected.questions.disconnect(nobody);
        let numbers: Vec<_> =
            keys.iter().map(|key| expected.number(*key).unwrap_or(nobody)).collect();
        let answer = expected.questions.ask(id.get(), &numbers, deadline);
        let full =
            |full: Vec<usize>| full.into_iter().map(|number| expected.keys[number]).collect();
        assert_eq!(asked, answer.map_err(|all| AckError::TooManyPending { sockets: full(all) }));
    }

    fn answer(&mut self, who: Member, back: u64) {
        self.counter = self.counter.wrapping_add(1);
        let args = Payload::from_args(&self.counter).expect("a number is JSON");
        let key = self.world.key(who);
        let expected = self.of(who.namespace);
        let id = expected.questions.next.wrapping_sub(back + 1);
        let number = expected.number(key);
        let is_due = number.is_some_and(|it| expected.questions.answer(it, id, args.clone()));
        let namespace = self.world.namespace(who.namespace);
        assert_eq!(namespace.handle_ack(key, AckId::new(id), args), is_due);
    }

    fn cancel(&mut self, name: &str, back: u64) {
        let questions = &mut self.of(name).questions;
        let id = questions.next.wrapping_sub(back + 1);
        let was_asked = questions.questions.remove(&id).is_some();
        assert_eq!(self.world.namespace(name).cancel_acks(AckId::new(id)), was_asked);
    }

    fn wait(&mut self, millis: u64) {
        self.millis += millis;
        let now = self.now();
        for name in NAMESPACES {
            self.catch_up(name);
            self.of(name).absences.handle_timeout(now);
            let namespace = self.world.namespace(name);
            namespace.handle_timeout(now);
            assert!(namespace.poll_timeout().is_none_or(|deadline| deadline > now));
        }
    }

    /// Questions whose time is up end.
    fn catch_up(&mut self, name: &str) {
        let millis = self.millis;
        let questions = &mut self.of(name).questions;
        questions.wait(millis - questions.now);
    }
}

fn draft(name: &str) -> klatch_core::Draft {
    Outgoing::draft(name, "e", &0).expect("it is JSON")
}

/// The last argument.
fn offset(packet: &Outgoing) -> String {
    let text = std::str::from_utf8(packet.text()).expect("it is text");
    let offset = text.strip_suffix("\"]").and_then(|text| text.rsplit_once('"'));
    offset.expect("it has an offset").1.to_owned()
}
