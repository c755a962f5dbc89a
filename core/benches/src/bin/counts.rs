//! One case, run once: `cargo xtask count` runs it under valgrind, which counts what happens in
//! [`counted`]. Without a name, all cases and how many elements a run of each has.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use klatch_core_benches::{Work, cases};

fn main() -> ExitCode {
    let Some(name) = env::args().nth(1) else {
        for case in cases() {
            println!("{}\t{case}", case.elements());
        }
        return ExitCode::SUCCESS;
    };
    let Some(case) = cases().into_iter().find(|case| case.to_string() == name) else {
        eprintln!("no case `{name}`");
        return ExitCode::FAILURE;
    };
    let mut work = case.work();
    // The first run fills lists, and what the allocator keeps at hand: a server does that once.
    work.prepare();
    work.run();
    work.prepare();
    counted(&mut *work);
    ExitCode::SUCCESS
}

/// The counter knows it by its name.
#[inline(never)]
fn counted(work: &mut dyn Work) {
    work.run();
}
