//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::contestant::Programs;

const USAGE: &str = "usage: klatch-load hold CASE,..|all APPS [options]
APPS is the path of the example `apps`.
  --runtime R        tokio, async-std or smol (tokio)
  --minutes M        that a soak takes (30)
  --pause S          seconds between two acts of a client of a soak, on average (3)
  --connections N    that there are, each case having its own number
  --rounds N         of those that are compared (5)
  --seed S           that a soak follows from (1)
  --short            all of it small: whether the tools work
  --write DOCS       puts the picture of a soak into the documents in that folder
Cases:";

/// How a case is tried.
pub(crate) struct Plan {
    pub(crate) cases: Vec<String>,
    apps: String,
    pub(crate) runtime: String,
    minutes: Option<f64>,
    pause: Option<f64>,
    connections: Option<usize>,
    pub(crate) rounds: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) short: bool,
    pub(crate) write: Option<PathBuf>,
}

impl Plan {
    /// # Errors
    /// If that is no command line of ours, with a text that says what one is.
    pub(crate) fn parse(words: &[String], known: &[&str]) -> Result<Self, String> {
        Self::read(words, known).map_err(|why| format!("{why}\n{USAGE} {}", known.join(", ")))
    }

    fn read(words: &[String], known: &[&str]) -> Result<Self, String> {
        let mut plan = Self {
            cases: Vec::new(),
            apps: String::new(),
            runtime: "tokio".to_owned(),
            minutes: None,
            pause: None,
            connections: None,
            rounds: None,
            seed: 1,
            short: false,
            write: None,
        };
        let (mut others, mut words) = (Vec::new(), words.iter());
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--runtime" => plan.runtime = value()?,
                "--minutes" => plan.minutes = Some(positive(&value()?)?),
                "--pause" => plan.pause = Some(positive(&value()?)?),
                "--connections" => plan.connections = Some(number(&value()?)?),
                "--rounds" => plan.rounds = Some(number(&value()?)?),
                "--seed" => plan.seed = number(&value()?)?,
                "--short" => plan.short = true,
                "--write" => plan.write = Some(value()?.into()),
                option if option.starts_with("--") => return Err(format!("no option {option}")),
                word => others.push(word),
            }
        }
        let [cases, apps] = others[..] else { return Err("expected a case and APPS".to_owned()) };
        apps.clone_into(&mut plan.apps);
        let cases = if cases == "all" { known.to_vec() } else { cases.split(',').collect() };
        for case in cases {
            if !known.contains(&case) {
                return Err(format!("no case `{case}`"));
            }
            plan.cases.push(case.to_owned());
        }
        if !Programs::RUNTIMES.contains(&&*plan.runtime) {
            return Err(format!("no runtime `{}`", plan.runtime));
        }
        Ok(plan)
    }

    /// How to start the app that is tried.
    pub(crate) fn command(&self) -> Vec<String> {
        [&*self.apps, "load", "--runtime", &self.runtime].map(str::to_owned).to_vec()
    }

    /// Connections: what was asked for, or the case's own number, which is another where all is small.
    pub(crate) fn connections(&self, full: usize, short: usize) -> usize {
        self.connections.unwrap_or(if self.short { short } else { full })
    }

    /// How long a soak takes.
    pub(crate) fn time(&self, full: Duration, short: Duration) -> Duration {
        let asked = self.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
        asked.unwrap_or(if self.short { short } else { full })
    }

    /// Between two acts of a client.
    pub(crate) fn pause(&self, otherwise: Duration) -> Duration {
        self.pause.map_or(otherwise, Duration::from_secs_f64)
    }

    /// How long it may be silent.
    pub(crate) fn progress(&self) -> Duration {
        Duration::from_secs(if self.short { 2 } else { 30 })
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = number(text)?;
    let is_time = number > 0.0 && number < 1e6;
    if is_time { Ok(number) } else { Err(format!("`{text}` is no time")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Plan;

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Plan::parse(&words, &["soak", "storm"])
    }

    #[test]
    fn a_case_has_its_own_numbers_unless_others_are_given() {
        let long = plan("soak apps --runtime smol --seed 9").expect("a plan");
        assert_eq!((long.seed, long.connections(5000, 100)), (9, 5000));
        assert_eq!(long.command().join(" "), "apps load --runtime smol");
        let short = plan("all apps --short --minutes 0.5").expect("a plan");
        assert_eq!(short.cases, ["soak", "storm"]);
        assert_eq!(short.connections(5000, 100), 100);
        let minute = Duration::from_mins(1);
        assert_eq!(short.time(minute, minute), minute / 2);
    }

    #[test]
    fn what_there_is_not_is_an_error() {
        for line in
            ["", "soak", "calm apps", "soak apps more", "soak apps --fast", "soak apps --minutes 0"]
        {
            assert!(plan(line).is_err(), "{line}");
        }
        assert!(plan("soak apps --runtime glib").is_err());
    }
}
