//! A load generator: clients of the app `bench` on one core, the server on the other.
//!
//! ```sh
//! cargo xtask bench idle|fanout|echo [--rounds N] [--runtimes tokio,smol]
//! ```
//!
//! Every delivery is counted and checked for its order. Servers take turns, round by round, since
//! a machine is not the same from one minute to the next: what counts are the ratios.

#![allow(clippy::cast_precision_loss, reason = "no figure here has more than eight digits")]

mod client;
mod crowd;
mod report;
mod scenario;
mod server;

use std::process::ExitCode;

use scenario::Scenario;

/// What the command line asks for.
struct Plan {
    app: String,
    scenarios: Vec<Scenario>,
    runtimes: Vec<String>,
    rounds: usize,
}

const USAGE: &str = "usage: klatch-load APP SCENARIO,.. RUNTIME,.. ROUNDS
scenarios: idle, fanout, fanout-1, echo, echo-1; APP is the path of the example `apps`";

fn plan(mut words: impl Iterator<Item = String>) -> Option<Plan> {
    let app = words.next()?;
    let scenarios = words.next()?.split(',').map(Scenario::named).collect::<Option<_>>()?;
    let runtimes = words.next()?.split(',').map(str::to_owned).collect();
    let rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?;
    words.next().is_none().then_some(Plan { app, scenarios, runtimes, rounds })
}

fn main() -> ExitCode {
    let Some(plan) = plan(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("klatch-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan) -> std::io::Result<()> {
    let cores = server::Cores::split()?;
    for scenario in &plan.scenarios {
        let mut results = vec![Vec::new(); plan.runtimes.len()];
        for round in 1..=plan.rounds {
            for (runtime, results) in plan.runtimes.iter().zip(&mut results) {
                eprintln!("{} on {runtime}, round {round} of {}", scenario.name, plan.rounds);
                let server = server::Server::start(&plan.app, runtime, &cores)?;
                results.push(scenario.run(&server)?);
            }
        }
        report::print(scenario, &plan.runtimes, &results);
    }
    Ok(())
}
