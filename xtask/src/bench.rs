//! `cargo xtask bench`: what the runtimes cost, side by side.

use crate::args::{Args, RUNTIMES};
use crate::command::Line;
use crate::{Outcome, layout};

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let rounds = args.option("--rounds")?.unwrap_or_else(|| "5".to_owned());
    let runtimes = args.option("--runtimes")?.unwrap_or_else(|| RUNTIMES.join(","));
    let [scenarios] = args.rest(["SCENARIO,.."])?;
    let root = layout::root();
    Line::new(&root, "cargo build --release --example apps --all-features").show()?;
    Line::new(&root, "cargo run --release --package klatch-load --")
        .arg(layout::target()?.join("release/examples/apps"))
        .arg(scenarios)
        .arg(runtimes)
        .arg(rounds)
        .show()
}
