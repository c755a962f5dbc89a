//! What arrives of what is said, and in which order: whatever the transports and the network.

mod seeds;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use klatch_core::{Args, Payload, SocketId, Value};
use klatch_driver::{EmitError, Namespace, Runtime as _, Server, Socket};
use klatch_sim::{Client, Link, Sim, Transport};
use parking_lot::Mutex;

use crate::seeds::seeds;

const MS: Duration = Duration::from_millis(1);

/// A link that the seed chooses.
fn link(sim: &Sim) -> Link {
    let below = |limit| sim.runtime().below(limit);
    match below(4) {
        0 => Link::new().latency(Duration::ZERO..=60 * MS),
        1 => Link::new().chunk(1 + below(20) as usize),
        2 => Link::new().latency(MS..=MS).buffer(1 + below(300) as usize),
        _ => Link::new(),
    }
}

/// A client that the seed chooses, and its socket.
fn member(sim: &Sim, chat: &Namespace) -> (Client, Socket) {
    let transports = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];
    let transport = transports[sim.runtime().below(3) as usize];
    let client = sim.client().transport(transport).link(link(sim)).connect("/");
    let socket = chat.to(client.id()).sockets().remove(0);
    (client, socket)
}

/// The attachments that go with a number, by which they are known again.
fn attachments(n: u64) -> Value {
    let binary = |nth: u64| {
        let bytes: Vec<u8> = (0..n % 90).map(|i| (n + nth + i) as u8).collect();
        Value::Binary(bytes.into())
    };
    Value::Array((0..n % 4).map(binary).collect())
}

/// A client, and what it is to get: the numbers, and whether they may be missing.
struct Member {
    client: Client,
    socket: Socket,
    due: Vec<(u64, bool)>,
}

/// Says a number to whomever the seed chooses; whom it is for.
fn say(sim: &Sim, chat: &Namespace, members: &[Member], n: u64, volatile: bool) -> Vec<usize> {
    let below = |limit: usize| sim.runtime().below(limit as u64) as usize;
    let args = Args((n, attachments(n)));
    let one = below(members.len());
    let everybody = 0..members.len();
    let send = |sent: Result<(), EmitError>| sent.expect("nobody is gone");
    match below(4) {
        0 => {
            let socket = &members[one].socket;
            send(if volatile {
                socket.volatile().emit("news", &args)
            } else {
                socket.emit("news", &args)
            });
            vec![one]
        }
        1 => {
            let whom = members[one].socket.broadcast();
            send(if volatile { whom.volatile() } else { whom }.emit("news", &args));
            everybody.filter(|nth| *nth != one).collect()
        }
        2 => {
            let whom = chat.to(["even", "even too"]);
            send(if volatile { whom.volatile() } else { whom }.emit("news", &args));
            everybody.step_by(2).collect()
        }
        _ => {
            let whom = chat.everybody();
            send(if volatile { whom.volatile() } else { whom }.emit("news", &args));
            everybody.collect()
        }
    }
}

/// How many volatile events arrived, and how many did not.
fn deliver(seed: u64) -> (usize, usize) {
    let sim = Sim::new(seed);
    let server = Server::new();
    let chat = server.namespace("/");
    sim.serve(&server);
    let mut members = Vec::new();
    for nth in 0..4 {
        let (client, socket) = member(&sim, &chat);
        if nth % 2 == 0 {
            socket.join(["even", "even too"]).expect("the names are short");
        }
        members.push(Member { client, socket, due: Vec::new() });
    }
    let below = |limit| sim.runtime().below(limit);
    for n in 0..150 {
        let volatile = below(3) == 0;
        for nth in say(&sim, &chat, &members, n, volatile) {
            members[nth].due.push((n, volatile));
        }
        if below(3) > 0 {
            sim.advance(below(40) as u32 * MS);
        }
        if below(50) == 0 {
            let client = &members[below(4) as usize].client;
            sim.partition(client);
            sim.advance(below(400) as u32 * MS);
            sim.heal(client);
        }
    }
    // A link of a byte at a time takes its time.
    sim.advance(Duration::from_mins(1));
    let mut count = (0, 0);
    for Member { client, due, .. } in members {
        let mut came = client.received().into_iter().map(|event| {
            let Args((n, bytes)) = event.decode::<Args<(u64, Value)>>();
            assert!(bytes == attachments(n), "seed {seed}: {n} has the attachments of another");
            n
        });
        let mut next = came.next();
        for (n, may_be_missing) in due {
            if next == Some(n) {
                next = came.next();
                count.0 += usize::from(may_be_missing);
            } else {
                assert!(may_be_missing, "seed {seed}: {client} misses {n}, and got {next:?}");
                count.1 += 1;
            }
        }
        assert_eq!(next, None, "seed {seed}: {client} got it twice, late, or not for it");
    }
    count
}

