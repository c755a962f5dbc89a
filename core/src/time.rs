//! Time as an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A monotonic moment, as an offset from any origin that the caller keeps fixed.
///
/// The core never reads a clock: whoever drives it says what time it is. An offset (and not a
/// `std::time::Instant`) can be printed, stored and replayed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// Thirty years after the origin: no deadline is later, so that any clock can hold it.
    pub const END: Self = Self(Duration::from_hours(30 * 365 * 24));

    /// The origin itself.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The moment `offset` after the origin.
    pub const fn from_offset(offset: Duration) -> Self {
        Self(offset)
    }

    /// The moment `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the origin this is.
    pub const fn offset(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Ends at [`Timestamp::END`]: a timeout without an end is one that is never reached.
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs)).min(Self::END)
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.saturating_since(rhs)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_to_its_end_and_not_back() {
        let [one, three] = [1_000, 3_000].map(Timestamp::from_millis);
        assert_eq!(one + Duration::from_secs(2), three);
        assert_eq!((three - one, one - three), (Duration::from_secs(2), Duration::ZERO));
        assert_eq!(Timestamp::END.offset().as_secs(), 30 * 365 * 24 * 60 * 60);
        assert_eq!(three + Duration::MAX, Timestamp::END);
        assert_eq!(format!("{one:?}"), "+1s");
        assert_eq!(Timestamp::from_offset(Duration::from_secs(1)), one);
    }
}
