//! `cargo xtask client-suites`: the official clients' own tests, with an app of ours in place of
//! the server that they bring.

use std::fs;
use std::path::{Path, PathBuf};

use super::server::{self, Server};
use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::{layout, node};

/// A package of the official clients whose tests are run.
struct Suite {
    package: &'static str,
    app: &'static str,
    /// Where the app's server is.
    path: &'static str,
    /// What the tests need beyond the package, of the releases that their own repository locks.
    needs: &'static [&'static str],
    /// Where the tests name the server that they bring: a file, and the place in it. `PORT` stands
    /// for the port.
    places: &'static [(&'static str, &'static str)],
    /// Each as words, since one of them has a space in it.
    runs: &'static [&'static [&'static str]],
}

const SUITES: [Suite; 2] = [
    Suite {
        package: "engine.io-client",
        app: "engine-client-suite",
        path: "/engine.io/",
        needs: &["@sinonjs/fake-timers", "blob", "expect.js", "mocha"],
        places: &[
            ("support/env.js", "port: PORT,"),
            ("node.js", "\"http://localhost:PORT\""),
            ("fixtures/no-unref.js", "localhost:PORT"),
            ("fixtures/unref.js", "localhost:PORT"),
            ("fixtures/unref-polling-only.js", "localhost:PORT"),
            ("fixtures/unref-websocket-only.js", "localhost:PORT"),
        ],
        runs: &[&["test/index.js"]],
    },
    Suite {
        package: "socket.io-client",
        app: "client-suite",
        path: "/socket.io/",
        needs: &[
            "@sinonjs/fake-timers",
            "base64-arraybuffer",
            "expect.js",
            "has-cors",
            "mocha",
            "text-blob-builder",
            "tsx",
        ],
        places: &[
            ("support/util.ts", "localhost:PORT"),
            ("fixtures/unref.ts", "localhost:PORT"),
            ("fixtures/unref-polling-only.ts", "localhost:PORT"),
            ("fixtures/unref-websocket-only.ts", "localhost:PORT"),
        ],
        // Two tests speak to no server: they count on a connection to port 80 being refused after
        // half a second of a clock that they turn themselves. Behind the others it may come sooner,
        // and what follows them then fails as well.
        runs: &[
            &["--import=tsx", "test/index.ts", "--grep", "reconnect timeout", "--invert"],
            &["--import=tsx", "test/index.ts", "--grep", "reconnect timeout"],
        ],
    },
];

/// The ports that the tests have written into them.
const FIXED: [&str; 2] = ["3000", "3210"];

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let runtime = args.runtime()?;
    let [checkout] = args.rest(["DIR"])?;
    let root = layout::root();
    node::check(&root)?;
    server::build(&root)?;
    let mut failed = Vec::new();
    for suite in SUITES {
        let mut server = Server::start(&root, suite.app, &runtime)?;
        let origin = server.origin(suite.path)?;
        let port = origin.rsplit(':').next().unwrap_or_default();
        let dir = suite.lay_out(Path::new(&checkout), port)?;
        for run in suite.runs {
            let line = run.iter().fold(Line::new(&dir, "npx mocha --exit"), Line::arg);
            if let Err(why) = line.show() {
                failed.push(why);
            }
            server.check()?;
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

impl Suite {
    /// The tests and the package as its registry has it, side by side as in the repository.
    fn lay_out(&self, checkout: &Path, port: &str) -> Outcome<PathBuf> {
        let dir = layout::target()?.join("suites").join(self.package);
        let fault = |error| format!("{}: {error}", dir.display());
        fs::create_dir_all(&dir).map_err(fault)?;
        let package = checkout.join("packages").join(self.package);
        let manifest = self.manifest(checkout, &package)?;
        let file = dir.join("package.json");
        if !fs::read_to_string(&file).is_ok_and(|old| old == manifest) {
            fs::write(&file, &manifest).map_err(fault)?;
            Line::new(&dir, "npm install --no-audit --no-fund").show()?;
        }
        copy(&dir.join("node_modules").join(self.package).join("build"), &dir.join("build"))?;
        copy(&package.join("test"), &dir.join("test"))?;
        for (file, place) in self.places {
            let file = dir.join("test").join(file);
            let text = fs::read_to_string(&file).map_err(fault)?;
            let found = FIXED.map(|fixed| place.replace("PORT", fixed));
            let Some(found) = found.iter().find(|found| text.contains(found.as_str())) else {
                return Err(format!("{} does not name its server any more", file.display()));
            };
            let text = text.replace(found, &place.replace("PORT", port));
            fs::write(&file, text).map_err(fault)?;
        }
        Ok(dir)
    }

    /// What npm is to install: the release that the tests belong to, and what they need.
    fn manifest(&self, checkout: &Path, package: &Path) -> Outcome<String> {
        let (own, lock) = (package.join("package.json"), checkout.join("package-lock.json"));
        let mut lines = vec![format!("    {:?}: {:?}", self.package, version(&own, "{")?)];
        for name in self.needs {
            let version = version(&lock, &format!("\"node_modules/{name}\": {{"))?;
            lines.push(format!("    {name:?}: {version:?}"));
        }
        Ok(format!(
            "{{\n  \"private\": true,\n  \"main\": \"./build/cjs/index.js\",\n  \"dependencies\": {{\n{}\n  }}\n}}\n",
            lines.join(",\n")
        ))
    }
}

/// The version in the object of a file that begins with `opening`.
fn version(file: &Path, opening: &str) -> Outcome<String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let object = text.split_once(opening).map(|(_, rest)| rest);
    let version = object.and_then(|rest| rest.split_once("\"version\": \""));
    let version = version.and_then(|(_, rest)| rest.split_once('"')).map(|(version, _)| version);
    version
        .map(str::to_owned)
        .ok_or_else(|| format!("{} names no version after {opening}", file.display()))
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Outcome {
    let fault = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(fault)?;
    for entry in fs::read_dir(from).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(fault)?;
        }
    }
    Ok(())
}
