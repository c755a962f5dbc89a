//! What the app remembers of a socket while it lives, and of some when they are gone.

use std::collections::HashMap;
use std::sync::Arc;

use klatch::{CloseReason, Handlers, Socket, SocketId};
use parking_lot::Mutex;
use serde::Serialize;

use super::rooms;

/// What was seen of sockets that are gone, by the token of whoever asked for it.
pub(super) type Watched = Arc<Mutex<HashMap<String, Seen>>>;

#[derive(Clone, Default, Serialize)]
pub(super) struct Seen {
    reason: String,
    rooms: Vec<String>,
    after: Vec<String>,
}

/// A socket that lives.
#[derive(Default)]
struct Life {
    /// The names of all events that it sent.
    log: Vec<String>,
    /// The token under which its end is to be seen, and what has been seen of it.
    watch: Option<(String, Seen)>,
}

#[derive(Clone, Default)]
struct Lives(Arc<Mutex<HashMap<SocketId, Life>>>);

impl Lives {
    fn with<T>(&self, socket: &Socket, act: impl FnOnce(&mut Life) -> T) -> T {
        act(self.0.lock().entry(socket.id()).or_default())
    }
}

pub(super) fn register(handlers: &Handlers, watched: &Watched) {
    let lives = Lives::default();
    let of = lives.clone();
    handlers.on_any(move |socket, event, _| {
        of.with(socket, |life| life.log.push(event.to_owned()));
    });
    let of = lives.clone();
    handlers.on("any-log", async move |socket: Socket, (): ()| {
        of.with(&socket, |life| life.log.clone())
    });
    let of = lives.clone();
    handlers.on("watch", async move |socket: Socket, token: String| {
        of.with(&socket, |life| life.watch = Some((token, Seen::default())));
    });
    let of = lives.clone();
    handlers.on_disconnecting(async move |socket: Socket, reason: CloseReason| {
        let rooms = rooms::sorted(&socket);
        of.with(&socket, |life| {
            if let Some((_, seen)) = &mut life.watch {
                seen.reason = reason.to_string();
                seen.rooms = rooms;
            }
        });
    });
    let seen = watched.clone();
    handlers.on_disconnect(async move |socket: Socket, _: CloseReason| {
        let life = lives.0.lock().remove(&socket.id());
        if let Some((token, mut last)) = life.and_then(|life| life.watch) {
            last.after = rooms::sorted(&socket);
            seen.lock().insert(token, last);
        }
    });
    let seen = watched.clone();
    handlers
        .on("reason-of", async move |_: Socket, token: String| seen.lock().get(&token).cloned());
}
