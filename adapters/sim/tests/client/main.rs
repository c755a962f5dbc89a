//! Simulated clients against a real server.

mod connecting;
mod faults;
mod talking;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use klatch_core::{Args, CloseReason};
use klatch_driver::{Namespace, Server, Socket};
use klatch_sim::{Sim, Transport};

const SECOND: Duration = Duration::from_secs(1);
const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

/// A server with a namespace `/` in which everybody hears of everything.
fn serve(sim: &Sim) -> (Server, Namespace) {
    let server = Server::new();
    let chat = server.namespace("/");
    chat.on("say", async |socket: Socket, text: String| socket.broadcast().emit("said", &text));
    chat.on("add", async |_: Socket, Args((a, b)): Args<(u32, u32)>| a + b);
    chat.on_disconnect(async |socket: Socket, reason: CloseReason| {
        socket.namespace().emit("left", &(socket.id(), reason))
    });
    sim.serve(&server);
    (server, chat)
}

/// What a panic said.
fn panic_of<T>(act: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(act)) else { panic!("it should panic") };
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("panics speak")).to_owned(),
    }
}
