//! The chat that every host example serves: an example shows its host, not a chat once more.
//!
//! In `/` and in `/acme`, which never hear of each other:
//!
//! | event | arguments | what happens | ack |
//! |---|---|---|---|
//! | `join`, `leave` | a room | the client is in it, or no longer | no argument |
//! | `chat message` | a text | everyone but the sender gets it | no argument |
//! | `room message` | a room, a text | the room but for the sender gets the text | no argument |
//! | `ask` | a number | | the next number |
//! | `echo` | whatever | | the same |
//!
//! Who comes and goes is printed. `tests/e2e/hosts/chat.test.mjs` holds every host to this.

use std::fmt::Display;
use std::future::Future;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;
use klatch::{Args, CloseReason, Drain, Namespace, Payload, Server, Socket};

/// The chat, ready to be served.
pub fn chat() -> Server {
    let server = Server::new();
    open(&server);
    server
}

/// Opens the chat on a server that has settings or handlers of its host's own.
pub fn open(server: &Server) {
    for name in ["/", "/acme"] {
        listen(&server.namespace(name));
    }
}

fn listen(chat: &Namespace) {
    chat.on_connect(async |socket: Socket| {
        println!("a user connected: {}", socket.id());
    });
    chat.on("join", async |socket: Socket, room: String| socket.join(room));
    chat.on("leave", async |socket: Socket, room: String| socket.leave(room));
    chat.on("chat message", async |socket: Socket, text: String| {
        socket.broadcast().emit("chat message", &text)
    });
    chat.on("room message", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
        socket.to(room).emit("room message", &text)
    });
    chat.on("ask", async |_: Socket, n: u32| n.wrapping_add(1));
    chat.on("echo", async |_: Socket, anything: Payload| anything);
    chat.on_disconnect(async |socket: Socket, reason: CloseReason| {
        println!("a user disconnected: {} ({reason})", socket.id());
    });
}

/// Where to listen: `127.0.0.1`, and the port in `PORT`; with 0 the system chooses.
///
/// # Panics
///
/// If `PORT` is not a port.
pub fn address() -> (&'static str, u16) {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    ("127.0.0.1", port.parse().unwrap_or_else(|_| panic!("PORT={port} is not a port")))
}

/// Says where the chat is to be found, once it is: `announce("http", listener.local_addr()?)`.
pub fn announce(scheme: &str, address: impl Display) {
    println!("{scheme}://{address}/\nlistening");
}

/// Waits until the process is told to end: by SIGTERM, as by whatever keeps services running, or by
/// SIGINT, as by a terminal. It is listened for from this call on, on whatever runtime.
///
/// # Panics
///
/// If the system has no signals to hand out.
pub fn told_to_end() -> impl Future<Output = ()> + Send + 'static {
    let signals = Signals::new([Signal::Term, Signal::Int]);
    let mut signals = signals.expect("the system hands out signals");
    async move { drop(signals.next().await) }
}

/// Ends the chat: its clients are told, and have some time to take what waits for them. What became of
/// them is printed.
pub async fn end(chat: &Server) {
    println!("{}", chat.shutdown(Drain::new()).await);
}
