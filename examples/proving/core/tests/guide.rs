//! What the guide shows stands in the code.

use std::fs;
use std::path::Path;

/// The blocks of Rust in the guide, each as its lines.
fn blocks(guide: &str) -> Vec<Vec<&str>> {
    let mut blocks = Vec::new();
    let mut lines = guide.lines();
    while lines.any(|line| line == "```rust") {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").collect());
    }
    blocks
}

#[test]
fn every_block_of_code_in_the_guide_is_from_here() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [
        "core/src/act.rs",
        "core/src/house.rs",
        "core/src/moderated.rs",
        "core/tests/proof.rs",
        "sim/src/lib.rs",
        "sim/tests/proof.rs",
    ];
    let sources = files.map(|file| fs::read_to_string(here.join(file)).expect(file));
    let blocks = blocks(include_str!("../../../../docs/proving-rooms.md"));
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for block in blocks {
        let is_in = |source: &String| {
            let lines: Vec<_> = source.lines().collect();
            lines.windows(block.len()).any(|window| window == block)
        };
        assert!(sources.iter().any(is_in), "this is in no file:\n{}", block.join("\n"));
    }
}
