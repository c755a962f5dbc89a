//! What each case of the core took before: a file, and how today's counts stand beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Outcome;

/// By how much a case may grow, as a part of what it took. Counts do not vary by themselves; this is
/// for what the compiler makes of code that did not change.
const LIMIT: f64 = 0.05;

/// Before what the counts depend on beside the code.
const MADE_BY: &str = "# made by ";

/// Instructions per element, by the name of the case.
pub(crate) type Counts = BTreeMap<String, f64>;

#[derive(Debug, PartialEq)]
pub(crate) struct Baseline {
    pub(crate) toolchain: String,
    pub(crate) counts: Counts,
}

impl Baseline {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let made_by = lines.next().and_then(|line| line.strip_prefix(MADE_BY));
        let toolchain = made_by.ok_or("the baseline does not say what made it")?.to_owned();
        let mut counts = Counts::new();
        for line in lines {
            let count = line.rsplit_once("  ").and_then(|(name, count)| {
                Some((name.trim_end().to_owned(), count.parse::<f64>().ok()?))
            });
            let (name, count) =
                count.ok_or_else(|| format!("no case and count in the baseline: {line:?}"))?;
            if counts.insert(name, count).is_some() {
                return Err(format!("the baseline has a case twice: {line:?}"));
            }
        }
        Ok(Self { toolchain, counts })
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MADE_BY}{}", self.toolchain)?;
        for (name, count) in &self.counts {
            writeln!(f, "{name:40}{count:14.3}")?;
        }
        Ok(())
    }
}

/// Today's counts beside the baseline's.
pub(crate) struct Comparison<'a> {
    pub(crate) today: &'a Baseline,
    pub(crate) before: &'a Baseline,
}

/// A case that cannot stay as it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault<'a> {
    pub(crate) case: &'a str,
    why: String,
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.why)
    }
}

impl<'a> Comparison<'a> {
    /// Cases that take more than they may; and those that only one side knows, since what is not
    /// compared may have grown.
    pub(crate) fn faults(&self) -> Vec<Fault<'a>> {
        let fault = |case| {
            let why = match self.both(case) {
                (Some(today), Some(before)) if today > before * (1.0 + LIMIT) => {
                    grown(today, before)
                }
                (Some(_), Some(_)) => return None,
                (Some(_), None) => "has no baseline".to_owned(),
                (None, _) => "is in the baseline, and is no case any more".to_owned(),
            };
            Some(Fault { case, why })
        };
        self.cases().into_iter().filter_map(fault).collect()
    }

    /// Cases that take so much less that they could grow again unseen.
    pub(crate) fn gains(&self) -> Vec<String> {
        let gain = |case| match self.both(case) {
            (Some(today), Some(before)) if today < before * (1.0 - LIMIT) => {
                Some(format!("{case}: {}", grown(today, before)))
            }
            _ => None,
        };
        self.cases().into_iter().filter_map(gain).collect()
    }

    /// What else has changed, and may be why the counts have. The limit is the same: whether it
    /// was the toolchain, the commit before tells.
    pub(crate) fn other_toolchain(&self) -> Option<String> {
        let (today, before) = (&self.today.toolchain, &self.before.toolchain);
        (today != before).then(|| {
            format!(
                "the baseline was made by {before}, and these counts by {today}: \
                 they are compared all the same"
            )
        })
    }

    /// How far apart the two are.
    pub(crate) fn summary(&self) -> String {
        let changes = self.cases().into_iter().filter_map(|case| {
            let (today, before) = self.both(case);
            Some((change(today?, before?), case))
        });
        match changes.max_by(|(one, _), (other, _)| one.abs().total_cmp(&other.abs())) {
            Some((most, case)) if percent(most) != percent(0.0) => {
                format!("{} at most ({case})", percent(most))
            }
            _ => "as in the baseline".to_owned(),
        }
    }

    fn cases(&self) -> BTreeSet<&'a str> {
        self.today.counts.keys().chain(self.before.counts.keys()).map(String::as_str).collect()
    }

    fn both(&self, case: &str) -> (Option<f64>, Option<f64>) {
        (self.today.counts.get(case).copied(), self.before.counts.get(case).copied())
    }
}

