//! What klatch writes down of a busy server has no secret in it: neither the id of a session nor the
//! proof by which a client comes back.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use klatch_core::{Config, ConnectError, Sid};
use klatch_driver::{Drain, Endpoint, Namespace, Recovery, Server, Socket};
use klatch_sim::{Client, Link, Sim, Transport};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::span;

const SECOND: Duration = Duration::from_secs(1);

/// All that was written down.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<String>>);

impl Written {
    fn note(&self, what: fmt::Arguments<'_>) {
        writeln!(self.0.lock(), "{what}").expect("a String takes it");
    }
}

impl Visit for Written {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.note(format_args!("  {field}={value:?}"));
    }
}

/// Listens to everything, at every level, whoever says it.
struct Listener {
    written: Written,
    spans: AtomicU64,
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.written.note(format_args!("{}", span.metadata().name()));
        span.record(&mut self.written.clone());
        span::Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.written.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        self.written.note(format_args!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut self.written.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Serialize)]
struct Claim<'a> {
    pid: &'a str,
    offset: Option<&'a str>,
}

#[derive(Deserialize, Serialize)]
struct Word {
    word: String,
}

/// Sessions named by the test, which so knows them all.
#[derive(Clone, Default)]
struct Names(Arc<AtomicU8>);

impl Names {
    fn next(&self) -> Sid {
        Sid::from_entropy([self.0.fetch_add(1, Ordering::Relaxed) + 1; 15])
    }

    fn all(&self) -> Vec<String> {
        let sid = |n| Sid::from_entropy([n; 15]).as_str().to_owned();
        (1..=self.0.load(Ordering::Relaxed)).map(sid).collect()
    }
}

fn server(names: &Names, written: &Written) -> Server {
    let (names, refused) = (names.clone(), written.clone());
    let builder = Server::builder()
        .config(Config::new().max_payload(5_000))
        .mailbox_budget(50_000)
        .recovery(Recovery::new())
        .generate_id(async move |_| Some(names.next()))
        .connection_error(move |error| {
            refused.note(format_args!("{error:?} {:?}", error.request()));
        });
    builder.build().expect("it is valid")
}

fn listen(chat: &Namespace, written: &Written) {
    chat.middleware(async |socket: Socket| match socket.auth::<Word>() {
        Ok(Word { word }) if word == "stranger" => Err(ConnectError::new("not you")),
        _ => Ok(()),
    });
    chat.on("join", async |socket: Socket, room: String| socket.join(room));
    chat.on("say", async |socket: Socket, text: String| socket.broadcast().emit("said", &text));
    chat.on("panic", async |_: Socket, n: u32| assert!(n == 0, "on purpose"));
    chat.on("fail", async |_: Socket, n: u32| Err::<(), _>(format!("{n} is too little")));
    let note = written.clone();
    chat.on_any(move |socket, event, args| note.note(format_args!("{socket:?} {event} {args:?}")));
    let note = written.clone();
    chat.on_error(move |socket, event, error| {
        note.note(format_args!("{socket:?} {event} {error:?} {error}"));
    });
}

/// `Debug` of whatever an application can hold.
fn show(written: &Written, server: &Server, chat: &Namespace, endpoint: &Endpoint) {
    written.note(format_args!("{server:?} {chat:?} {endpoint:?} {:?}", server.snapshot()));
    written.note(format_args!("{:?} {:?}", chat.to("room"), &**chat));
    for socket in chat.sockets() {
        written.note(format_args!("{socket:?} {:?} {:?}", socket.handshake(), socket.to("room")));
        written.note(format_args!("{:?}", socket.emit_with_ack::<u32>("count", &1)));
        written.note(format_args!("{:?}", socket.auth::<klatch_core::Payload>()));
    }
}

/// Every `"pid":"…"` that a client was told, as the simulation shows it.
fn pids(sim: &Sim) -> BTreeSet<String> {
    let trace = sim.trace();
    let told = |line: &str| {
        let (_, rest) = line.split_once("\"pid\":\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    trace.lines().filter(|line| line.contains("<-")).filter_map(told).collect()
}

fn busy(sim: &Sim, server: &Server, chat: &Namespace, written: &Written) {
    let endpoint = Endpoint::new(sim.runtime(), server.clone());
    let dial = |transport| sim.client().transport(transport);
    let clients: Vec<Client> = [Transport::Polling, Transport::WebSocket, Transport::Upgrade]
        .into_iter()
        .map(|transport| dial(transport).connect("/"))
        .collect();
    for client in &clients {
        client.emit("join", "room");
        client.emit("say", "hello");
        client.emit("fail", &1);
        client.emit("fail", "not a number");
        let _side = client.connect("/side");
    }
    sim.advance(SECOND);
    show(written, server, chat, &endpoint);
    // Lost, and back by its proof.
    let lost = sim.connect("/");
    let before = pids(sim);
    let other = sim.connect("/");
    let pid = pids(sim).difference(&before).next().cloned().expect("it was told one");
    sim.reset(&other);
    sim.advance(SECOND);
    let back = sim.client().auth(&Claim { pid: &pid, offset: None }).connect("/");
    assert_eq!(back.id(), other.id());
    // Refused, in several ways.
    let _ = sim.client().auth(&Word { word: "stranger".to_owned() }).refused("/");
    let _ = sim.client().refused("/nowhere");
    // One whose handler panics, one that reads nothing, one that sends too much.
    clients[0].emit("panic", &1);
    sim.advance(SECOND);
    let slow = dial(Transport::WebSocket).link(Link::new().buffer(500)).connect("/");
    slow.stall();
    let socket = chat.sockets().pop().expect("it is the last that came");
    while socket.emit("large", &"x".repeat(4_000)).is_ok() {}
    lost.emit("say", &"x".repeat(6_000));
    sim.advance(SECOND);
    show(written, server, chat, &endpoint);
    let report = sim.block_on(server.shutdown(Drain::new()));
    written.note(format_args!("{report:?} {report}"));
}

#[test]
fn no_secret_is_logged_or_shown() {
    let (written, names) = (Written::default(), Names::default());
    let listener = Listener { written: written.clone(), spans: AtomicU64::new(0) };
    let (sids, pids) = tracing::subscriber::with_default(listener, || {
        let sim = Sim::new(1);
        sim.keep_trace(100_000);
        let server = server(&names, &written);
        let chat = server.namespace("/");
        let _side = server.namespace("/side");
        listen(&chat, &written);
        sim.serve(&server);
        busy(&sim, &server, &chat, &written);
        (names.all(), pids(&sim))
    });
    let written = written.0.lock();
    for told in [
        "a session begins",
        "upgraded to a WebSocket",
        "connected",
        "disconnected",
        "turned away",
        "missed=",
        "a handler panicked",
        "a handler failed",
        "a slow consumer is closed",
        "a limit was hit",
        "the connection is closed",
        "the server ends",
        "the server has ended",
    ] {
        assert!(written.contains(told), "nothing tells that {told}");
    }
    assert!(sids.len() >= 8 && pids.len() >= 8, "{} sessions, {} proofs", sids.len(), pids.len());
    for secret in sids.iter().chain(&pids) {
        let line = written.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret} is a secret");
    }
}
