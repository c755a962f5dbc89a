//! The search for a history by which a system is not what its rules say.

use std::cell::RefCell;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::check::Difference;
use super::operation::Operation;

/// How many smaller histories are tried: far more than it takes to get from hundreds of steps to ten.
const SHRINK_ITERATIONS: u32 = 100_000;

/// A search for a history that goes wrong: so many are tried, all from one seed, and the first that
/// goes wrong is made small.
///
/// ```
/// use klatch_core::testing::{Cast, Model, Op, Outcome, Rules, Search, System, check};
///
/// /// A system that has forgotten to leave out the sender.
/// struct Echoing(Model);
///
/// impl System for Echoing {
///     fn perform(&mut self, op: &Op) -> Outcome {
///         let outcome = self.0.expect(op);
///         match op {
///             Op::Emit(aim) if aim.to.is_empty() => {
///                 self.0.connected(aim.from.namespace()).into_iter().collect()
///             }
///             _ => outcome,
///         }
///     }
/// }
///
/// let found = Search::new().seed(7).run(&Cast::new().history(), |history| {
///     check(Echoing(Model::new()), history)
/// });
/// let story = found.expect_err("it is found").to_string();
/// assert_eq!(
///     story,
///     "after alice connected, alice emitted `broadcast()`, which reached alice, \
///      who should not have got it\n\
///      \n   1. alice connected\
///      \n   2. alice emitted `broadcast()`"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    cases: u32,
    seed: u64,
}

impl Default for Search {
    fn default() -> Self {
        Self { cases: 256, seed: 0 }
    }
}

impl Search {
    /// 256 histories from the seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many histories are tried. Default 256, as in proptest: enough for a test that is run
    /// all day. Ten thousand, once, before you rely on something new.
    #[must_use]
    pub const fn cases(mut self, count: u32) -> Self {
        self.cases = count;
        self
    }

    /// What all of it follows from. Default 0: a test that passed once passes again; another seed is
    /// another search.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// As [`run`](Self::run), for a test that is to find nothing.
    ///
    /// # Panics
    ///
    /// If there is a difference, with its story; and as `run` does.
    #[track_caller]
    pub fn prove<O: Operation>(
        &self,
        histories: &impl Strategy<Value = Vec<O>>,
        check: impl Fn(&[O]) -> Result<(), Difference<O>>,
    ) {
        if let Err(difference) = self.run(histories, check) {
            panic!("{difference}");
        }
    }

    /// Tries histories in `check`, which makes a new system for each.
    ///
    /// # Errors
    ///
    /// The first difference that was found, after it was made small.
    ///
    /// # Panics
    ///
    /// If `check` panics outside of a [`System`](super::System), or no history can be drawn.
    pub fn run<O: Operation>(
        &self,
        histories: &impl Strategy<Value = Vec<O>>,
        check: impl Fn(&[O]) -> Result<(), Difference<O>>,
    ) -> Result<(), Difference<O>> {
        // What fails is told to the caller, and not kept in a file beside the test.
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_iters: SHRINK_ITERATIONS,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::XorShift, &spread(self.seed));
        // The last one that failed is the smallest.
        let found = RefCell::new(None);
        let result = TestRunner::new_with_rng(config, rng).run(histories, |history| {
            check(&history).map_err(|difference| {
                found.replace(Some(difference));
                TestCaseError::fail("a difference")
            })
        });
        match (result, found.into_inner()) {
            (Ok(()), _) => Ok(()),
            (Err(TestError::Fail(..)), Some(difference)) => Err(difference),
            (Err(error), _) => panic!("{error}"),
        }
    }
}

/// A seed's bits spread over 16 bytes, as splitmix64 does: xorshift is slow to get away from zeroes.
fn spread(seed: u64) -> [u8; 16] {
    let mix = |n: u64| {
        let mut x = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(1).to_be_bytes());
    bytes[8..].copy_from_slice(&mix(2).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::testing::{Cast, Op, Outcome, System, check};

    /// A system that refuses whatever it is asked.
    struct Closed;

    impl System for Closed {
        fn perform(&mut self, _: &Op) -> Outcome {
            Outcome::refused()
        }
    }

    #[test]
    fn so_many_histories_are_tried_and_what_fails_is_made_small_however_many_they_are() {
        for cases in [1, 7, 300] {
            let tried = Cell::new(0);
            let search = Search::new().cases(cases);
            search.prove(&Cast::new().history(), |_| {
                tried.set(tried.get() + 1);
                Ok(())
            });
            assert_eq!(tried.get(), cases);
            let found = search.run(&Cast::new().history(), |history| check(Closed, history));
            let story = found.expect_err("nothing is allowed").to_string();
            assert!(story.ends_with("\n\n   1. alice connected"), "{story}");
        }
    }

    #[test]
    fn a_search_is_told_how_long_and_from_where_in_any_order() {
        let told = "Search { cases: 3, seed: 7 }";
        assert_eq!(format!("{:?}", Search::new().cases(3).seed(7)), told);
        assert_eq!(format!("{:?}", Search::new().seed(7).cases(3)), told);
    }

    /// Source: the first numbers of splitmix64 by its authors' program.
    #[test]
    fn a_seed_is_spread_as_splitmix64_does() {
        let spread = spread(1_234_567).map(u128::from);
        let number = spread.iter().fold(0, |number, byte| number << 8 | byte);
        assert_eq!(number, 0x599e_d017_fb08_fc85_2c73_f084_5854_0fa5);
    }
}
