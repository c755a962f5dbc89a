//! For load generators: the same app that they drive on other servers.

use std::collections::HashMap;
use std::sync::Arc;

use klatch::{Ack, CloseReason, Namespace, Payload, Server, Socket, SocketId};
use parking_lot::RwLock;

use crate::run::{Either, Place, port};

/// The room that each socket joined last.
type Rooms = Arc<RwLock<HashMap<SocketId, Arc<str>>>>;

pub(crate) fn servers() -> Vec<Place> {
    vec![Place { port: port("PORT", 4300), server: Either::Socket(server()) }]
}

fn server() -> Server {
    let server = Server::new();
    // The others are there to be joined and to cost something.
    for name in ["/", "/1", "/2", "/3", "/4", "/5", "/6", "/7"] {
        register(&server.namespace(name));
    }
    server
}

fn register(namespace: &Namespace) {
    let rooms = Rooms::default();
    let last = rooms.clone();
    namespace.on("join", async move |socket: Socket, room: String| {
        last.write().insert(socket.id(), room.as_str().into());
        socket.join(room)
    });
    let last = rooms.clone();
    namespace.on("msg", async move |socket: Socket, payload: Payload| {
        let room = last.read().get(&socket.id()).cloned();
        match room {
            Some(room) => socket.to(room).emit("msg", &payload),
            None => Ok(()),
        }
    });
    namespace.on("echo", async |socket: Socket, payload: Payload| socket.emit("echo", &payload));
    namespace.on("ack", async |_: Socket, payload: Payload, ack: Ack| ack.send(&payload));
    namespace.on_disconnect(async move |socket: Socket, _: CloseReason| {
        rooms.write().remove(&socket.id());
    });
}
