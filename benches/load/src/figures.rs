//! What was measured, and how it is kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};

/// One round of one server. What a scenario does not measure is 0, and not written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sample {
    /// Deliveries, or connections, in a second of the wall.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) rate: f64,
    /// Microseconds of the server's CPU: for each of those, or in a second at rest.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) cpu_micros: f64,
    /// The share of deliveries that came after one that was sent later.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) late: f64,
    /// From sending to delivery.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) p50_millis: f64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) p99_millis: f64,
    /// What the server's resident memory grew by, for each connection.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) bytes: f64,
    /// What the kernel's grew by, for both ends of each connection.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) kernel_bytes: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(figure: &f64) -> bool {
    *figure == 0.0
}

/// All rounds of one scenario, when and where.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) servers: BTreeMap<String, Vec<Sample>>,
}

impl Run {
    pub(crate) fn new(date: String, machine: String) -> Self {
        Self { date, machine, servers: BTreeMap::new() }
    }

    /// Adds a round, in digits that mean something.
    pub(crate) fn add(&mut self, server: &str, sample: Sample) {
        let rounded = Sample {
            rate: sample.rate.round(),
            cpu_micros: thousandths(sample.cpu_micros),
            late: thousandths(sample.late * 100.0) / 100.0,
            p50_millis: thousandths(sample.p50_millis),
            p99_millis: thousandths(sample.p99_millis),
            bytes: sample.bytes.round(),
            kernel_bytes: sample.kernel_bytes.round(),
        };
        self.servers.entry(server.to_owned()).or_default().push(rounded);
    }

    /// The median of a figure, if that server was there.
    pub(crate) fn median(&self, server: &str, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        Some(median(self.servers.get(server)?.iter().map(figure).collect()))
    }

    /// How much of the other's figure a server has: the median of what it is in each round, since a machine
    /// may be half as fast a minute later, for both.
    pub(crate) fn ratio(
        &self,
        server: &str,
        other: &str,
        figure: impl Fn(&Sample) -> f64,
    ) -> Option<Quartiles> {
        let rounds = self.servers.get(server)?.iter().zip(self.servers.get(other)?);
        Some(Quartiles::of(rounds.map(|(one, other)| figure(one) / figure(other)).collect()))
    }

    pub(crate) fn rounds(&self) -> usize {
        self.servers.values().map(Vec::len).max().unwrap_or(0)
    }
}

fn thousandths(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (middle, 0) => f64::midpoint(values[middle - 1], values[middle]),
        (middle, _) => values[middle],
    }
}

/// The middle of some values, and where the middle half of them begins and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quartiles {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Quartiles {
    /// Each half has the middle one, if there is one.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let half = values.len().div_ceil(2);
        let low = median(values[..half].to_vec());
        let high = median(values[values.len() - half..].to_vec());
        Self { low, middle: median(values), high }
    }
}

/// The runs of scenarios, by their names.
#[derive(Default, Deserialize)]
pub(crate) struct Figures(pub(crate) BTreeMap<String, Run>);

impl Figures {
    pub(crate) fn read(json: &str) -> io::Result<Self> {
        Ok(serde_json::from_str(json)?)
    }

    /// JSON, with the rounds of a server on one line.
    pub(crate) fn write(&self) -> io::Result<String> {
        let mut json = "{".to_owned();
        for (number, (scenario, run)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let Run { date, machine, servers } = run;
            let (date, machine) = (serde_json::to_string(date)?, serde_json::to_string(machine)?);
            let mut lines = Vec::new();
            for (server, rounds) in servers {
                lines.push(format!("      \"{server}\": {}", serde_json::to_string(rounds)?));
            }
            write!(
                json,
                "{comma}\n  \"{scenario}\": {{\n    \"date\": {date},\n    \"machine\": {machine},\n    \
                 \"servers\": {{\n{}\n    }}\n  }}",
                lines.join(",\n")
            )
            .expect("a String takes all");
        }
        json.push_str("\n}\n");
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Quartiles, Run, Sample, median};

    #[test]
    #[expect(clippy::float_cmp, reason = "these are whole")]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(vec![9.0, 1.0, 5.0, 7.0]), 6.0);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn rounds_are_compared_with_themselves() {
        let mut run = Run::new("2026-01-02".to_owned(), "a machine".to_owned());
        // Half as fast in the third round and the fourth, and in the last only the other.
        for (one, other) in [(90.0, 100.0), (80.0, 100.0), (40.0, 50.0), (42.0, 50.0), (90.0, 45.0)]
        {
            run.add("tokio", Sample { rate: one, ..Sample::default() });
            run.add("limit", Sample { rate: other, ..Sample::default() });
        }
        let ratio = |one, other| run.ratio(one, other, |sample| sample.rate);
        assert_eq!(ratio("tokio", "limit"), Some(Quartiles { low: 0.8, middle: 0.84, high: 0.9 }));
        assert_eq!(ratio("tokio", "smol"), None);
        assert_eq!(ratio("smol", "limit"), None);
    }

    #[test]
    fn the_middle_half_of_some_values() {
        let quartiles = |low, middle, high| Quartiles { low, middle, high };
        assert_eq!(Quartiles::of(vec![3.0, 1.0, 4.0, 2.0]), quartiles(1.5, 2.5, 3.5));
        assert_eq!(Quartiles::of(vec![7.0]), quartiles(7.0, 7.0, 7.0));
    }

    #[test]
    fn figures_are_kept_as_they_are() {
        let mut run = Run::new("2026-01-02".to_owned(), "a \"machine\"".to_owned());
        run.add("tokio", Sample { rate: 1000.4, cpu_micros: 0.98765, ..Sample::default() });
        run.add("tokio", Sample { rate: 900.0, late: 0.123_456, ..Sample::default() });
        run.add("limit", Sample { bytes: 90.0, ..Sample::default() });
        let mut figures = Figures::default();
        figures.0.insert("echo".to_owned(), run);
        let json = figures.write().expect("JSON");
        let expected = r#"{
  "echo": {
    "date": "2026-01-02",
    "machine": "a \"machine\"",
    "servers": {
      "limit": [{"bytes":90.0}],
      "tokio": [{"rate":1000.0,"cpu_micros":0.988},{"rate":900.0,"late":0.12346}]
    }
  }
}
"#;
        assert_eq!(json, expected);
        let again = Figures::read(&json).expect("its own").write().expect("JSON");
        assert_eq!(again, expected);
    }
}
