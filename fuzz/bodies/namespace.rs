//! Two namespaces and four people: rooms, broadcasts, acks and recovery, against the model of the kit and
//! a list each of what was asked and of what was said.
//!
//! An input is a letter for each thing that happens, and what belongs to it, as `Reader` has them: who
//! is a letter from `a` to `d`. What it does not know is nothing.

#[path = "namespace/absence.rs"]
mod absence;
#[allow(dead_code, reason = "the properties of rooms draw histories, too")]
#[path = "../../core/tests/rooms_model/acts.rs"]
mod acts;
#[path = "../../core/tests/rooms_model/events.rs"]
mod events;
#[path = "../../core/tests/acks_model/model.rs"]
mod questions;
#[path = "namespace/steps.rs"]
mod steps;
#[path = "namespace/watch.rs"]
mod watch;
#[allow(dead_code, reason = "the properties of rooms ask for more")]
#[path = "../../core/tests/rooms_model/world.rs"]
mod world;

use steps::Reader;
use watch::Watch;

pub(crate) fn run(input: &[u8]) {
    let (mut reader, mut watch) = (Reader::new(input), Watch::new());
    while let Some(step) = reader.next() {
        watch.step(&step);
    }
    watch.end();
}
