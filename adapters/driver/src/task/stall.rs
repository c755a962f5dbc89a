//! A client that takes nothing of what is written to it.

use std::num::NonZeroU32;
use std::time::Duration;

use klatch_core::Timestamp;

/// Since when it takes nothing, if it does not take all: in milliseconds of the runtime's clock, of which
/// four bytes are enough to tell how long ago that was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stall(Option<NonZeroU32>);

impl Stall {
    /// It takes what is written to it.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// Whether it takes what is written to it, as far as is known.
    pub(super) fn is_clear(self) -> bool {
        self.0.is_none()
    }

    /// It does not take all. Time begins when that is new, and anew when it took some.
    pub(super) fn note(&mut self, now: Timestamp, took_some: bool) {
        if took_some || self.0.is_none() {
            // Zero is nothing: a millisecond more or less is, too.
            self.0 = Some(NonZeroU32::new(millis(now)).unwrap_or(NonZeroU32::MIN));
        }
    }

    /// When it will have taken nothing for long enough.
    pub(super) fn deadline(self, now: Timestamp, patience: Duration) -> Option<Timestamp> {
        let passed = millis(now).wrapping_sub(self.0?.get());
        let began = Timestamp::from_millis(
            (now.offset().as_millis() as u64).saturating_sub(u64::from(passed)),
        );
        Some(began + patience)
    }
}

fn millis(now: Timestamp) -> u32 {
    now.offset().as_millis() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn time_begins_anew_when_the_client_takes_some() {
        let mut stall = Stall::default();
        assert_eq!(stall.deadline(at(1), PATIENCE), None);
        stall.note(at(1_000), false);
        stall.note(at(9_000), false);
        assert_eq!(stall.deadline(at(9_000), PATIENCE), Some(at(21_000)));
        stall.note(at(10_000), true);
        assert_eq!(stall.deadline(at(15_000), PATIENCE), Some(at(30_000)));
        stall.clear();
        assert_eq!(stall.deadline(at(15_000), PATIENCE), None);
    }

    #[test]
    fn a_clock_that_has_run_for_years_is_no_older() {
        for began in [1 << 32, (1 << 39) + 5, (1 << 33) - 1] {
            let mut stall = Stall::default();
            stall.note(at(began), false);
            let deadline = stall.deadline(at(began + 7_000), PATIENCE).expect("it stalls");
            assert!((20_000..=20_001).contains(&(deadline - at(began)).as_millis()), "{began}");
        }
    }
}
