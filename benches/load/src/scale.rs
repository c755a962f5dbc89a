//! How cost grows: with connections, members of a room, rooms of a socket, namespaces.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::contestant::{Contestant, Programs};
use crate::crowd::Crowd;
use crate::figures::{Run, Sample};
use crate::flow::{Flow, Talk};
use crate::plan::{self, usage};
use crate::scenario::Terms;
use crate::server::{Cores, Server};
use crate::{document, machine, misused, report, rest};

/// Longer than a heartbeat: what is not needed then is not needed.
const AT_REST: Duration = Duration::from_secs(30);

/// What a point of a series measures, beside those that have nothing to say.
const MEASURED: Duration = Duration::from_secs(2);

/// One cause of cost, and how much of it.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// For the reader of its table.
    pub(crate) about: &'static str,
    /// What its points count.
    pub(crate) of: &'static str,
    pub(crate) points: &'static [usize],
    point: fn(usize) -> Point,
}

/// What is set up, and what is measured of it.
#[derive(Clone, Copy)]
pub(crate) enum Point {
    /// Connections that say nothing.
    Idle(usize),
    /// One client to all others of a room, 64 bytes, 8 messages in flight.
    Talk {
        members: usize,
        /// Connections that are in no room.
        bystanders: usize,
        /// Rooms of its own that each member is in, too.
        rooms: usize,
        /// Namespaces that each member is in beside the one where they talk.
        namespaces: usize,
    },
}

const fn among(members: usize, bystanders: usize, rooms: usize, namespaces: usize) -> Point {
    Point::Talk { members, bystanders, rooms, namespaces }
}

pub(crate) const SERIES: [Series; 5] = [
    Series {
        name: "connections",
        about: "Clients that only answer pings, after 30 seconds.",
        of: "connections",
        points: &[1000, 5000, 15_000],
        point: Point::Idle,
    },
    Series {
        name: "bystanders",
        about: "A room of 1,000 in a server with so many other connections.",
        of: "others",
        points: &[0, 4000, 14_000],
        point: |others| among(1000, others, 0, 0),
    },
    Series {
        name: "members",
        about: "One client to a room of so many.",
        of: "members",
        points: &[10, 100, 1000, 10_000],
        point: |members| among(members, 0, 0, 0),
    },
    Series {
        name: "rooms",
        about: "A room of 1,000, each of whom is in so many other rooms, which they joined before.",
        of: "other rooms",
        points: &[0, 10, 100],
        point: |rooms| among(1000, 0, rooms, 0),
    },
    Series {
        name: "namespaces",
        about: "A room of 1,000, each of whom is in so many other namespaces.",
        of: "other namespaces",
        points: &[0, 1, 7],
        point: |namespaces| among(1000, 0, 0, namespaces),
    },
];

impl Series {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SERIES.iter().find(|series| series.name == name)
    }

    /// What its figures are about.
    pub(crate) fn kind(&self) -> Point {
        (self.point)(self.points[0])
    }
}

impl Point {
    fn run(self, server: &Server, terms: Terms) -> io::Result<Sample> {
        match self {
            Self::Idle(clients) => rest::idle(server, clients, terms.seconds.unwrap_or(AT_REST)),
            Self::Talk { members, bystanders, rooms, namespaces } => {
                let mut crowd = Crowd::open(server.address, members + bystanders)?;
                let before = server.resident()?;
                for namespace in 1..=namespaces {
                    crowd.enter(&format!("/{namespace}"))?;
                }
                for room in 0..rooms {
                    crowd.join(members, |client| format!("{room} of {client}"))?;
                }
                let grown = server.resident()?.saturating_sub(before);
                // `bench` sends to the room that was joined last.
                crowd.join(members, |_| "room 0".to_owned())?;
                let flow = Flow { clients: members, talk: Talk::One, size: 64, in_flight: 8 };
                let sample = flow.measure(server, &mut crowd, terms)?;
                let each = members * (rooms + namespaces).max(1);
                Ok(Sample { bytes: grown as f64 / each as f64, ..sample })
            }
        }
    }
}

