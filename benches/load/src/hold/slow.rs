//! Thousands of connections that send hardly anything, beside clients that want answers.

mod good;
mod sloth;
mod sloths;

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use self::good::{Good, Latency};
use self::sloth::{Deadlines, KINDS};
use self::sloths::{Phase, Shed};
use super::health::Health;
use super::plan::Plan;
use super::verdict::Verdict;
use crate::figures::median;
use crate::server::{Cores, Server};

/// Clients that ask and are answered.
const GOOD: usize = 100;

/// What slow connections may make of the median and of the 99th percentile.
const MEDIAN: f64 = 1.2;
const P99: f64 = 2.0;

/// How much later than its deadline a connection may be shed, on a machine that has much to do.
const LATE: Duration = Duration::from_secs(3);

/// A round, without slow connections and with them.
struct Round {
    without: Latency,
    with: Latency,
    /// While the server sheds the first of them.
    shedding: Latency,
    shed: Shed,
}

pub(crate) fn run(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = plan.connections(5000, 210);
    let rounds = plan.rounds.unwrap_or(if plan.short { 1 } else { 5 });
    let deadlines = if plan.short { Deadlines::SHORT } else { Deadlines::FULL };
    let cores = if plan.short { Cores::Any } else { Cores::split()? };
    let server = Server::start_with(&plan.command(), 1, cores, &deadlines.environment())?;
    let mut good = Good::open(&server, GOOD)?;
    let mut all = Vec::new();
    for number in 1..=rounds {
        let round = round(&server, &mut good, count, deadlines)?;
        writeln!(
            out,
            "  round {number}: without {}, with {}, while some are shed {}",
            round.without, round.with, round.shedding
        )?;
        out.flush()?;
        all.push(round);
    }
    let health = Health::until(&server, LATE, |health| health.sessions == GOOD)?;
    let mut verdict = Verdict::default();
    let ratio = |figure: fn(&Latency) -> f64| {
        median(all.iter().map(|round| figure(&round.with) / figure(&round.without)).collect())
    };
    let (middle, late) = (ratio(|latency| latency.p50), ratio(|latency| latency.p99));
    let compared = format!("of {rounds} rounds with {count} slow connections to without");
    let is_measured = !plan.short;
    verdict.claim(
        !is_measured || middle <= MEDIAN,
        format!("the median {compared}: {middle:.2} (at most {MEDIAN}{})", not_if(plan.short)),
    );
    verdict.claim(
        !is_measured || late <= P99,
        format!("the 99th percentile {compared}: {late:.2} (at most {P99}{})", not_if(plan.short)),
    );
    for kind in KINDS {
        let (mut times, mut faults) = (Vec::new(), Vec::new());
        for round in &all {
            times.extend(round.shed.times(kind));
            faults.extend(round.shed.faults(kind));
        }
        let due = deadlines.of(kind);
        let (first, last) = (
            times.iter().min().copied().unwrap_or_default(),
            times.iter().max().copied().unwrap_or_default(),
        );
        let in_time = first + Duration::from_millis(500) >= due && last <= due + LATE;
        verdict.claim(
            !times.is_empty() && faults.is_empty() && in_time,
            format!(
                "{}: {} shed after {:.1} to {:.1} s, due after {:.1}{}",
                kind.about(),
                times.len(),
                first.as_secs_f64(),
                last.as_secs_f64(),
                due.as_secs_f64(),
                faults
                    .first()
                    .map(|first| format!("; {} others: {first}", faults.len()))
                    .unwrap_or_default()
            ),
        );
    }
    let each = (count / KINDS.len() * rounds) as u64;
    verdict.claim(
        health.hits("head_time") >= 3 * each && health.hits("body_time") >= each,
        format!("limits hit: {}", health.all_hits()),
    );
    verdict.claim(
        health.sessions == GOOD,
        format!("{} sessions are left of {GOOD} good clients", health.sessions),
    );
    verdict.conclude("slow", out)
}

/// Where so little is measured that noise decides, it is shown and not judged.
fn not_if(short: bool) -> &'static str {
    if short { ", not judged in so short a time" } else { "" }
}

fn round(
    server: &Server,
    good: &mut Good,
    count: usize,
    deadlines: Deadlines,
) -> io::Result<Round> {
    let without = good.measure(deadlines.window())?;
    let (tell, told) = mpsc::channel();
    let address = server.address;
    let sloths = thread::spawn(move || sloths::run(address, count, deadlines, &tell));
    good.until(|| told.try_recv().is_ok_and(|phase| phase == Phase::AllThere))?;
    let with = good.measure(deadlines.window())?;
    let first_shed = Instant::now();
    let shedding = good.measure(deadlines.window())?;
    good.until(|| sloths.is_finished() || first_shed.elapsed() > deadlines.longest() + LATE * 4)?;
    let shed = sloths.join().map_err(|_| io::Error::other("the slow clients failed"))??;
    Ok(Round { without, with, shedding, shed })
}
