//! Clients that ask, are answered, and think.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use oorandom::Rand64;

use crate::hold::fleet::{Fleet, PeerId};
use crate::hold::gather::gather;
use crate::hold::peer::{News, Way};
use crate::hold::words::{self, Heard};
use crate::server::Server;
use crate::{PATIENCE, unexpected};

/// The longest that a client thinks before it asks again.
const THINKS: Duration = Duration::from_millis(10);

/// How long answers took, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    count: usize,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.3} ms, p99 {:.3} ms ({} answers)", self.p50, self.p99, self.count)
    }
}

struct Client {
    peer: PeerId,
    /// When it asked, or when it is going to.
    at: Instant,
    waits: bool,
}

pub(crate) struct Good {
    fleet: Fleet,
    clients: Vec<Client>,
    lots: Rand64,
}

impl Good {
    pub(crate) fn open(server: &Server, count: usize) -> io::Result<Self> {
        let mut fleet = Fleet::new(server.address)?;
        let guests = gather(&mut fleet, count, |_| Way::WebSocket)?;
        let now = Instant::now();
        let client = |peer| Client { peer, at: now, waits: false };
        let clients = guests.into_iter().map(|guest| client(guest.peer)).collect();
        Ok(Self { fleet, clients, lots: Rand64::new(1) })
    }

    /// Asks for so long; how long the answers took.
    pub(crate) fn measure(&mut self, time: Duration) -> io::Result<Latency> {
        let end = Instant::now() + time;
        let mut took = Vec::new();
        while Instant::now() < end {
            self.turn(&mut took)?;
        }
        took.sort_unstable();
        let percentile = |percent: usize| {
            let at = (took.len() * percent / 100).min(took.len().saturating_sub(1));
            took.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
        };
        Ok(Latency { p50: percentile(50), p99: percentile(99), count: took.len() })
    }

    /// Goes on asking until something is so.
    pub(crate) fn until(&mut self, mut is_so: impl FnMut() -> bool) -> io::Result<()> {
        let mut took = Vec::new();
        while !is_so() {
            self.turn(&mut took)?;
            took.clear();
        }
        Ok(())
    }

    fn turn(&mut self, took: &mut Vec<Duration>) -> io::Result<()> {
        let now = Instant::now();
        let mut next = THINKS;
        for at in 0..self.clients.len() {
            let client = &mut self.clients[at];
            if client.waits {
                if now - client.at > PATIENCE {
                    return Err(io::Error::other("a good client was not answered"));
                }
                continue;
            }
            if client.at > now {
                next = next.min(client.at - now);
                continue;
            }
            client.waits = true;
            client.at = Instant::now();
            self.fleet.say(client.peer, &words::question(at as u64, "sync", ""))?;
        }
        for (peer, news) in self.fleet.turn(next)? {
            let News::Packet(packet) = &news else {
                return Err(io::Error::other(format!("a good client: {news:?}")));
            };
            let answered = match words::read(packet) {
                Some(Heard::Answer { ack, well: true }) => self.clients.get_mut(ack as usize),
                _ => None,
            };
            let client = answered.filter(|client| client.peer == peer && client.waits);
            let client = client.ok_or_else(|| unexpected(packet.as_bytes()))?;
            took.push(client.at.elapsed());
            client.waits = false;
            client.at = Instant::now() + THINKS.mul_f64(self.lots.rand_float());
        }
        Ok(())
    }
}
