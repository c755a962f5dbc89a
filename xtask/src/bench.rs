//! `cargo xtask bench`: what klatch costs on each runtime, beside its peers and what is possible.

use std::path::Path;

use crate::args::{Args, RUNTIMES};
use crate::command::Line;
use crate::{Outcome, layout, node};

/// Without `metrics`, which counts for nobody here and takes two looks at the clock for each handler.
pub(crate) const BUILD: &str =
    "cargo build --release --example apps --features async-std,smol,tokio";

/// Unless given. What counts of a round is how the servers compare in it: many short ones say it best.
const ROUNDS: &str = "15";
const ROUNDS_OF_SCALE: &str = "5";

const LIMITS: [&str; 2] = ["limit", "limit-coalesce"];
const PEERS: [&str; 2] = ["socketioxide", "node"];

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let rounds = args.option("--rounds")?;
    let seconds = args.option("--seconds")?;
    let servers = servers(args.option("--servers")?)?;
    let write = args.flag("--write");
    let scenarios = args.at_most("SCENARIO,..")?.unwrap_or_else(|| "all".to_owned());

    if let Some(series) = scenarios.strip_prefix("scale") {
        return scale(series, rounds, seconds, write);
    }
    let rounds = rounds.unwrap_or_else(|| ROUNDS.to_owned());

    let (root, release) = (layout::root(), layout::target()?.join("release"));
    let mut load = Line::new(&root, "cargo run --release --package klatch-load --")
        .arg(release.join("examples/apps"))
        .arg(scenarios)
        .arg(servers.join(","))
        .arg(rounds);
    let any_of = |names: &[&str]| servers.iter().any(|server| names.contains(&server.as_str()));
    if any_of(&RUNTIMES) {
        Line::new(&root, BUILD).show()?;
    }
    if any_of(&LIMITS) {
        Line::new(&root, "cargo build --release --package klatch-limit").show()?;
        load = load.arg("--limit").arg(release.join("klatch-limit"));
    }
    if any_of(&["socketioxide"]) {
        load = socketioxide(load)?;
    }
    if any_of(&["node"]) {
        load = socket_io(load, &root)?;
    }
    if let Some(seconds) = seconds {
        load = load.arg("--seconds").arg(seconds);
    }
    if write {
        load = load.arg("--write").arg(layout::existing("docs")?);
    }
    load.show()
}

/// How cost grows: `:` and series, or all of them.
fn scale(series: &str, rounds: Option<String>, seconds: Option<String>, write: bool) -> Outcome {
    let series = match series.strip_prefix(':') {
        Some(series) => series,
        None if series.is_empty() => "all",
        None => return Err(format!("no scenario `scale{series}`")),
    };
    let (root, release) = (layout::root(), layout::target()?.join("release"));
    Line::new(&root, BUILD).show()?;
    let mut load = Line::new(&root, "cargo run --release --package klatch-load -- scale")
        .arg(release.join("examples/apps"))
        .arg(series)
        .arg(rounds.unwrap_or_else(|| ROUNDS_OF_SCALE.to_owned()));
    if let Some(seconds) = seconds {
        load = load.arg("--seconds").arg(seconds);
    }
    if write {
        load = load.arg("--write").arg(layout::existing("docs")?);
    }
    load.show()
}

/// The servers asked for; all unless given.
fn servers(list: Option<String>) -> Outcome<Vec<String>> {
    let all = || LIMITS.iter().chain(&RUNTIMES).chain(&PEERS).map(|name| (*name).to_owned());
    let Some(list) = list else { return Ok(all().collect()) };
    let chosen: Vec<String> = list.split(',').map(str::to_owned).collect();
    match chosen.iter().find(|name| !all().any(|known| known == **name)) {
        Some(name) => {
            let known: Vec<_> = all().collect();
            Err(format!("no server `{name}`: choose among {}", known.join(", ")))
        }
        None => Ok(chosen),
    }
}

/// Builds it from its own lock file, beside what klatch's is built to.
fn socketioxide(load: Line) -> Outcome<Line> {
    let peer = layout::existing("benches/peers/socketioxide")?;
    let target = layout::target()?.join("peers");
    Line::new(&peer, "cargo build --release --locked --target-dir").arg(&target).show()?;
    Ok(load.arg("--socketioxide").arg(target.join("release/peer-socketioxide")))
}

fn socket_io(load: Line, root: &Path) -> Outcome<Line> {
    let peer = layout::existing("benches/peers/node")?;
    node::check(root)?;
    if let Some(install) = node::install(&peer)? {
        install.show()?;
    }
    Ok(load.arg("--node").arg(peer.join("server.mjs")))
}

#[cfg(test)]
mod tests {
    use super::servers;

    #[test]
    fn servers_are_all_or_those_that_there_are() {
        assert_eq!(servers(None).expect("all").len(), 7);
        let two = servers(Some("limit,tokio".to_owned()));
        assert_eq!(two, Ok(vec!["limit".to_owned(), "tokio".to_owned()]));
        assert!(servers(Some("limit,glib".to_owned())).is_err());
    }
}
