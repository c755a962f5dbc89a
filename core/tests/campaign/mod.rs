//! Seeds, one after the other, for as long as there is time: what the campaigns of `cargo xtask simulate`
//! have in common.

use std::fmt::Display;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How often it is told how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

/// A campaign that is under way.
pub(crate) struct Campaign {
    seeds: Range<u64>,
    tried: u64,
    time: Duration,
    began: Instant,
    told: Instant,
}

impl Campaign {
    /// `SIMULATE_SEEDS` is `A..B`, or a single seed, and all there are unless it is set;
    /// `SIMULATE_MINUTES` is ten.
    pub(crate) fn begin() -> Self {
        let seeds = std::env::var("SIMULATE_SEEDS").map_or(0..u64::MAX, |text| range(&text));
        let minutes = std::env::var("SIMULATE_MINUTES").unwrap_or_else(|_| "10".to_owned());
        let minutes: f64 = minutes.parse().expect("SIMULATE_MINUTES is a number");
        let time = Duration::from_secs_f64(minutes * 60.0);
        Self { seeds, tried: 0, time, began: Instant::now(), told: Instant::now() }
    }

    /// The next seed, while there is time. `tally` is told now and then, and in the end.
    pub(crate) fn next(&mut self, operations: u64, tally: impl Display) -> Option<u64> {
        let seed = self.seeds.start + self.tried;
        let is_over = seed == self.seeds.end || self.began.elapsed() >= self.time;
        if is_over || self.told.elapsed() > PROGRESS {
            self.told = Instant::now();
            let time = self.began.elapsed();
            let (seconds, millis) = (time.as_secs(), time.as_millis().max(1) as u64);
            let rate = operations * 1000 / millis;
            println!("{} seeds, {seconds} s: {tally}; {rate} operations a second", self.tried);
        }
        self.tried += u64::from(!is_over);
        (!is_over).then_some(seed)
    }

    /// Those that were tried.
    pub(crate) const fn tried(&self) -> Range<u64> {
        self.seeds.start..self.seeds.start + self.tried
    }
}

fn range(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse().expect("SIMULATE_SEEDS is A..B, or one seed");
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => number(text)..number(text) + 1,
    }
}
