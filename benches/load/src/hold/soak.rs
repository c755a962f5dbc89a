//! Thousands of clients that join, leave, chat, stall, vanish and return, for as long as one likes.

mod actor;
mod crowd;
mod tally;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use self::actor::Tempo;
use self::crowd::Crowd;
use self::tally::Tally;
use super::health::Health;
use super::picture;
use super::plan::Plan;
use super::trend::{self, GROWTH};
use super::verdict::{Verdict, megabytes};
use crate::server::{Cores, Server};
use crate::{PATIENCE, machine};

/// Between two looks at the server.
const SAMPLE: Duration = Duration::from_secs(5);

/// Connections that come in a second, until all are there for the first time.
const ARRIVALS: usize = 250;

/// Threads of the server: what two of them do at once, one never does.
const THREADS: usize = 2;

/// Files that a server has open, give or take: of a look at its health, say.
const FILES: usize = 3;

/// One look at the server.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    pub(crate) connections: usize,
    pub(crate) resident: u64,
    pub(crate) files: usize,
}

pub(crate) fn run(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let time = plan.time(Duration::from_mins(30), Duration::from_secs(6));
    let connections = plan.connections(5000, 120);
    writeln!(
        out,
        "soak of {} s with {connections} connections on {}, seed {}",
        time.as_secs(),
        plan.runtime,
        plan.seed
    )?;
    let mut tempo = if plan.short { Tempo::SHORT } else { Tempo::FULL };
    tempo.pause = plan.pause(tempo.pause);
    let millis = |time: Duration| time.as_millis().to_string();
    let environment = [
        ("PING_INTERVAL", millis(tempo.ping_interval)),
        ("PING_TIMEOUT", millis(tempo.ping_timeout)),
    ];
    let server = Server::start_with(&plan.command(), THREADS, Cores::Any, &environment)?;
    let (files, resident) = (server.open_files()?, server.resident()?);
    let mut crowd = Crowd::new(server.address, connections, plan.seed, tempo)?;
    let come = Duration::from_secs_f64(connections as f64 / ARRIVALS as f64).min(time / 4);
    crowd.arrive(come);
    let samples = live(&server, &mut crowd, time, plan.progress(), out)?;

    // Whoever is there has heard everything, and the last to go leave nothing behind.
    crowd.settle()?;
    let health = Health::look(server.address)?;
    let here = crowd.len();
    writeln!(
        out,
        "the end: {here} clients, {} sockets; limits hit: {}; sockets ended: {}",
        health.sockets,
        health.all_hits(),
        health.all_ends()
    )?;
    crowd.part()?;
    let empty = Health::until(&server, tempo.given_up(), |health| {
        health.is_empty() && server.open_files().is_ok_and(|now| now <= files + FILES)
    })?;
    let left = server.open_files()?.saturating_sub(files);

    let mut verdict = Verdict::default();
    judge(&mut verdict, &crowd.tally, &samples);
    verdict.claim(
        empty.is_empty() && left <= FILES,
        format!(
            "when all are gone: {} sessions, {} sockets, {} rooms, {} bytes queued, {left} files; {} resident, {} at first",
            empty.sessions,
            empty.sockets,
            empty.rooms,
            empty.queued,
            megabytes(server.resident()?),
            megabytes(resident),
        ),
    );
    if let Some(docs) = &plan.write {
        picture::save(docs, &samples, &format!("{}, {}", machine::name()?, machine::today()?))?;
    }
    verdict.conclude("soak", out)
}

/// Lets the clients live, looks at the server now and then, and says how it is.
fn live(
    server: &Server,
    crowd: &mut Crowd,
    time: Duration,
    between: Duration,
    out: &mut dyn Write,
) -> io::Result<Vec<Sample>> {
    let begin = Instant::now();
    let mut samples = Vec::new();
    let (mut sample, mut progress) = (begin, begin + between);
    let mut heard = 0;
    while begin.elapsed() < time {
        crowd.turn(Duration::from_millis(50))?;
        let now = Instant::now();
        if now >= sample {
            sample = now + SAMPLE;
            samples.push(Sample {
                at: now - begin,
                connections: crowd.len(),
                resident: server.resident()?,
                files: server.open_files()?,
            });
        }
        if now >= progress {
            let since = (between + (now - progress)).as_secs_f64();
            progress = now + between;
            let rate = (crowd.tally.heard - heard) as f64 / since;
            heard = crowd.tally.heard;
            writeln!(
                out,
                "{:>5} s  {:>6} connections  {rate:>7.0} messages/s  {:>9} resident  {:>6} files  {} violations",
                (now - begin).as_secs(),
                crowd.len(),
                megabytes(server.resident()?),
                server.open_files()?,
                crowd.tally.violations(),
            )?;
            out.flush()?;
        }
    }
    Ok(samples)
}

fn judge(verdict: &mut Verdict, tally: &Tally, samples: &[Sample]) {
    verdict.claim(tally.violations() == 0, tally.shown_violations());
    verdict.claim(tally.heard > 0, tally.shown_deliveries());
    verdict.claim(tally.came > 0, tally.shown_lives());
    let of = |figure: &dyn Fn(&Sample) -> f64| {
        trend::settled(
            &samples.iter().map(|sample| (sample.at, figure(sample))).collect::<Vec<_>>(),
        )
    };
    let memory = of(&|sample| sample.resident as f64 / 1e6);
    let files = of(&|sample| sample.files as f64);
    for (name, unit, trend) in [("resident memory", " MB", memory), ("open files", "", files)] {
        let Some(trend) = trend else {
            verdict.claim(true, format!("{name}: too short a time to tell a trend"));
            continue;
        };
        verdict.claim(
            trend.holds(),
            format!(
                "{name} after the first five minutes: a median of {:.1}{unit} in the first third, of \
                 {:.1}{unit} in the last, {:+.1} % (at most {:+.0} %)",
                trend.first,
                trend.last,
                trend.growth * 100.0,
                GROWTH * 100.0
            ),
        );
    }
}

/// How long the clients may take to hear what is under way.
const SETTLED: Duration = PATIENCE;
