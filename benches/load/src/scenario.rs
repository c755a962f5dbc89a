//! What the clients do.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crate::crowd::{Crowd, Outbox};
use crate::server::Server;

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is let pass before it counts, and what counts.
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(4);

/// Two heartbeats and what is around them.
const AT_REST: Duration = Duration::from_secs(50);

/// Something that clients do.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Idle { clients: usize },
    FanOut { clients: usize, size: usize, in_flight: usize },
    Echo { clients: usize, in_flight: usize },
}

const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "idle", kind: Kind::Idle { clients: 10_000 } },
    Scenario { name: "fanout", kind: Kind::FanOut { clients: 1000, size: 64, in_flight: 8 } },
    Scenario { name: "fanout-1", kind: Kind::FanOut { clients: 1000, size: 64, in_flight: 1 } },
    Scenario { name: "echo", kind: Kind::Echo { clients: 200, in_flight: 16 } },
    Scenario { name: "echo-1", kind: Kind::Echo { clients: 200, in_flight: 1 } },
];

/// What came of it: per second where something was delivered, per connection where nothing was.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// Deliveries in a second of the wall, 0 at rest.
    pub(crate) per_second: f64,
    /// Microseconds of the server's CPU: per delivery, or in a second at rest.
    pub(crate) cpu_micros: f64,
    /// Bytes that the server's resident memory grew by, for each connection.
    pub(crate) resident: f64,
}

impl Scenario {
    pub(crate) fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|scenario| scenario.name == name)
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.kind, Kind::Idle { .. })
    }

    pub(crate) fn run(&self, server: &Server) -> io::Result<Figures> {
        match self.kind {
            Kind::Idle { clients } => idle(server, clients),
            Kind::FanOut { clients, size, in_flight } => fan_out(server, clients, size, in_flight),
            Kind::Echo { clients, in_flight } => echo(server, clients, in_flight),
        }
    }
}

fn idle(server: &Server, count: usize) -> io::Result<Figures> {
    let before = server.usage()?;
    let mut crowd = Crowd::connect(server.address, count)?;
    let connected = server.usage()?;
    crowd.run(Instant::now() + AT_REST, |_, text, _| Err(unexpected(text)))?;
    let after = server.usage()?;
    let grown = after.resident.saturating_sub(before.resident);
    Ok(Figures {
        per_second: 0.0,
        cpu_micros: micros(after.cpu.saturating_sub(connected.cpu)) / AT_REST.as_secs_f64(),
        resident: grown as f64 / count as f64,
    })
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn unexpected(text: &[u8]) -> io::Error {
    io::Error::other(format!("unexpected: {}", String::from_utf8_lossy(text)))
}

/// The number that a message begins with.
fn number(text: &[u8], start: &[u8]) -> io::Result<u64> {
    let digits = text.strip_prefix(start).and_then(|rest| rest.get(..10));
    let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    number.ok_or_else(|| unexpected(text))
}

/// Measures what happens between the warm-up and the end.
struct Watch<'a> {
    server: &'a Server,
    begin: Instant,
    deliveries: u64,
    cpu: Option<Duration>,
}

impl<'a> Watch<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, begin: Instant::now() + WARM_UP, deliveries: 0, cpu: None }
    }

    fn end(&self) -> Instant {
        self.begin + MEASURED
    }

    /// One more delivery. Reading the clock for each would cost as much as the delivery.
    fn delivered(&mut self) -> io::Result<()> {
        self.deliveries += 1;
        if self.cpu.is_none() && self.deliveries.is_multiple_of(64) && Instant::now() >= self.begin
        {
            self.cpu = Some(self.server.usage()?.cpu);
            self.begin = Instant::now();
            self.deliveries = 0;
        }
        Ok(())
    }

    fn figures(&self) -> io::Result<Figures> {
        let before = self.cpu.ok_or_else(|| io::Error::other("nothing was delivered"))?;
        let (wall, cpu) = (self.begin.elapsed(), self.server.usage()?.cpu.saturating_sub(before));
        let deliveries = self.deliveries as f64;
        Ok(Figures {
            per_second: deliveries / wall.as_secs_f64(),
            cpu_micros: micros(cpu) / deliveries,
            resident: 0.0,
        })
    }
}

fn message(event: &str, number: u64, size: usize) -> Vec<u8> {
    format!("42[\"{event}\",\"{number:010}{}\"]", "x".repeat(size - 10)).into_bytes()
}

/// One client sends to a room of all others, with so many messages under way at once.
fn fan_out(server: &Server, count: usize, size: usize, in_flight: usize) -> io::Result<Figures> {
    let mut crowd = Crowd::connect(server.address, count)?;
    for client in 0..count {
        crowd.send(client, r#"420["join","room"]"#)?;
    }
    let mut joined = 0;
    crowd.run(Instant::now() + PATIENCE, |_, text, _| {
        joined += usize::from(text == b"430[]");
        Ok(joined == count)
    })?;
    if joined < count {
        return Err(io::Error::other(format!("{joined} of {count} joined")));
    }
    let mut watch = Watch::new(server);
    let end = watch.end();
    // For each message under way, how many have not got it yet.
    let mut awaited = VecDeque::from(vec![count - 1; in_flight]);
    let (mut oldest, mut next) = (0, in_flight as u64);
    let mut seen = vec![0; count];
    crowd.send_all(0, (0..next).map(|number| message("msg", number, size)))?;
    crowd.run(end, |client, text, outbox: &mut Outbox<'_>| {
        let number = number(text, b"42[\"msg\",\"")?;
        if client == 0 || number != seen[client] {
            return Err(io::Error::other(format!("client {client} got message {number}")));
        }
        seen[client] += 1;
        awaited[(number - oldest) as usize] -= 1;
        while awaited.front() == Some(&0) {
            awaited.pop_front();
            awaited.push_back(count - 1);
            outbox.send(0, message("msg", next, size));
            (oldest, next) = (oldest + 1, next + 1);
        }
        watch.delivered().map(|()| false)
    })?;
    watch.figures()
}

/// Every client gets its messages back, with so many of them under way at once.
fn echo(server: &Server, count: usize, in_flight: usize) -> io::Result<Figures> {
    let mut crowd = Crowd::connect(server.address, count)?;
    let mut watch = Watch::new(server);
    let end = watch.end();
    for client in 0..count {
        crowd.send_all(client, (0..in_flight as u64).map(|number| message("echo", number, 64)))?;
    }
    let mut seen = vec![0; count];
    crowd.run(end, |client, text, outbox| {
        if number(text, b"42[\"echo\",\"")? != seen[client] {
            return Err(unexpected(text));
        }
        outbox.send(client, message("echo", seen[client] + in_flight as u64, 64));
        seen[client] += 1;
        watch.delivered().map(|()| false)
    })?;
    watch.figures()
}
