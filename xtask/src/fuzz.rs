//! `cargo xtask fuzz`: the fuzz targets in turn, each for a while, and what became of it.

mod coverage;

use std::fmt;
use std::fs;
use std::num::NonZero;

use crate::args::Args;
use crate::command::Line;
use crate::{Outcome, layout};

const FOLDER: &str = "fuzz";
/// Minutes for each target, unless given.
const MINUTES: NonZero<u64> = NonZero::new(2).unwrap();
/// An input that takes longer is a hang, in seconds: the slowest of all takes a hundredth of it.
const HANG: u32 = 10;
/// Megabytes beyond which a target has grown: all of them stay below a quarter of it.
const GROWTH: u32 = 1024;

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    if args.flag("--coverage") {
        let [] = args.rest([])?;
        return coverage::list();
    }
    let minutes = args.option("--minutes")?.map_or(Ok(MINUTES), |minutes| minutes.parse());
    let minutes = minutes.map_err(|why| format!("--minutes: {why}"))?;
    let chosen = args.option("--target")?;
    let [] = args.rest([])?;
    let targets = targets(chosen.as_deref())?;

    let root = layout::root();
    Line::new(&root, "cargo fuzz build --sanitizer none").show()?;
    let mut faults = Vec::new();
    println!("{}", Report::HEAD);
    for target in &targets {
        let (report, fault) = fuzz(target, minutes)?;
        println!("| {target} | {report} |");
        faults.extend(fault);
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Those that have a corpus, or the one that was chosen of them.
fn targets(chosen: Option<&str>) -> Outcome<Vec<String>> {
    let corpora = layout::existing(FOLDER)?.join("corpus");
    let entries = fs::read_dir(corpora).map_err(|why| why.to_string())?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    match chosen {
        None => Ok(names),
        Some(name) if names.iter().any(|it| it == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(format!("no target `{name}`: choose one of {}", names.join(", "))),
    }
}

/// Runs a target. What it finds that is new is kept, and comes first the next time.
fn fuzz(target: &str, minutes: NonZero<u64>) -> Outcome<(Report, Option<String>)> {
    let folder = layout::existing(FOLDER)?;
    let of = |name: &str| folder.join(name).join(target);
    let (found, artifacts) = (of("found"), of("artifacts"));
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    }
    let program = folder.join("target").join(host()?).join("release").join(target);
    let mut line = Line::new(&folder, "env")
        .arg(program)
        .arg(&found)
        .arg(of("corpus"))
        .arg(format!("-max_total_time={}", minutes.get() * 60))
        .arg(format!("-timeout={HANG}"))
        .arg(format!("-rss_limit_mb={GROWTH}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1");
    let ended = line.keep()?;
    let fault = || {
        let last: Vec<_> = ended.output.lines().rev().take(30).collect();
        let last: Vec<_> = last.into_iter().rev().collect();
        format!("{target}:\n{}\nto repeat it:\n  {line}", last.join("\n"))
    };
    Ok((Report::of(&ended.output), (!ended.success).then(fault)))
}

/// What this machine is, in the words of the compiler: cargo-fuzz names its folder so.
fn host() -> Outcome<String> {
    let version = Line::new(&layout::root(), "rustc -vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what it runs on".to_owned())
}

/// What a target says of itself at the end; what it did not say is a dash.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    inputs: Option<String>,
    per_second: Option<String>,
    /// Edges of the code that inputs have reached.
    covered: Option<String>,
    /// Inputs that reached something new.
    new: Option<String>,
    megabytes: Option<String>,
    slowest: Option<String>,
}

impl Report {
    const HEAD: &str = "\
| target | inputs | a second | edges | new inputs | peak MB | slowest, s |
|---|---|---|---|---|---|---|";

    fn of(output: &str) -> Self {
        let stat = |name: &str| {
            let line =
                output.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            line.and_then(|rest| rest.strip_prefix(':')).map(|value| value.trim().to_owned())
        };
        let words: Vec<_> = output.split_whitespace().collect();
        let covered = words.windows(2).rev().find(|two| two[0] == "cov:").map(|two| two[1]);
        Self {
            inputs: stat("number_of_executed_units"),
            per_second: stat("average_exec_per_sec"),
            covered: covered.map(str::to_owned),
            new: stat("new_units_added"),
            megabytes: stat("peak_rss_mb"),
            slowest: stat("slowest_unit_time_sec"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, per_second, covered, new, megabytes, slowest } = self;
        let cells = [inputs, per_second, covered, new, megabytes, slowest];
        f.write_str(&cells.map(|cell| cell.as_deref().unwrap_or("-")).join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn the_report_is_what_the_fuzzer_says_last() {
        let output = "\
            #2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #700\tDONE   cov: 312 ft: 900 corp: 40/1Kb exec/s: 350 rss: 31Mb\n\
            stat::number_of_executed_units: 700\n\
            stat::average_exec_per_sec:     350\n\
            stat::new_units_added:          39\n\
            stat::slowest_unit_time_sec:    0\n\
            stat::peak_rss_mb:              31\n";
        assert_eq!(Report::of(output).to_string(), "700 | 350 | 312 | 39 | 31 | 0");
        assert_eq!(Report::of("killed").to_string(), "- | - | - | - | - | -");
    }
}
