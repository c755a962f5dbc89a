//! All clients are cut off at once, and are all back at once.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use oorandom::Rand64;

use super::fleet::{Fleet, PeerId};
use super::gather::{TURN, gather};
use super::health::Health;
use super::peer::{End, News, Way};
use super::plan::Plan;
use super::verdict::{Verdict, megabytes};
use crate::PATIENCE;
use crate::server::{Cores, Server};

/// How long all may take to be back: official clients would try for as long as it takes.
const BACK: Duration = Duration::from_mins(2);

/// When an official client tries again: after a second, half of it more or less.
const FIRST_TRY: Duration = Duration::from_secs(1);

/// How far above what it was a server's memory may be; where there is little of it, an allocator's
/// rounding is more.
const TOLERANCE: f64 = 0.05;
const ROUNDING: u64 = 1_000_000;

/// So many storms at the end are held against each other: a hundred bytes that each connection left behind
/// would show in them.
const LAST: usize = 3;

pub(crate) fn run(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = plan.connections(10_000, 300);
    let storms = plan.rounds.unwrap_or(if plan.short { 3 } else { 6 });
    let server = Server::start(&plan.command(), 2, Cores::Any)?;
    let mut fleet = Fleet::new(server.address)?;
    let mut lots = Rand64::new(u128::from(plan.seed));
    let guests = gather(&mut fleet, count, |_| Way::WebSocket)?;
    let mut peers: BTreeSet<PeerId> = guests.iter().map(|guest| guest.peer).collect();
    let calm = server.resident()?;
    writeln!(out, "{count} clients, {} resident", megabytes(calm))?;
    let mut verdict = Verdict::default();
    let mut later = Vec::new();
    for storm in 0..=storms {
        // At first they come as official clients do, then all in the same instant.
        let as_official = storm == 0;
        let mut absences: Vec<Duration> = (0..count)
            .map(|_| if as_official { absence(&mut lots) } else { Duration::ZERO })
            .collect();
        absences.sort_unstable();
        let came = rage(&mut fleet, std::mem::take(&mut peers), absences.into())?;
        peers = came.peers;
        let how = if as_official { "after a second or so" } else { "in the same instant" };
        verdict.claim(
            came.errors.is_empty() && peers.len() == count,
            format!(
                "storm {storm}, {how}: {} of {count} back in {:.1} s, 503 {} times, {} errors{}",
                peers.len(),
                came.took.as_secs_f64(),
                came.turned_away,
                came.errors.len(),
                came.errors
                    .first()
                    .map(|first| format!(", the first: {first:?}"))
                    .unwrap_or_default(),
            ),
        );
        let health = Health::until(&server, PATIENCE, |health| health.sessions == count)?;
        verdict.claim(
            health.sessions == count && health.sockets == count,
            format!("storm {storm}: {} sessions, {} sockets", health.sessions, health.sockets),
        );
        let after = server.resident()?;
        let change = after as f64 / calm as f64 - 1.0;
        let shown = format!(
            "storm {storm}: {} resident, {:+.1} % of what it was at first, {} at the peak",
            megabytes(after),
            change * 100.0,
            megabytes(server.peak()?),
        );
        if as_official {
            verdict.claim(
                within(calm, after),
                format!("{shown} (at most {:+.0} %)", TOLERANCE * 100.0),
            );
        } else {
            // The old sessions and the new ones are there at once, and an allocator keeps the room: it has
            // found its size when it grows no more.
            verdict.claim(true, shown);
            later.push(after);
        }
    }
    let latest = &later[later.len().saturating_sub(LAST)..];
    let lowest = latest.iter().min().copied().unwrap_or_default();
    let highest = latest.iter().max().copied().unwrap_or_default();
    verdict.claim(
        within(lowest, highest),
        format!(
            "behind the last {} storms: {} to {} resident (at most {:+.0} %)",
            latest.len(),
            megabytes(lowest),
            megabytes(highest),
            TOLERANCE * 100.0
        ),
    );
    verdict.conclude("storm", out)
}

/// Whether memory is back where it was.
fn within(before: u64, after: u64) -> bool {
    after as f64 <= before as f64 * (1.0 + TOLERANCE) || after <= before + ROUNDING
}

fn absence(lots: &mut Rand64) -> Duration {
    FIRST_TRY.mul_f64(0.5 + lots.rand_float())
}

/// Who is back, and what they met.
struct Back {
    peers: BTreeSet<PeerId>,
    took: Duration,
    turned_away: u64,
    errors: Vec<End>,
}

/// Cuts all off, and has one come after each absence, the shortest of which is first.
fn rage(
    fleet: &mut Fleet,
    cut: BTreeSet<PeerId>,
    mut absences: VecDeque<Duration>,
) -> io::Result<Back> {
    let (begin, count) = (Instant::now(), absences.len());
    for peer in cut {
        fleet.reset(peer)?;
    }
    let mut back =
        Back { peers: BTreeSet::new(), took: Duration::ZERO, turned_away: 0, errors: Vec::new() };
    while back.peers.len() < count && begin.elapsed() < BACK {
        while absences.front().is_some_and(|absence| *absence <= begin.elapsed()) {
            absences.pop_front();
            fleet.open(Way::WebSocket)?;
        }
        let next = absences.front().map(|absence| absence.saturating_sub(begin.elapsed()));
        for (peer, news) in fleet.turn(next.unwrap_or(TURN).min(TURN))? {
            match news {
                News::Joined(_) => drop(back.peers.insert(peer)),
                News::Packet(packet) => back.errors.push(End::Nonsense(packet)),
                News::Gone(gone) => {
                    back.peers.remove(&peer);
                    match gone {
                        End::Status(503, _) => back.turned_away += 1,
                        error => back.errors.push(error),
                    }
                    fleet.open(Way::WebSocket)?;
                }
            }
        }
    }
    back.took = begin.elapsed();
    Ok(back)
}
