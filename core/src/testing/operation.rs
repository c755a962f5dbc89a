//! What can happen.

use std::fmt;

use super::aim::{Aim, Room, Sender};
use super::people::Member;

/// A vocabulary of what can happen: [`Op`], or one of yours.
///
/// `Display` is a sentence in the past tense, which begins with whoever did it: it stands in the
/// story of a history that failed.
///
/// ```
/// use std::fmt;
///
/// use klatch_core::testing::{Member, Op, Operation, Room};
///
/// /// What happens in a room with a ban on noise.
/// #[derive(Clone, Debug)]
/// enum Act {
///     Plain(Op),
///     Mute(Member, Room),
/// }
///
/// impl Operation for Act {
///     fn members(&mut self) -> Vec<&mut Member> {
///         match self {
///             Self::Plain(op) => op.members(),
///             Self::Mute(who, _) => vec![who],
///         }
///     }
///
///     fn rooms(&mut self) -> Vec<&mut Room> {
///         match self {
///             Self::Plain(op) => op.rooms(),
///             Self::Mute(_, room) => vec![room],
///         }
///     }
/// }
///
/// impl fmt::Display for Act {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         match self {
///             Self::Plain(op) => op.fmt(f),
///             Self::Mute(who, room) => write!(f, "{who} was muted in `{room}`"),
///         }
///     }
/// }
/// ```
pub trait Operation: Clone + fmt::Debug + fmt::Display {
    /// Everybody whom it names, but for those after whom a room is named. What draws and shrinks
    /// histories puts others in their place: where two must not be the same, the rules do not
    /// [permit](super::Rules::permits) it.
    fn members(&mut self) -> Vec<&mut Member>;

    /// Every room that it names, to be replaced likewise.
    fn rooms(&mut self) -> Vec<&mut Room>;

    /// Every namespace that it names beside those of its members: where the server speaks. None
    /// unless you say so.
    fn namespaces(&mut self) -> Vec<&mut &'static str> {
        Vec::new()
    }

    /// Operations that are simpler than this one, and may take its place when a history is
    /// shrunk; none unless you say so. Each must be one that might have been drawn, and simpler in
    /// a way that comes to an end.
    fn simpler(&self) -> Vec<Self> {
        Vec::new()
    }
}

/// What can happen in any namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A socket enters its namespace. The client may be in others already.
    Connect(Member),
    /// A socket leaves its namespace; the client stays in its others.
    Disconnect(Member),
    /// The whole connection of this member's person ends: it is out of all namespaces.
    Close(Member),
    /// A socket joins a room.
    Join(Member, Room),
    /// A socket leaves a room.
    Leave(Member, Room),
    /// A socket leaves all its rooms, that of its own id too.
    LeaveAll(Member),
    /// Something is said.
    Emit(Aim),
}

impl Operation for Op {
    fn members(&mut self) -> Vec<&mut Member> {
        match self {
            Self::Connect(who)
            | Self::Disconnect(who)
            | Self::Close(who)
            | Self::Join(who, _)
            | Self::Leave(who, _)
            | Self::LeaveAll(who)
            | Self::Emit(Aim { from: Sender::Member(who), .. }) => vec![who],
            Self::Emit(Aim { from: Sender::Server(_), .. }) => Vec::new(),
        }
    }

    fn rooms(&mut self) -> Vec<&mut Room> {
        match self {
            Self::Join(_, room) | Self::Leave(_, room) => vec![room],
            Self::Emit(aim) => aim.to.iter_mut().chain(&mut aim.except).collect(),
            Self::Connect(_) | Self::Disconnect(_) | Self::Close(_) | Self::LeaveAll(_) => {
                Vec::new()
            }
        }
    }

    fn namespaces(&mut self) -> Vec<&mut &'static str> {
        match self {
            Self::Emit(Aim { from: Sender::Server(namespace), .. }) => vec![namespace],
            _ => Vec::new(),
        }
    }

    /// A broadcast with a room less. One that is for rooms stays so: it may be all that there is.
    fn simpler(&self) -> Vec<Self> {
        let Self::Emit(aim) = self else { return Vec::new() };
        let without = |nth: usize, rooms: &[Room]| {
            let others = rooms.iter().enumerate().filter(|(n, _)| *n != nth);
            others.map(|(_, room)| *room).collect::<Vec<_>>()
        };
        let united = if aim.to.len() > 1 { aim.to.len() } else { 0 };
        let to = (0..united).map(|n| Aim { to: without(n, &aim.to), ..aim.clone() });
        let except =
            (0..aim.except.len()).map(|n| Aim { except: without(n, &aim.except), ..aim.clone() });
        to.chain(except).map(Self::Emit).collect()
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(who) => write!(f, "{who} connected"),
            Self::Disconnect(who) => write!(f, "{who} disconnected"),
            Self::Close(who) => write!(f, "{}'s connection ended", who.person),
            Self::Join(who, room) => write!(f, "{who} joined `{room}`"),
            Self::Leave(who, room) => write!(f, "{who} left `{room}`"),
            Self::LeaveAll(who) => write!(f, "{who} left all rooms"),
            Self::Emit(aim) => write!(f, "{} emitted `{aim}`", aim.from),
        }
    }
}
