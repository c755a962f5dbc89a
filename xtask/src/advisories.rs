//! What is known against the dependencies, and what `deny.toml` says of them.

use std::path::Path;

use crate::Outcome;
use crate::command::Line;
use crate::step::Record;

/// Runs cargo-deny as far as it gets: it may be missing, and so may its database. What was not
/// checked is noted.
pub(crate) fn check(root: &Path, record: &mut Record) -> Outcome {
    if Line::new(root, "cargo deny --version").read().is_err() {
        record.note(
            "not checked: advisories, licenses, bans, sources; `cargo install --locked cargo-deny`",
        );
        return Ok(());
    }
    record.cargo(root, "deny --workspace check licenses bans sources")?;
    let fetched = Line::new(root, "cargo deny fetch db").keep()?;
    if fetched.success {
        record.cargo(root, "deny --workspace check advisories")?;
    } else {
        record.note("not checked: advisories; their database, at github.com, is out of reach");
    }
    Ok(())
}
