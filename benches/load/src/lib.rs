//! A load generator: clients of the app `bench` on one core, the server on the other.
//!
//! ```sh
//! cargo xtask bench [SCENARIO,..|all] [--servers S,..] [--rounds N] [--write]
//! ```
//!
//! Every delivery is counted and checked for its order. Servers take turns, round by round, since
//! a machine is not the same from one minute to the next: what counts are the ratios.

#![allow(clippy::cast_precision_loss, reason = "no figure here has more than eight digits")]

mod bar;
mod chart;
mod client;
mod contestant;
mod crowd;
mod document;
mod figures;
mod flow;
mod hold;
mod machine;
mod message;
mod order;
mod paced;
mod plan;
mod report;
mod rest;
mod scale;
mod scenario;
mod server;
mod watch;
mod wire;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use figures::Run;
use plan::Plan;
use scenario::Scenario;
use server::{Cores, Server};

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Does what the words of a command line ask for, and prints a table for each scenario.
///
/// # Errors
/// If the words ask for nothing that there is, with a text that says what there is; if a server
/// does not start, or delivers what it must not.
pub fn run(words: &[String], out: &mut impl Write) -> io::Result<()> {
    if let [word, docs] = words
        && word == "render"
    {
        return document::render(Path::new(docs));
    }
    match words.first().map(String::as_str) {
        Some("scale") => return scale::run(&words[1..], out),
        Some("hold") => return hold::run(&words[1..], out),
        _ => {}
    }
    let plan = Plan::parse(words).map_err(misused)?;
    let cores = if plan.unpinned { Cores::Any } else { Cores::split()? };
    for scenario in &plan.scenarios {
        let run = measure(&plan, scenario, cores)?;
        writeln!(out, "{}", report::section(scenario, &run))?;
        if let Some(docs) = &plan.write {
            document::update(docs, scenario.name, run)?;
        }
    }
    Ok(())
}

/// An error of the command line.
fn misused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// All rounds of a scenario, the servers in turn in each.
fn measure(plan: &Plan, scenario: &Scenario, cores: Cores) -> io::Result<Run> {
    let mut run = Run::new(machine::today()?, machine::name()?);
    let entries = scenario.entries(&plan.servers);
    let rounds = scenario.rounds(plan.rounds);
    for round in 1..=rounds {
        for entry in &entries {
            eprint!("{} on {}, round {round} of {rounds}: ", scenario.name, entry.name);
            let result = Server::start(&entry.command, entry.threads, cores)
                .and_then(|server| scenario.run(&server, plan.terms(entry)));
            let sample = result.map_err(|error| {
                eprintln!();
                io::Error::other(format!("{} on {}: {error}", scenario.name, entry.name))
            })?;
            eprintln!("{}", report::progress(scenario, &sample));
            run.add(&entry.name, sample);
        }
    }
    Ok(run)
}

fn unexpected(bytes: &[u8]) -> io::Error {
    let shown = &bytes[..bytes.len().min(200)];
    io::Error::other(format!("unexpected: {}", String::from_utf8_lossy(shown)))
}
