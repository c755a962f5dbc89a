//! A room most of whose members do not read.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::fleet::{Fleet, PeerId};
use super::gather::{TURN, gather, seat};
use super::health::Health;
use super::ledger::Ledger;
use super::peer::{News, Way};
use super::plan::Plan;
use super::verdict::{Verdict, megabytes};
use super::words::{self, Heard};
use crate::server::{Cores, Server};
use crate::{PATIENCE, machine};

/// The only room that there is.
const ROOM: usize = 0;

/// Bytes of a message's text.
const SIZE: usize = 4000;

/// What else a message has around it, on the wire and in a mailbox.
const AROUND: usize = 100;

/// What is sent while those who read have not heard it: less than a mailbox's soft mark.
const IN_FLIGHT: u64 = 48;

/// How long a client may take nothing of what is written to it; where seconds must do.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
const SHORT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a busy machine adds.
const GRACE: Duration = Duration::from_secs(15);

/// `docs/limits.md`: what waits for one client, and what is being written to it.
const MAILBOX: u64 = 4 << 20;
const WRITTEN: u64 = 64 << 10;
/// A place in a queue.
const ENTRY: u64 = 8;

/// Between two looks who has been given up.
const LOOK: Duration = Duration::from_millis(500);

/// How far beyond the bound an allocator may go.
const TOLERANCE: f64 = 1.1;

/// What a room costs at most while so many of its members do not read: see `docs/limits.md`, "A room that
/// is not read".
fn bound(paused: u64) -> u64 {
    let packet = (SIZE + AROUND) as u64;
    let entries = MAILBOX / packet;
    // Both buffers grow by doubling.
    paused * 2 * (WRITTEN + packet + entries * ENTRY) + MAILBOX
}

pub(crate) fn run(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let paused = plan.connections(1000, 60);
    let readers = if plan.short { 10 } else { 100 };
    let total = if plan.short { 400_000_000 } else { 10_000_000_000 };
    let timeout = if plan.short { SHORT_TIMEOUT } else { WRITE_TIMEOUT };
    let environment = [("WRITE_TIMEOUT", timeout.as_millis().to_string())];
    let server = Server::start_with(&plan.command(), 2, Cores::Any, &environment)?;
    let mut room = Room::open(&server, readers, paused)?;
    let idle = server.resident()?;
    writeln!(
        out,
        "{readers} readers, {paused} who do not read, {} resident; {} are broadcast",
        megabytes(idle),
        megabytes(total)
    )?;
    let begin = Instant::now();
    let (mut progress, mut look) = (begin + plan.progress(), begin + LOOK);
    let mut buffers = 0;
    while room.broadcast < total && room.faults.is_empty() {
        room.turn()?;
        if Instant::now() >= look {
            look = Instant::now() + LOOK;
            room.replace(Health::look(server.address)?.sessions)?;
            buffers = buffers.max(machine::socket_memory()?);
        }
        if Instant::now() >= progress {
            progress += plan.progress();
            writeln!(
                out,
                "{:>5} s  {:>10} broadcast  {:>9} resident  {} came back",
                begin.elapsed().as_secs(),
                megabytes(room.broadcast),
                megabytes(server.resident()?),
                room.back
            )?;
        }
        if begin.elapsed() > PATIENCE * 20 {
            return Err(io::Error::other("the readers do not get on"));
        }
    }
    let sent = room.finish()?;
    // Those who read, and who speaks.
    let left =
        Health::until(&server, timeout + GRACE, |health| health.sessions == readers + 1)?.sessions;
    let peak = server.peak()?;
    let health = Health::look(server.address)?;
    let slow = health.ended("slow consumer");
    let allowed = idle + bound(paused as u64);

    let mut verdict = Verdict::default();
    for fault in &room.faults {
        verdict.claim(false, fault);
    }
    verdict.claim(
        room.faults.is_empty(),
        format!(
            "{} broadcast in {:.0} s: {sent} messages, each of which all {readers} readers got, in order",
            megabytes(room.broadcast),
            begin.elapsed().as_secs_f64()
        ),
    );
    verdict.claim(
        peak as f64 <= allowed as f64 * TOLERANCE,
        format!(
            "resident memory: {} at most; the bound is {}",
            megabytes(peak),
            megabytes(allowed)
        ),
    );
    verdict.claim(
        left == readers + 1 && slow >= (paused + room.back) as u64,
        format!(
            "{slow} times somebody who did not read was given up as `slow consumer`, and {} times came \
             back; {} are left; limits hit: {}",
            room.back,
            left.saturating_sub(readers + 1),
            health.all_hits()
        ),
    );
    writeln!(
        out,
        "  the kernel's buffers, of both ends of all sockets: {} at most",
        megabytes(buffers)
    )?;
    verdict.conclude("paused", out)
}

