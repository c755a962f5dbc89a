//! What is kept of a target's inputs, once more.

use std::path::Path;
use std::{fs, panic};

/// Runs a target's body over its corpus, which is in the repository that the tests are in.
pub(crate) fn replay(target: &str, run: fn(&[u8])) {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut corpora = folders.map(|folder| folder.join("fuzz/corpus").join(target));
    let corpus = corpora.find(|corpus| corpus.is_dir()).expect("each target has a corpus");
    let entries = fs::read_dir(&corpus).expect("it was just seen");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let input = fs::read(&path).expect("an input is a file");
        let result = panic::catch_unwind(|| run(&input));
        assert!(result.is_ok(), "{}", path.display());
    }
}
