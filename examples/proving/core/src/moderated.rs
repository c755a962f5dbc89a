//! The application: moderated rooms on klatch's core.

use std::collections::{BTreeMap, BTreeSet};

use klatch_core::{HashKey, Namespace, SocketId, SocketKey, Target};

/// What a mute clings to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutes {
    /// A room of the socket's, `muted in ops`: nothing has to be kept beside the namespace. This is
    /// how the application began.
    Sockets,
    /// The user's name.
    Users,
}

pub struct Moderated {
    namespace: Namespace,
    mutes: Mutes,
    users: BTreeMap<String, SocketKey>,
    /// Names and rooms.
    invited: BTreeSet<(String, String)>,
    muted: BTreeSet<(String, String)>,
}

impl Moderated {
    pub fn new(key: HashKey, mutes: Mutes) -> Self {
        Self {
            namespace: Namespace::new(key),
            mutes,
            users: BTreeMap::new(),
            invited: BTreeSet::new(),
            muted: BTreeSet::new(),
        }
    }

    /// A user comes, with an id that nobody has.
    pub fn connect(&mut self, user: &str, id: SocketId) {
        let key = self.namespace.connect(id).expect("ids are random");
        self.users.insert(user.to_owned(), key);
    }

    pub fn disconnect(&mut self, user: &str) {
        if let Some(key) = self.users.remove(user) {
            self.namespace.disconnect(key);
        }
    }

    pub fn invite(&mut self, user: &str, room: &str) {
        self.invited.insert((user.to_owned(), room.to_owned()));
    }

    /// Whether the user was let in.
    pub fn enter(&mut self, user: &str, room: &str) -> bool {
        let Some(key) = self.users.get(user) else { return false };
        let is_invited = self.invited.remove(&(user.to_owned(), room.to_owned()));
        is_invited && self.namespace.join(*key, room).is_ok()
    }

    pub fn leave(&mut self, user: &str, room: &str) {
        if let Some(key) = self.users.get(user) {
            self.namespace.leave(*key, room);
        }
    }

    pub fn mute(&mut self, user: &str, room: &str) {
        match (self.mutes, self.users.get(user)) {
            (Mutes::Users, _) => {
                self.muted.insert((user.to_owned(), room.to_owned()));
            }
            (Mutes::Sockets, Some(key)) => {
                self.namespace.join(*key, &muted_in(room)).expect("the name is short");
            }
            (Mutes::Sockets, None) => {}
        }
    }

    pub fn unmute(&mut self, user: &str, room: &str) {
        match (self.mutes, self.users.get(user)) {
            (Mutes::Users, _) => {
                self.muted.remove(&(user.to_owned(), room.to_owned()));
            }
            (Mutes::Sockets, Some(key)) => {
                self.namespace.leave(*key, &muted_in(room));
            }
            (Mutes::Sockets, None) => {}
        }
    }

    /// Who is to get what a user says.
    pub fn say(&mut self, user: &str, room: &str) -> Vec<String> {
        let Some(key) = self.users.get(user).copied() else { return Vec::new() };
        let is_muted = match self.mutes {
            Mutes::Users => self.muted.contains(&(user.to_owned(), room.to_owned())),
            Mutes::Sockets => self.namespace.is_in(key, &muted_in(room)),
        };
        let mut reached = Vec::new();
        if !is_muted && self.namespace.is_in(key, room) {
            self.namespace.select(&Target::rooms([room]).without(key), &mut reached);
        }
        let name = |key: &SocketKey| self.users.iter().find(|(_, other)| *other == key);
        reached.iter().filter_map(name).map(|(user, _)| user.clone()).collect()
    }
}

fn muted_in(room: &str) -> String {
    format!("muted in {room}")
}
