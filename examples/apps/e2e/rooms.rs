//! Joining, leaving, looking.

use klatch::{Args, JoinError, Namespace, Socket};

use super::OneOrMany;

/// The socket's rooms, by code unit.
pub(crate) fn sorted(socket: &Socket) -> Vec<String> {
    let mut rooms = socket.rooms();
    rooms.sort_by_key(|room| room.encode_utf16().collect::<Vec<_>>());
    rooms
}

pub(crate) fn register(namespace: &Namespace) {
    namespace.on("join", async |socket: Socket, rooms: OneOrMany| {
        socket.join(rooms.into_list())?;
        Ok::<_, JoinError>(sorted(&socket))
    });
    namespace.on("leave", async |socket: Socket, room: String| {
        socket.leave(room);
        sorted(&socket)
    });
    namespace.on("rooms", async |socket: Socket, (): ()| sorted(&socket));
    namespace
        .on("room-size", async |socket: Socket, room: String| socket.namespace().room_len(room));
    namespace.on(
        "disconnect-sockets",
        async |socket: Socket, Args((room, close)): Args<(String, bool)>| {
            let members = socket.namespace().to(room);
            if close { members.disconnect_all() } else { members.disconnect() }
        },
    );
}
