//! A server that is told to end while its clients are busy.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use oorandom::Rand64;

use super::fleet::{Fleet, PeerId};
use super::gather::{Guest, TURN, gather, seat};
use super::ledger::{Ledger, Owed};
use super::peer::{End, News, Way};
use super::plan::Plan;
use super::verdict::Verdict;
use super::words::{self, Heard};
use crate::server::{Cores, Server};

/// Members of a room.
const MEMBERS: usize = 20;

/// One of so many does not read.
const ONE_STALLS: usize = 20;

/// How long the clients are busy before the server is told to end.
const BUSY: Duration = Duration::from_secs(3);

/// Between two messages of a client, on average.
const PAUSE: Duration = Duration::from_millis(400);

/// How long a server waits for clients that do not take what is queued for them, and what a busy machine
/// adds.
const DEADLINE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(2);

/// Acks of messages to a room; those of echoes are above.
const ECHO: u64 = 1 << 32;

pub(crate) fn run(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = plan.connections(1000, 100);
    let mut server = Server::start(&plan.command(), 2, Cores::Any)?;
    let mut hall = Hall::open(&server, count, plan.seed)?;
    hall.be_busy(Instant::now() + BUSY)?;

    let promised = hall.promised();
    let (sent, begin) = (hall.ledger_size(), Instant::now());
    server.terminate()?;
    let mut ended = None;
    while begin.elapsed() < DEADLINE + GRACE && (ended.is_none() || !hall.all_read_to_the_end()) {
        hall.turn()?;
        if ended.is_none() && server.ended()?.is_some() {
            ended = Some(begin.elapsed());
        }
    }
    let took = begin.elapsed();
    let end = server.end(GRACE)?;

    let mut verdict = Verdict::default();
    match (ended, &end) {
        (Some(after), Some((status, _))) => verdict.claim(
            status.success() && after <= DEADLINE + GRACE,
            format!(
                "{status} after {:.1} s (at most {} s)",
                after.as_secs_f64(),
                DEADLINE.as_secs()
            ),
        ),
        _ => verdict.claim(false, format!("it has not ended after {:.1} s", took.as_secs_f64())),
    }
    let lines = end.map(|(_, lines)| lines).unwrap_or_default();
    hall.judge(&mut verdict, &promised, sent, &accepted(&lines));
    verdict.conclude("term", out)
}

/// By the ids of their sockets, how many echoes the server says that it accepted.
fn accepted(lines: &[String]) -> BTreeMap<String, u64> {
    let one = |line: &String| {
        let (socket, count) = line.strip_prefix("accepted ")?.split_once(' ')?;
        Some((socket.to_owned(), count.parse().ok()?))
    };
    lines.iter().filter_map(one).collect()
}

struct Client {
    socket: String,
    room: usize,
    reads: bool,
    said: u64,
    /// Echoes that came, which are numbered.
    echoed: u64,
    /// How its connection ended.
    end: Option<End>,
}

/// All clients of the server.
struct Hall {
    fleet: Fleet,
    ledger: Ledger,
    lots: Rand64,
    clients: BTreeMap<PeerId, Client>,
    /// When it says the next thing.
    agenda: Vec<(Instant, PeerId)>,
    heard: u64,
    faults: Vec<String>,
}

impl Hall {
    fn open(server: &Server, count: usize, seed: u64) -> io::Result<Self> {
        let mut fleet = Fleet::new(server.address)?;
        let rooms = count.div_ceil(MEMBERS);
        let mut ledger = Ledger::new(rooms);
        let way = |number: usize| match number % 20 {
            // They have changed to a WebSocket when the server is told to end.
            0..3 => Way::Upgrade,
            3..6 => Way::Polling,
            _ => Way::WebSocket,
        };
        let guests = gather(&mut fleet, count, way)?;
        seat(&mut fleet, &mut ledger, &guests, |at| at % rooms)?;
        let mut hall = Self {
            fleet,
            ledger,
            lots: Rand64::new(u128::from(seed)),
            clients: BTreeMap::new(),
            agenda: Vec::new(),
            heard: 0,
            faults: Vec::new(),
        };
        for (at, Guest { peer, socket }) in guests.into_iter().enumerate() {
            let reads = at % ONE_STALLS != 7;
            if !reads {
                hall.fleet.pause(peer)?;
            }
            let room = at % rooms;
            let client = Client { socket, room, reads, said: 0, echoed: 0, end: None };
            hall.clients.insert(peer, client);
            let first = hall.pause();
            hall.agenda.push((Instant::now() + first, peer));
        }
        Ok(hall)
    }

    fn pause(&mut self) -> Duration {
        PAUSE.mul_f64(2.0 * self.lots.rand_float())
    }

    fn be_busy(&mut self, until: Instant) -> io::Result<()> {
        while Instant::now() < until {
            self.turn()?;
        }
        Ok(())
    }

