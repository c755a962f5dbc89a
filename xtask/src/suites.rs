//! `cargo xtask suites`: the official protocol test suites, against the app `protocol`.

pub(crate) mod clients;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use self::server::Server;
use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::{layout, node};

/// The address that both suites have written into them.
const FIXED: &str = "http://localhost:3000";

/// The suites wait for one message and only then for the next. The release of `ws` that they lock
/// emits all messages of one read at once, so that they would miss the second; this one, which
/// their manifests allow as well, emits one per turn.
const WS: &str = "ws@8.16.0";

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let runtime = args.runtime()?;
    let [engine, socket] = args.rest(["DIR_ENGINE", "DIR_SOCKET"])?;
    let root = layout::root();
    node::check(&root)?;
    server::build(&root)?;
    let mut server = Server::start(&root, "protocol", &runtime)?;
    let mut failed = Vec::new();
    for (name, checkout) in [("engine", engine), ("socket", socket)] {
        let origin = server.origin(&format!("/{name}.io/"))?;
        let suite = copy(Path::new(&checkout), name, &origin)?;
        if let Some(install) = node::install(&suite)? {
            install.show()?;
            Line::new(&suite, "npm install --no-save --no-audit --no-fund").arg(WS).show()?;
        }
        if let Err(why) = Line::new(&suite, "npm test").show() {
            failed.push(why);
        }
        server.check()?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// The suite's files below the target directory, with the server's address in them.
fn copy(checkout: &Path, name: &str, origin: &str) -> Outcome<PathBuf> {
    let nested = checkout.join("test-suite");
    let from = if nested.is_dir() { nested } else { checkout.to_owned() };
    let to = layout::target()?.join("suites").join(name);
    let fault = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(&to).map_err(fault)?;
    for entry in fs::read_dir(&from).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        // What npm installs is installed again beside the copy, and kept there.
        let Some(file) = path.file_name().filter(|_| path.is_file()) else {
            continue;
        };
        let bytes = fs::read(&path).map_err(fault)?;
        let same = fs::read(to.join(file)).is_ok_and(|old| old == bytes);
        if !same {
            fs::write(to.join(file), bytes).map_err(fault)?;
        }
    }
    let script = to.join("test-suite.js");
    let text = fs::read_to_string(&script)
        .map_err(|error| format!("{} has no test suite: {error}", checkout.display()))?;
    if !text.contains(FIXED) {
        return Err(format!("{} does not name {FIXED} any more", script.display()));
    }
    fs::write(&script, text.replace(FIXED, origin)).map_err(fault)?;
    Ok(to)
}
