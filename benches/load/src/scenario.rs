//! What the clients do, and what klatch must reach in it.

use std::io;
use std::time::Duration;

use crate::bar::{Bar, Figure};
use crate::contestant::{Contestant, TWO_THREADS};
use crate::figures::Sample;
use crate::flow::{Flow, Talk};
use crate::server::Server;
use crate::{paced, rest};

/// What a round measures, unless the command line says otherwise. Many short rounds tell more than few long
/// ones: the servers of a round are compared, and what else the machine does changes between them.
const MEASURED: Duration = Duration::from_secs(1);

/// Two heartbeats: what is not needed between them is not needed.
const AT_REST: Duration = Duration::from_secs(50);

/// Bytes at rest hardly differ from round to round, each of which takes a minute.
const ROUNDS_AT_REST: usize = 5;

/// Something that clients do.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// For the reader of its table.
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) bar: Bar,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Flow(Flow),
    Paced { clients: usize, per_second: u32 },
    Connect { clients: usize },
    Idle { clients: usize },
}

/// How a round is run.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) seconds: Option<Duration>,
    /// Whether order is counted, and not required.
    pub(crate) any_order: bool,
}

impl Terms {
    pub(crate) fn measured(self) -> Duration {
        self.seconds.unwrap_or(MEASURED)
    }
}

const fn flow(clients: usize, talk: Talk, size: usize, in_flight: usize) -> Kind {
    Kind::Flow(Flow { clients, talk, size, in_flight })
}

/// With 5 messages in flight each, a delivery costs `limit-coalesce` about 0.33 µs of its CPU: it
/// gathers a dozen into a write. With more it gathers more, and costs less, without end; this is
/// as much as a busy service sees, and what the bar was set with.
const ROOMS: Kind = flow(1000, Talk::Rooms(10), 64, 5);

pub(crate) const SCENARIOS: [Scenario; 12] = [
    Scenario {
        name: "fanout",
        about: "1,000 clients in one room, of which one sends 64 bytes, 8 messages in flight.",
        kind: flow(1000, Talk::One, 64, 8),
        bar: Bar::new(Figure::Rate, "limit-coalesce", 0.70),
    },
    Scenario {
        name: "fanout-5000",
        about: "5,000 clients in one room, of which one sends 128 bytes, 8 messages in flight.",
        kind: flow(5000, Talk::One, 128, 8),
        bar: Bar::new(Figure::Rate, "limit-coalesce", 0.65),
    },
    Scenario {
        name: "fanout-4k",
        about: "1,000 clients in one room, of which one sends 4 KiB, 8 messages in flight.",
        kind: flow(1000, Talk::One, 4096, 8),
        bar: Bar::new(Figure::Rate, "limit-coalesce", 0.70),
    },
    Scenario {
        name: "fanout-1",
        about: "1,000 clients in one room, of which one sends 64 bytes, one message in flight.",
        kind: flow(1000, Talk::One, 64, 1),
        bar: Bar::new(Figure::Rate, "limit", 0.75),
    },
    Scenario {
        name: "paced",
        about: "1,000 clients in one room, of which one sends 64 bytes 50 times a second.",
        kind: Kind::Paced { clients: 1000, per_second: 50 },
        bar: Bar::new(Figure::P50, "limit", 1.3),
    },
    Scenario {
        name: "rooms",
        about: "1,000 clients in rooms of 10, who all send 64 bytes, 5 messages in flight each.",
        kind: ROOMS,
        bar: Bar::new(Figure::Rate, "limit-coalesce", 0.38),
    },
    Scenario {
        name: "rooms-2",
        about: "`rooms` again, with one worker thread and with two.",
        kind: ROOMS,
        bar: Bar { subject: TWO_THREADS, figure: Figure::Cpu, of: Some("tokio"), ratio: 1.3 },
    },
    Scenario {
        name: "echo-1",
        about: "200 clients who get their 64 bytes back as an event, one message in flight each.",
        kind: flow(200, Talk::Echo, 64, 1),
        bar: Bar::new(Figure::Cpu, "limit", 1.3),
    },
    Scenario {
        name: "echo",
        about: "200 clients who get their 64 bytes back as an event, 16 messages in flight each.",
        kind: flow(200, Talk::Echo, 64, 16),
        bar: Bar::new(Figure::Rate, "limit-coalesce", 0.60),
    },
    Scenario {
        name: "ack",
        about: "200 clients who get their 64 bytes acknowledged, one question in flight each.",
        kind: flow(200, Talk::Ack, 64, 1),
        bar: Bar::new(Figure::Cpu, "limit", 1.3),
    },
    Scenario {
        name: "connect",
        about: "10,000 clients connect: TCP, the upgrade to a WebSocket, CONNECT; 100 at a time.",
        kind: Kind::Connect { clients: 10_000 },
        bar: Bar::new(Figure::Rate, "limit", 0.55),
    },
    Scenario {
        name: "idle",
        about: "10,000 clients that only answer pings, after two heartbeats.",
        kind: Kind::Idle { clients: 10_000 },
        bar: Bar { subject: "tokio", figure: Figure::Bytes, of: None, ratio: 4000.0 },
    },
];

impl Scenario {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|scenario| scenario.name == name)
    }

    /// Of the servers that were chosen, those that this one is about.
    pub(crate) fn entries(&self, servers: &[Contestant]) -> Vec<Contestant> {
        if self.bar.subject != TWO_THREADS {
            return servers.to_vec();
        }
        let one = servers.iter().filter(|server| server.name == "tokio");
        let both = one.flat_map(|one| {
            let two = Contestant { name: TWO_THREADS.to_owned(), threads: 2, ..one.clone() };
            [one.clone(), two]
        });
        both.collect()
    }

    /// How many rounds there are of it, if so many are asked for.
    pub(crate) fn rounds(&self, asked: usize) -> usize {
        if matches!(self.kind, Kind::Idle { .. }) { asked.min(ROUNDS_AT_REST) } else { asked }
    }

    pub(crate) fn run(&self, server: &Server, terms: Terms) -> io::Result<Sample> {
        match self.kind {
            Kind::Flow(flow) => flow.run(server, terms),
            Kind::Paced { clients, per_second } => paced::run(server, clients, per_second, terms),
            Kind::Connect { clients } => rest::connect(server, clients),
            Kind::Idle { clients } => rest::idle(server, clients, terms.seconds.unwrap_or(AT_REST)),
        }
    }
}
