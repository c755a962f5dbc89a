//! For trials under load: rooms that clients come and go in, and a look at the server itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use klatch::{Args, CloseReason, Config, JoinError, Namespace, Server, Socket, SocketId};
use parking_lot::Mutex;
use serde::Serialize;

use crate::run::{Either, Place, port};

/// How many events for each socket were accepted: what it is sent if it reads.
type Accepted = Arc<Mutex<BTreeMap<SocketId, u64>>>;

/// How many sockets ended for which reason.
type Ends = Arc<Mutex<BTreeMap<String, u64>>>;

/// What is told of the server on stdout when it has ended.
pub(crate) struct Report(Accepted);

pub(crate) fn servers() -> (Vec<Place>, Report) {
    let accepted = Accepted::default();
    let server = server(&accepted);
    (vec![Place { port: port("PORT", 4310), server: Either::Socket(server) }], Report(accepted))
}

impl Report {
    /// A line for each socket that was sent something by itself.
    pub(crate) fn print(&self) {
        for (socket, count) in &*self.0.lock() {
            println!("accepted {socket} {count}");
        }
    }
}

fn server(accepted: &Accepted) -> Server {
    let mut config = Config::new();
    let mut builder = Server::builder();
    if let Some(interval) = time("PING_INTERVAL") {
        config = config.ping_interval(interval);
    }
    if let Some(timeout) = time("PING_TIMEOUT") {
        config = config.ping_timeout(timeout);
    }
    if let Some(timeout) = time("CONNECT_TIMEOUT") {
        config = config.connect_timeout(timeout);
    }
    if let Some(timeout) = time("UPGRADE_TIMEOUT") {
        config = config.upgrade_timeout(timeout);
    }
    if let Some(timeout) = time("HEAD_TIMEOUT") {
        builder = builder.head_timeout(timeout);
    }
    if let Some(timeout) = time("WRITE_TIMEOUT") {
        builder = builder.write_timeout(timeout);
    }
    let server = builder.config(config).build().expect("what is set can work");
    let main = server.namespace("/");
    register(&main, accepted);
    let ends = Ends::default();
    let ended = ends.clone();
    main.on_disconnect(async move |_: Socket, reason: CloseReason| {
        *ended.lock().entry(reason.to_string()).or_default() += 1;
    });
    let watched = server.clone();
    let look = async move |_: Socket, (): ()| Health::of(&watched, ends.lock().clone());
    server.namespace("/health").on("look", look);
    server
}

/// Milliseconds, from the environment.
fn time(variable: &str) -> Option<Duration> {
    let text = std::env::var(variable).ok()?;
    let millis = text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number"));
    Some(Duration::from_millis(millis))
}

fn register(namespace: &Namespace, accepted: &Accepted) {
    namespace.on("join", async |socket: Socket, room: String| socket.join(room));
    namespace.on("leave", async |socket: Socket, room: String| {
        socket.leave(room);
        Ok::<_, JoinError>(())
    });
    namespace.on("chat", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
        socket.to(&room).emit("chat", &Args((&room, &text)))
    });
    // Whoever is answered has got all that was sent to it before.
    namespace.on("sync", async |_: Socket, (): ()| ());
    let accepted = accepted.clone();
    namespace.on("echo", async move |socket: Socket, text: String| {
        let mut accepted = accepted.lock();
        if socket.emit("echo", &text).is_ok() {
            *accepted.entry(socket.id()).or_default() += 1;
        }
    });
}

/// What a look at the server shows.
#[derive(Serialize)]
struct Health {
    sessions: usize,
    sockets: usize,
    rooms: usize,
    queued: usize,
    handlers: usize,
    /// Those that were hit.
    limits: BTreeMap<&'static str, u64>,
    /// Why sockets ended, and how many.
    ends: BTreeMap<String, u64>,
}

impl Health {
    fn of(server: &Server, ends: BTreeMap<String, u64>) -> Self {
        let snapshot = server.snapshot();
        let main = snapshot.namespaces.iter().find(|namespace| namespace.name == "/");
        let hits = snapshot.limits_hit.iter().filter(|(_, times)| *times > 0);
        Self {
            sessions: snapshot.sessions,
            sockets: main.map_or(0, |namespace| namespace.sockets),
            rooms: main.map_or(0, |namespace| namespace.rooms),
            queued: snapshot.queued_bytes,
            handlers: snapshot.handlers,
            limits: hits.map(|(limit, times)| (limit.as_str(), times)).collect(),
            ends,
        }
    }
}
