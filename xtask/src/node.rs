//! Node, npm, the packages they install, and the browser that they drive.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Outcome;
use crate::apt::{self, on_path};
use crate::command::Line;

/// Major and minor: from then on its tests can run side by side.
const OLDEST_NODE: (u32, u32) = (20, 10);
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Checks that Node and npm are there and new enough; gives their versions.
pub(crate) fn check(root: &Path) -> Outcome<String> {
    let oldest = format!("{}.{}", OLDEST_NODE.0, OLDEST_NODE.1);
    let missing = |_| format!("install Node.js {oldest} or newer, with npm: nodejs.org");
    let node = Line::new(root, "node --version").read().map_err(missing)?;
    let npm = Line::new(root, "npm --version").read().map_err(missing)?;
    let mut numbers = node.trim().trim_start_matches('v').split('.').map_while(|n| n.parse().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST_NODE {
        return Err(format!("node {} is too old: install {oldest} or newer", node.trim()));
    }
    Ok(format!("node {}, npm {}", node.trim(), npm.trim()))
}

/// `npm ci` in `dir`, unless what is installed is as new as the lock file.
pub(crate) fn install(dir: &Path) -> Outcome<Option<Line>> {
    let lock = dir.join("package-lock.json");
    let locked = modified(&lock).ok_or_else(|| format!("{} is missing", lock.display()))?;
    // npm writes this one last, so that an installation cut short does not count.
    let installed = modified(&dir.join("node_modules/.package-lock.json"));
    if installed.is_some_and(|installed| installed >= locked) {
        return Ok(None);
    }
    Ok(Some(Line::new(dir, "npm ci --no-audit --no-fund")))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The files that Node's test runner is to run, in order.
pub(crate) fn tests(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let missing = |error| format!("{}: {error}", dir.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(missing)? {
        let path = entry.map_err(missing)?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{} has no *.test.mjs", dir.display()));
    }
    Ok(files)
}

/// The browser: `$CHROMIUM`, or the first that the path knows.
pub(crate) fn browser() -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Some(PathBuf::from(chosen)).filter(|path| path.is_file());
    }
    BROWSERS.iter().find_map(|name| on_path(name))
}

/// How to get a browser: by itself where that needs nobody's leave, or a text that says how.
pub(crate) fn install_browser(root: &Path) -> Outcome<[Line; 2]> {
    apt::install(root, "chromium").ok_or_else(|| {
        "no Chromium found: install the package `chromium`, or set CHROMIUM to the path of a \
         Chromium or Chrome; `--quick` does without"
            .to_owned()
    })
}