    /// Has everybody talk whose time has come, and hears what there is.
    fn turn(&mut self) -> io::Result<()> {
        let now = Instant::now();
        for at in 0..self.agenda.len() {
            let (due, peer) = self.agenda[at];
            if due <= now {
                let pause = self.pause();
                self.agenda[at].0 = now + pause;
                self.talk(peer)?;
            }
        }
        for (peer, news) in self.fleet.turn(TURN / 10)? {
            match news {
                News::Joined(_) => {}
                News::Packet(packet) => self.hears(peer, &packet),
                News::Gone(end) => {
                    if let Some(client) = self.clients.get_mut(&peer) {
                        client.end = Some(end);
                    }
                }
            }
        }
        Ok(())
    }

    /// Says something to its room, and something to itself.
    fn talk(&mut self, peer: PeerId) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(&peer).filter(|client| client.end.is_none()) else {
            return Ok(());
        };
        let number = self.ledger.says(peer, client.room);
        let size = 20 + (number % 7) as usize * 40;
        self.fleet.say(peer, &words::chat(number, client.room, peer, number, size))?;
        let said = client.said;
        client.said += 1;
        self.fleet.say(peer, &words::question(ECHO + said, "echo", &format!("\"{said}\"")))
    }

    fn hears(&mut self, peer: PeerId, packet: &str) {
        let Some(client) = self.clients.get_mut(&peer) else { return };
        let echo = packet.strip_prefix(r#"2["echo",""#).and_then(|rest| rest.strip_suffix(r#""]"#));
        if let Some(number) = echo {
            if number.parse() == Ok(client.echoed) {
                client.echoed += 1;
            } else {
                self.faults.push(format!("the echo {number} came where {} was due", client.echoed));
            }
            return;
        }
        let held = match words::read(packet) {
            Some(Heard::Chat { room, speaker, number }) => {
                self.heard += 1;
                self.ledger.heard(peer, room, speaker, number)
            }
            Some(Heard::Answer { ack, well: true }) if ack < ECHO => {
                self.ledger.accepted(peer, client.room, ack)
            }
            Some(Heard::Answer { well: true, .. }) => Ok(()),
            _ => return self.faults.push(format!("somebody heard `{packet}`")),
        };
        if let Err(violation) = held {
            self.faults.push(violation.to_string());
        }
    }

    /// What was acknowledged until now, and so must reach every member that reads.
    fn promised(&self) -> Vec<(PeerId, usize, Owed)> {
        let readers = self.clients.iter().filter(|(_, client)| client.reads);
        readers
            .map(|(peer, client)| (*peer, client.room, self.ledger.owed(*peer, client.room)))
            .collect()
    }

    /// Messages that were said until now.
    fn ledger_size(&self) -> u64 {
        self.clients.values().map(|client| client.said).sum()
    }

    fn all_read_to_the_end(&self) -> bool {
        self.clients.values().all(|client| !client.reads || client.end.is_some())
    }

    fn judge(
        mut self,
        verdict: &mut Verdict,
        promised: &[(PeerId, usize, Owed)],
        sent: u64,
        accepted: &BTreeMap<String, u64>,
    ) {
        for (peer, room, owed) in promised {
            if let Err(violation) = self.ledger.settled(*peer, *room, owed) {
                self.faults.push(format!("client {}: {violation}", peer.number()));
            }
        }
        let readers = || self.clients.values().filter(|client| client.reads);
        let (mut echoes, mut lost) = (0, 0);
        for client in readers() {
            let promised = accepted.get(&client.socket).copied().unwrap_or_default();
            echoes += promised;
            lost += promised.abs_diff(client.echoed);
        }
        let ends = readers().filter(|client| client.end.is_some()).count();
        let mut how: BTreeMap<String, usize> = BTreeMap::new();
        for end in readers().filter_map(|client| client.end.as_ref()) {
            *how.entry(format!("{end:?}")).or_default() += 1;
        }
        verdict.claim(
            self.faults.is_empty(),
            format!(
                "of {sent} messages to rooms before the signal, all that were acknowledged reached all members \
                 that read, in order: {} faults{}",
                self.faults.len(),
                self.faults.first().map(|first| format!(", the first: {first}")).unwrap_or_default()
            ),
        );
        verdict.claim(
            lost == 0 && echoes > 0,
            format!("{echoes} events to one client were accepted, {lost} of them did not come"),
        );
        let all = readers().count();
        let others = self.clients.len() - all;
        verdict.claim(
            ends == all,
            format!(
                "{ends} of {all} clients that read saw the end, {others} did not read: {how:?}"
            ),
        );
        verdict.claim(self.heard > 0, format!("{} messages were heard", self.heard));
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn a_server_says_what_it_accepted() {
        let lines = ["accepted abc 12", "something else", "accepted def 0"].map(str::to_owned);
        let found = accepted(&lines);
        assert_eq!((found.len(), found["abc"], found["def"]), (2, 12, 0));
    }
}
