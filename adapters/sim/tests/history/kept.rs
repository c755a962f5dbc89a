//! Seeds that once went wrong, one in a line, each with what went wrong then: they are tried for ever.

use std::fs::OpenOptions;
use std::io::Write as _;

const KEPT: &str = include_str!("../seeds/histories.txt");
const KEPT_AT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seeds/histories.txt");

pub(crate) fn kept() -> Vec<u64> {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.filter_map(|line| line.split_whitespace().next());
    seeds.map(|seed| seed.parse().expect("a line begins with a seed")).collect()
}

/// Keeps another, unless it is kept.
pub(crate) fn keep(seed: u64, why: &str) {
    if kept().contains(&seed) {
        return;
    }
    let line = format!("{seed} {}\n", why.lines().next().unwrap_or_default());
    let file = OpenOptions::new().append(true).open(KEPT_AT);
    if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
        println!("it could not be kept in {KEPT_AT}: {error}");
    }
}
