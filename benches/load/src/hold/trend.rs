//! Whether something grows.

use std::time::Duration;

use crate::figures::median;

/// What a server does before it is as it will be: buffers and tables reach their sizes.
pub(crate) const WARM_UP: Duration = Duration::from_mins(5);

/// Below that, what is left behind the warm-up says nothing.
const SHORTEST: Duration = Duration::from_mins(10);

/// What the last third may be above the first third: less than an allocator's rounding, and a leak of
/// a hundred bytes for each client that came is far above.
pub(crate) const GROWTH: f64 = 0.03;

/// The medians of the first and the last third of what was seen behind the warm-up, and whether the last
/// is within [`GROWTH`] of the first; `None` if that is too short to tell.
pub(crate) fn settled(samples: &[(Duration, f64)]) -> Option<Settled> {
    let (last, _) = samples.last()?;
    if *last < SHORTEST {
        return None;
    }
    let warm: Vec<f64> =
        samples.iter().filter(|(at, _)| *at >= WARM_UP).map(|(_, value)| *value).collect();
    let third = warm.len() / 3;
    let first = median(warm[..third].to_vec());
    let last = median(warm[warm.len() - third..].to_vec());
    Some(Settled { first, last, growth: last / first - 1.0 })
}

/// What became of something after the warm-up.
pub(crate) struct Settled {
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// A share of the first: 0 for none, less if it shrank.
    pub(crate) growth: f64,
}

impl Settled {
    pub(crate) fn holds(&self) -> bool {
        self.growth <= GROWTH
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::settled;

    fn minutes(value: impl Fn(f64) -> f64) -> Vec<(Duration, f64)> {
        (0..30).map(|minute| (Duration::from_secs(minute * 60), value(minute as f64))).collect()
    }

    #[test]
    fn what_grows_in_the_first_minutes_alone_does_not_grow() {
        let flat = settled(&minutes(|minute| 50.0 + minute.min(5.0) * 10.0)).expect("long enough");
        assert!(flat.holds() && flat.growth.abs() < 1e-9);
    }

    #[test]
    fn what_grows_all_the_time_grows() {
        let leak = settled(&minutes(|minute| 100.0 + minute)).expect("long enough");
        assert!(!leak.holds(), "{}", leak.growth);
        let steps = settled(&minutes(|minute| if minute < 20.0 { 100.0 } else { 104.0 }));
        assert!(!steps.expect("long enough").holds());
    }

    #[test]
    fn a_moment_tells_nothing() {
        assert!(settled(&minutes(|_| 1.0)[..10]).is_none());
        assert!(settled(&[]).is_none());
    }
}
