//! `cargo xtask count`: how many instructions the core takes. Another load on the machine changes
//! the time that they take, and not their number.

use std::env::consts::{ARCH, OS};
use std::fmt::Write as _;
use std::fs;

use crate::apt::{self, on_path};
use crate::args::Args;
use crate::baseline::{Baseline, Comparison, Counts};
use crate::command::Line;
use crate::step::Record;
use crate::{Outcome, layout};

const VALGRIND: &str = "valgrind";
const PROGRAM: &str = "klatch-core-counts";
/// The function of that program which is counted, with all that it calls.
const COUNTED: &str = "*klatch_core_counts*counted*";
/// The C library copies memory in the way that suits the processor. These are what processors
/// differ in: without them, all take as many instructions.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS";

const BASELINE: &str = "core/benches/baseline.txt";
/// Other processors take other instructions: a count of theirs says nothing about these.
const BASELINE_IS_FOR: (&str, &str) = ("x86_64", "linux");

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let write = args.flag("--write");
    let [] = args.rest([])?;
    let mut record = Record::default();
    if let Some(why) = obstacle(&mut record)? {
        return Err(format!("nothing is counted: {why}"));
    }
    let before = baseline();
    if !write {
        before.as_ref().map_err(String::clone)?;
    }
    let today = measure(&mut record)?;
    // The first baseline of all has none to be compared with.
    let before = before.as_ref().unwrap_or(&today);
    let comparison = Comparison { today: &today, before };
    println!("{comparison}");
    if write {
        let written = fs::write(layout::root().join(BASELINE), today.to_string());
        return written.map_err(|error| format!("{BASELINE}: {error}"));
    }
    for remark in remarks(&comparison) {
        println!("{remark}");
    }
    judge(&comparison)
}

/// The same as a step of the tests.
pub(crate) fn check(record: &mut Record) -> Outcome {
    if let Some(why) = obstacle(record)? {
        record.note(format!("not checked: counts; {why}"));
        return Ok(());
    }
    let (before, today) = (baseline()?, measure(record)?);
    let comparison = Comparison { today: &today, before: &before };
    for remark in remarks(&comparison) {
        record.note(remark);
    }
    judge(&comparison)?;
    record.note(format!("{} cases, {}", today.counts.len(), comparison.summary()));
    Ok(())
}

/// Why nothing can be counted here, if so. Installs the counter where that needs nobody's leave.
fn obstacle(record: &mut Record) -> Outcome<Option<String>> {
    if (ARCH, OS) != BASELINE_IS_FOR {
        let (arch, os) = BASELINE_IS_FOR;
        return Ok(Some(format!("the baseline is for {os} on {arch}, and this is {OS} on {ARCH}")));
    }
    if on_path(VALGRIND).is_some() {
        return Ok(None);
    }
    let Some(lines) = apt::install(&layout::root(), VALGRIND) else {
        return Ok(Some(format!("install the package `{VALGRIND}`")));
    };
    for line in lines {
        record.run(line)?;
    }
    Ok(None)
}

fn measure(record: &mut Record) -> Outcome<Baseline> {
    let run = format!("run --quiet --profile bench --package klatch-core-benches --bin {PROGRAM}");
    let cases = Line::new(&layout::root(), &format!("cargo {run}")).read()?;
    let mut counts = Counts::new();
    for line in cases.lines() {
        let (elements, case) = case(line)?;
        let output = record.run(valgrind("/dev/null", case)?)?;
        let count = collected(&output).ok_or_else(|| format!("`{case}`: no count in\n{output}"))?;
        counts.insert(case.to_owned(), count / elements);
    }
    Ok(Baseline { toolchain: toolchain()?, counts })
}

/// Counts one case. Each has a process of its own, so that none depends on what another left on
/// the heap.
fn valgrind(file: &str, case: &str) -> Outcome<Line> {
    let line = Line::new(&layout::root(), VALGRIND)
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={file}"))
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(layout::target()?.join("release").join(PROGRAM))
        .arg(case);
    Ok(line.env("GLIBC_TUNABLES", TUNABLES))
}

/// How many elements a case has, and its name, as the program lists them.
fn case(line: &str) -> Outcome<(f64, &str)> {
    let parts = line.split_once('\t');
    let case = parts.and_then(|(elements, case)| Some((elements.parse().ok()?, case)));
    case.ok_or_else(|| format!("{PROGRAM} lists what is no case: {line:?}"))
}

/// What callgrind says at the end. Nothing is collected if it did not find the function.
fn collected(output: &str) -> Option<f64> {
    let (_, rest) = output.split_once("Collected : ")?;
    let count = rest.split_whitespace().next()?.parse().ok()?;
    (count > 0.0).then_some(count)
}

/// What the counts depend on beside the code.
fn toolchain() -> Outcome<String> {
    let root = layout::root();
    let rustc = Line::new(&root, "rustc --version").read()?;
    let libc = Line::new(&root, "getconf GNU_LIBC_VERSION").read();
    let libc = libc.unwrap_or_else(|_| "another libc than glibc".to_owned());
    let valgrind = Line::new(&root, VALGRIND).arg("--version").read()?;
    Ok([rustc, libc, valgrind].map(|it| it.trim().to_owned()).join(", "))
}

fn baseline() -> Outcome<Baseline> {
    let text = fs::read_to_string(layout::existing(BASELINE)?).map_err(|why| why.to_string())?;
    Baseline::parse(&text).map_err(|why| format!("{BASELINE}: {why}"))
}

/// What to know that is no fault.
fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks: Vec<_> = comparison.other_toolchain().into_iter().collect();
    let gains = comparison.gains();
    if !gains.is_empty() {
        remarks.extend(gains);
        remarks.push("to keep what was gained: cargo xtask count --write".to_owned());
    }
    remarks
}

fn judge(comparison: &Comparison) -> Outcome {
    let faults = comparison.faults();
    if faults.is_empty() {
        return Ok(());
    }
    let mut why = format!("the core's counts are not those of {BASELINE}:\n");
    let mut add = |line: String| writeln!(why, "{line}").expect("a String takes all");
    for fault in &faults {
        add(format!("  {fault}"));
    }
    if let Some(grown) = faults.iter().find(|it| comparison.today.counts.contains_key(it.case)) {
        let file = layout::target()?.join("callgrind.out").display().to_string();
        let line = valgrind(&file, grown.case)?;
        add(format!("where they go:\n  {line} && callgrind_annotate {file}"));
    }
    add("if they are well spent:\n  cargo xtask count --write".to_owned());
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::{case, collected};

    #[test]
    fn a_case_is_listed_with_its_elements() {
        assert_eq!(case("1000\tdecode: event of 2 B"), Ok((1000.0, "decode: event of 2 B")));
        assert!(case("decode: event of 2 B").is_err());
    }

    #[test]
    fn the_count_is_what_callgrind_collected() {
        let output = "==7== Events    : Ir\n==7== Collected : 80319\n==7== \n";
        assert_eq!(collected(output), Some(80_319.0));
        assert_eq!(collected(&output.replace("80319", "0")), None, "the function was not found");
        assert_eq!(collected("valgrind: Fatal error"), None);
    }
}
