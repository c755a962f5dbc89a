//! What the core does all day, as cases that can be timed and counted alike.
//!
//! Everything is fixed: keys, ids, times and texts. Two runs of a case do the same, to the
//! instruction.

#![forbid(unsafe_code)]

mod broadcast;
mod case;
mod client;
mod crowd;
mod decode;
mod echo;
mod encode;
mod rooms;
mod select;
mod timers;

pub use case::{Case, Work};

/// All cases. None is set up before it is asked for its [`work`](Case::work).
pub fn cases() -> Vec<Case> {
    let groups = [
        broadcast::cases(),
        decode::cases(),
        echo::cases(),
        encode::cases(),
        rooms::cases(),
        select::cases(),
        timers::cases(),
    ];
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::cases;

    #[test]
    fn a_case_is_found_by_its_name() {
        let cases = cases();
        let names: BTreeSet<_> = cases.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), cases.len());
        // It stands in a table of columns.
        assert!(names.iter().all(|name| name.is_ascii() && name.len() < 40), "{names:?}");
    }

    /// The work checks itself: that packets are packets, and a list as long as its name says.
    #[test]
    fn a_case_can_be_run_again() {
        for case in cases() {
            let mut work = case.work();
            for _ in 0..3 {
                work.prepare();
                work.run();
            }
        }
    }
}
