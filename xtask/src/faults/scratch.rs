//! A copy of the sources, to break.

use std::fs;
use std::path::{Path, PathBuf};

use super::table::Fault;
use crate::Outcome;
use crate::command::Line;
use crate::layout;

/// The copy, with a target folder of its own: nothing of the repository changes.
pub(super) struct Scratch {
    tree: PathBuf,
    target: PathBuf,
}

impl Scratch {
    /// A copy of what git knows of or would.
    pub(super) fn new() -> Outcome<Self> {
        let (root, dir) = (layout::root(), layout::target()?.join("faults"));
        let (tree, target) = (dir.join("tree"), dir.join("target"));
        let listed =
            Line::new(&root, "git ls-files --cached --others --exclude-standard").read()?;
        for file in listed.lines() {
            copy(&root.join(file), &tree.join(file))?;
        }
        Ok(Self { tree, target })
    }

    pub(super) fn cargo(&self, rest: &str) -> Line {
        self.line(&format!("cargo {rest}"))
    }

    /// As [`cargo`](Self::cargo), with all that it starts ended after so many seconds.
    pub(super) fn within(&self, seconds: u32, rest: &str) -> Line {
        self.line(&format!("timeout {seconds} cargo {rest}"))
    }

    /// Tests that fail are to be named, and nothing else: where they did takes time to find out.
    fn line(&self, words: &str) -> Line {
        let line = Line::new(&self.tree, words).arg("--target-dir").arg(&self.target);
        line.env("RUST_BACKTRACE", "0")
    }

    /// Breaks a rule until what this returns is dropped.
    pub(super) fn broken(&self, fault: &Fault) -> Outcome<Broken> {
        let path = self.tree.join(&fault.file);
        let source =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", fault.file))?;
        let broken = fault.apply(&source).map_err(|why| format!("{}: {why}", fault.file))?;
        fs::write(&path, broken).map_err(|error| error.to_string())?;
        Ok(Broken { path, source })
    }
}

/// Writes a file that is not the same yet: cargo builds what is newer than its output.
fn copy(from: &Path, to: &Path) -> Outcome {
    // What was removed and not yet committed is listed still.
    let Ok(bytes) = fs::read(from) else { return Ok(()) };
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let parent = to.parent().ok_or("a file is in a folder")?;
    fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    fs::write(to, bytes).map_err(|error| error.to_string())
}

/// A file with a fault in it.
pub(super) struct Broken {
    path: PathBuf,
    source: String,
}

impl Drop for Broken {
    fn drop(&mut self) {
        if let Err(error) = fs::write(&self.path, &self.source) {
            eprintln!("{}: {error}", self.path.display());
        }
    }
}
