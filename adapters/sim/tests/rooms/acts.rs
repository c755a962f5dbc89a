//! What happens: what clients do one after the other, and what the server does at once.

use std::fmt;

use klatch_core::testing::proptest::collection::vec;
use klatch_core::testing::proptest::prelude::*;
use klatch_core::testing::{Cast, Histories, Member, Model, Op, Operation, Outcome, Room, Rules};

pub(crate) const NAMESPACES: [&str; 2] = ["/", "/red"];

#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// By a client, if it is not the server that speaks.
    Plain(Op),
    /// By the server, which does not let the network have its turn in between.
    AtOnce(Vec<Op>),
}

impl Act {
    fn ops(&self) -> &[Op] {
        match self {
            Self::Plain(op) => std::slice::from_ref(op),
            Self::AtOnce(ops) => ops,
        }
    }

    fn ops_mut(&mut self) -> impl Iterator<Item = &mut Op> {
        match self {
            Self::Plain(op) => std::slice::from_mut(op).iter_mut(),
            Self::AtOnce(ops) => ops.iter_mut(),
        }
    }
}

impl Operation for Act {
    fn members(&mut self) -> Vec<&mut Member> {
        self.ops_mut().flat_map(Operation::members).collect()
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        self.ops_mut().flat_map(Operation::rooms).collect()
    }

    fn namespaces(&mut self) -> Vec<&mut &'static str> {
        self.ops_mut().flat_map(Operation::namespaces).collect()
    }

    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Plain(op) => op.simpler().into_iter().map(Self::Plain).collect(),
            Self::AtOnce(ops) if ops.len() == 1 => Vec::new(),
            Self::AtOnce(ops) => {
                let without = |nth: usize| {
                    let rest = ops.iter().enumerate().filter(|(n, _)| *n != nth);
                    Self::AtOnce(rest.map(|(_, op)| op.clone()).collect())
                };
                (0..ops.len()).map(without).collect()
            }
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.ops().iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(" and at once "))
    }
}

/// The model, for one thing after the other. What is said is numbered, from 0 in each act.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence(Model);

impl Rules<Act> for Sequence {
    fn permits(&self, act: &Act) -> bool {
        let mut model = self.0.clone();
        act.ops().iter().all(|op| {
            let can = model.permits(op);
            drop(model.expect(op));
            can
        })
    }

    fn expect(&mut self, act: &Act) -> Outcome {
        let (mut reached, mut said, mut refused) = (Vec::new(), 0, 0);
        for op in act.ops() {
            let of_this = self.0.expect(op);
            refused += usize::from(of_this.is_refused());
            reached.extend(of_this.reached().map(|member| (member, said)));
            said += u64::from(matches!(op, Op::Emit(_)));
        }
        reached.into_iter().fold(outcome(refused), |outcome, (member, number)| {
            outcome.reaching_with(member, format!("message {number}"))
        })
    }
}

/// Nobody was reached yet, and so many operations were refused.
pub(crate) fn outcome(refused: usize) -> Outcome {
    match refused {
        0 => Outcome::nobody(),
        count => Outcome::nobody().answered(format!("refused {count}")),
    }
}

pub(crate) fn history() -> Histories<BoxedStrategy<Act>, Sequence> {
    let cast = Cast::new().namespaces(NAMESPACES);
    let can_the_server = |op: &Op| !matches!(op, Op::Connect(_) | Op::Close(_));
    let at_once = cast.op().prop_filter("what the server can do", can_the_server);
    let act = prop_oneof![
        3 => cast.op().prop_map(Act::Plain),
        1 => vec(at_once, 2..6).prop_map(Act::AtOnce),
    ];
    Histories::new(act.boxed(), Sequence::default())
}
