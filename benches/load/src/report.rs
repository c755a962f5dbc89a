//! The figures of a scenario, as a section of Markdown.

use crate::bar::{Bar, Figure};
use crate::contestant::{label, rank};
use crate::figures::{Run, Sample};
use crate::scale::{Point, Series};
use crate::scenario::{Kind, Scenario};

/// A column of a table.
enum Column {
    /// What it is called, and the median of which figure is shown, and how.
    Median(&'static str, fn(&Sample) -> f64, fn(f64) -> String),
    /// How far the rounds are from their median at most.
    Spread(Figure),
    /// What the bar compares.
    Ratio(Bar),
}

impl Column {
    fn head(&self) -> String {
        match self {
            Self::Median(head, ..) => (*head).to_owned(),
            Self::Spread(_) => "spread".to_owned(),
            Self::Ratio(bar) => format!("of {}", bar.of.map_or("the bar", label)),
        }
    }

    fn cell(&self, run: &Run, server: &str) -> String {
        match self {
            Self::Median(_, figure, shown) => shown(run.median(server, figure).unwrap_or(0.0)),
            Self::Spread(figure) => {
                let middle = run.median(server, |sample| figure.of(sample)).unwrap_or(0.0);
                let rounds = run.servers.get(server).into_iter().flatten();
                let far = rounds.map(|sample| (figure.of(sample) - middle).abs());
                let far = far.fold(0.0, f64::max);
                format!("± {:.0} %", if middle > 0.0 { far / middle * 100.0 } else { 0.0 })
            }
            Self::Ratio(bar) => {
                let ratio = bar.reached(run, server);
                ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
            }
        }
    }
}

/// The scenario, its bar, and a row for each server.
pub(crate) fn section(scenario: &Scenario, run: &Run) -> String {
    let columns = columns(scenario);
    let heads: Vec<_> = columns.iter().map(Column::head).collect();
    let mut servers: Vec<_> = run.servers.keys().collect();
    servers.sort_by_key(|server| rank(server));
    let rows = servers.into_iter().map(|server| {
        let cells: Vec<_> = columns.iter().map(|column| column.cell(run, server)).collect();
        format!("| {} | {} |\n", label(server), cells.join(" | "))
    });
    let rounds = run.rounds();
    format!(
        "### {}\n\n{} {}\n\n| server | {} |\n|---|{}\n{}\n{rounds} {}, {}, {}\n",
        scenario.name,
        scenario.about,
        scenario.bar.verdict(run),
        heads.join(" | "),
        "--:|".repeat(columns.len()),
        rows.collect::<String>(),
        if rounds == 1 { "round" } else { "rounds" },
        run.date,
        run.machine,
    )
}

fn columns(scenario: &Scenario) -> Vec<Column> {
    use Column::{Median, Ratio, Spread};

    let cpu = Median("µs of CPU each", |sample| sample.cpu_micros, hundredths);
    let ratio = Ratio(scenario.bar);
    let late = Median("out of order", |sample| sample.late, share);
    match scenario.kind {
        Kind::Flow(_) => {
            let rate = Median("deliveries/s", |sample| sample.rate, short);
            vec![rate, Spread(Figure::Rate), cpu, ratio, late]
        }
        Kind::Paced { .. } => {
            let p50 = Median("p50 in ms", |sample| sample.p50_millis, hundredths);
            let p99 = Median("p99 in ms", |sample| sample.p99_millis, hundredths);
            vec![p50, Spread(Figure::P50), ratio, p99, cpu, late]
        }
        Kind::Connect { .. } => {
            let rate = Median("connections/s", |sample| sample.rate, short);
            vec![rate, Spread(Figure::Rate), ratio, cpu]
        }
        Kind::Idle { .. } => {
            let bytes = Median("bytes each", |sample| sample.bytes, |bytes| format!("{bytes:.0}"));
            let rest = Median("of a core", |sample| sample.cpu_micros / 1e6, share);
            vec![bytes, Spread(Figure::Bytes), rest]
        }
    }
}

/// A series, and a row for each of its points.
pub(crate) fn series(series: &Series, run: &Run) -> String {
    let columns = scale_columns(series.kind());
    let heads: Vec<_> = columns.iter().map(Column::head).collect();
    let rows = series.points.iter().filter(|point| run.servers.contains_key(&point.to_string()));
    let rows = rows.map(|point| {
        let name = point.to_string();
        let cells: Vec<_> = columns.iter().map(|column| column.cell(run, &name)).collect();
        format!("| {} | {} |\n", thousands(*point), cells.join(" | "))
    });
    let rounds = run.rounds();
    format!(
        "### {}\n\n{}\n\n| {} | {} |\n|--:|{}\n{}\n{rounds} {}, {}, {}\n",
        series.name,
        series.about,
        series.of,
        heads.join(" | "),
        "--:|".repeat(columns.len()),
        rows.collect::<String>(),
        if rounds == 1 { "round" } else { "rounds" },
        run.date,
        run.machine,
    )
}

fn scale_columns(point: Point) -> Vec<Column> {
    use Column::{Median, Spread};

    fn whole(bytes: f64) -> String {
        format!("{bytes:.0}")
    }

    fn known(bytes: f64) -> String {
        if bytes > 0.0 { whole(bytes) } else { "–".to_owned() }
    }

    if point.talks() {
        let cpu = Median("µs of CPU for each delivery", |sample| sample.cpu_micros, hundredths);
        let bytes = Median("bytes for each more", |sample| sample.bytes, whole);
        vec![cpu, Spread(Figure::Cpu), bytes]
    } else {
        let bytes = Median("bytes each", |sample| sample.bytes, whole);
        let kernel = Median("of the kernel, for both ends", |sample| sample.kernel_bytes, known);
        let rest = Median("of a core", |sample| sample.cpu_micros / 1e6, share);
        vec![bytes, Spread(Figure::Bytes), kernel, rest]
    }
}

/// One round of a point in a line.
pub(crate) fn scale_progress(point: Point, sample: &Sample) -> String {
    line(scale_columns(point), sample)
}

/// One round in a line.
pub(crate) fn progress(scenario: &Scenario, sample: &Sample) -> String {
    line(columns(scenario), sample)
}

fn line(columns: Vec<Column>, sample: &Sample) -> String {
    let cells = columns.into_iter().filter_map(|column| match column {
        Column::Median(head, figure, shown) => Some(format!("{} {head}", shown(figure(sample)))),
        _ => None,
    });
    cells.collect::<Vec<_>>().join(", ")
}

/// With a comma, as in the text.
fn thousands(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

fn share(share: f64) -> String {
    if share > 0.0 { format!("{:.2} %", share * 100.0) } else { "0".to_owned() }
}

fn hundredths(figure: f64) -> String {
    format!("{figure:.2}")
}

/// Three digits, which is more than a machine repeats.
fn short(figure: f64) -> String {
    match figure {
        1e6.. => format!("{:.2}M", figure / 1e6),
        1e5.. => format!("{:.0}k", figure / 1e3),
        1e3.. => format!("{:.1}k", figure / 1e3),
        _ => format!("{figure:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{progress, section, series, short, thousands};
    use crate::figures::{Run, Sample};
    use crate::scale::Series;
    use crate::scenario::Scenario;

    fn scenario(name: &str) -> &'static Scenario {
        Scenario::named(name).expect("there is one")
    }

    fn run(samples: &[(&str, Sample)]) -> Run {
        let mut run = Run::new("2026-01-02".to_owned(), "a machine".to_owned());
        for (server, sample) in samples {
            run.add(server, *sample);
        }
        run
    }

    fn flow(rate: f64, cpu_micros: f64, late: f64) -> Sample {
        Sample { rate, cpu_micros, late, ..Sample::default() }
    }

    #[test]
    fn a_section_has_the_bar_and_a_row_for_each_server() {
        let run = run(&[
            ("tokio", flow(8e5, 1.2, 0.0)),
            ("tokio", flow(1e6, 1.0, 0.0)),
            ("tokio", flow(9e5, 1.1, 0.0)),
            ("socketioxide", flow(3e5, 3.0, 0.1234)),
            ("limit-coalesce", flow(1.0e6, 0.8, 0.0)),
            ("limit-coalesce", flow(1.3e6, 0.8, 0.0)),
            ("limit-coalesce", flow(1.2e6, 0.8, 0.0)),
        ]);
        let expected = "\
### fanout

1,000 clients in one room, of which one sends 64 bytes, 8 messages in flight. \
Bar: klatch on tokio, at least 0.70 of limit-coalesce's rate; met with 0.77.

| server | deliveries/s | spread | µs of CPU each | of limit-coalesce | out of order |
|---|--:|--:|--:|--:|--:|
| limit-coalesce | 1.20M | ± 17 % | 0.80 | 1.00 | 0 |
| klatch on tokio | 900k | ± 11 % | 1.10 | 0.77 | 0 |
| socketioxide | 300k | ± 0 % | 3.00 | 0.30 | 12.34 % |

3 rounds, 2026-01-02, a machine
";
        assert_eq!(section(scenario("fanout"), &run), expected);
    }

    #[test]
    fn less_is_better_where_it_costs() {
        let measured = run(&[("limit", flow(1e5, 4.0, 0.0)), ("tokio", flow(1e5, 6.0, 0.0))]);
        let text = section(scenario("ack"), &measured);
        let bar = "klatch on tokio, at most 1.30 of limit's CPU; **missed** with 1.50.";
        assert!(text.contains(bar), "{text}");
        let idle = run(&[("tokio", Sample { bytes: 3600.0, ..Sample::default() })]);
        let text = section(scenario("idle"), &idle);
        assert!(text.contains("at most 4000 bytes; met with 3600."), "{text}");
        assert!(text.contains("| klatch on tokio | 3600 | ± 0 % | 0 |"), "{text}");
    }

    #[test]
    fn of_four_rounds_on_the_middle_half_is_shown() {
        let rounds = [(4.0, 4.4), (8.0, 12.0), (4.0, 5.2), (5.0, 6.0), (4.0, 5.0)];
        let samples = rounds.map(|(limit, tokio)| {
            [("limit", flow(1e5, limit, 0.0)), ("tokio", flow(1e5, tokio, 0.0))]
        });
        let text = section(scenario("ack"), &run(samples.as_flattened()));
        let bar = "at most 1.30 of limit's CPU; met with 1.25, in half of the rounds 1.20 to 1.30.";
        assert!(text.contains(bar), "{text}");
    }

    #[test]
    fn without_its_bound_a_bar_is_not_measured() {
        let text = section(scenario("fanout"), &run(&[("tokio", flow(1e5, 4.0, 0.0))]));
        assert!(text.contains("0.70 of limit-coalesce's rate; not measured."), "{text}");
        assert!(text.contains("| klatch on tokio | 100k | ± 0 % | 4.00 | – | 0 |"), "{text}");
    }

    #[test]
    fn a_series_has_a_row_for_each_point_that_was_measured() {
        let point = |cpu_micros, bytes| Sample { cpu_micros, bytes, ..Sample::default() };
        let run = run(&[("100", point(0.6, 120.0)), ("0", point(0.5, 0.0))]);
        let expected = "\
### rooms

A room of 1,000, each of whom is in so many other rooms, which they joined before.

| other rooms | µs of CPU for each delivery | spread | bytes for each more |
|--:|--:|--:|--:|
| 0 | 0.50 | ± 0 % | 0 |
| 100 | 0.60 | ± 0 % | 120 |

1 round, 2026-01-02, a machine
";
        assert_eq!(series(Series::named("rooms").expect("there is one"), &run), expected);
        assert_eq!(thousands(15_000), "15,000");
    }

    #[test]
    fn a_round_is_a_line() {
        let line = progress(scenario("echo"), &flow(123_456.0, 4.0, 0.0));
        assert_eq!(line, "123k deliveries/s, 4.00 µs of CPU each, 0 out of order");
    }

    #[test]
    fn figures_have_three_digits() {
        let shown = [3_051_000.0, 206_000.0, 25_740.0, 950.0].map(short);
        assert_eq!(shown, ["3.05M", "206k", "25.7k", "950"]);
    }
}
