//! Namespaces that come and go with their clients, over a network that fails some of them.

mod seeds;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use klatch_core::{CloseReason, Config, ConnectError, SocketId};
use klatch_driver::{Handlers, Recovery, Server, Socket};
use klatch_sim::{Client, Sim, Transport};
use parking_lot::Mutex;

use crate::seeds::seeds;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const STEPS: usize = 150;
const CLIENTS: usize = 24;
/// Half of them are a pattern's, half a predicate's.
const NAMES: usize = 6;
const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

/// How far somebody is, as the application hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the middleware; its client may be gone already.
    Arriving,
    Connected,
    /// Lost, and may come back.
    Away,
}

/// Who is where.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<HashMap<SocketId, (String, Stage)>>>);

impl Seen {
    fn is(&self, socket: &Socket, stage: Stage) {
        let name = socket.namespace().name().to_owned();
        self.0.lock().insert(socket.id(), (name, stage));
    }

    fn is_gone(&self, id: SocketId) {
        self.0.lock().remove(&id);
    }

    /// How many are in this namespace, and how many of them are there for sure.
    fn count(&self, name: &str) -> (usize, usize) {
        let seen = self.0.lock();
        let stages = seen.values().filter(|(of, _)| of == name).map(|(_, stage)| *stage);
        let sure = stages.clone().filter(|stage| *stage != Stage::Arriving).count();
        (stages.count(), sure)
    }
}

fn register(sim: &Sim, handlers: &Handlers, seen: &Seen, recovers: bool) {
    let (runtime, arriving) = (sim.runtime(), seen.clone());
    handlers.middleware(async move |socket: Socket| {
        arriving.is(&socket, Stage::Arriving);
        let waits = runtime.below(300);
        if waits < 200 {
            runtime.sleep(waits as u32 * MS).await;
        }
        if runtime.below(4) == 0 {
            arriving.is_gone(socket.id());
            return Err(ConnectError::new("not today"));
        }
        // It is connected at this very moment, or its client has gone.
        arriving.is_gone(socket.id());
        Ok(())
    });
    let connected = seen.clone();
    handlers.on_connect(async move |socket: Socket| connected.is(&socket, Stage::Connected));
    let disconnected = seen.clone();
    handlers.on_disconnect(async move |socket: Socket, reason: CloseReason| {
        if recovers && reason.is_recoverable() {
            disconnected.is(&socket, Stage::Away);
        } else {
            disconnected.is_gone(socket.id());
        }
    });
    let expired = seen.clone();
    handlers.on_expired(move |id| expired.is_gone(id));
}

fn serve(sim: &Sim, seen: &Seen, recovers: bool) -> Server {
    let config = Config::new().ping_interval(2 * SECOND).ping_timeout(2 * SECOND);
    let mut builder = Server::builder().config(config);
    if recovers {
        builder = builder.recovery(Recovery::new().max_disconnection(3 * SECOND));
    }
    let server = builder.build().expect("it can work");
    server.namespace("/stays");
    let pattern = server.namespaces_matching(r"^/\d*[02468]$").expect("a pattern");
    let runtime = sim.runtime();
    let predicate = server.namespaces_where(async move |_, _| {
        let waits = runtime.below(300);
        if waits < 200 {
            runtime.sleep(waits as u32 * MS).await;
        }
        runtime.below(8) > 0
    });
    for parent in [pattern, predicate] {
        register(sim, &parent, seen, recovers);
    }
    sim.serve(&server);
    server
}

/// Somebody comes, goes, or is failed by the network.
fn happen(sim: &Sim, clients: &mut Vec<Client>) {
    let below = |limit: usize| sim.runtime().below(limit as u64) as usize;
    for _ in 0..2 {
        if clients.len() < CLIENTS {
            let transport = TRANSPORTS[below(TRANSPORTS.len())];
            let name = format!("/{}", below(NAMES));
            clients.push(sim.client().transport(transport).start(&name));
        }
        let nth = below(clients.len());
        match below(8) {
            0 => sim.reset(&clients[nth]),
            1 => sim.vanish(&clients[nth]),
            2 => sim.partition(&clients[nth]),
            3 => sim.heal(&clients[nth]),
            4 if clients[nth].is_connected() => clients[nth].disconnect(),
            5 => drop(clients.swap_remove(nth)),
            _ => {}
        }
    }
    clients.retain(|client| !client.is_over());
}

/// A child exists if somebody is there, and only if somebody is or may be about to be.
fn check(run: u64, server: &Server, seen: &Seen) -> usize {
    let mut children = 0;
    for name in (0..NAMES).map(|number| format!("/{number}")) {
        let (all, sure) = seen.count(&name);
        let child = server.find_namespace(&name);
        children += usize::from(child.is_some());
        match child {
            Some(_) => assert!(all > 0, "seed {run}: {name} is there for nobody"),
            None => assert_eq!(sure, 0, "seed {run}: {name} is missed"),
        }
    }
    assert_eq!(server.namespaces().len(), 1 + children, "seed {run}");
    children
}

/// Invariants 46 and 53.
#[test]
fn a_child_exists_as_long_as_somebody_is_there_whatever_the_network_does() {
    let (mut most, mut none) = (0, 0);
    for seed in 0..seeds(60) {
        let sim = Sim::new(seed);
        let (seen, recovers) = (Seen::default(), seed % 2 == 0);
        let server = serve(&sim, &seen, recovers);
        let mut clients = Vec::new();
        for _ in 0..STEPS {
            happen(&sim, &mut clients);
            sim.advance(sim.runtime().below(200) as u32 * MS);
            let children = check(seed, &server, &seen);
            most = most.max(children);
            none += usize::from(children == 0);
        }
        drop(clients);
        sim.advance(20 * SECOND);
        assert_eq!(check(seed, &server, &seen), 0, "seed {seed}: {:?}", seen.0.lock());
        assert!(seen.0.lock().is_empty(), "seed {seed}: {:?}", seen.0.lock());
        assert_eq!(server.clients_count(), 0, "seed {seed}");
    }
    assert!(most >= NAMES / 2 && none > 0, "{most} at once, none {none} times");
}
