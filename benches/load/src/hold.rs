//! Holds under load: a server in a process of its own, clients over real sockets, and a verdict.

mod fleet;
mod gather;
mod health;
mod http;
mod lane;
mod ledger;
mod paused;
mod peer;
mod picture;
mod plan;
mod slow;
mod soak;
mod storm;
mod term;
mod trend;
mod verdict;
mod words;

use std::io::{self, Write};

use self::plan::Plan;
use crate::misused;

/// A trial: it prints what it sees, and is an error if that is not as it should be.
type Trial = fn(&Plan, &mut dyn Write) -> io::Result<()>;

const CASES: [(&str, Trial); 5] = [
    ("paused", paused::run),
    ("slow", slow::run),
    ("storm", storm::run),
    ("term", term::run),
    ("soak", soak::run),
];

/// Tries the cases that the words name, one after the other.
pub(crate) fn run(words: &[String], out: &mut impl Write) -> io::Result<()> {
    let known = CASES.map(|(name, _)| name);
    let plan = Plan::parse(words, &known).map_err(misused)?;
    let mut failed = Vec::new();
    for (name, trial) in CASES.iter().filter(|(name, _)| plan.cases.iter().any(|case| case == name))
    {
        writeln!(out, "{name} on {}", plan.runtime)?;
        if let Err(error) = trial(&plan, out) {
            writeln!(out, "{error}\n")?;
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(io::Error::other(format!("failed: {}", failed.join(", "))))
    }
}
