//! What is done to others: looking at them, moving them, sending them away.

use std::collections::BTreeMap;

use klatch::{Args, Broadcast, Handlers, RemoteSocket, Socket, Value};
use serde::Serialize;

use super::{OneOrMany, rooms};
use crate::handshake::owned;

pub(super) fn register(handlers: &Handlers) {
    handlers.on("fetch-sockets", async |socket: Socket, room: Option<String>| {
        let found = members(&socket, room).fetch_sockets().await;
        let mut found: Vec<_> = found.iter().map(Found::is).collect();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found
    });
    handlers.on("sockets-join", async |socket: Socket, Args((room, rooms)): Moved| {
        members(&socket, Some(room)).sockets_join(rooms.into_list())
    });
    handlers.on("sockets-leave", async |socket: Socket, Args((room, rooms)): Moved| {
        members(&socket, Some(room)).sockets_leave(rooms.into_list());
    });
    handlers.on(
        "disconnect-sockets",
        async |socket: Socket, Args((room, close)): Args<(String, bool)>| {
            let members = members(&socket, Some(room));
            if close { members.disconnect_all() } else { members.disconnect() }
        },
    );
}

/// A room, and the rooms that its members are to join or to leave.
type Moved = Args<(String, OneOrMany)>;

/// All members of a room, or of the namespace.
fn members(socket: &Socket, room: Option<String>) -> Broadcast {
    let everybody = socket.namespace().everybody();
    match room {
        Some(room) => everybody.to(room),
        None => everybody,
    }
}

#[derive(Serialize)]
struct Found {
    id: String,
    rooms: Vec<String>,
    data: BTreeMap<String, Value>,
    query: BTreeMap<String, String>,
}

impl Found {
    fn is(socket: &RemoteSocket) -> Self {
        Self {
            id: socket.id().to_string(),
            rooms: rooms::in_order(socket.rooms().to_vec()),
            data: socket.data().unwrap_or_default(),
            query: owned(socket.handshake().query_pairs()),
        }
    }
}
