//! How many tests ran, as their runners say themselves.

use std::fmt;
use std::ops::AddAssign;

/// Tests that passed and tests that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// The sum of the summary lines of cargo's test harness, of Node's test runner and of Python's.
    pub(crate) fn of(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            tally += cargo(line).or_else(|| node(line)).or_else(|| ran(line)).unwrap_or_default();
            // Python counts those first among the tests that ran.
            let failed = failed(line).unwrap_or_default();
            tally.passed = tally.passed.saturating_sub(failed);
            tally.failed += failed;
        }
        tally
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// `test result: ok. 3 passed; 0 failed; …`
fn cargo(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |name: &str| {
        counts.split("; ").find_map(|part| part.strip_suffix(name)?.trim().parse().ok())
    };
    Some(Tally { passed: count(" passed")?, failed: count(" failed")? })
}

/// `ℹ pass 3`, or `# pass 3` by the tap reporter; a cancelled test did not pass.
fn node(line: &str) -> Option<Tally> {
    let line = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
    let (name, count) = line.split_once(' ')?;
    let count = count.parse().ok()?;
    match name {
        "pass" => Some(Tally { passed: count, failed: 0 }),
        "fail" | "cancelled" => Some(Tally { passed: 0, failed: count }),
        _ => None,
    }
}

/// `Ran 3 tests in 0.1s`
fn ran(line: &str) -> Option<Tally> {
    let (count, _) = line.strip_prefix("Ran ")?.split_once(" test")?;
    Some(Tally { passed: count.parse().ok()?, failed: 0 })
}

/// `FAILED (failures=1, errors=2)`
fn failed(line: &str) -> Option<u64> {
    let counts = line.strip_prefix("FAILED (")?.strip_suffix(')')?;
    let counts = counts.split(", ").filter_map(|part| part.split_once('='));
    let failed = counts.filter(|(name, _)| matches!(*name, "failures" | "errors"));
    Some(failed.filter_map(|(_, count)| count.parse::<u64>().ok()).sum())
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn all_runners_are_understood() {
        let output = "\
running 2 tests
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s
test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out
ℹ tests 9
ℹ pass 5
ℹ fail 1
ℹ cancelled 3
Ran 7 tests in 1.5s
FAILED (failures=1, errors=2, skipped=1)
Ran 1 test in 0.1s
OK
";
        assert_eq!(Tally::of(output), Tally { passed: 23, failed: 9 });
        assert_eq!(Tally::of(output).to_string(), "23 passed, 9 failed");
    }

    #[test]
    fn other_lines_count_nothing() {
        let output =
            "# a heading\nℹ duration_ms 12.5\npass 3\ntest result: odd\nRan away\nFAILED\n";
        assert!(Tally::of(output).is_empty());
    }
}
