#![no_main]

#[path = "../bodies/msgpack.rs"]
mod msgpack;

libfuzzer_sys::fuzz_target!(|data: &[u8]| msgpack::run(data));
