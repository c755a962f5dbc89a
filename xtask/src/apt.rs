//! Packages of the system, where installing them needs nobody's leave.

use std::path::{Path, PathBuf};

use crate::command::Line;

/// How to install `package`; `None` where that is the developer's to do.
pub(crate) fn install(root: &Path, package: &str) -> Option<[Line; 2]> {
    let may = is_root(root) && Path::new("/etc/debian_version").exists();
    if !may || on_path("apt-get").is_none() {
        return None;
    }
    let quietly = |line: &str| Line::new(root, line).env("DEBIAN_FRONTEND", "noninteractive");
    Some([quietly("apt-get update"), quietly("apt-get install -y").arg(package)])
}

/// The program `name`, where the path has it.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

fn is_root(root: &Path) -> bool {
    Line::new(root, "id -u").read().is_ok_and(|id| id.trim() == "0")
}
