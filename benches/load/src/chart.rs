//! How near each server comes to its bound, as a picture.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::contestant::{label, rank};
use crate::figures::Figures;
use crate::scenario::{SCENARIOS, Scenario};

/// Those that are compared; the limits are what they are compared with.
const SHOWN: [&str; 5] = ["tokio", "smol", "async-std", "socketioxide", "node"];

const WIDTH: usize = 780;
const ROW: usize = 18;
/// Where the bars begin, and how wide the bound is.
const LEFT: f64 = 170.0;
const UNIT: f64 = 440.0;
/// What is better than that is drawn as that; the number beside it says how much it is.
const WIDEST: f64 = 1.25;

/// Its own ground and its own ink, so that it can be read on any page.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}
.ground{fill:#ffffff}.name{text-anchor:end}.head{font-weight:600}.small{font-size:11px;fill:#59636e}
.bound{stroke:#59636e;stroke-dasharray:3 3}.mark{stroke:#1f2328;stroke-width:2}
.tokio{fill:#0969da}.smol{fill:#4f9bef}.async-std{fill:#8cc0f7}.socketioxide{fill:#d4790f}.node{fill:#2f8f46}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.small{fill:#9198a1}
.bound{stroke:#9198a1}.mark{stroke:#e6edf3}.tokio{fill:#4493f8}.smol{fill:#2f6fc4}.async-std{fill:#234f8a}
.socketioxide{fill:#e08b2c}.node{fill:#3fa75a}}";

/// The picture; without figures, its frame alone.
pub(crate) fn svg(figures: &Figures) -> String {
    let mut body = String::new();
    let mut y = 56;
    for scenario in &SCENARIOS {
        y = group(&mut body, scenario, figures, y);
    }
    let bound = LEFT + UNIT;
    let height = y + 48;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>How near each server comes to the bound of each scenario</title>\n\
         <style>\n{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n\
         <text class=\"head\" x=\"16\" y=\"26\">How near each comes to the bound: longer is better</text>\n\
         <text class=\"small\" x=\"{bound}\" y=\"44\" text-anchor=\"middle\">the bound</text>\n\
         <path class=\"bound\" d=\"M{bound} 50V{y}\"/>\n{body}\
         <text class=\"small\" x=\"16\" y=\"{}\">The stroke on a bar of klatch on tokio is what it must reach.</text>\n\
         <text class=\"small\" x=\"16\" y=\"{}\">{}</text>\n</svg>\n",
        y + 18,
        y + 36,
        escape(&where_and_when(figures)),
    )
}

fn where_and_when(figures: &Figures) -> String {
    let runs = || figures.0.values();
    let machines: BTreeSet<_> = runs().map(|run| run.machine.as_str()).collect();
    let dates: BTreeSet<_> = runs().map(|run| run.date.as_str()).collect();
    let machines = machines.into_iter().collect::<Vec<_>>().join("; ");
    match (dates.first(), dates.last()) {
        (Some(first), Some(last)) if first < last => format!("{machines}; {first} to {last}"),
        (Some(day), _) => format!("{machines}; {day}"),
        _ => "not measured yet".to_owned(),
    }
}

/// The bars of one scenario from `y` down; gives where the next begins.
fn group(body: &mut String, scenario: &Scenario, figures: &Figures, mut y: usize) -> usize {
    let bar = scenario.bar;
    let Some(run) = figures.0.get(scenario.name) else { return y };
    let mut shown: Vec<_> = SHOWN
        .iter()
        .filter_map(|server| Some((*server, bar.goodness(bar.reached(run, server)?))))
        .collect();
    shown.sort_by_key(|(server, _)| rank(server));
    // Without a bound of its own there is no ratio, and with two threads it is of klatch to klatch.
    let Some(of) = bar.of.filter(|of| !SHOWN.contains(of) && !shown.is_empty()) else { return y };
    writeln!(
        body,
        "<text class=\"head\" x=\"16\" y=\"{}\">{} <tspan class=\"small\">of {of}</tspan></text>",
        y + 14,
        scenario.name
    )
    .expect("a String takes all");
    y += ROW + 2;
    for (server, goodness) in shown {
        let width = goodness.min(WIDEST) * UNIT;
        let (end, base) = (LEFT + width, y + 13);
        writeln!(
            body,
            "<text class=\"name\" x=\"{}\" y=\"{base}\">{}</text>\
             <rect class=\"{server}\" x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{base}\">{goodness:.2}</text>",
            LEFT - 8.0,
            label(server),
            y + 2,
            ROW - 4,
            end + 6.0,
        )
        .expect("a String takes all");
        if server == bar.subject {
            let at = LEFT + bar.goodness(bar.ratio) * UNIT;
            writeln!(body, "<path class=\"mark\" d=\"M{at:.1} {y}v{ROW}\"/>")
                .expect("a String takes all");
        }
        y += ROW;
    }
    y + 10
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::svg;
    use crate::figures::{Figures, Run, Sample};

    fn figures(scenario: &str, samples: &[(&str, Sample)]) -> Figures {
        let mut run = Run::new("2026-01-02".to_owned(), "R&D".to_owned());
        for (server, sample) in samples {
            run.add(server, *sample);
        }
        let mut figures = Figures::default();
        figures.0.insert(scenario.to_owned(), run);
        figures
    }

    fn bars(svg: &str) -> Vec<&str> {
        svg.lines().filter(|line| line.contains("class=\"name\"")).collect()
    }

    #[test]
    fn a_bar_is_as_long_as_the_ratio() {
        let rate = |rate| Sample { rate, ..Sample::default() };
        let servers = [("limit-coalesce", rate(4e5)), ("node", rate(1e5)), ("tokio", rate(3e5))];
        let svg = svg(&figures("fanout", &servers));
        let expected = [
            "<text class=\"name\" x=\"162\" y=\"89\">klatch on tokio</text>\
             <rect class=\"tokio\" x=\"170\" y=\"78\" width=\"330.0\" height=\"14\"/>\
             <text x=\"506.0\" y=\"89\">0.75</text>",
            "<text class=\"name\" x=\"162\" y=\"107\">socket.io on Node</text>\
             <rect class=\"node\" x=\"170\" y=\"96\" width=\"110.0\" height=\"14\"/>\
             <text x=\"286.0\" y=\"107\">0.25</text>",
        ];
        assert_eq!(bars(&svg), expected);
        // 170 + 0.70 × 440.
        assert!(svg.contains("<path class=\"mark\" d=\"M478.0 76v18\"/>"), "{svg}");
        assert!(svg.contains("R&amp;D; 2026-01-02"), "{svg}");
    }

    #[test]
    fn what_costs_half_is_twice_as_good_and_drawn_within_the_picture() {
        let cpu = |cpu_micros| Sample { cpu_micros, ..Sample::default() };
        let svg = svg(&figures("ack", &[("limit", cpu(4.0)), ("smol", cpu(2.0))]));
        let [bar] = bars(&svg)[..] else { panic!("one bar: {svg}") };
        assert!(bar.contains("width=\"550.0\"") && bar.contains(">2.00<"), "{bar}");
    }

    #[test]
    fn without_a_bound_nothing_is_drawn() {
        let idle = figures("idle", &[("tokio", Sample { bytes: 3000.0, ..Sample::default() })]);
        let alone = figures("fanout", &[("tokio", Sample { rate: 1e5, ..Sample::default() })]);
        assert!(bars(&svg(&idle)).is_empty());
        assert!(bars(&svg(&alone)).is_empty());
        assert!(svg(&Figures::default()).contains("not measured yet"));
    }
}
