#![no_main]

#[path = "../bodies/edge.rs"]
mod edge;

libfuzzer_sys::fuzz_target!(|data: &[u8]| edge::run(data));
