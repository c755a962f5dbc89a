//! An app of the conformance apps, as a process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::Outcome;
use crate::command::Line;
use crate::layout;

/// Builds the apps, unless the developer chose others.
pub(super) fn build(root: &Path) -> Outcome {
    match layout::chosen_apps() {
        Some(_) => Ok(()),
        None => Line::new(root, "cargo build --example apps --all-features").show(),
    }
}

/// An app; it ends when this is dropped.
pub(super) struct Server {
    child: Child,
    urls: Vec<String>,
}

impl Server {
    pub(super) fn start(root: &Path, app: &str, runtime: &str) -> Outcome<Self> {
        let apps = layout::apps()?;
        let mut command = Line::new(root, &apps.to_string_lossy())
            .arg(app)
            .arg("--runtime")
            .arg(runtime)
            .env("PORT", "0")
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
    pub(super) fn origin(&self, path: &str) -> Outcome<String> {
        self.urls
            .iter()
            .find_map(|url| url.strip_suffix(path))
            .map(str::to_owned)
            .ok_or_else(|| format!("the server printed no address of {path}: {:?}", self.urls))
    }

    /// Fails if the server has ended.
    pub(super) fn check(&mut self) -> Outcome {
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
