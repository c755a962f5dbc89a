//! Who a broadcast reaches.

use super::rooms::Rooms;
use super::sockets::{Marks, SocketKey, Sockets};

/// Who a broadcast is meant for: an immutable value, from which others are derived.
///
/// The whole namespace and a union of rooms are different things: a union of rooms that do not
/// exist, or of none, reaches nobody, and never everybody.
///
/// ```
/// use klatch_core::Target;
///
/// let guests = Target::all().except("staff");
/// let lobby = guests.clone().to("lobby").to("stairs");
/// assert_eq!(lobby, Target::rooms(["lobby", "stairs"]).except("staff"));
/// assert_ne!(Target::all(), Target::rooms([""; 0]));
/// assert_eq!(Target::all().to_any_of([""; 0]), Target::rooms([""; 0]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    to: To,
    except: Vec<Box<str>>,
    without: Option<SocketKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum To {
    Everyone,
    Rooms(Vec<Box<str>>),
}

impl Target {
    /// Every socket of the namespace.
    pub const fn all() -> Self {
        Self { to: To::Everyone, except: Vec::new(), without: None }
    }

    /// Whoever is in at least one of these rooms.
    pub fn rooms<R: Into<Box<str>>>(rooms: impl IntoIterator<Item = R>) -> Self {
        Self { to: To::Rooms(rooms.into_iter().map(Into::into).collect()), ..Self::all() }
    }

    /// Adds a room to the union; what was the whole namespace is narrowed to that room.
    #[must_use]
    pub fn to(mut self, room: impl Into<Box<str>>) -> Self {
        match &mut self.to {
            To::Everyone => self.to = To::Rooms(vec![room.into()]),
            To::Rooms(rooms) => rooms.push(room.into()),
        }
        self
    }

    /// Adds several rooms to the union. What was the whole namespace is narrowed to them: to nobody,
    /// if there are none.
    #[must_use]
    pub fn to_any_of<R: Into<Box<str>>>(mut self, rooms: impl IntoIterator<Item = R>) -> Self {
        let added = rooms.into_iter().map(Into::into);
        match &mut self.to {
            To::Everyone => self.to = To::Rooms(added.collect()),
            To::Rooms(rooms) => rooms.extend(added),
        }
        self
    }

    /// Leaves out whoever is in this room, even if the same room is in the union.
    #[must_use]
    pub fn except(mut self, room: impl Into<Box<str>>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Leaves out this socket: the sender. A second one takes the place of the first.
    ///
    /// It is left out for who it is, and not by the room named by its id, which it may have left.
    #[must_use]
    pub const fn without(mut self, sender: SocketKey) -> Self {
        self.without = Some(sender);
        self
    }

    /// The sender, if there is one to leave out.
    pub(super) const fn sender(&self) -> Option<SocketKey> {
        self.without
    }

    /// Whether it is meant for whoever is in these rooms, the sender apart.
    pub(super) fn covers(&self, is_in: impl Fn(&str) -> bool) -> bool {
        let united = match &self.to {
            To::Everyone => true,
            To::Rooms(rooms) => rooms.iter().any(|room| is_in(room)),
        };
        united && !self.except.iter().any(|room| is_in(room))
    }

    /// About how much memory its names take.
    pub(super) fn bytes(&self) -> usize {
        let rooms = match &self.to {
            To::Everyone => &[][..],
            To::Rooms(rooms) => rooms,
        };
        rooms.iter().chain(&self.except).map(|room| size_of::<Box<str>>() + room.len()).sum()
    }
}

/// The members of a room, be it a real one or that of a socket's id.
pub(super) fn members<'a>(sockets: &'a Sockets, rooms: &'a Rooms, name: &str) -> &'a [SocketKey] {
    match rooms.index(name) {
        Some(index) => rooms.members(index),
        None => sockets.own_room(name),
    }
}

pub(super) fn select(
    sockets: &Sockets,
    rooms: &Rooms,
    marks: &mut Marks,
    target: &Target,
    list: &mut Vec<SocketKey>,
) {
    list.clear();
    if target.except.is_empty() && select_one_room(sockets, rooms, target, list) {
        return;
    }

    marks.clear();
    if let Some(sender) = target.without {
        marks.mark(sender);
    }
    for room in &target.except {
        for key in members(sockets, rooms, room) {
            marks.mark(*key);
        }
    }
    match &target.to {
        To::Everyone => take_unmarked(marks, sockets.everyone(), list),
        To::Rooms(names) => {
            for name in names {
                take_unmarked(marks, members(sockets, rooms, name), list);
            }
        }
    }
}

fn take_unmarked(marks: &mut Marks, members: &[SocketKey], list: &mut Vec<SocketKey>) {
    list.extend(members.iter().copied().filter(|key| marks.mark(*key)));
}

/// Where there is nothing to unite: a copy, and no look at the single members.
fn select_one_room(
    sockets: &Sockets,
    rooms: &Rooms,
    target: &Target,
    list: &mut Vec<SocketKey>,
) -> bool {
    let sender = target.without;
    let (members, place) = match &target.to {
        To::Everyone => {
            let place = sender.and_then(|key| sockets.place(key));
            (sockets.everyone(), place)
        }
        To::Rooms(names) if names.len() > 1 => return false,
        To::Rooms(names) => {
            let Some(name) = names.first() else {
                return true;
            };
            if let Some(index) = rooms.index(name) {
                let place = sender.and_then(|key| rooms.place(sockets, index, key));
                (rooms.members(index), place)
            } else {
                let own = sockets.own_room(name);
                (own, own.iter().position(|key| Some(*key) == sender))
            }
        }
    };
    match place {
        Some(place) => {
            list.extend_from_slice(&members[..place]);
            list.extend_from_slice(&members[place + 1..]);
        }
        None => list.extend_from_slice(members),
    }
    true
}
