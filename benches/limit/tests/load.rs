//! The load generator and the limits understand each other: every delivery is counted and comes
//! in its order. What they measure here means nothing.

use std::io;

/// The tables of a short round on both limits.
fn measure(scenario: &str) -> io::Result<String> {
    let limit = env!("CARGO_BIN_EXE_klatch-limit");
    let line = format!("none {scenario} limit,limit-coalesce 1 --seconds 0.1 --unpinned --limit");
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    words.push(limit.to_owned());
    let mut tables = Vec::new();
    klatch_load::run(&words, &mut tables)?;
    Ok(String::from_utf8(tables).expect("tables are text"))
}

#[test]
fn everything_is_delivered_in_order() {
    for scenario in ["echo", "ack", "rooms", "fanout-4k", "paced"] {
        let tables = measure(scenario).expect("a round");
        for server in ["limit", "limit-coalesce"] {
            let row = tables.lines().find(|line| line.starts_with(&format!("| {server} |")));
            let row = row.unwrap_or_else(|| panic!("no row for {server}: {tables}"));
            assert!(row.ends_with("| 0 |"), "out of order: {row}");
        }
    }
}
