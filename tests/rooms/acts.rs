//! What happens: the kit's vocabulary, and what a connection has beside it.

use std::fmt;

use klatch_core::testing::proptest::prelude::*;
use klatch_core::testing::{
    Aim, Cast, Histories, Member, Model, Op, Operation, Outcome, Room, Rules,
};

/// The last one comes and goes with whoever is in it.
pub(crate) const NAMESPACES: [&str; 3] = ["/", "/red", "/child"];

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Plain(Op),
    /// The server asks, and whoever it reaches answers.
    Ask(Aim),
    /// This one's connection is lost; the server says something; the client comes back.
    Blink(Member, Aim),
}

impl Operation for Act {
    fn members(&mut self) -> Vec<&mut Member> {
        match self {
            Self::Plain(op) => op.members(),
            Self::Ask(_) => Vec::new(),
            Self::Blink(who, _) => vec![who],
        }
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        match self {
            Self::Plain(op) => op.rooms(),
            Self::Ask(aim) | Self::Blink(_, aim) => {
                aim.to.iter_mut().chain(&mut aim.except).collect()
            }
        }
    }

    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Plain(op) => op.simpler().into_iter().map(Self::Plain).collect(),
            Self::Ask(aim) => vec![Self::Plain(Op::Emit(aim.clone()))],
            Self::Blink(_, aim) => vec![Self::Ask(aim.clone())],
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(op) => op.fmt(f),
            Self::Ask(aim) => write!(f, "{} asked `{aim}`", aim.from),
            Self::Blink(who, aim) => {
                write!(
                    f,
                    "{} was lost, missed `{aim}` from {}, and came back",
                    who.person, aim.from
                )
            }
        }
    }
}

/// Whoever comes back was never gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct House(Model);

impl Rules<Act> for House {
    fn permits(&self, act: &Act) -> bool {
        match act {
            Act::Plain(op) => self.0.permits(op),
            Act::Ask(_) => true,
            Act::Blink(who, _) => self.0.is_connected(*who),
        }
    }

    fn expect(&mut self, act: &Act) -> Outcome {
        match act {
            Act::Plain(op) => self.0.expect(op),
            Act::Ask(aim) => {
                let reached = self.0.reach(aim);
                let all = reached.iter().fold(Outcome::nobody(), |all, who| all.reaching(*who));
                all.answered(format!("{reached:?}"))
            }
            Act::Blink(_, aim) => self.0.reach(aim).into_iter().collect(),
        }
    }
}

pub(crate) fn history() -> Histories<BoxedStrategy<Act>, House> {
    let cast = Cast::new().people(3).rooms(["ops", "dev"]).namespaces(NAMESPACES);
    // The room of somebody's id is kept for it while it may come back, though it does not.
    let is_named = |op: &Op| !matches!(op, Op::Join(_, Room::Of(_)));
    let plain = cast.op().prop_filter("a room with a name", is_named);
    let from_the_server = cast.aim().prop_map(|aim| {
        let server = Aim::server(aim.from.namespace());
        Aim { from: server.from, ..aim }
    });
    let act = prop_oneof![
        10 => plain.prop_map(Act::Plain),
        1 => from_the_server.clone().prop_map(Act::Ask),
        1 => (cast.member(), from_the_server).prop_map(|(who, aim)| Act::Blink(who, aim)),
    ];
    Histories::new(act.boxed(), House::default()).at_most(60)
}
