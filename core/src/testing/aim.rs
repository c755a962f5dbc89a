//! Rooms, and who speaks to whom.

use std::fmt;

use super::people::Member;
use crate::{SocketKey, Target};

/// A room of a namespace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// One with a name of its own.
    Named(&'static str),
    /// The one that is named by a socket's id. Seen from another namespace than that socket's, it
    /// is a room like any other.
    Of(Member),
}

impl Room {
    /// Its name, for a system whose sockets have the [ids](Member::id) of their members. Where a
    /// server gives ids, whoever stands between the kit and the server has to translate.
    pub fn name(&self) -> String {
        match self {
            Self::Named(name) => (*name).to_owned(),
            Self::Of(member) => member.id().to_string(),
        }
    }
}

/// `ops`, or `id of bob`.
impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Of(member) => write!(f, "id of {member}"),
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// A socket, which does not hear itself: `socket.to(…)`, `socket.broadcast()`.
    Member(Member),
    /// The server, in a namespace: `namespace.to(…)`, `namespace.emit(…)`.
    Server(&'static str),
}

impl Sender {
    /// The namespace in which it is heard.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Member(member) => member.namespace,
            Self::Server(namespace) => namespace,
        }
    }
}

/// `alice`, or `the server`.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member) => write!(f, "{member}"),
            Self::Server("/") => f.write_str("the server"),
            Self::Server(namespace) => write!(f, "the server in {namespace}"),
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A broadcast: from whom, to which rooms, except which.
///
/// ```
/// use klatch_core::testing::{Aim, Person, Room};
///
/// let alice = Person::ALICE.at("/");
/// let aim = Aim::of(alice).to(Room::Named("ops")).except(Room::Named("dev"));
/// assert_eq!(aim.to_string(), "to(ops).except(dev)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Aim {
    /// Who speaks.
    pub from: Sender,
    /// The union of these; without any, the whole namespace.
    pub to: Vec<Room>,
    /// Without those who are in one of these.
    pub except: Vec<Room>,
}

impl Aim {
    /// Everybody in the namespace but the one who speaks.
    pub const fn of(member: Member) -> Self {
        Self { from: Sender::Member(member), to: Vec::new(), except: Vec::new() }
    }

    /// Everybody in a namespace.
    pub const fn server(namespace: &'static str) -> Self {
        Self { from: Sender::Server(namespace), to: Vec::new(), except: Vec::new() }
    }

    /// Adds a room to the union; the first takes the place of the whole namespace.
    #[must_use]
    pub fn to(mut self, room: Room) -> Self {
        self.to.push(room);
        self
    }

    /// Leaves out whoever is in this room.
    #[must_use]
    pub fn except(mut self, room: Room) -> Self {
        self.except.push(room);
        self
    }

    /// The same for a [`Namespace`](crate::Namespace) whose sockets have the [ids](Member::id) of
    /// their members; `key` says by which key the sender is known.
    #[must_use]
    pub fn target(&self, key: impl FnOnce(Member) -> SocketKey) -> Target {
        let names = |rooms: &[Room]| rooms.iter().map(Room::name).collect::<Vec<_>>();
        let mut target =
            if self.to.is_empty() { Target::all() } else { Target::rooms(names(&self.to)) };
        for room in names(&self.except) {
            target = target.except(room);
        }
        match self.from {
            Sender::Member(member) => target.without(key(member)),
            Sender::Server(_) => target,
        }
    }
}

/// As the calls that make it: `to(ops, dev).except(dev)`.
impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for (call, rooms) in [("to", &self.to), ("except", &self.except)] {
            if let [first, others @ ..] = &rooms[..] {
                write!(f, "{dot}{call}({first}")?;
                others.iter().try_for_each(|room| write!(f, ", {room}"))?;
                f.write_str(")")?;
                dot = ".";
            }
        }
        match self.from {
            _ if !dot.is_empty() => Ok(()),
            Sender::Member(_) => f.write_str("broadcast()"),
            Sender::Server(_) => f.write_str("everybody()"),
        }
    }
}

impl fmt::Debug for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} from {}", self.from)
    }
}
