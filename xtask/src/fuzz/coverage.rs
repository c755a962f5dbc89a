//! What of the core no input of the corpora reaches, by the compiler's own counters.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::apt::on_path;
use crate::command::Line;
use crate::{Outcome, layout};

/// The tests that replay corpora, by package.
const REPLAYS: [&str; 2] = ["klatch-core", "klatch-sim"];
const TEST: &str = "corpus";
/// Whose lines are looked at.
const LOOKED_AT: &str = "core/src/";
/// The kit is what the core is held against: what of it the targets use is no matter.
const LEFT_OUT: &str = "core/src/testing/";

/// Replays the corpora and lists the lines that were not run.
pub(super) fn list() -> Outcome {
    let root = layout::root();
    let [merge, export] = tools()?;
    let folder = layout::target()?.join("coverage");
    let mut programs = Vec::new();
    let mut merged = Line::new(&root, &merge).arg("merge").arg("-sparse");
    for package in REPLAYS {
        let profile = folder.join(format!("{package}.profraw"));
        let program = build(package, &folder)?;
        let mut replay = Line::new(&root, "env").arg(&program).env("LLVM_PROFILE_FILE", &profile);
        let ended = replay.keep()?;
        if !ended.success {
            return Err(ended.output);
        }
        merged = merged.arg(profile);
        programs.push(program);
    }
    let profile = folder.join("merged.profdata");
    merged.arg("-o").arg(&profile).read()?;
    let mut exported = Line::new(&root, &export)
        .arg("export")
        .arg("-format=lcov")
        .arg(format!("-instr-profile={}", profile.display()));
    for program in &programs {
        exported = exported.arg("-object").arg(program);
    }
    print!("{}", Lines::of(&exported.read()?, &root).told());
    Ok(())
}

/// The programs that read the counters: of the LLVM that the compiler is built with, or they do not
/// understand them.
fn tools() -> Outcome<[String; 2]> {
    let version = Line::new(&layout::root(), "rustc -vV").read()?;
    let llvm = version.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = llvm.and_then(|llvm| llvm.split('.').next()).unwrap_or_default();
    let tools = ["llvm-profdata", "llvm-cov"].map(|tool| format!("{tool}-{major}"));
    match tools.iter().find(|tool| on_path(tool).is_none()) {
        Some(missing) => {
            Err(format!("`{missing}` is missing: Debian's package llvm-{major} has it"))
        }
        None => Ok(tools),
    }
}

/// The test program of a package, with counters, apart from the developer's own builds.
fn build(package: &str, folder: &Path) -> Outcome<PathBuf> {
    let words = format!("cargo test --package {package} --test {TEST} --no-run");
    let line = Line::new(&layout::root(), &words)
        .arg("--message-format=json")
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", "-C instrument-coverage")
        // What runs while something is built has counters, too.
        .env("LLVM_PROFILE_FILE", folder.join("of-the-build.profraw"));
    let messages = line.read()?;
    let mut programs = messages.lines().filter_map(|message| {
        let (_, rest) = message.split_once(r#""executable":""#)?;
        rest.split('"').next()
    });
    let program = programs.next().ok_or_else(|| format!("{package}: nothing was built"))?;
    Ok(PathBuf::from(program))
}

/// How often each line was run, by file.
#[derive(Default)]
struct Lines(BTreeMap<String, BTreeMap<u32, u64>>);

impl Lines {
    /// Reads the form of `lcov`.
    fn of(lcov: &str, root: &Path) -> Self {
        let (mut lines, mut file) = (Self::default(), None);
        for line in lcov.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let path = Path::new(path).strip_prefix(root).unwrap_or(Path::new(path));
                let path = path.to_string_lossy().into_owned();
                let is_looked_at = path.starts_with(LOOKED_AT) && !path.starts_with(LEFT_OUT);
                file = is_looked_at.then(|| lines.0.entry(path).or_default());
            } else if let (Some(file), Some(data)) = (&mut file, line.strip_prefix("DA:"))
                && let Some((number, count)) = data.split_once(',')
                && let (Ok(number), Ok(count)) = (number.parse(), count.parse::<u64>())
            {
                *file.entry(number).or_default() += count;
            }
        }
        lines
    }

    /// The lines that were not run, with what stands there, and how many were.
    fn told(&self) -> String {
        let (mut told, mut all, mut reached) = (String::new(), 0, 0);
        let mut tell = |line: String| writeln!(told, "{line}").expect("a String takes all");
        for (file, lines) in &self.0 {
            let missed = lines.iter().filter(|(_, count)| **count == 0).map(|(number, _)| *number);
            let missed: Vec<_> = missed.collect();
            all += lines.len();
            reached += lines.len() - missed.len();
            if missed.is_empty() {
                continue;
            }
            tell(format!("{file}: {} of {}", missed.len(), lines.len()));
            let text = fs::read_to_string(layout::root().join(file)).unwrap_or_default();
            let text: Vec<_> = text.lines().collect();
            for number in missed {
                tell(format!("{number:>6}  {}", text.get(number as usize - 1).unwrap_or(&"")));
            }
        }
        tell(format!("{reached} of {all} lines of the core are reached"));
        told
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Lines;

    #[test]
    fn lines_are_counted_over_all_programs() {
        let lcov = "SF:/k/core/src/a.rs\nDA:1,0\nDA:2,3\nDA:3,0\nend_of_record\n\
                    SF:/k/core/src/testing/b.rs\nDA:1,0\nend_of_record\n\
                    SF:/k/core/src/a.rs\nDA:1,1\nDA:3,0\nend_of_record\n";
        let told = Lines::of(lcov, Path::new("/k")).told();
        let mut lines = told.lines();
        assert_eq!(lines.next(), Some("core/src/a.rs: 1 of 3"));
        assert!(lines.next().is_some_and(|line| line.trim() == "3"));
        assert_eq!(lines.next(), Some("2 of 3 lines of the core are reached"));
    }
}
