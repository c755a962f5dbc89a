//! `cargo xtask differential`: the same inputs, hostile and random, to klatch and to Node's Socket.IO.

use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::step::Record;
use crate::{layout, node};

/// What plays them, with the release of Socket.IO that it compares with.
pub(crate) const TESTS: &str = "tests/differential";

/// Random cases in the tests of a change, from a seed that stays: a change is to blame for what fails.
const FEW: [&str; 4] = ["--seed", "1", "--cases", "200"];

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let mut options = Vec::new();
    for name in ["--seed", "--cases", "--minutes", "--only"] {
        if let Some(value) = args.option(name)? {
            options.extend([name.to_owned(), value]);
        }
    }
    let [] = args.rest([])?;
    let root = layout::root();
    node::check(&root)?;
    if let Some(install) = node::install(&layout::existing(TESTS)?)? {
        install.show()?;
    }
    if layout::chosen_apps().is_none() {
        Line::new(&root, "cargo build --example apps --all-features").show()?;
    }
    options.iter().fold(line()?, Line::arg).show()
}

/// What compares, tried on itself; then the table, and a few random cases, with the apps that are built.
pub(crate) fn check(record: &mut Record) -> Outcome {
    let itself = Line::new(&layout::root(), "node --test --test-reporter=spec");
    record.run(itself.arg(layout::existing(TESTS)?.join("self.test.mjs")))?;
    let output = record.run(FEW.iter().fold(line()?, Line::arg))?;
    for line in
        output.lines().filter(|line| ["table:", "random:"].iter().any(|of| line.starts_with(of)))
    {
        record.note(line);
    }
    Ok(())
}

fn line() -> Outcome<Line> {
    let script = layout::existing(TESTS)?.join("main.mjs");
    Ok(Line::new(&layout::root(), "node").arg(script).arg(layout::apps()?))
}