/// A table of all cases.
impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:40}{:>14}{:>14}{:>12}", "case", "instructions", "baseline", "change")?;
        let shown =
            |count: Option<f64>| count.map_or("-".to_owned(), |count| format!("{count:.3}"));
        for case in self.cases() {
            let (today, before) = self.both(case);
            let change = today.zip(before).map(|(today, before)| percent(change(today, before)));
            let change = change.as_deref().unwrap_or("-");
            write!(f, "\n{case:40}{:>14}{:>14}{change:>12}", shown(today), shown(before))?;
        }
        Ok(())
    }
}

fn change(today: f64, before: f64) -> f64 {
    (today - before) / before
}

fn grown(today: f64, before: f64) -> String {
    format!("{}, from {before:.3} to {today:.3}", percent(change(today, before)))
}

fn percent(part: f64) -> String {
    let percent = part * 100.0;
    // No minus before a zero.
    let percent = if percent.abs() < 0.05 { 0.0 } else { percent };
    format!("{percent:+.1} %")
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Comparison};

    fn baseline(counts: &[(&str, f64)]) -> Baseline {
        let counts = counts.iter().map(|(case, count)| ((*case).to_owned(), *count)).collect();
        Baseline { toolchain: "rustc 1, glibc 2".to_owned(), counts }
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let written = baseline(&[("b: of 2 B", 1.5), ("a: two rooms, shared", 41_186.023)]);
        let text = written.to_string();
        assert_eq!(Baseline::parse(&text), Ok(written));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "# made by rustc 1, glibc 2");
        assert!(lines[1].starts_with("a: two rooms, shared  "), "{text}");
        assert!(lines[2].ends_with("  1.500"), "{text}");
    }

    #[test]
    fn what_is_no_baseline_is_an_error() {
        let head = "# made by rustc 1\n";
        for text in ["", "a: b  1.0\n"] {
            assert!(Baseline::parse(text).is_err(), "{text}");
        }
        for rest in ["a: b\n", "a: b  many\n", "a: b 1.0\n", "a: b  1.0\na: b  1.0\n"] {
            assert!(Baseline::parse(&format!("{head}{rest}")).is_err(), "{rest}");
        }
    }

    #[test]
    fn a_case_may_grow_by_a_twentieth() {
        let before = baseline(&[("a", 1000.0), ("b", 1000.0), ("c", 1000.0)]);
        let today = baseline(&[("a", 1050.0), ("b", 1050.1), ("c", 0.1)]);
        let comparison = Comparison { today: &today, before: &before };
        let faults: Vec<_> = comparison.faults().iter().map(ToString::to_string).collect();
        assert_eq!(faults, ["b: +5.0 %, from 1000.000 to 1050.100"]);
        assert_eq!(comparison.gains(), ["c: -100.0 %, from 1000.000 to 0.100"]);
        assert_eq!(comparison.summary(), "-100.0 % at most (c)");
    }

    #[test]
    fn what_only_one_side_knows_is_a_fault() {
        let (before, today) = (baseline(&[("a", 1.0)]), baseline(&[("b", 1.0)]));
        let comparison = Comparison { today: &today, before: &before };
        let faults: Vec<_> = comparison.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            ["a: is in the baseline, and is no case any more", "b: has no baseline"]
        );
    }

    #[test]
    fn another_toolchain_is_told() {
        let before = baseline(&[("a", 1.0)]);
        let same = Comparison { today: &before, before: &before };
        assert_eq!(same.other_toolchain(), None);
        assert_eq!(same.summary(), "as in the baseline");

        let today = Baseline { toolchain: "rustc 2, glibc 2".to_owned(), ..baseline(&[]) };
        let other = Comparison { today: &today, before: &before };
        let why = other.other_toolchain().expect("it differs");
        assert!(why.contains("made by rustc 1,") && why.contains("by rustc 2,"), "{why}");
    }

    #[test]
    fn a_table_has_every_case() {
        let before = baseline(&[("a", 1000.0), ("b", 8.0)]);
        let today = baseline(&[("a", 999.9), ("b", 9.0), ("c", 1.0)]);
        let table = Comparison { today: &today, before: &before }.to_string();
        let rows: Vec<Vec<_>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["a", "999.900", "1000.000", "+0.0", "%"]);
        assert_eq!(rows[2], ["b", "9.000", "8.000", "+12.5", "%"]);
        assert_eq!(rows[3], ["c", "1.000", "-", "-"]);
    }
}
