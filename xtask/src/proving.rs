//! The code of the guide to proving rooms, as somebody would have it who depends on klatch: it finds
//! what it is to find, and the guide shows what it prints.

use std::fs;

use crate::Outcome;
use crate::command::Line;
use crate::layout;
use crate::step::Record;

const WORKSPACE: &str = "examples/proving";

pub(crate) fn check(record: &mut Record) -> Outcome {
    let dir = layout::existing(WORKSPACE)?;
    // With the repository's versions and its target folder, it fetches nothing, and builds little
    // that is not there.
    fs::copy(layout::existing("Cargo.lock")?, dir.join("Cargo.lock"))
        .map_err(|error| error.to_string())?;
    let target = layout::target()?;
    let cargo = |rest| Line::new(&dir, &format!("cargo {rest}")).env("CARGO_TARGET_DIR", &target);
    record.run(cargo("fmt --all --check"))?;
    record.run(cargo("clippy --all-targets -- -D warnings"))?;
    record.run(cargo("test")).map(drop)
}
