//! The fuzz targets of the driver once more, over what is kept of their inputs: no fuzzer needed. Those
//! of the core are with the core.

#[path = "../../../fuzz/bodies/edge.rs"]
mod edge;
#[path = "../../../fuzz/bodies/frames.rs"]
mod frames;
#[path = "../../../fuzz/bodies/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn frames_of_clients() {
    replay("frames", frames::run);
}

#[test]
fn requests() {
    replay("edge", edge::run);
}
