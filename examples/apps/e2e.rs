//! For klatch's own end-to-end tests: one event per thing that a client can see.

mod rooms;
mod spec;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use klatch::{
    Ack, Args, CloseReason, Config, EmitError, Namespace, Payload, Reply, Server, Socket, SocketId,
    Value,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::run::{Either, Place, port};

pub(crate) fn servers() -> Vec<Place> {
    vec![Place { port: port("PORT", 4200), server: Either::Socket(server()) }]
}

fn server() -> Server {
    let second = Duration::from_secs(1);
    let config = Config::new()
        .ping_interval(second)
        .ping_timeout(second)
        .connect_timeout(second)
        .max_payload(100_000);
    let server = Server::builder().config(config).build().expect("it is valid");
    let watched = Watched::default();
    for name in ["/", "/chat"] {
        let namespace = server.namespace(name);
        echoes(&namespace);
        questions(&namespace);
        about_itself(&namespace, &watched);
        rooms::register(&namespace);
        spec::register(&namespace);
    }
    server
}

/// What comes back, and how it is acknowledged.
fn echoes(namespace: &Namespace) {
    namespace.on("echo", async |socket: Socket, arguments: Payload, ack: Ack| {
        if ack.is_wanted() { ack.send(&arguments) } else { socket.emit("echo", &arguments) }
    });
    namespace.on("message", async |socket: Socket, arguments: Payload| {
        socket.emit("message", &arguments)
    });
    namespace.on("noack", async |_: Socket, _: Payload| ());
    namespace.on("types", async |_: Socket, (): ()| {
        let text = "é€😀\0";
        let nested = (1, (2, [3]));
        Args((None::<()>, true, false, 0, -1.5, 1e21, "", text, [(); 0], Empty {}, nested))
    });
    namespace.on("ack-binary", async |_: Socket, bytes: Bytes| {
        #[derive(Serialize)]
        struct Answer {
            len: usize,
            nested: Nested,
        }
        #[derive(Serialize)]
        struct Nested {
            list: [Bytes; 1],
        }

        let reversed: Bytes = bytes.iter().rev().copied().collect();
        Answer { len: bytes.len(), nested: Nested { list: [reversed] } }
    });
    // The second answer that the app asks for cannot be written: an `Ack` is used up by the first.
    namespace.on("ack-twice", async |_: Socket, (): ()| "first");
    namespace.on("big", async |_: Socket, n: usize| "a".repeat(n));
    namespace.on("big-binary", async |_: Socket, n: usize| Bytes::from(vec![7; n]));
    namespace.on("sequence", async |socket: Socket, n: u32| {
        for i in 0..n {
            let byte = (i % 3 == 0).then(|| Bytes::from(vec![(i & 255) as u8]));
            socket.emit("seq", &Args((i, byte)))?;
        }
        Ok::<_, EmitError>(())
    });
}

/// What the server asks the client.
fn questions(namespace: &Namespace) {
    #[derive(Serialize)]
    struct Asked {
        ok: bool,
        answers: Vec<Value>,
    }

    namespace.on("ask-me", async |socket: Socket, Args((question, millis)): Args<(Value, u64)>| {
        let reply: Reply<Args<Vec<Value>>> = if millis == 0 {
            socket.emit_with_ack("question", &question)
        } else {
            socket.timeout(Duration::from_millis(millis)).emit_with_ack("question", &question)
        };
        match reply.await {
            Ok(Args(answers)) => Asked { ok: true, answers },
            Err(_) => Asked { ok: false, answers: Vec::new() },
        }
    });
}

/// What was seen of sockets that are gone.
type Watched = Arc<Mutex<HashMap<String, Seen>>>;

#[derive(Clone, Default, Serialize)]
struct Seen {
    reason: String,
    rooms: Vec<String>,
    after: Vec<String>,
}

/// An object without a member.
#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Whoami {
    id: String,
    nsp: String,
    recovered: bool,
    transport: &'static str,
    data: Empty,
}

/// The sockets that are watched, and under which token.
type Watches = Arc<Mutex<HashMap<SocketId, Watch>>>;

struct Watch {
    token: String,
    seen: Seen,
}

fn about_itself(namespace: &Namespace, watched: &Watched) {
    namespace.on("whoami", async |socket: Socket, (): ()| Whoami {
        id: socket.id().to_string(),
        nsp: socket.namespace().name().to_owned(),
        recovered: false,
        transport: socket.transport().as_str(),
        data: Empty {},
    });
    namespace.on("disconnect-me", async |socket: Socket, close: bool| {
        if close { socket.disconnect_all() } else { socket.disconnect() }
    });
    namespace.on("engine-close", async |socket: Socket, (): ()| socket.close_connection());

    let living = Watches::default();
    let of = living.clone();
    namespace.on("watch", async move |socket: Socket, token: String| {
        of.lock().insert(socket.id(), Watch { token, seen: Seen::default() });
    });
    let of = living.clone();
    namespace.on_disconnecting(async move |socket: Socket, reason: CloseReason| {
        if let Some(watch) = of.lock().get_mut(&socket.id()) {
            watch.seen.reason = reason.to_string();
            watch.seen.rooms = rooms::sorted(&socket);
        }
    });
    let seen = watched.clone();
    namespace.on_disconnect(async move |socket: Socket, _: CloseReason| {
        let watch = living.lock().remove(&socket.id());
        if let Some(Watch { token, seen: mut last }) = watch {
            last.after = rooms::sorted(&socket);
            seen.lock().insert(token, last);
        }
    });
    let seen = watched.clone();
    namespace
        .on("reason-of", async move |_: Socket, token: String| seen.lock().get(&token).cloned());
}

/// Rooms given as one name or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}
