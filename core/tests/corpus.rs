//! The fuzz targets once more, over what is kept of their inputs: no fuzzer needed.

#[path = "../../fuzz/bodies/msgpack.rs"]
mod msgpack;
#[path = "../../fuzz/bodies/packet.rs"]
mod packet;
#[path = "../../fuzz/bodies/payload.rs"]
mod payload;

use std::fs;
use std::panic;
use std::path::Path;

#[test]
fn messages() {
    replay("msgpack", msgpack::run);
}

#[test]
fn packets() {
    replay("packet", packet::run);
}

#[test]
fn payloads() {
    replay("payload", payload::run);
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = fs::read_dir(&corpus).expect("each target has a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let input = fs::read(&path).expect("an input is a file");
        let result = panic::catch_unwind(|| run(&input));
        assert!(result.is_ok(), "{}", path.display());
    }
}
