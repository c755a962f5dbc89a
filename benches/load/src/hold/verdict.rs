//! What was to hold, and whether it does.

use std::fmt;
use std::io::{self, Write};

/// Claims, each with what was seen.
#[derive(Default)]
pub(crate) struct Verdict(Vec<Claim>);

struct Claim {
    text: String,
    holds: bool,
}

impl Verdict {
    /// One more claim: what was seen, and whether that is as it should be.
    pub(crate) fn claim(&mut self, holds: bool, seen: impl fmt::Display) {
        self.0.push(Claim { text: seen.to_string(), holds });
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.iter().all(|claim| claim.holds)
    }

    /// Prints it; an error if something does not hold.
    pub(crate) fn conclude(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        for Claim { text, holds } in &self.0 {
            writeln!(out, "  {}  {text}", if *holds { "ok    " } else { "FAILED" })?;
        }
        let verdict = if self.holds() { "holds" } else { "DOES NOT HOLD" };
        writeln!(out, "{name}: {verdict}")?;
        if self.holds() { Ok(()) } else { Err(io::Error::other(format!("{name} does not hold"))) }
    }
}

/// Such as `12.3 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::{Verdict, megabytes};

    #[test]
    fn it_holds_if_all_of_it_does() {
        let mut verdict = Verdict::default();
        let mut out = Vec::new();
        verdict.claim(true, "nobody was lost");
        assert!(verdict.conclude("storm", &mut out).is_ok());
        verdict.claim(false, "memory grew");
        out.clear();
        assert!(verdict.conclude("storm", &mut out).is_err());
        let text = String::from_utf8(out).expect("it is text");
        assert_eq!(
            text,
            "  ok      nobody was lost\n  FAILED  memory grew\nstorm: DOES NOT HOLD\n"
        );
        assert_eq!(megabytes(12_340_000), "12.3 MB");
    }
}
