//! How often each limit was hit.

use klatch_core::Limit;

use crate::sync::atomic::{AtomicU64, Ordering};

/// A counter for each limit. Nothing counts on the way of a packet that is delivered.
#[derive(Debug)]
pub(crate) struct Counts([AtomicU64; Limit::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Counts {
    pub(crate) fn hit(&self, limit: Limit) {
        self.add(limit, 1);
    }

    pub(crate) fn add(&self, limit: Limit, times: u64) {
        if times > 0 {
            if limit == Limit::Volatile {
                tracing::trace!(%limit, times, "a limit was hit");
            } else {
                tracing::debug!(%limit, times, "a limit was hit");
            }
            self.0[limit.index()].fetch_add(times, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> LimitHits {
        LimitHits(std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed)))
    }
}

/// How often each [`Limit`] was hit since the server was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitHits([u64; Limit::ALL.len()]);

impl LimitHits {
    /// How often this one was.
    pub const fn get(&self, limit: Limit) -> u64 {
        self.0[limit.index()]
    }

    /// Each limit and how often it was hit, those that never were among them.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.into_iter().zip(self.0)
    }

    /// How often any was.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_a_counter_of_its_own() {
        let counts = Counts::default();
        for (times, limit) in Limit::ALL.into_iter().enumerate() {
            counts.add(limit, times as u64);
        }
        counts.hit(Limit::Payload);
        let hits = counts.read();
        assert_eq!((hits.get(Limit::Payload), hits.get(Limit::Packets)), (1, 1));
        let last = Limit::ALL.len() as u64 - 1;
        assert_eq!(hits.iter().last(), Some((Limit::ALL[last as usize], last)));
        assert_eq!(hits.total(), 1 + last * (last + 1) / 2);
    }
}
