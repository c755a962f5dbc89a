//! `cargo xtask simulate`: histories from many seeds, for as long as there is time.

use crate::args::Args;
use crate::command::Line;
use crate::{Outcome, layout};

/// The campaign of the driver's server and its clients, and that of the core's rooms.
const SIM: &str = "--package klatch-sim --test simulation";
const CORE: &str = "--package klatch-core --all-features --test rooms_model";

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let minutes = args.option("--minutes")?;
    let seeds = args.option("--seeds")?;
    let trace = args.option("--trace")?;
    let of = if args.flag("--core") { CORE } else { SIM };
    let [] = args.rest([])?;

    let test =
        format!("cargo test --profile simulate {of} -- --ignored --exact campaign --nocapture");
    let mut line = Line::new(&layout::root(), &test);
    let settings =
        [("SIMULATE_MINUTES", minutes), ("SIMULATE_SEEDS", seeds), ("SIMULATE_TRACE", trace)];
    for (name, value) in settings {
        if let Some(value) = value {
            line = line.env(name, value);
        }
    }
    line.show()
}
