//! A named step of the tests, and what its commands left behind.

use std::fmt::Write as _;
use std::path::Path;

use crate::Outcome;
use crate::args::RUNTIMES;
use crate::command::Line;
use crate::tally::Tally;

/// A step: its name on the command line, and what it does.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Left out by `--quick`.
    pub(crate) slow: bool,
    pub(crate) act: fn(&mut Record) -> Outcome,
}

/// What a step is told, and has to say when it is over.
#[derive(Default)]
pub(crate) struct Record {
    /// The step's name.
    pub(crate) step: &'static str,
    /// Shown beside the step's time.
    pub(crate) notes: Vec<String>,
    /// Whether `--quick` was given.
    pub(crate) quick: bool,
    pub(crate) tally: Tally,
}

impl Record {
    /// The runtime that the step is named for, behind what it does.
    pub(crate) fn runtime(&self) -> Outcome<&'static str> {
        let (_, of) = self.step.split_once('-').unwrap_or_default();
        let runtime = RUNTIMES.into_iter().find(|runtime| *runtime == of);
        runtime.ok_or_else(|| format!("the step `{}` is named for no runtime", self.step))
    }

    /// Runs a command; its failure shows all that it printed, and how to repeat it.
    pub(crate) fn run(&mut self, mut line: Line) -> Outcome<String> {
        let ended = line.keep()?;
        self.tally += Tally::of(&ended.output);
        if ended.success {
            return Ok(ended.output);
        }
        let mut why = ended.output;
        if !why.ends_with('\n') {
            why.push('\n');
        }
        write!(why, "\nto repeat it:\n  {line}").expect("a String takes all");
        Err(why)
    }

    /// `run` for a cargo command from the repository's root.
    pub(crate) fn cargo(&mut self, root: &Path, rest: &str) -> Outcome<String> {
        self.run(Line::new(root, &format!("cargo {rest}")))
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}
