//! A system and its rules, side by side.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::model::{Model, Rules};
use super::operation::{Op, Operation};
use super::outcome::Outcome;
use super::story;

/// What is tried: whatever you built on klatch.
///
/// See [the module](super) for one over a plain [`Namespace`](crate::Namespace).
pub trait System<O = Op> {
    /// Does it, waits until nothing more comes of it, and says what came of it. A panic is a
    /// difference as any other: `assert!` what you like.
    fn perform(&mut self, operation: &O) -> Outcome;
}

/// A system that is lent, to be looked at when all has happened.
impl<O, S: System<O> + ?Sized> System<O> for &mut S {
    fn perform(&mut self, operation: &O) -> Outcome {
        (**self).perform(operation)
    }
}

/// Lets a history happen in a system, and finds the first thing that [`Model`] does not say.
///
/// # Errors
///
/// The difference, which tells its [story](Difference).
pub fn check(system: impl System, history: &[Op]) -> Result<(), Difference<Op>> {
    check_against(Model::new(), system, history)
}

/// As [`check`], against rules of yours.
///
/// # Errors
///
/// The difference, which tells its [story](Difference).
pub fn check_against<O: Operation>(
    rules: impl Rules<O>,
    system: impl System<O>,
    history: &[O],
) -> Result<(), Difference<O>> {
    let mut comparison = Comparison::new(rules, system);
    history.iter().try_for_each(|operation| comparison.step(operation))
}

/// A system and its rules side by side, step by step: for whoever wants to look at them between
/// two steps, as [`check`] does not.
#[derive(Clone, Debug)]
pub struct Comparison<O, R, S> {
    rules: R,
    system: S,
    steps: Vec<O>,
    /// What was expected of the last of them.
    expected: Outcome,
}

impl<O: Operation, R: Rules<O>, S: System<O>> Comparison<O, R, S> {
    /// Nothing has happened yet, neither there nor here.
    pub fn new(rules: R, system: S) -> Self {
        Self { rules, system, steps: Vec::new(), expected: Outcome::nobody() }
    }

    /// One step, if the rules [permit](Rules::permits) it; otherwise nothing happens.
    ///
    /// # Errors
    ///
    /// If something else comes of it than the rules expect.
    pub fn step(&mut self, operation: &O) -> Result<(), Difference<O>> {
        if !self.rules.permits(operation) {
            return Ok(());
        }
        self.steps.push(operation.clone());
        self.expected = self.rules.expect(operation);
        let got = kept(|| self.system.perform(operation));
        if got.as_ref() == Ok(&self.expected) { Ok(()) } else { Err(self.difference(got)) }
    }

    /// Lets you look at both after a step: to `assert!` whatever else must hold then.
    ///
    /// # Errors
    ///
    /// If it panics, as if the last step had.
    pub fn look(&mut self, look: impl FnOnce(&R, &mut S)) -> Result<(), Difference<O>> {
        let looked = kept(|| look(&self.rules, &mut self.system));
        looked.map_err(|panic| self.difference(Err(panic)))
    }

    fn difference(&self, got: Result<Outcome, String>) -> Difference<O> {
        let (steps, expected) = (self.steps.clone(), self.expected.clone());
        Difference(Box::new(Found { steps, expected, got }))
    }

    /// The rules, as they are after the steps so far.
    pub const fn rules(&self) -> &R {
        &self.rules
    }

    /// The system, as it is after the steps so far.
    pub const fn system(&mut self) -> &mut S {
        &mut self.system
    }
}

/// What is broken by a panic is not used any more but to be dropped, and to tell what it was.
fn kept<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("without a word").to_owned()
    })
}

/// The first step of which something else came than was expected.
///
/// `Display` is the story: a sentence that says what went wrong, and the steps that led there.
#[derive(Clone, Debug)]
pub struct Difference<O>(Box<Found<O>>);

#[derive(Clone, Debug)]
struct Found<O> {
    steps: Vec<O>,
    expected: Outcome,
    got: Result<Outcome, String>,
}

impl<O> Difference<O> {
    /// What happened; the last step is the one of which something else came. Those that could not
    /// happen are not among them.
    pub fn steps(&self) -> &[O] {
        &self.0.steps
    }

    /// What the rules say.
    pub const fn expected(&self) -> &Outcome {
        &self.0.expected
    }

    /// What the system did.
    ///
    /// # Errors
    ///
    /// If it panicked: what it said.
    pub fn got(&self) -> Result<&Outcome, &str> {
        self.0.got.as_ref().map_err(String::as_str)
    }
}

impl<O: Operation> fmt::Display for Difference<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        story::tell(self, f)
    }
}

impl<O: Operation> Error for Difference<O> {}
