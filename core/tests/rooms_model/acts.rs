//! What happens in the core's namespaces, and what should come of it: the kit's rules, with limits,
//! with what a caller is told, and for whoever is not there, too.

use std::fmt;

use klatch_core::JoinError;
use klatch_core::testing::proptest::collection::vec;
use klatch_core::testing::proptest::prelude::*;
use klatch_core::testing::{Cast, Histories, Member, Model, Op, Operation, Outcome, Room, Rules};

pub(crate) const MAX_ROOMS: usize = 3;
pub(crate) const MAX_NAME: usize = 20;
pub(crate) const NAMESPACES: [&str; 2] = ["/", "/red"];

/// What stands twice is drawn twice as often.
pub(crate) const ROOMS: [&str; 10] =
    ["a", "a", "a", "b", "b", "b", "c", "c", "", "longer than 20 bytes!"];

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Plain(Op),
    JoinAll(Member, Vec<Room>),
}

impl Operation for Act {
    fn members(&mut self) -> Vec<&mut Member> {
        match self {
            Self::Plain(op) => op.members(),
            Self::JoinAll(who, _) => vec![who],
        }
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        match self {
            Self::Plain(op) => op.rooms(),
            Self::JoinAll(_, rooms) => rooms.iter_mut().collect(),
        }
    }

    fn namespaces(&mut self) -> Vec<&mut &'static str> {
        match self {
            Self::Plain(op) => op.namespaces(),
            Self::JoinAll(..) => Vec::new(),
        }
    }

    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Plain(op) => op.simpler().into_iter().map(Self::Plain).collect(),
            Self::JoinAll(who, rooms) => {
                let single = rooms.iter().map(|room| Self::Plain(Op::Join(*who, *room)));
                single.collect()
            }
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(op) => op.fmt(f),
            Self::JoinAll(who, rooms) => write!(f, "{who} joined `{rooms:?}` at once"),
        }
    }
}

/// The model with limits. A call on a socket that is gone, or never was, is a no-op.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounded {
    pub(crate) model: Model,
}

impl Bounded {
    fn join(&mut self, who: Member, room: Room) -> Result<bool, JoinError> {
        if !self.model.is_connected(who) || self.model.is_in(who, room) {
            return Ok(false);
        }
        let is_own = room == Room::Of(who);
        let count = self.model.rooms(who).iter().filter(|room| **room != Room::Of(who)).count();
        if room.name().len() > MAX_NAME {
            return Err(JoinError::NameTooLong { limit: MAX_NAME });
        }
        let mut after = self.model.clone();
        if after.expect(&Op::Join(who, room)).is_refused() {
            return Err(JoinError::ForeignId);
        }
        if !is_own && count == MAX_ROOMS {
            return Err(JoinError::TooManyRooms { limit: MAX_ROOMS });
        }
        self.model = after;
        Ok(true)
    }

    fn join_all(&mut self, who: Member, rooms: &[Room]) -> Result<usize, JoinError> {
        let mut after = self.clone();
        let mut joined = 0;
        for room in rooms {
            joined += usize::from(after.join(who, *room)?);
        }
        *self = after;
        Ok(joined)
    }
}

impl Rules<Act> for Bounded {
    fn expect(&mut self, act: &Act) -> Outcome {
        let told = match act {
            Act::JoinAll(who, rooms) => format!("{:?}", self.join_all(*who, rooms)),
            Act::Plain(Op::Join(who, room)) => format!("{:?}", self.join(*who, *room)),
            Act::Plain(op) => {
                let told = match op {
                    Op::Disconnect(who) => self.model.is_connected(*who).to_string(),
                    Op::Leave(who, room) => self.model.is_in(*who, *room).to_string(),
                    Op::LeaveAll(who) => self.model.rooms(*who).len().to_string(),
                    _ => return self.model.expect(op),
                };
                let outcome = self.model.expect(op);
                assert_eq!(outcome, Outcome::nobody());
                told
            }
        };
        Outcome::nobody().answered(told)
    }
}

pub(crate) fn cast() -> Cast {
    Cast::new().rooms(ROOMS).namespaces(NAMESPACES)
}

pub(crate) fn act() -> impl Strategy<Value = Act> + use<> {
    let cast = cast();
    let bulk = (cast.member(), vec(cast.room(), 0..5));
    prop_oneof![
        8 => cast.op().prop_map(Act::Plain),
        1 => bulk.prop_map(|(who, rooms)| Act::JoinAll(who, rooms)),
    ]
}

pub(crate) fn history() -> Histories<BoxedStrategy<Act>, Bounded> {
    Histories::new(act().boxed(), Bounded::default()).at_most(40)
}
