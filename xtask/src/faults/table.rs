//! The table of faults: blocks of lines, one for each.
//!
//! ```text
//! rule: what does not hold any more
//! file: where it was written down
//! - the line
//! + the line that takes its place
//! ```
//!
//! A line to be taken out behind one to be put in is another place of the same file.

use crate::Outcome;

/// A rule, and how it is broken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The rule, as a sentence.
    pub(super) rule: String,
    pub(super) file: String,
    changes: Vec<Change>,
}

/// Lines, without what they are indented by, and those that take their place.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    before: Vec<String>,
    after: Vec<String>,
}

/// Reads the blocks; lines that begin with `#` are remarks.
pub(super) fn parse(text: &str) -> Outcome<Vec<Fault>> {
    let text: String =
        text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    blocks.map(|block| fault(block).ok_or_else(|| format!("no fault:\n{block}"))).collect()
}

fn fault(block: &str) -> Option<Fault> {
    let mut lines = block.lines();
    let rule = lines.next()?.strip_prefix("rule: ")?.to_owned();
    let file = lines.next()?.strip_prefix("file: ")?.to_owned();
    let mut changes: Vec<Change> = Vec::new();
    for line in lines {
        let (sign, line) = line.split_at_checked(1)?;
        let line = line.trim().to_owned();
        match (sign, changes.last_mut()) {
            ("+", Some(change)) => change.after.push(line),
            ("-", Some(change)) if change.after.is_empty() => change.before.push(line),
            ("-", _) => changes.push(Change { before: vec![line], after: Vec::new() }),
            _ => return None,
        }
    }
    (!changes.is_empty()).then_some(Fault { rule, file, changes })
}

impl Fault {
    /// The source with this fault in it.
    ///
    /// # Errors
    ///
    /// If one of its places is not there, or is more than one.
    pub(super) fn apply(&self, source: &str) -> Outcome<String> {
        self.changes.iter().try_fold(source.to_owned(), |source, change| change.apply(&source))
    }
}

impl Change {
    fn apply(&self, source: &str) -> Outcome<String> {
        let lines: Vec<_> = source.lines().collect();
        let is_here = |at: &usize| {
            let here = lines[*at..].iter().map(|line| line.trim());
            here.take(self.before.len()).eq(self.before.iter().map(String::as_str))
        };
        let places: Vec<_> = (0..lines.len()).filter(is_here).collect();
        let [at] = places[..] else {
            return Err(format!("{} is found {} times", self.before.join("\n"), places.len()));
        };
        let after = self.after.iter().map(String::as_str);
        let rest = lines[at + self.before.len()..].iter().copied();
        let broken = lines[..at].iter().copied().chain(after).chain(rest);
        Ok(broken.flat_map(|line| [line, "\n"]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Remark.\n\nrule: one is one\nfile: a.rs\n-    1;\n+    2;\n\n\
                         rule: b comes last\nfile: b.rs\n- a\n- b\n+\n- d\n+ e\n";

    #[test]
    fn a_table_is_read_block_by_block() {
        let faults = parse(TABLE).expect("a table");
        let rules: Vec<_> = faults.iter().map(|fault| (&*fault.rule, &*fault.file)).collect();
        assert_eq!(rules, [("one is one", "a.rs"), ("b comes last", "b.rs")]);
        assert!(parse("rule: nothing\nfile: a.rs\n").is_err());
        assert!(parse("file: a.rs\n- 1\n").is_err());
    }

    #[test]
    fn a_fault_takes_the_place_of_lines_that_are_there_once() {
        let faults = parse(TABLE).expect("a table");
        assert_eq!(faults[0].apply("0;\n  1;\n3;\n"), Ok("0;\n2;\n3;\n".to_owned()));
        assert_eq!(faults[1].apply("a\nb\nc\nd\n"), Ok("\nc\ne\n".to_owned()));
        assert!(faults[0].apply("1;\n1;\n").is_err());
        assert!(faults[1].apply("b\na\nd\n").is_err());
    }
}
