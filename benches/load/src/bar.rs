//! What klatch must reach, as a ratio to a bound of the same run.

use crate::contestant::label;
use crate::figures::{Quartiles, Run, Sample};

/// What is compared.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    Rate,
    Cpu,
    P50,
    Bytes,
}

impl Figure {
    pub(crate) fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Rate => sample.rate,
            Self::Cpu => sample.cpu_micros,
            Self::P50 => sample.p50_millis,
            Self::Bytes => sample.bytes,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Cpu => "CPU",
            Self::P50 => "p50",
            Self::Bytes => "bytes",
        }
    }
}

/// `subject` reaches so much of what `of` does; so much altogether, if that is nobody.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) subject: &'static str,
    pub(crate) figure: Figure,
    pub(crate) of: Option<&'static str>,
    pub(crate) ratio: f64,
}

impl Bar {
    pub(crate) const fn new(figure: Figure, of: &'static str, ratio: f64) -> Self {
        Self { subject: "tokio", figure, of: Some(of), ratio }
    }

    /// Whether more of it is better.
    fn is_least(&self) -> bool {
        self.figure == Figure::Rate
    }

    /// What `server` has of the bound; of nothing, its figure itself.
    pub(crate) fn reached(&self, run: &Run, server: &str) -> Option<f64> {
        let figure = |sample: &Sample| self.figure.of(sample);
        match self.of {
            Some(bound) => run.ratio(server, bound, figure).map(|ratio| ratio.middle),
            None => run.median(server, figure),
        }
    }

    /// Between what and what half of the rounds are, if there are enough to tell.
    fn middle_half(&self, run: &Run) -> Option<String> {
        let ratio = run.ratio(self.subject, self.of?, |sample| self.figure.of(sample))?;
        let Quartiles { low, high, .. } = ratio;
        (run.rounds() >= 4).then(|| format!(", in half of the rounds {low:.2} to {high:.2}"))
    }

    /// How good that is: the bound is 1, and more is better.
    pub(crate) fn goodness(&self, reached: f64) -> f64 {
        if self.is_least() { reached } else { 1.0 / reached }
    }

    /// A sentence, and whether it is so.
    pub(crate) fn verdict(&self, run: &Run) -> String {
        let most = if self.is_least() { "at least" } else { "at most" };
        let (subject, name) = (label(self.subject), self.figure.name());
        let shown = |figure: f64| match self.of {
            Some(_) => format!("{figure:.2}"),
            None => format!("{figure:.0}"),
        };
        let of = self.of.map(|of| format!(" of {}'s {name}", label(of)));
        let of = of.unwrap_or_else(|| format!(" {name}"));
        let bar = format!("Bar: {subject}, {most} {}{of}", shown(self.ratio));
        let Some(reached) = self.reached(run, self.subject) else {
            return format!("{bar}; not measured.");
        };
        let met = if self.is_least() { reached >= self.ratio } else { reached <= self.ratio };
        let met = if met { "met" } else { "**missed**" };
        let half = self.middle_half(run).unwrap_or_default();
        format!("{bar}; {met} with {}{half}.", shown(reached))
    }
}
