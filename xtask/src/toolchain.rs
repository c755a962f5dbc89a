//! The compiler, and the oldest one that klatch promises to build with.

use std::path::Path;

use crate::Outcome;
use crate::command::Line;

/// Checks that the compiler is not older than `rust-version` says. With that very one, the whole
/// run is the check that the promise holds; with a newer one it is not, and says so.
pub(crate) fn check(root: &Path) -> Outcome<String> {
    let rustc = Line::new(root, "rustc --version").read()?;
    let have = version(rustc.split(' ').nth(1).unwrap_or_default())
        .ok_or_else(|| format!("`rustc --version` says {rustc:?}, which is no version"))?;
    let promised = env!("CARGO_PKG_RUST_VERSION");
    let oldest = version(promised).ok_or("rust-version in Cargo.toml is no version")?;
    if have < oldest {
        return Err(format!("{} is too old: install Rust {promised} or newer", rustc.trim()));
    }
    let checked = if have == oldest { "checked by this run" } else { "not checked by this run" };
    Ok(format!("{}; Rust {promised} is promised, {checked}", rustc.trim()))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(version("1.100.0") > version("1.95"));
        assert_eq!(version("1.95.2"), version("1.95"));
        assert_eq!(version("nightly"), None);
    }
}
