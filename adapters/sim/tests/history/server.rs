//! The server whose histories these are: each handler writes into the ledger what it does, at the
//! moment when it does it.

use std::sync::Arc;
use std::time::Duration;

use klatch_core::{CloseReason, Config, ConnectError, SocketId, Value};
use klatch_driver::{Broadcast, Handlers, ParentNamespace, Recovery, Runtime as _, Server, Socket};
use klatch_sim::{Claim, Runtime};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::ledger::{Kind, Ledger, Room};
use super::trouble::Trouble;

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Namespaces that are always there. The second has a middleware.
pub(crate) const STATIC: [&str; 2] = ["/", "/red"];
/// Rooms of each namespace that clients join by themselves.
pub(crate) const ROOMS: u8 = 12;
/// Where the middleware puts everybody whom it lets in.
const LOBBY: Room = Room::Numbered(ROOMS);

/// Bytes that may wait for one client.
pub(crate) const MAILBOX: usize = 60_000;
/// What a message counts for there beyond what it carries: its packet, and the mailbox's bookkeeping.
pub(crate) const PACKET_OVERHEAD: usize = 64 + 60;

/// How long a socket may be away.
const AWAY: Duration = Duration::from_secs(4);

/// What a client presents: over which of all connections it comes, and who it was.
#[derive(Debug, Serialize)]
pub(crate) struct Introduction {
    pub(crate) life: u64,
    #[serde(flatten)]
    pub(crate) claim: Option<Claim>,
}

#[derive(Deserialize)]
struct Introduced {
    life: u64,
}

/// Who says it - a client in one of its lives in a namespace -, and as which of all that it says.
pub(crate) type Stamp = (u64, u64);

/// How a message is sent, and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Manner {
    pub(crate) volatile: bool,
    /// How many attachments.
    pub(crate) attachments: u8,
    /// Bytes beside them.
    pub(crate) bytes: u16,
}

/// What a message of a number carries, by which it is known again.
pub(crate) fn content(number: u64, manner: Manner) -> Value {
    let binary = |nth: u8| {
        let length = number % 90;
        Value::Binary((0..length).map(|at| (number + at) as u8 ^ nth).collect::<Vec<_>>().into())
    };
    let letter = char::from(b'a' + (number % 26) as u8);
    let text = letter.to_string().repeat(manner.bytes.into());
    Value::Array((0..manner.attachments).map(binary).chain([Value::String(text)]).collect())
}

/// What a broadcast is to say to whom.
pub(crate) type Say = (Vec<u8>, Vec<u8>, Manner);

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) runtime: Runtime,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
}

/// A server, and the parent of those of its namespaces that come and go.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) parent: ParentNamespace,
}

pub(crate) fn build(book: &Book) -> Served {
    let config = Config::new().ping_interval(3 * SECOND).ping_timeout(2 * SECOND);
    let config = config.connect_timeout(5 * SECOND).upgrade_timeout(2 * SECOND);
    let config = config.max_refusals(1_000);
    let recovery = Recovery::new().max_disconnection(AWAY).packets(400);
    let builder = Server::builder().config(config.max_payload(20_000)).recovery(recovery);
    let server = builder.mailbox_budget(MAILBOX).build().expect("it can work");
    let parent = server.namespaces_matching(r"^/child-\d+$").expect("a pattern");
    register(&server.namespace(STATIC[0]), book, &[]);
    let red = server.namespace(STATIC[1]);
    let runtime = book.runtime.clone();
    red.middleware(async move |socket: Socket| {
        let waits = runtime.below(400);
        if waits < 150 {
            runtime.sleep(waits as u32 * MS).await;
        }
        if runtime.below(10) == 0 {
            return Err(ConnectError::new("not today"));
        }
        // Nobody minds if its client has gone meanwhile.
        let _ = socket.join(LOBBY.name());
        Ok(())
    });
    register(&red, book, &[LOBBY]);
    register(&parent, book, &[]);
    Served { server, parent }
}

fn register(handlers: &Handlers, book: &Book, promised: &'static [Room]) {
    register_lives(handlers, book, promised);
    register_rooms(handlers, book);
    register_messages(handlers, book);
    register_mischief(handlers, book);
}