/// All members, and what they have heard.
struct Room {
    fleet: Fleet,
    ledger: Ledger,
    speaker: PeerId,
    readers: BTreeSet<PeerId>,
    /// Those who do not read, once they are members: who became one first is first.
    paused: VecDeque<PeerId>,
    /// Those who are to be among them.
    coming: usize,
    /// Messages that were sent, and those that all readers have heard.
    sent: u64,
    heard: u64,
    /// By their numbers, how many readers have heard those that not all have.
    ears: Vec<usize>,
    /// Bytes that were sent, summed over the members.
    broadcast: u64,
    /// How often somebody who was given up came back.
    back: usize,
    /// Nobody comes back any more.
    over: bool,
    faults: Vec<String>,
}

impl Room {
    fn open(server: &Server, readers: usize, paused: usize) -> io::Result<Self> {
        let mut fleet = Fleet::new(server.address)?;
        let mut ledger = Ledger::new(1);
        let speaker = gather(&mut fleet, 1, |_| Way::WebSocket)?[0].peer;
        let guests = gather(&mut fleet, readers + paused, |_| Way::WebSocket)?;
        seat(&mut fleet, &mut ledger, &guests, |_| ROOM)?;
        let peers: Vec<_> = guests.iter().map(|guest| guest.peer).collect();
        let (readers, paused) = peers.split_at(readers);
        for peer in paused {
            fleet.pause(*peer)?;
        }
        Ok(Self {
            fleet,
            ledger,
            speaker,
            readers: readers.iter().copied().collect(),
            paused: paused.iter().copied().collect(),
            sent: 0,
            heard: 0,
            ears: Vec::new(),
            broadcast: 0,
            coming: 0,
            back: 0,
            over: false,
            faults: Vec::new(),
        })
    }

    /// Sends as much as may be under way, and hears what there is to be heard.
    fn turn(&mut self) -> io::Result<()> {
        while !self.over && self.sent < self.heard + IN_FLIGHT {
            let number = self.ledger.says(self.speaker, ROOM);
            let message = words::chat(number, ROOM, self.speaker, number, SIZE);
            self.fleet.say(self.speaker, &message)?;
            self.sent += 1;
            self.ears.push(0);
            let members = self.readers.len() + self.paused.len();
            self.broadcast += message.len() as u64 * members as u64;
        }
        for (peer, news) in self.fleet.turn(TURN)? {
            match news {
                News::Joined(_) => {
                    self.ledger.joins(peer, ROOM);
                    self.fleet.say(peer, &words::join(0, ROOM))?;
                }
                News::Packet(packet) => self.hears(peer, &packet)?,
                News::Gone(_) if self.paused.contains(&peer) => {}
                News::Gone(end) => {
                    self.faults.push(format!("a client that reads is gone: {end:?}"));
                }
            }
        }
        Ok(())
    }

    fn hears(&mut self, peer: PeerId, packet: &str) -> io::Result<()> {
        let held = match words::read(packet) {
            Some(Heard::Chat { room, speaker, number }) => {
                if self.readers.contains(&peer) {
                    self.count(number);
                }
                self.ledger.heard(peer, room, speaker, number)
            }
            Some(Heard::Answer { ack, well: true }) if peer == self.speaker => {
                self.ledger.accepted(peer, ROOM, ack)
            }
            Some(Heard::Answer { well: true, .. }) => {
                self.ledger.joined(peer, ROOM);
                self.paused.push_back(peer);
                self.coming -= 1;
                self.fleet.pause(peer)?;
                Ok(())
            }
            _ => return Err(io::Error::other(format!("somebody heard `{packet}`"))),
        };
        if let Err(violation) = held {
            self.faults.push(violation.to_string());
        }
        Ok(())
    }

    fn count(&mut self, number: u64) {
        self.ears[number as usize] += 1;
        while self.ears.get(self.heard as usize).is_some_and(|ears| *ears == self.readers.len()) {
            self.heard += 1;
        }
    }

    /// Has those come back who were given up. They see nothing of it, since the end is behind what they do
    /// not read; but the server has so many sessions less.
    fn replace(&mut self, sessions: usize) -> io::Result<()> {
        let members = 1 + self.readers.len() + self.paused.len() + self.coming;
        for _ in sessions..members {
            let Some(peer) = self.paused.pop_front() else { break };
            self.fleet.reset(peer)?;
            self.ledger.gone(peer, Instant::now());
            // It reads no more than before.
            self.fleet.open(Way::WebSocket)?;
            self.coming += 1;
            self.back += 1;
        }
        Ok(())
    }

    /// Waits until the readers have everything; how much was sent.
    fn finish(&mut self) -> io::Result<u64> {
        self.over = true;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && (self.heard < self.sent || self.coming > 0) {
            self.turn()?;
        }
        if self.heard < self.sent {
            let missing = self.sent - self.heard;
            self.faults.push(format!("{missing} messages have not reached all readers"));
        }
        Ok(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::bound;

    #[test]
    fn a_member_that_does_not_read_costs_far_less_than_its_mailbox_may_hold() {
        // What waits is in memory once; each has a buffer, and a list of what waits.
        assert!((150_000_000..170_000_000).contains(&bound(1000)), "{}", bound(1000));
    }
}