struct Plan {
    series: Vec<&'static Series>,
    server: Contestant,
    rounds: usize,
    seconds: Option<Duration>,
    unpinned: bool,
    write: Option<PathBuf>,
}

impl Plan {
    fn read(words: &[String]) -> Result<Self, String> {
        let (mut seconds, mut unpinned, mut write) = (None, false, None);
        let (mut plain, mut words) = (Vec::new(), words.iter());
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--seconds" => seconds = Some(plan::duration(&value()?)?),
                "--unpinned" => unpinned = true,
                "--write" => write = Some(value()?.into()),
                option if option.starts_with("--") => return Err(format!("no option {option}")),
                word => plain.push(word),
            }
        }
        let [apps, series, rounds] = plain[..] else {
            return Err("expected APP, series and rounds".to_owned());
        };
        let series: Result<_, String> = match series {
            "all" => Ok(SERIES.iter().collect()),
            names => names
                .split(',')
                .map(|name| Series::named(name).ok_or_else(|| format!("no series `{name}`")))
                .collect(),
        };
        let programs = Programs { apps: apps.to_owned(), ..Programs::default() };
        Ok(Self {
            series: series?,
            server: Contestant::named("tokio", &programs)?,
            rounds: rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or("no rounds")?,
            seconds,
            unpinned,
            write,
        })
    }
}

/// Measures the series that the words name, its points in turn in each round.
pub(crate) fn run(words: &[String], out: &mut impl Write) -> io::Result<()> {
    let plan = Plan::read(words).map_err(|why| misused(usage(&why)))?;
    let cores = if plan.unpinned { Cores::Any } else { Cores::split()? };
    for series in &plan.series {
        let run = measure(&plan, series, cores)?;
        writeln!(out, "{}", report::series(series, &run))?;
        if let Some(docs) = &plan.write {
            document::update_scale(docs, series.name, run)?;
        }
    }
    Ok(())
}

fn measure(plan: &Plan, series: &Series, cores: Cores) -> io::Result<Run> {
    let mut run = Run::new(machine::today()?, machine::name()?);
    for round in 1..=plan.rounds {
        for count in series.points {
            let (name, rounds) = (series.name, plan.rounds);
            eprint!("{name}: {count} {}, round {round} of {rounds}: ", series.of);
            let point = (series.point)(*count);
            let seconds = plan.seconds.or_else(|| point.talks().then_some(MEASURED));
            let terms = Terms { seconds, any_order: false };
            let server = Server::start(&plan.server.command, 1, cores);
            let sample = server.and_then(|server| point.run(&server, terms)).map_err(|error| {
                eprintln!();
                io::Error::other(format!("{name}: {count} {}: {error}", series.of))
            })?;
            eprintln!("{}", report::scale_progress(point, &sample));
            run.add(&count.to_string(), sample);
        }
    }
    Ok(run)
}

impl Point {
    /// Whether deliveries are measured, and not rest.
    pub(crate) const fn talks(self) -> bool {
        matches!(self, Self::Talk { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, SERIES};

    fn plan(line: &str) -> Result<Plan, String> {
        Plan::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn series_are_found_by_name() {
        let plan = plan("apps rooms,members 3 --seconds 1").expect("a plan");
        let names: Vec<_> = plan.series.iter().map(|series| series.name).collect();
        assert_eq!((names.as_slice(), plan.rounds), (["rooms", "members"].as_slice(), 3));
        assert_eq!(plan.server.command.join(" "), "apps bench --runtime tokio");
    }

    #[test]
    fn what_there_is_not_is_an_error() {
        for line in ["", "apps all", "apps all 0", "apps rooms,floors 1", "apps all 1 --fast"] {
            assert!(plan(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_series_begins_with_the_least() {
        for series in &SERIES {
            assert!(series.points.is_sorted(), "{}", series.name);
        }
    }
}