fn register_lives(handlers: &Handlers, book: &Book, promised: &'static [Room]) {
    let ledger = book.ledger.clone();
    handlers.on_connect(async move |socket: Socket| {
        let namespace = socket.namespace();
        let who = (namespace.name(), socket.id());
        let Introduced { life } = socket.auth().expect("everybody introduces itself");
        if socket.recovered() {
            ledger.lock().recover(who, life, socket.rooms(), promised);
        } else {
            ledger.lock().connect(who, life, socket.rooms(), promised);
        }
    });
    let ledger = book.ledger.clone();
    handlers.on_expired(move |id| ledger.lock().expire(id));
    let ledger = book.ledger.clone();
    handlers.on_disconnecting(async move |socket: Socket, _: CloseReason| {
        ledger.lock().disconnecting((socket.namespace().name(), socket.id()), socket.rooms());
    });
    let Book { ledger, runtime } = book.clone();
    handlers.on_disconnect(async move |socket: Socket, reason: CloseReason| {
        let mut ledger = ledger.lock();
        if !socket.rooms().is_empty() {
            ledger.violate(format!("{} is out, and in {:?}", socket.id(), socket.rooms()));
        }
        ledger.disconnect((socket.namespace().name(), socket.id()), reason, runtime.now());
    });
}

fn register_rooms(handlers: &Handlers, book: &Book) {
    let ledger = book.ledger.clone();
    handlers.on("join", async move |socket: Socket, (by, room): (Stamp, u8)| {
        let room = Room::Numbered(room);
        ledger.lock().hear(by.0, by.1);
        let joined = socket.join(room.name()).is_ok();
        ledger.lock().join(socket.namespace().name(), socket.id(), room);
        joined
    });
    let ledger = book.ledger.clone();
    handlers.on("leave", async move |socket: Socket, (by, room): (Stamp, u8)| {
        let room = Room::Numbered(room);
        ledger.lock().hear(by.0, by.1);
        socket.leave(room.name());
        ledger.lock().leave(socket.namespace().name(), socket.id(), room);
        true
    });
    let ledger = book.ledger.clone();
    handlers.on("leave all", async move |socket: Socket, (by, ()): (Stamp, ())| {
        ledger.lock().hear(by.0, by.1);
        socket.leave_all();
        ledger.lock().leave_all(socket.namespace().name(), socket.id());
        true
    });
}

fn register_messages(handlers: &Handlers, book: &Book) {
    let ledger = book.ledger.clone();
    handlers.on("say", async move |socket: Socket, (by, (to, except, manner)): (Stamp, Say)| {
        ledger.lock().hear(by.0, by.1);
        let (to, except) = (numbered(&to), numbered(&except));
        let (namespace, from) = (socket.namespace(), Some(socket.id()));
        let among = (!to.is_empty()).then_some(&to[..]);
        broadcast(&ledger, namespace.name(), socket.broadcast(), from, among, &except, manner);
        true
    });
    let Book { ledger, runtime } = book.clone();
    handlers.on("ask", async move |_: Socket, (by, number): (Stamp, u64)| {
        ledger.lock().hear(by.0, by.1);
        let waits = runtime.below(400);
        if waits < 200 {
            runtime.sleep(waits as u32 * MS).await;
        }
        number + 1
    });
    let ledger = book.ledger.clone();
    handlers.on("poll", async move |socket: Socket, (by, room): (Stamp, u8)| {
        ledger.lock().hear(by.0, by.1);
        let namespace = socket.namespace();
        let room = Room::Numbered(room);
        let all = socket.to(room.name());
        poll(&ledger, namespace.name(), all, Some(socket.id()), &[room]).await;
    });
}

