//! What can happen.

use std::fmt;

use klatch_core::testing::proptest::prelude::*;
use klatch_core::testing::{Cast, Histories, Member, Op, Operation, Room};

use crate::House;

#[derive(Clone, Debug)]
pub enum Act {
    /// Somebody connects, disconnects or leaves a room.
    Plain(Op),
    Enter(Member, Room),
    Say(Member, Room),
    /// These three are the moderator's.
    Invite(Member, Room),
    Mute(Member, Room),
    Unmute(Member, Room),
}

impl Operation for Act {
    fn members(&mut self) -> Vec<&mut Member> {
        match self {
            Self::Plain(op) => op.members(),
            Self::Enter(who, _)
            | Self::Say(who, _)
            | Self::Invite(who, _)
            | Self::Mute(who, _)
            | Self::Unmute(who, _) => vec![who],
        }
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        match self {
            Self::Plain(op) => op.rooms(),
            Self::Enter(_, room)
            | Self::Say(_, room)
            | Self::Invite(_, room)
            | Self::Mute(_, room)
            | Self::Unmute(_, room) => vec![room],
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(op) => op.fmt(f),
            Self::Enter(who, room) => write!(f, "{who} entered `{room}`"),
            Self::Say(who, room) => write!(f, "{who} said something in `{room}`"),
            Self::Invite(who, room) => write!(f, "{who} was invited to `{room}`"),
            Self::Mute(who, room) => write!(f, "{who} was muted in `{room}`"),
            Self::Unmute(who, room) => write!(f, "{who} was unmuted in `{room}`"),
        }
    }
}

/// Histories of three people in two rooms.
pub fn histories() -> Histories<BoxedStrategy<Act>, House> {
    let cast = Cast::new().people(3).rooms(["ops", "dev"]);
    let who = || cast.member();
    let membership = || (cast.member(), cast.named_room());
    let acts = prop_oneof![
        3 => who().prop_map(|who| Act::Plain(Op::Connect(who))),
        1 => who().prop_map(|who| Act::Plain(Op::Disconnect(who))),
        1 => membership().prop_map(|(who, room)| Act::Plain(Op::Leave(who, room))),
        4 => membership().prop_map(|(who, room)| Act::Invite(who, room)),
        4 => membership().prop_map(|(who, room)| Act::Enter(who, room)),
        2 => membership().prop_map(|(who, room)| Act::Mute(who, room)),
        1 => membership().prop_map(|(who, room)| Act::Unmute(who, room)),
        4 => membership().prop_map(|(who, room)| Act::Say(who, room)),
    ];
    Histories::new(acts.boxed(), House::default()).at_most(60)
}
