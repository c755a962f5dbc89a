//! What is on the wire, to the last byte.

use klatch_core::{Args, Payload};

use crate::conformance::bed::Bed;
use crate::conformance::script::play;
use crate::server::Server;
use crate::socket::Socket;

/// All that clients send and all that they must see for it, whatever runtime it is.
const SCRIPT: &str = include_str!("../transcript.txt");

pub(crate) async fn the_same_bytes_have_the_same_answer(bed: &Bed) {
    let server = Server::new();
    let chat = server.namespace("/");
    chat.on("chat message", async |socket: Socket, text: String| {
        socket.broadcast().emit("chat message", &text)
    });
    chat.on("join", async |socket: Socket, room: String| socket.join(room));
    chat.on("leave", async |socket: Socket, room: String| socket.leave(room));
    chat.on("to", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
        socket.to(room).emit("chat message", &text)
    });
    chat.on("everybody", async |socket: Socket, text: String| {
        socket.namespace().emit("chat message", &text)
    });
    chat.on("echo", async |_: Socket, value: Payload| value);
    chat.on("bye", async |socket: Socket, (): ()| socket.disconnect());
    server
        .namespace("/news")
        .on_connect(async |socket: Socket| socket.emit("headline", &"klatch speaks"));
    let running = bed.serve_known(&server).await;
    play(bed, &server, running.address, SCRIPT).await;
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
}
