//! `cargo xtask suites`: the official protocol test suites, against the app `protocol`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

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
    if layout::chosen_apps().is_none() {
        Line::new(&root, "cargo build --example apps --all-features").show()?;
    }

    let mut server = Server::start(&root, &runtime)?;
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

/// The app `protocol`; it ends when this is dropped.
struct Server {
    child: Child,
    urls: Vec<String>,
}

impl Server {
    fn start(root: &Path, runtime: &str) -> Outcome<Self> {
        let apps = layout::apps()?;
        let mut command = Line::new(root, &apps.to_string_lossy())
            .arg("protocol")
            .arg("--runtime")
            .arg(runtime)
            .env("ENGINE_PORT", "0")
            .env("SIO_PORT", "0")
            .into_inner();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().map_err(|error| format!("{}: {error}", apps.display()))?;
        let mut server = Self { child, urls: Vec::new() };
        let mut output = BufReader::new(server.child.stdout.take().expect("piped"));
        loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).map_err(|error| error.to_string())?;
            match line.trim() {
                _ if read == 0 => return Err("the server ended before it listened".to_owned()),
                "listening" => break,
                url => server.urls.push(url.to_owned()),
            }
        }
        // The rest is read so that the server never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Ok(server)
    }

    /// The printed address that serves `path`, without the path.
    fn origin(&self, path: &str) -> Outcome<String> {
        self.urls
            .iter()
            .find_map(|url| url.strip_suffix(path))
            .map(str::to_owned)
            .ok_or_else(|| format!("the server printed no address of {path}: {:?}", self.urls))
    }

    /// Fails if the server has ended.
    fn check(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the server ended: {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
