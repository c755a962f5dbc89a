//! `cargo xtask faults`: breaks one rule after the other in a copy of the sources, and shows which tests
//! notice; see `docs/proof.md`.

mod scratch;
mod table;

use self::scratch::Scratch;
use self::table::Fault;
use crate::Outcome;
use crate::args::Args;
use crate::layout;

/// What is broken, and by which tests it is to be noticed: the first that fail end the search.
const GROUPS: [(&str, &[&str]); 2] = [
    (
        "rules",
        &[
            "-p klatch-core --lib",
            "-p klatch-core --tests",
            "-p klatch-driver --lib",
            "-p klatch-sim --all-features --tests",
        ],
    ),
    ("threads", &["-p klatch-explore --test threads"]),
];

/// In how many orders each scene of threads is played: some mistakes show in one of several hundred.
const SCHEDULES: &str = "1000";

/// How many seconds tests may take that a fault may keep from coming to an end.
const PATIENCE: u32 = 300;

/// How many of the tests that noticed are named.
const NAMED: usize = 4;

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let group = args.option("--group")?;
    let only = args.at_most("RULE")?.unwrap_or_default();
    let scratch = Scratch::new()?;
    let mut survived = Vec::new();
    for (name, suites) in GROUPS {
        if group.as_ref().is_some_and(|group| group != name) {
            continue;
        }
        for fault in read(name)?.iter().filter(|fault| fault.rule.contains(&only)) {
            println!("{}: {}", fault.file, fault.rule);
            if let Some(tests) = caught(&scratch, fault, suites)? {
                println!("    caught by {}", listed(&tests));
            } else {
                println!("    SURVIVED");
                survived.push(fault.rule.clone());
            }
        }
    }
    if survived.is_empty() { Ok(()) } else { Err(format!("not caught: {}", survived.join("; "))) }
}

fn read(group: &str) -> Outcome<Vec<Fault>> {
    let path = layout::existing(&format!("xtask/faults/{group}.txt"))?;
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    table::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
}

/// The tests that fail with this fault; `None` if none does.
fn caught(scratch: &Scratch, fault: &Fault, suites: &[&str]) -> Outcome<Option<Vec<String>>> {
    let broken = scratch.broken(fault)?;
    for suite in suites {
        let built = scratch.cargo(&format!("test --no-run {suite}")).keep()?;
        if !built.success {
            return Err(format!("`{}` does not compile:\n{}", fault.rule, built.output));
        }
        let tests = scratch.within(PATIENCE, &format!("test --no-fail-fast {suite}"));
        let ended = tests.env("KLATCH_SCHEDULES", SCHEDULES).keep()?;
        if !ended.success {
            drop(broken);
            return Ok(Some(failed(&ended.output)));
        }
    }
    Ok(None)
}

/// The tests that the output says failed; none if they came to no end, or broke down as a whole.
fn failed(output: &str) -> Vec<String> {
    let name =
        |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
    output.lines().filter_map(name).collect()
}

fn listed(tests: &[String]) -> String {
    if tests.is_empty() {
        return "tests that come to no end".to_owned();
    }
    let named = tests.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let named = named.join(", ");
    match tests.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_once_in_the_sources() {
        for (group, _) in GROUPS {
            let faults = read(group).expect("a table");
            assert!(!faults.is_empty());
            for fault in faults {
                let source = std::fs::read_to_string(layout::root().join(&fault.file));
                let broken = fault.apply(&source.expect("a file of the repository"));
                assert!(broken.is_ok(), "{group}: {}: {broken:?}", fault.rule);
            }
        }
    }

    #[test]
    fn tests_that_failed_are_found_in_what_cargo_prints() {
        let output = "test a::b ... ok\ntest a::c ... FAILED\n\nfailures:\n    a::c\n";
        assert_eq!(failed(output), ["a::c"]);
        assert_eq!(listed(&failed(output)), "`a::c`");
        let many: Vec<_> = (0..6).map(|nth| nth.to_string()).collect();
        assert_eq!(listed(&many), "`0`, `1`, `2`, `3` and 2 more");
    }
}
