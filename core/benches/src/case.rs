//! What a case is.

use std::fmt;

/// One thing that the core does, and how often a run of it does it.
pub struct Case {
    group: &'static str,
    name: &'static str,
    elements: usize,
    set_up: Box<dyn Fn() -> Box<dyn Work>>,
}

/// A case that is set up.
pub trait Work {
    /// Brings about what [`run`](Self::run) needs: before each run, and not measured.
    fn prepare(&mut self) {}

    /// What is measured.
    fn run(&mut self);
}

impl<F: FnMut()> Work for F {
    fn run(&mut self) {
        self();
    }
}

impl Case {
    /// The case `name` of `group`. A run does it for as many `elements`.
    pub(crate) fn new<W: Work + 'static>(
        group: &'static str,
        name: &'static str,
        elements: usize,
        set_up: impl Fn() -> W + 'static,
    ) -> Self {
        Self { group, name, elements, set_up: Box::new(move || Box::new(set_up())) }
    }

    /// The part of the core.
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// What it does there.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What a run's cost is to be divided by.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Sets it up.
    pub fn work(&self) -> Box<dyn Work> {
        (self.set_up)()
    }
}

/// The name that no other case has.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.group, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({self}, {} elements)", self.elements)
    }
}
