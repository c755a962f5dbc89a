#![no_main]

#[path = "../bodies/namespace.rs"]
mod namespace;

libfuzzer_sys::fuzz_target!(|data: &[u8]| namespace::run(data));
