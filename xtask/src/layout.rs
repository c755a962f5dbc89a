//! Where things are in the repository and in the build's output.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::command::Line;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is a folder of the repository").to_owned()
}

/// `path` below the root, which must exist.
pub(crate) fn existing(path: &str) -> Outcome<PathBuf> {
    let full = root().join(path);
    if full.exists() { Ok(full) } else { Err(format!("{} is missing", full.display())) }
}

/// Cargo's target directory, wherever the developer has put it.
pub(crate) fn target() -> Outcome<PathBuf> {
    let line = Line::new(&root(), "cargo metadata --no-deps --format-version 1");
    let metadata = line.read()?;
    let (_, rest) = metadata
        .split_once(r#""target_directory":""#)
        .ok_or("cargo metadata names no target directory")?;
    let (path, _) = rest.split_once('"').ok_or("cargo metadata is cut off")?;
    Ok(PathBuf::from(path.replace(r"\\", r"\")))
}

/// The binary of the example `name`.
pub(crate) fn example(name: &str) -> Outcome<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(target()?.join("debug").join("examples").join(file))
}

/// The binary of the package `name`.
pub(crate) fn binary(name: &str) -> Outcome<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(target()?.join("debug").join(file))
}

/// The conformance apps: those just built, or what `KLATCH_APPS` names in their place.
pub(crate) fn apps() -> Outcome<PathBuf> {
    match chosen_apps() {
        Some(path) => Ok(path),
        None => example("apps"),
    }
}

/// What `KLATCH_APPS` names: another server to judge by the same tests.
pub(crate) fn chosen_apps() -> Option<PathBuf> {
    let path = std::env::var_os("KLATCH_APPS")?;
    std::path::absolute(path).ok()
}
