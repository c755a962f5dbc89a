//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::contestant::{Contestant, Programs};
use crate::scale::SERIES;
use crate::scenario::{SCENARIOS, Scenario, Terms};

const USAGE: &str = "usage: klatch-load APP SCENARIO,..|all SERVER,.. ROUNDS [options]
       klatch-load scale APP SERIES,..|all ROUNDS [--seconds S] [--unpinned] [--write DOCS]
       klatch-load render DOCS
APP is the path of the example `apps`. Of ROUNDS, idle has five at most.
Servers: limit, limit-coalesce, tokio, smol, async-std, socketioxide, node.
  --limit PATH         of klatch-limit, for both limits
  --socketioxide PATH  of peer-socketioxide
  --node PATH          of the script server.mjs
  --seconds S          that a round measures (1; idle: 50), after a quarter of that to warm up
  --unpinned           leaves it to the system which core does what
  --write DOCS         puts figures, tables and chart into the documents in that folder
`render` writes tables and chart anew from the figures in that folder.";

pub(crate) struct Plan {
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) servers: Vec<Contestant>,
    pub(crate) rounds: usize,
    pub(crate) seconds: Option<Duration>,
    pub(crate) unpinned: bool,
    pub(crate) write: Option<PathBuf>,
}

impl Plan {
    /// # Errors
    /// If that is no command line of ours, with a text that says what one is.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        Self::read(words).map_err(|why| usage(&why))
    }

    fn read(words: &[String]) -> Result<Self, String> {
        let mut programs = Programs::default();
        let (mut seconds, mut unpinned, mut write) = (None, false, None);
        let (mut plain, mut words) = (Vec::new(), words.iter());
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--limit" => programs.limit = Some(value()?),
                "--socketioxide" => programs.socketioxide = Some(value()?),
                "--node" => programs.node = Some(value()?),
                "--seconds" => seconds = Some(duration(&value()?)?),
                "--unpinned" => unpinned = true,
                "--write" => write = Some(value()?.into()),
                option if option.starts_with("--") => return Err(format!("no option {option}")),
                word => plain.push(word),
            }
        }
        let [apps, scenarios, servers, rounds] = plain[..] else {
            return Err("expected APP, scenarios, servers and rounds".to_owned());
        };
        apps.clone_into(&mut programs.apps);
        let servers = servers.split(',').map(|name| Contestant::named(name, &programs));
        Ok(Self {
            scenarios: chosen(scenarios)?,
            servers: servers.collect::<Result<_, _>>()?,
            rounds: rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or("no rounds")?,
            seconds,
            unpinned,
            write,
        })
    }

    pub(crate) fn terms(&self, server: &Contestant) -> Terms {
        Terms { seconds: self.seconds, any_order: server.any_order }
    }
}

/// What is wrong, and what would be right.
pub(crate) fn usage(why: &str) -> String {
    let scenarios: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    let series: Vec<_> = SERIES.iter().map(|series| series.name).collect();
    let (scenarios, series) = (scenarios.join(", "), series.join(", "));
    format!("{why}\n{USAGE}\nScenarios: {scenarios}\nSeries: {series}")
}

fn chosen(names: &str) -> Result<Vec<&'static Scenario>, String> {
    if names == "all" {
        return Ok(SCENARIOS.iter().collect());
    }
    let scenario = |name| Scenario::named(name).ok_or_else(|| format!("no scenario `{name}`"));
    names.split(',').map(scenario).collect()
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| format!("`{text}` is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Plan, SCENARIOS};

    fn plan(line: &str) -> Result<Plan, String> {
        Plan::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn servers_are_found_by_name() {
        let plan = plan("apps idle,echo smol,limit,node 3 --limit l --node s.mjs --seconds 0.5");
        let plan = plan.expect("a plan");
        assert_eq!(plan.rounds, 3);
        assert_eq!(plan.seconds, Some(Duration::from_millis(500)));
        let scenarios: Vec<_> = plan.scenarios.iter().map(|scenario| scenario.name).collect();
        assert_eq!(scenarios, ["idle", "echo"]);
        let commands: Vec<_> = plan.servers.iter().map(|server| server.command.join(" ")).collect();
        assert_eq!(commands, ["apps bench --runtime smol", "l limit", "node s.mjs"]);
        let any_order: Vec<_> = plan.servers.iter().map(|server| server.any_order).collect();
        assert_eq!(any_order, [false, false, true]);
    }

    #[test]
    fn what_is_at_rest_has_five_rounds_at_most() {
        let plan = plan("apps idle,echo tokio 15").expect("a plan");
        let rounds: Vec<_> = plan.scenarios.iter().map(|it| it.rounds(plan.rounds)).collect();
        assert_eq!(rounds, [5, 15]);
        assert_eq!(plan.scenarios[0].rounds(2), 2);
    }

    #[test]
    fn all_scenarios_have_one_name() {
        assert_eq!(plan("apps all tokio 1").expect("a plan").scenarios.len(), SCENARIOS.len());
    }

    #[test]
    fn what_there_is_not_is_an_error() {
        for line in [
            "",
            "apps echo tokio",
            "apps echo tokio 0",
            "apps echo tokio 1 more",
            "apps echoes tokio 1",
            "apps echo glib 1",
            "apps echo limit 1",
            "apps echo tokio 1 --seconds",
            "apps echo tokio 1 --seconds -1",
            "apps echo tokio 1 --fast",
        ] {
            assert!(plan(line).is_err(), "{line}");
        }
    }
}
