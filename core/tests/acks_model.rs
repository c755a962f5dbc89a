//! The ack table against a naive model: a list of questions, each with those who still owe.
//!
//! Numbers in brackets are the invariants as the project lists them.

#[path = "acks_model/model.rs"]
mod model;

use klatch_core::{
    AckCause, AckError, AckId, ENTROPY_BYTES, HashKey, Namespace, NamespaceEvent, NamespaceLimits,
    Payload, SocketId, SocketKey, Timestamp,
};
use model::{MAX_PENDING, Model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult};

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

fn id(n: usize) -> SocketId {
    SocketId::from_entropy([n as u8; ENTROPY_BYTES])
}

fn payload(n: u64) -> Payload {
    Payload::from_args(&n).expect("a number is JSON")
}

/// Sockets wrap around all that ever connected; acks are counted back from the newest.
#[derive(Clone, Debug)]
enum Op {
    Connect,
    Disconnect(usize),
    Ask(Vec<usize>, u64),
    AskAgain(u64, usize),
    Answer(usize, u64),
    Cancel(u64),
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let socket = || 0..6_usize;
    prop_oneof![
        2 => Just(Op::Connect),
        1 => socket().prop_map(Op::Disconnect),
        4 => (vec(socket(), 0..5), 0..40_u64).prop_map(|(s, d)| Op::Ask(s, d)),
        1 => (0..3_u64, socket()).prop_map(|(back, s)| Op::AskAgain(back, s)),
        9 => (socket(), 0..4_u64).prop_map(|(s, back)| Op::Answer(s, back)),
        1 => (0..4_u64).prop_map(Op::Cancel),
        2 => (0..20_u64).prop_map(Op::Wait),
    ]
}

struct World {
    namespace: Namespace,
    model: Model,
    keys: Vec<SocketKey>,
    /// Marks every answer, so that none can pass for another.
    answered: u64,
}

impl World {
    fn new() -> Self {
        let limits = NamespaceLimits::default().pending_acks_per_socket(MAX_PENDING);
        let mut world = Self {
            namespace: Namespace::with_limits(HashKey::from_entropy([0; 16]), limits),
            model: Model::default(),
            keys: Vec::new(),
            answered: 0,
        };
        for _ in 0..3 {
            world.connect();
        }
        world
    }

    fn connect(&mut self) {
        let id = id(self.keys.len());
        self.keys.push(self.namespace.connect(id).expect("the ids differ"));
        self.model.connect(id);
    }

    fn ask(&mut self, sockets: &[usize], within: u64) -> TestCaseResult {
        let ack = self.namespace.next_ack_id();
        // (35) one counter for one recipient and for many
        prop_assert_eq!(ack, AckId::new(self.model.next));
        self.model.next += 1;
        let sockets: Vec<_> = sockets.iter().map(|n| n % self.keys.len()).collect();
        let keys: Vec<_> = sockets.iter().map(|n| self.keys[*n]).collect();
        let deadline = self.model.now + within;
        let asked = self.namespace.expect_acks(ack, &keys, Timestamp::from_millis(deadline));
        let expected = self.model.ask(ack.get(), &sockets, deadline);
        let expected = expected.map_err(|full| AckError::TooManyPending {
            sockets: full.into_iter().map(|n| self.keys[n]).collect(),
        });
        prop_assert_eq!(asked, expected);
        Ok(())
    }

    fn apply(&mut self, op: &Op) -> TestCaseResult {
        let count = self.keys.len();
        let nth_newest = |back: u64| self.model.next.wrapping_sub(back);
        match op {
            Op::Connect => self.connect(),
            Op::Disconnect(n) => {
                let left = self.namespace.disconnect(self.keys[n % count]);
                prop_assert_eq!(left, self.model.disconnect(n % count));
            }
            Op::Ask(sockets, within) => self.ask(sockets, *within)?,
            Op::AskAgain(back, n) => {
                let ack = nth_newest(*back);
                if ack >= self.model.next || self.model.questions.contains_key(&ack) {
                    let keys = [self.keys[n % count]];
                    let error = self.namespace.expect_acks(AckId::new(ack), &keys, Timestamp::ZERO);
                    prop_assert_eq!(error, Err(AckError::UnusableId));
                }
            }
            Op::Answer(n, back) => {
                let ack = nth_newest(*back);
                self.answered += 1;
                let args = payload(self.answered);
                let key = self.keys[n % count];
                let taken = self.namespace.handle_ack(key, AckId::new(ack), args.clone());
                // (34) unknown, repeated, late, or asked of others: nothing happens
                prop_assert_eq!(taken, self.model.answer(n % count, ack, args));
            }
            Op::Cancel(back) => {
                let ack = nth_newest(*back);
                let cancelled = self.namespace.cancel_acks(AckId::new(ack));
                prop_assert_eq!(cancelled, self.model.questions.remove(&ack).is_some());
            }
            Op::Wait(millis) => {
                self.model.wait(*millis);
                let now = Timestamp::from_millis(self.model.now);
                self.namespace.handle_timeout(now);
            }
        }
        Ok(())
    }

    /// (31) (32) (33): the events are the model's, in its order, and a deadline is left exactly
    /// as long as an answer is.
    fn check(&mut self) -> TestCaseResult {
        let events: Vec<_> = std::iter::from_fn(|| self.namespace.poll_event()).collect();
        for event in &events {
            let NamespaceEvent::AcksDone { answers, missing, cause, .. } = event else {
                return Err(TestCaseError::fail("an event of another kind"));
            };
            let mut senders: Vec<_> = answers.iter().map(|(id, _)| *id).collect();
            senders.extend(missing);
            senders.sort_unstable();
            prop_assert!(senders.is_sorted_by(|a, b| a < b), "(32) somebody stands there twice");
            prop_assert!(*cause != AckCause::Complete || missing.is_empty(), "(32)");
        }
        prop_assert_eq!(&events, &std::mem::take(&mut self.model.events));
        let earliest = self.model.deadline().map(Timestamp::from_millis);
        prop_assert_eq!(self.namespace.poll_timeout(), earliest);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn acks_end_as_in_the_model(ops in vec(op(), 1..32)) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op)?;
            world.check()?;
        }
        // (33) whatever is still awaited ends once, and then nothing is left to wait for
        world.apply(&Op::Wait(1_000))?;
        world.check()?;
        prop_assert_eq!(world.namespace.poll_timeout(), None);
        for back in 0..=world.model.next {
            for n in 0..world.keys.len() {
                let late = payload(0);
                let ack = AckId::new(back);
                prop_assert!(!world.namespace.handle_ack(world.keys[n], ack, late));
            }
            prop_assert!(!world.namespace.cancel_acks(AckId::new(back)));
        }
        // (31) asking nobody ends at once
        world.ask(&[], 10)?;
        world.check()?;
    }
}
