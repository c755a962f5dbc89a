//! What klatch lives in: each host example is built by itself, as its header says, and serves the
//! chat to the official client.

use std::collections::BTreeSet;
use std::fs;

use crate::Outcome;
use crate::command::Line;
use crate::step::Record;
use crate::{layout, node};

const TESTS: &str = "tests/e2e/hosts";

/// What the example that shows numbers is held to besides.
const METRICS: (&str, &str) = ("prometheus", "tests/e2e/metrics");

/// An example that serves `examples/mini-chat`.
struct Host {
    /// Its folder in `examples`; its package is `klatch-example-` and the same.
    name: &'static str,
    /// By which ways clients can come.
    transports: &'static str,
}

const ALL: &str = "polling,websocket,upgrade";

const HOSTS: &[Host] = &[
    Host { name: "actix", transports: ALL },
    Host { name: "axum", transports: ALL },
    Host { name: "hyper", transports: ALL },
    Host { name: "mio", transports: "websocket" },
    Host { name: "own-runtime", transports: ALL },
    Host { name: "prometheus", transports: ALL },
    Host { name: "rocket", transports: ALL },
    Host { name: "tls-smol", transports: ALL },
    Host { name: "tls-tokio", transports: ALL },
    Host { name: "trillium", transports: ALL },
];

/// What else there is in `examples`: programs of klatch's own, what the hosts serve, and what a step
/// of its own proves.
const OTHERS: [&str; 4] = ["apps", "chat", "mini-chat", "proving"];

pub(crate) fn check(record: &mut Record) -> Outcome {
    let root = layout::root();
    all_are_listed(&folders()?)?;
    record.cargo(&root, "clippy -p klatch-example-chat --all-targets -- -D warnings")?;
    record.cargo(&root, "test -p klatch-example-own-runtime")?;
    for Host { name, transports } in HOSTS {
        let package = &format!("klatch-example-{name}");
        record.cargo(&root, &format!("clippy -p {package} --all-targets -- -D warnings"))?;
        record.cargo(&root, &format!("build -p {package}"))?;
        let server = layout::binary(package)?;
        let mut line = Line::new(&root, "node --test --test-reporter=spec")
            .env("KLATCH_SERVER", &server)
            .env("KLATCH_TRANSPORTS", transports);
        let mut tests = node::tests(&layout::existing(TESTS)?)?;
        if *name == METRICS.0 {
            tests.extend(node::tests(&layout::existing(METRICS.1)?)?);
        }
        for file in tests {
            line = line.arg(file.strip_prefix(&root).unwrap_or(&file));
        }
        record.run(line)?;
        record.note(format!("{package}: {transports}"));
    }
    Ok(())
}

fn folders() -> Outcome<BTreeSet<String>> {
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(layout::existing("examples")?).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.path().is_dir() {
            folders.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(folders)
}

/// An example that nobody tries would be found out by its first reader.
fn all_are_listed(folders: &BTreeSet<String>) -> Outcome {
    let listed = HOSTS.iter().map(|host| host.name).chain(OTHERS).map(str::to_owned).collect();
    match folders.symmetric_difference(&listed).next() {
        None => Ok(()),
        Some(name) if listed.contains(name) => Err(format!("examples/{name} is missing")),
        Some(name) => Err(format!("examples/{name} is in no list of xtask/src/hosts.rs")),
    }
}

#[cfg(test)]
mod tests {
    use super::{all_are_listed, folders};

    #[test]
    fn every_example_is_tried() {
        let mut folders = folders().expect("there are examples");
        assert_eq!(all_are_listed(&folders), Ok(()));
        folders.insert("new".to_owned());
        let why = all_are_listed(&folders).expect_err("nobody tries it");
        assert_eq!(why, "examples/new is in no list of xtask/src/hosts.rs");
        folders.remove("new");
        folders.remove("axum");
        assert_eq!(all_are_listed(&folders), Err("examples/axum is missing".to_owned()));
    }
}
