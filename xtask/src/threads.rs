//! `cargo xtask threads`: the driver under explorers of schedules; see `docs/proof.md`.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::layout;
use crate::step::Record;

const TESTS: &str = "cargo test -p klatch-explore --test threads";
const REORDERING: &str = "cargo test -p klatch-explore --features loom --test reordering";

/// Orders that each scene is played in, unless another number is given: a few minutes.
const SCHEDULES: &str = "5000";

/// Which orders these are, unless another seed is given.
const SEED: &str = "1";

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let schedules = args.option("--schedules")?.unwrap_or_else(|| SCHEDULES.to_owned());
    let seed = args.option("--seed")?.unwrap_or_else(|| SEED.to_owned());
    let replay = args.option("--replay")?;
    let scene = args.at_most("SCENE")?;
    let root = layout::root();
    let named = |line: Line| scene.iter().fold(line, Line::arg);
    if let Some(file) = replay {
        let file = std::path::absolute(file).map_err(|error| error.to_string())?;
        return named(Line::new(&root, TESTS)).env("KLATCH_SCHEDULE", file).show();
    }
    let failures = layout::target()?.join("threads");
    fs::create_dir_all(&failures).map_err(|error| error.to_string())?;
    let line = named(Line::new(&root, TESTS))
        .env("KLATCH_SCHEDULES", schedules)
        .env("KLATCH_SEED", seed)
        .env("KLATCH_FAILURES", &failures);
    line.show().map_err(|why| hint(&why, &failures))?;
    // A scene's name that is none of theirs is no failure.
    named(Line::new(&root, REORDERING)).show()
}

fn hint(why: &str, failures: &Path) -> String {
    let failures = failures.display();
    format!("{why}\nthe schedule is in {failures}: cargo xtask threads --replay FILE SCENE")
}

/// The step: the same, in fewer orders, which are others each time that somebody changes something.
pub(crate) fn check(record: &mut Record) -> Outcome {
    record.run(Line::new(&layout::root(), TESTS)).map(drop)
}