/// Invariants 16, 19, 27 and 28: each gets what is for it, once, in the order in which it was said, with
/// its own attachments; only what is volatile may be missing.
#[test]
fn all_that_is_said_arrives_in_order_but_what_is_volatile_may_be_missing() {
    let counts = (0..seeds(50)).map(deliver);
    let (arrived, missing) = counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert!(arrived > 0 && missing > 0, "{arrived} arrived, {missing} did not");
}

/// Invariant 29.
#[test]
fn what_is_volatile_leaves_at_once_or_never() {
    for transport in [Transport::Polling, Transport::WebSocket, Transport::Upgrade] {
        let sim = Sim::new(1);
        let server = Server::new();
        let chat = server.namespace("/");
        sim.serve(&server);
        let link = Link::new().latency(100 * MS..=100 * MS);
        let client = sim.client().transport(transport).link(link).connect("/");
        let socket = chat.sockets().remove(0);
        let second = Duration::from_secs(1);
        let news = |expected: &[u32]| {
            let came: Vec<u32> = client.received().iter().map(|event| event.decode()).collect();
            assert_eq!(came, expected, "{transport:?}");
        };
        sim.advance(10 * second);

        socket.volatile().emit("news", &1).expect("it is connected");
        for (n, is_volatile) in [(2, true), (3, false), (4, true)] {
            let sent = if is_volatile {
                socket.volatile().emit("news", &n)
            } else {
                socket.emit("news", &n)
            };
            sent.expect("it is connected");
        }
        chat.volatile().emit("news", &5).expect("it is encoded");
        sim.advance(second);
        news(&[1, 3]);
        // The answer to the poll is on its way: there is no transport before the next.
        socket.emit("news", &6).expect("it is connected");
        sim.advance(50 * MS);
        socket.volatile().emit("news", &7).expect("it is connected");
        sim.advance(second);
        news(if transport == Transport::Polling { &[6] } else { &[6, 7] });
        socket.volatile().emit("news", &8).expect("it is connected");
        sim.advance(second);
        news(&[8]);
    }
}

/// What handlers have begun, by socket.
type Begun = Arc<Mutex<BTreeMap<SocketId, Vec<u64>>>>;

/// Middlewares and handlers that take the time that the seed gives them.
fn serve_slowly(sim: &Sim, namespace: &Namespace, begun: &Begun) {
    for longest in [40, 5] {
        let runtime = sim.runtime();
        namespace.event_middleware(async move |_: Socket, _: String, _: Payload| {
            if runtime.below(2) == 0 {
                runtime.timer(runtime.now() + runtime.below(longest) as u32 * MS).await;
            }
            Ok(())
        });
    }
    let (runtime, begun) = (sim.runtime(), begun.clone());
    namespace.on("event", async move |socket: Socket, n: u64| {
        begun.lock().entry(socket.id()).or_default().push(n);
        runtime.timer(runtime.now() + runtime.below(300) as u32 * MS).await;
    });
}

fn speak(seed: u64) {
    let sim = Sim::new(seed);
    let server = Server::new();
    let begun = Begun::default();
    for name in ["/", "/red"] {
        serve_slowly(&sim, &server.namespace(name), &begun);
    }
    sim.serve(&server);
    let below = |limit| sim.runtime().below(limit);
    let mut clients = Vec::new();
    for _ in 0..2 {
        let client = sim.client().link(link(&sim)).connect("/");
        let red = client.connect("/red");
        clients.extend([(client, 0), (red, 0)]);
    }
    for _ in 0..200 {
        let (client, said) = &mut clients[below(4) as usize];
        client.emit("event", said);
        *said += 1;
        if below(20) == 0 {
            sim.advance(below(50) as u32 * MS);
        }
    }
    sim.advance(Duration::from_mins(1));
    let begun = begun.lock();
    for (client, said) in clients {
        let (_, begun) = begun
            .iter()
            .find(|(id, _)| id.as_str() == client.id())
            .unwrap_or_else(|| panic!("seed {seed}: {client} is not heard"));
        assert_eq!(*begun, (0..said).collect::<Vec<_>>(), "seed {seed}: {client}");
    }
}

#[test]
fn events_begin_in_their_order_behind_middlewares_that_take_their_time() {
    (0..seeds(50)).for_each(speak);
}