fn register_mischief(handlers: &Handlers, book: &Book) {
    let ledger = book.ledger.clone();
    handlers.on("panic", async move |_: Socket, (by, ()): (Stamp, ())| -> () {
        ledger.lock().hear(by.0, by.1);
        std::panic::panic_any(OnPurpose);
    });
    // Its socket may be gone when it goes on.
    let Book { ledger, runtime } = book.clone();
    handlers.on("dawdle", async move |socket: Socket, (by, room): (Stamp, u8)| {
        ledger.lock().hear(by.0, by.1);
        runtime.sleep(runtime.below(6_000) as u32 * MS).await;
        let room = Room::Numbered(room);
        let _ = socket.join(room.name());
        // Whoever is back by then is another socket, of the same id.
        if socket.is_connected() {
            ledger.lock().join(socket.namespace().name(), socket.id(), room);
        }
    });
    let ledger = book.ledger.clone();
    handlers.on("clear", async move |socket: Socket, (by, room): (Stamp, u8)| {
        ledger.lock().hear(by.0, by.1);
        let namespace = socket.namespace();
        let room = [Room::Numbered(room)];
        kick(&ledger, namespace.name(), Some(socket.id()), Some(&room));
        socket.to(room[0].name()).disconnect();
    });
}

/// What a handler panics with: the hook of these tests does not print it.
pub(crate) struct OnPurpose;

pub(crate) fn numbered(rooms: &[u8]) -> Vec<Room> {
    rooms.iter().copied().map(Room::Numbered).collect()
}

fn among(all: Broadcast, to: Option<&[Room]>, except: &[Room]) -> Broadcast {
    let names = |rooms: &[Room]| rooms.iter().map(|room| room.name()).collect::<Vec<_>>();
    let all = match to {
        Some(to) => all.to(names(to)),
        None => all,
    };
    if except.is_empty() { all } else { all.except(names(except)) }
}

/// Says something to whom it may concern, now.
pub(crate) fn broadcast(
    ledger: &Mutex<Ledger>,
    namespace: &str,
    all: Broadcast,
    from: Option<SocketId>,
    to: Option<&[Room]>,
    except: &[Room],
    manner: Manner,
) {
    let kind = if manner.volatile { Kind::Volatile } else { Kind::Plain };
    let mut ledger = ledger.lock();
    let reached = ledger.reach(namespace, from, to, except);
    let number = ledger.send(namespace, &reached, kind, manner.bytes.into());
    drop(ledger);
    let all = among(all, to, except);
    let all = if manner.volatile { all.volatile() } else { all };
    all.emit("said", &(number, manner, content(number, manner))).expect("it can be encoded");
}

/// Asks those in some rooms; each answers once, what it was asked, or not at all.
pub(crate) async fn poll(
    ledger: &Mutex<Ledger>,
    namespace: &str,
    all: Broadcast,
    from: Option<SocketId>,
    to: &[Room],
) {
    let (asked, replies) = {
        let mut ledger = ledger.lock();
        let reached = ledger.reach(namespace, from, Some(to), &[]);
        let asked = ledger.connected_of(namespace, &reached);
        let number = ledger.send(namespace, &asked, Kind::Question, 0);
        drop(ledger);
        let replies = all.timeout(2 * SECOND).emit_with_ack::<u64>("asked", &number);
        ((number, asked), replies)
    };
    let (number, asked) = asked;
    let answers = match replies.await {
        Ok(answers) => answers,
        Err(error) => return ledger.lock().violate(format!("{number} was not asked: {error}")),
    };
    let right = answers.answers.iter().all(|(_, answer)| matches!(answer, Ok(n) if *n == number));
    let mut answered: Vec<_> = answers.answers.iter().map(|(id, _)| *id).collect();
    answered.extend(&answers.missing);
    answered.sort_unstable();
    if !right || answered != asked {
        ledger.lock().violate(format!("{number} was asked of {asked:?}, and gave {answers:?}"));
    }
}

/// Those in these rooms are about to be disconnected.
pub(crate) fn kick(
    ledger: &Mutex<Ledger>,
    namespace: &str,
    from: Option<SocketId>,
    to: Option<&[Room]>,
) {
    let mut ledger = ledger.lock();
    for id in ledger.reach(namespace, from, to, &[]) {
        if let Some(life) = ledger.life_of(namespace, id) {
            ledger.befall(life, Trouble::Kicked);
        }
    }
}
