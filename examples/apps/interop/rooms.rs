//! Joining, leaving, looking.

use klatch::{Handlers, JoinError, Socket};

use super::OneOrMany;

/// The socket's rooms, by code unit.
pub(super) fn sorted(socket: &Socket) -> Vec<String> {
    in_order(socket.rooms())
}

pub(super) fn in_order(mut rooms: Vec<String>) -> Vec<String> {
    rooms.sort_by_key(|room| room.encode_utf16().collect::<Vec<_>>());
    rooms
}

pub(super) fn register(handlers: &Handlers) {
    handlers.on("join", async |socket: Socket, rooms: OneOrMany| {
        socket.join(rooms.into_list())?;
        Ok::<_, JoinError>(sorted(&socket))
    });
    handlers.on("leave", async |socket: Socket, room: String| {
        socket.leave(room);
        sorted(&socket)
    });
    handlers.on("rooms", async |socket: Socket, (): ()| sorted(&socket));
    handlers
        .on("room-size", async |socket: Socket, room: String| socket.namespace().room_len(room));
}
