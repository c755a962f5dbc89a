//! Whole histories of clients and servers, with everything that a network does to them: a few here, as
//! many as there is time for by `cargo xtask simulate`.

#[path = "../../../core/tests/campaign/mod.rs"]
mod campaign;
mod history;
#[path = "history/kept.rs"]
mod kept;
#[path = "history/memory.rs"]
mod memory;
mod seeds;

use std::panic::catch_unwind;

use crate::campaign::Campaign;
use crate::history::Tally;
use crate::kept::{keep, kept};
use crate::seeds::seeds;

/// Whatever happens: each gets what is for it, once and in order, while its connection lasts or it
/// comes back in time; nobody gets anything else; every socket connects once and disconnects once, for
/// a reason that there was; and when all have gone, nothing of them is left.
#[test]
fn histories_are_as_they_should_be_whatever_the_network_does() {
    let mut tally = Tally::default();
    for seed in 0..seeds(40) {
        tally += history::run_short(seed);
    }
    for seed in kept() {
        history::run(seed);
    }
    eprintln!("{tally:?}");
    // Had it looked at nothing, it would have passed, too.
    assert!(tally.operations() > 25_000 && tally.heard > 6_500, "{tally:?}");
    assert!(tally.failed > 1_000 && tally.recovered > 50 && tally.answers > 1_625, "{tally:?}");
}

#[test]
fn a_history_follows_from_its_seed() {
    assert_eq!(history::run_short(7), history::run_short(7));
}

#[test]
#[ignore = "it takes as long as it is given: cargo xtask simulate"]
fn campaign() {
    let (mut campaign, mut tally) = (Campaign::begin(), Tally::default());
    let mut failed = Vec::new();
    while let Some(seed) = campaign.next(tally.operations(), tally) {
        match catch_unwind(|| history::run(seed)) {
            Ok(of_one) => tally += of_one,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let why =
                    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                println!("seed {seed} FAILED: {why}\nagain: cargo xtask simulate --seeds {seed}");
                keep(seed, why);
                failed.push(seed);
            }
        }
    }
    println!("{tally:?}");
    assert!(failed.is_empty(), "of the seeds {:?}, {failed:?} went wrong", campaign.tried());
    println!("seeds {:?}: nothing went wrong", campaign.tried());
}
