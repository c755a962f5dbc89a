//! For a comparison with Socket.IO on Node: it tells on its output, line by line as JSON, what its
//! handlers see. `tests/differential/reference.mjs` is the same app on the other side.
//!
//! The environment sets what takes time, so that a comparison need not: `PING_INTERVAL`,
//! `PING_TIMEOUT`, `UPGRADE_TIMEOUT` and `CONNECT_TIMEOUT` in milliseconds, `MAX_PAYLOAD` in bytes.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use klatch::{
    Ack, CloseReason, Config, ConnectError, Cors, EmitError, Forbidden, Handlers, Payload, Server,
    Socket,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::run::{Either, Place, port};

pub(crate) fn servers() -> Vec<Place> {
    vec![Place { port: port("PORT", 4400), server: Either::Socket(server()) }]
}

fn setting(name: &str, otherwise: u32) -> u32 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")),
        Err(_) => otherwise,
    }
}

fn config() -> Config {
    let millis = |name, otherwise| Duration::from_millis(setting(name, otherwise).into());
    Config::new()
        .ping_interval(millis("PING_INTERVAL", 25_000))
        .ping_timeout(millis("PING_TIMEOUT", 20_000))
        .upgrade_timeout(millis("UPGRADE_TIMEOUT", 10_000))
        .connect_timeout(millis("CONNECT_TIMEOUT", 45_000))
        .max_payload(setting("MAX_PAYLOAD", 100_000) as usize)
}

fn server() -> Server {
    let server = Server::builder()
        .config(config())
        .cors(Cors::list(["http://good.test"]).credentials(true))
        .allow_request(async |request, _| {
            let query = request.uri.query().unwrap_or_default();
            let denied = query.split('&').any(|pair| pair.len() > 5 && pair.starts_with("deny="));
            if denied { Err(Forbidden::new()) } else { Ok(()) }
        })
        .connection_error(|error| {
            tell(&Refused { saw: "refused", code: error.code(), message: error.message() });
        })
        .build()
        .expect("it is valid");
    let waiting = Waiting::default();
    for name in ["/", "/other", "/auth", "/slow"] {
        register(&server.namespace(name), &waiting);
    }
    register(&server.namespaces_matching(r"^/room-\d+$").expect("it is a pattern"), &waiting);
    server.namespace("/auth").middleware(async |socket: Socket| let_in(&socket));
    server.namespace("/slow").middleware(async move |_| {
        let (release, released) = oneshot::channel();
        waiting.lock().push(release);
        // Whoever would release it lives as long as the server.
        let _ = released.await;
        Ok(())
    });
    server
}

/// Who waits in a middleware until somebody sends `release`.
type Waiting = Arc<Mutex<Vec<oneshot::Sender<()>>>>;

fn let_in(socket: &Socket) -> Result<(), ConnectError> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    #[derive(Serialize)]
    struct Code {
        code: u16,
    }

    match socket.auth::<Auth>() {
        Ok(Auth { token }) if token == "letmein" => Ok(()),
        _ => Err(ConnectError::new("unauthorized").with_data(&Code { code: 401 })?),
    }
}

fn register(handlers: &Handlers, waiting: &Waiting) {
    watch(handlers);
    talk(handlers);
    handlers.on("join", async |socket: Socket, args: Payload, ack: Ack| {
        room(&args).map(|room| socket.join(room));
        ack.send(&())
    });
    handlers.on("leave", async |socket: Socket, args: Payload, ack: Ack| {
        if let Some(room) = room(&args) {
            socket.leave(room);
        }
        ack.send(&())
    });
    handlers.on("bye", async |socket: Socket, _: Payload, _never: Ack| socket.disconnect());
    handlers.on("bye-all", async |socket: Socket, _: Payload, _never: Ack| socket.disconnect_all());
    handlers.on("close", async |socket: Socket, _: Payload, _never: Ack| socket.close_connection());
    let waiting = waiting.clone();
    handlers.on("release", async move |_: Socket, _: Payload, _never: Ack| {
        for release in mem::take(&mut *waiting.lock()) {
            // A client that left meanwhile does not wait any more.
            let _ = release.send(());
        }
    });
}

/// The first argument, if it can name a room.
fn room(args: &Payload) -> Option<String> {
    args.decode().ok()
}

fn talk(handlers: &Handlers) {
    handlers.on(
        "echo",
        async |socket: Socket, args: Payload, ack: Ack| {
            if ack.is_wanted() { ack.send(&args) } else { socket.emit("echo", &args) }
        },
    );
    handlers.on("to", async |socket: Socket, args: Payload, ack: Ack| {
        if let Some(room) = room(&args) {
            socket.to(room).emit("said", &args)?;
        }
        ack.send(&())
    });
    handlers.on("all", async |socket: Socket, args: Payload, ack: Ack| {
        socket.namespace().emit("said", &args)?;
        ack.send(&())
    });
    handlers.on("ask", async |socket: Socket, args: Payload, _never: Ack| {
        let answer = socket.emit_with_ack::<Payload>("question", &args).await;
        if let Ok(answer) = answer {
            Seen::by(&socket, "answer").with(&answer).tell();
        }
        Ok::<_, EmitError>(())
    });
}

fn watch(handlers: &Handlers) {
    handlers.on_connect(async |socket: Socket| {
        let auth: Payload = socket.auth().unwrap_or_default();
        let seen = Seen::by(&socket, "connect").with(&auth);
        // Node shows an object, whatever the client presented.
        if auth.is_empty() {
            Seen { json: Some("[{}]".to_owned()), ..seen }.tell();
        } else {
            seen.tell();
        }
    });
    handlers.on_any(|socket, event, args| {
        Seen { event: Some(event), ..Seen::by(socket, "event").with(args) }.tell();
    });
    handlers.on_disconnecting(async |socket: Socket, reason: CloseReason| {
        let mut rooms = socket.rooms();
        rooms.retain(|room| *room != socket.id().to_string());
        rooms.sort();
        let seen = Seen::by(&socket, "disconnecting");
        Seen { reason: Some(reason), rooms: Some(rooms), ..seen }.tell();
    });
    handlers.on_disconnect(async |socket: Socket, reason: CloseReason| {
        Seen { reason: Some(reason), ..Seen::by(&socket, "disconnect") }.tell();
    });
}

#[derive(Serialize)]
struct Refused<'a> {
    saw: &'static str,
    code: u8,
    message: &'a str,
}

/// What a handler of a socket saw.
#[derive(Serialize)]
struct Seen<'a> {
    nsp: String,
    id: String,
    saw: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    /// Arguments as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<String>,
    attachments: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CloseReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<String>>,
}

impl Seen<'_> {
    fn by(socket: &Socket, saw: &'static str) -> Self {
        Self {
            nsp: socket.namespace().name().to_owned(),
            id: socket.id().to_string(),
            saw,
            event: None,
            json: None,
            attachments: Vec::new(),
            reason: None,
            rooms: None,
        }
    }

    fn with(mut self, args: &Payload) -> Self {
        self.json = Some(format!("[{}]", args.as_json()));
        self.attachments = args.attachments().iter().map(|one| hex(one.bytes())).collect();
        self
    }

    fn tell(&self) {
        tell(self);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn tell(seen: &impl Serialize) {
    println!("{}", serde_json::to_string(seen).expect("it has a JSON form"));
}
