//! The moderated room as a klatch server.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klatch::{ConnectError, Namespace, Server, Socket};
use serde::{Deserialize, Serialize};

/// What a mute clings to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutes {
    /// A room of the socket's, `muted in ops`.
    Sockets,
    /// The user's name.
    Users,
}

/// What a client presents, and what is known of its socket from then on.
#[derive(Clone, Deserialize, Serialize)]
pub struct User {
    pub name: String,
}

/// What the moderator does, and the handlers ask for. Cheap to clone.
#[derive(Clone)]
pub struct Moderation {
    namespace: Namespace,
    mutes: Mutes,
    lists: Arc<Mutex<Lists>>,
}

/// Names and rooms.
#[derive(Default)]
struct Lists {
    invited: BTreeSet<(String, String)>,
    muted: BTreeSet<(String, String)>,
}

/// Sets up a namespace of moderated rooms.
pub fn moderated(server: &Server, mutes: Mutes) -> Moderation {
    let namespace = server.namespace("/");
    let moderation = Moderation { namespace: namespace.clone(), mutes, lists: Arc::default() };
    namespace.middleware(async |socket: Socket| {
        let user: User = socket.auth().map_err(|_| ConnectError::new("who are you?"))?;
        socket.set_data(user);
        Ok(())
    });
    let enter = moderation.clone();
    namespace.on("enter", async move |socket: Socket, room: String| {
        enter.uses_invitation(&socket, &room) && socket.join(&room).is_ok()
    });
    namespace.on("leave", async |socket: Socket, room: String| socket.leave(&room));
    let say = moderation.clone();
    namespace.on("say", async move |socket: Socket, room: String| {
        if !socket.is_in(&room) || say.is_muted(&socket, &room) {
            return Ok(());
        }
        socket.to(&room).emit("said", &name(&socket))
    });
    moderation
}

impl Moderation {
    pub fn invite(&self, user: &str, room: &str) {
        self.lists().invited.insert((user.to_owned(), room.to_owned()));
    }

    pub fn mute(&self, user: &str, room: &str) {
        match self.mutes {
            Mutes::Users => {
                self.lists().muted.insert((user.to_owned(), room.to_owned()));
            }
            Mutes::Sockets => {
                for socket in self.sockets(user) {
                    socket.join(muted_in(room)).expect("the name is short");
                }
            }
        }
    }

    pub fn unmute(&self, user: &str, room: &str) {
        match self.mutes {
            Mutes::Users => {
                self.lists().muted.remove(&(user.to_owned(), room.to_owned()));
            }
            Mutes::Sockets => {
                self.sockets(user).for_each(|socket| socket.leave(muted_in(room)));
            }
        }
    }

    fn is_muted(&self, socket: &Socket, room: &str) -> bool {
        match self.mutes {
            Mutes::Users => self.lists().muted.contains(&(name(socket), room.to_owned())),
            Mutes::Sockets => socket.is_in(muted_in(room)),
        }
    }

    /// Whether there was one: it is for once.
    fn uses_invitation(&self, socket: &Socket, room: &str) -> bool {
        self.lists().invited.remove(&(name(socket), room.to_owned()))
    }

    fn sockets(&self, user: &str) -> impl Iterator<Item = Socket> {
        let sockets = self.namespace.sockets().into_iter();
        sockets.filter(move |socket| name(socket) == user)
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(socket: &Socket) -> String {
    socket.data::<User>().map(|user| user.name.clone()).unwrap_or_default()
}

fn muted_in(room: &str) -> String {
    format!("muted in {room}")
}
