//! The curve of a soak.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::soak::Sample;
use super::trend::WARM_UP;

/// Below the documents' folder.
const PICTURE: &str = "load/soak.svg";

const WIDTH: f64 = 780.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 716.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 292.0;

/// Its own ground and its own ink, so that it can be read on any page.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}
.ground{fill:#ffffff}.head{font-weight:600}.small{font-size:11px;fill:#59636e}.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:#d1d9e0}.mark{stroke:#59636e;stroke-dasharray:3 3}path{fill:none;stroke-width:2}
.memory{stroke:#0969da}.clients{stroke:#d4790f}text.memory{fill:#0969da;stroke:none}text.clients{fill:#d4790f;stroke:none}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.small{fill:#9198a1}.grid{stroke:#2a313a}
.mark{stroke:#9198a1}.memory{stroke:#4493f8}.clients{stroke:#e08b2c}text.memory{fill:#4493f8}text.clients{fill:#e08b2c}}";

pub(crate) fn save(docs: &Path, samples: &[Sample], about: &str) -> io::Result<()> {
    let path = docs.join(PICTURE);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, svg(samples, about))
}

/// Resident memory on the left scale, connections on the right one, both from 0 on.
fn svg(samples: &[Sample], about: &str) -> String {
    let minutes = samples.last().map_or(1.0, |last| last.at.as_secs_f64() / 60.0);
    let memory = scale(samples.iter().map(|sample| sample.resident as f64 / 1e6));
    let clients = scale(samples.iter().map(|sample| sample.connections as f64));
    let mut body = String::new();
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        let y = BOTTOM - share * (BOTTOM - TOP);
        let (megabytes, count) = (memory * share, clients * share);
        write!(
            body,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\" style=\"stroke-width:1\"/>\n\
             <text class=\"memory end\" x=\"{:.1}\" y=\"{:.1}\">{megabytes:.0}</text>\
             <text class=\"clients\" x=\"{:.1}\" y=\"{:.1}\">{count:.0}</text>\n",
            LEFT - 8.0,
            y + 4.0,
            RIGHT + 8.0,
            y + 4.0,
        )
        .expect("a String takes all");
    }
    let x = |minute: f64| LEFT + minute / minutes * (RIGHT - LEFT);
    let step = (minutes / 6.0).ceil().max(1.0);
    let mut minute = 0.0;
    while minute <= minutes + 0.2 {
        let at = x(minute).min(RIGHT);
        writeln!(
            body,
            "<text class=\"mid\" x=\"{at:.1}\" y=\"{:.1}\">{minute:.0}</text>",
            BOTTOM + 18.0
        )
        .expect("a String takes all");
        minute += step;
    }
    let warm = WARM_UP.as_secs_f64() / 60.0;
    if minutes > warm {
        let at = x(warm);
        writeln!(
            body,
            "<path class=\"mark\" d=\"M{at:.1} {TOP}V{BOTTOM}\" style=\"stroke-width:1\"/>"
        )
        .expect("a String takes all");
    }
    let line = |of: &dyn Fn(&Sample) -> f64, top: f64| {
        let mut path = String::new();
        for (number, sample) in samples.iter().enumerate() {
            let y = BOTTOM - of(sample) / top * (BOTTOM - TOP);
            let begin = if number == 0 { 'M' } else { 'L' };
            write!(path, "{begin}{:.1} {y:.1}", x(sample.at.as_secs_f64() / 60.0))
                .expect("a String takes all");
        }
        path
    };
    let clients = line(&|sample| sample.connections as f64, clients);
    let memory = line(&|sample| sample.resident as f64 / 1e6, memory);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\">\n\
         <title>Resident memory and connections of a server while clients come and go</title>\n\
         <style>\n{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\n\
         <text class=\"memory head\" x=\"16\" y=\"26\">resident memory, MB</text>\
         <text class=\"clients head end\" x=\"{}\" y=\"26\">connections</text>\n\
         {body}<path class=\"clients\" d=\"{clients}\"/>\n<path class=\"memory\" d=\"{memory}\"/>\n\
         <text class=\"small\" x=\"16\" y=\"{}\">Minutes. What counts is behind the stroke at five of them.</text>\n\
         <text class=\"small\" x=\"16\" y=\"{}\">{}</text>\n</svg>\n",
        WIDTH - 16.0,
        HEIGHT - 30.0,
        HEIGHT - 12.0,
        crate::chart::escape(about),
    )
}

/// A round number that all values are below, a fifth of it free.
fn scale(values: impl Iterator<Item = f64>) -> f64 {
    let most = values.fold(1.0, f64::max) * 1.1;
    let unit = 10f64.powf(most.log10().floor()) / 2.5;
    (most / unit).ceil() * unit
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{scale, svg};
    use crate::hold::soak::Sample;

    #[test]
    fn curves_begin_on_the_left_and_end_on_the_right() {
        let sample = |minute: u64, resident| Sample {
            at: Duration::from_secs(60 * minute),
            connections: 100,
            resident,
            files: 10,
        };
        let svg = svg(&[sample(0, 0), sample(5, 36_000_000), sample(10, 18_000_000)], "R&D");
        assert!(svg.contains("R&amp;D"), "{svg}");
        assert!(
            svg.contains("<path class=\"memory\" d=\"M64.0 292.0L390.0 72.4L716.0 182.2\"/>"),
            "{svg}"
        );
    }

    #[test]
    fn a_scale_is_round_and_above_all() {
        for (most, top) in [(36.0, 40.0), (5000.0, 5600.0), (0.0, 1.2)] {
            let found = scale([most].into_iter());
            assert!((found - top).abs() < 1e-9 && found > most, "{most}: {found}");
        }
    }
}
