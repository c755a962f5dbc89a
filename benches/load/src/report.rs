//! The figures, as a table of Markdown.

use crate::scenario::{Figures, Scenario};

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Medians for each runtime, and their ratios to the first.
pub(crate) fn print(scenario: &Scenario, runtimes: &[String], results: &[Vec<Figures>]) {
    let of = |results: &[Figures], figure: fn(&Figures) -> f64| {
        median(results.iter().map(figure).collect())
    };
    println!("\n{}, medians of {} rounds\n", scenario.name, results[0].len());
    if scenario.is_at_rest() {
        println!("| runtime | server CPU at rest | resident bytes per connection |\n|---|---|---|");
    } else {
        println!(
            "| runtime | deliveries/s | of {0} | µs of CPU per delivery | of {0} |\n|---|---|---|---|---|",
            runtimes[0]
        );
    }
    let first = (of(&results[0], |f| f.per_second), of(&results[0], |f| f.cpu_micros));
    for (runtime, results) in runtimes.iter().zip(results) {
        let (speed, cpu) = (of(results, |f| f.per_second), of(results, |f| f.cpu_micros));
        if scenario.is_at_rest() {
            let resident = of(results, |f| f.resident);
            println!("| {runtime} | {:.2} % of a core | {resident:.0} |", cpu / 1e4);
        } else {
            let (speeds, cpus) = (speed / first.0, cpu / first.1);
            println!("| {runtime} | {speed:.0} | {speeds:.2} | {cpu:.2} | {cpus:.2} |");
        }
    }
}
