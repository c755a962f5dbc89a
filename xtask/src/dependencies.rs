//! What the core, the driver and the facade may depend on.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Outcome;
use crate::command::Line;
use crate::step::Record;

/// The core's own crate and all beneath it, procedural macros aside.
const CORE_CRATES: usize = 20;

/// Crates that bring a runtime. None may come unchosen but by way of hyper.
const RUNTIMES: [&str; 6] =
    ["tokio", "async-std", "smol", "async-executor", "async-global-executor", "async-io"];

/// What hyper brings of a runtime that nobody chose: a channel, and nothing that runs. tokio's
/// feature `default` is empty.
const HYPER_BRINGS: (&str, &str) = ("tokio", "default,sync");

/// What is built, and the runtime that was chosen with it.
const BUILDS: [(&str, Option<&str>); 6] = [
    ("-p klatch-core", None),
    ("-p klatch-driver", None),
    ("-p klatch", None),
    ("-p klatch --features tokio", Some("tokio")),
    ("-p klatch --features smol", Some("smol")),
    ("-p klatch --features async-std", Some("async-std")),
];

/// The crates of a runtime: what may come in with the feature of that name.
pub(crate) fn chosen_with(runtime: &str) -> &'static [&'static str] {
    match runtime {
        "tokio" => &["tokio"],
        "smol" => &["smol", "async-executor", "async-io"],
        "async-std" => &["async-std", "async-global-executor", "async-executor", "async-io"],
        other => unreachable!("nobody said which crates make the runtime {other}"),
    }
}

pub(crate) fn check(root: &Path, record: &mut Record) -> Outcome {
    let core = Tree::read(root, "-p klatch-core")?;
    let count = core.names().len();
    record.note(format!("the core's tree has {count} crates"));
    if count > CORE_CRATES {
        let names = core.names().into_iter().collect::<Vec<_>>().join(", ");
        return Err(format!("klatch-core may have {CORE_CRATES} crates, it has {count}: {names}"));
    }
    for (build, runtime) in BUILDS {
        let name = build.trim_start_matches("-p ");
        let chosen = runtime.map_or(&[][..], chosen_with);
        let found = Tree::read(root, build)?.unchosen(chosen);
        for found in found.map_err(|why| format!("{name}: {why}"))? {
            record.note(format!("{name}: {found}"));
        }
    }
    Ok(())
}

/// `cargo tree`, as nodes with their depth, from the root down.
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

struct Node {
    depth: usize,
    name: String,
    features: String,
}

impl Tree {
    fn read(root: &Path, package: &str) -> Outcome<Self> {
        Self::of(Line::new(root, &format!("cargo tree {package}")))
    }

    /// What `cargo tree`, with these arguments, prints.
    pub(crate) fn of(mut line: Line) -> Outcome<Self> {
        for option in
            "-e normal,no-proc-macro --no-dedupe --prefix depth --format |{p}|{f}".split(' ')
        {
            line = line.arg(option);
        }
        Ok(Self::parse(&line.read()?))
    }

    /// Lines such as `2|tokio v1.0.0|sync`.
    pub(crate) fn parse(text: &str) -> Self {
        let node = |line: &str| {
            let mut parts = line.split('|');
            Some(Node {
                depth: parts.next()?.parse().ok()?,
                name: parts.next()?.split(' ').next()?.to_owned(),
                features: parts.next()?.to_owned(),
            })
        };
        Self { nodes: text.lines().filter_map(node).collect() }
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.nodes.iter().map(|node| node.name.as_str()).collect()
    }

    /// The runtime crate that hyper brings, with its features; any other one that was not chosen is
    /// a fault, and so is more of it than hyper needs.
    pub(crate) fn unchosen(&self, chosen: &[&str]) -> Outcome<BTreeSet<String>> {
        let mut path: Vec<&str> = Vec::new();
        let mut found = BTreeSet::new();
        for node in &self.nodes {
            path.truncate(node.depth);
            let name = node.name.as_str();
            if RUNTIMES.contains(&name) && !chosen.contains(&name) {
                let way = path.join(" > ");
                if !path.contains(&"hyper") {
                    return Err(format!("{name} comes without being chosen, by {way}"));
                }
                let features = if node.features.is_empty() { "none" } else { &node.features };
                let brings = format!("hyper brings {name} (features: {features})");
                if (name, features) != HYPER_BRINGS {
                    let (name, features) = HYPER_BRINGS;
                    return Err(format!("{brings}, and not {name} ({features}), by {way}"));
                }
                found.insert(brings);
            }
            path.push(&node.name);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, Tree};

    #[test]
    fn a_runtime_is_hypers_or_a_fault() {
        let hyper = "0|klatch v0|\n1|hyper v1|http1\n2|tokio v1|default,sync\n1|bytes v1|\n";
        let found = Tree::parse(hyper).unchosen(&[]).expect("hyper may");
        assert_eq!(found.first().expect("one"), "hyper brings tokio (features: default,sync)");

        let other = format!("{hyper}2|tokio v1|net\n");
        let why = Tree::parse(&other).unchosen(&["smol"]).expect_err("bytes may not");
        assert_eq!(why, "tokio comes without being chosen, by klatch > bytes");
        assert_eq!(Tree::parse(&other).unchosen(&["tokio"]), Ok(BTreeSet::new()));
    }

    #[test]
    fn more_of_a_runtime_than_hyper_needs_is_a_fault() {
        let tree = |tokio: &str| Tree::parse(&format!("0|klatch v0|\n1|hyper v1|\n2|{tokio}\n"));
        for tokio in ["tokio v1|default,rt,sync", "tokio v1|", "async-io v2|default,sync"] {
            assert!(tree(tokio).unchosen(&[]).is_err(), "{tokio}");
        }
        let why =
            tree("tokio v1|default,rt,sync").unchosen(&["smol"]).expect_err("rt is a runtime");
        let said = "hyper brings tokio (features: default,rt,sync), and not tokio (default,sync)";
        assert!(why.starts_with(said), "{why}");
        assert_eq!(tree("tokio v1|default,rt,sync").unchosen(&["tokio"]), Ok(BTreeSet::new()));
    }

    #[test]
    fn a_crate_counts_once() {
        let tree = Tree::parse("0|a v1|\n1|b v1|\n2|c v1|\n1|c v1|\n");
        assert_eq!(tree.names().len(), 3);
    }
}
