//! The documents that show the figures.

use std::fs;
use std::io;
use std::path::Path;

use crate::figures::{Figures, Run};
use crate::scale::SERIES;
use crate::scenario::SCENARIOS;
use crate::{chart, report};

/// Below the documents' folder.
const FIGURES: &str = "performance/figures.json";
const CHART: &str = "performance/ratios.svg";
const SCALE: &str = "performance/scale.json";
const DOCUMENT: &str = "performance.md";

/// What stands before the figures of the scenarios.
const BEGIN: &str = "<!-- The rest is written by `cargo xtask bench --write`. -->\n";
/// Likewise, of the series.
const BEGIN_SCALE: &str = "<!-- The rest is written by `cargo xtask bench scale --write`. -->\n";
const END: &str = "<!-- As far as here. -->\n";

/// Puts a run in the place of the one before it; those of other scenarios stay.
pub(crate) fn update(docs: &Path, scenario: &str, run: Run) -> io::Result<()> {
    replace(docs, FIGURES, scenario, run)
}

/// Likewise, for a series.
pub(crate) fn update_scale(docs: &Path, series: &str, run: Run) -> io::Result<()> {
    replace(docs, SCALE, series, run)
}

fn replace(docs: &Path, file: &str, name: &str, run: Run) -> io::Result<()> {
    let mut figures = read(docs, file)?;
    figures.0.insert(name.to_owned(), run);
    write(&docs.join(file), &figures.write()?)?;
    render(docs)
}

/// Writes tables and chart anew from the figures.
pub(crate) fn render(docs: &Path) -> io::Result<()> {
    let (figures, scale) = (read(docs, FIGURES)?, read(docs, SCALE)?);
    let path = docs.join(DOCUMENT);
    write(&docs.join(CHART), &chart::svg(&figures))?;
    let text = fs::read_to_string(&path).map_err(|error| named(&path, &error))?;
    let text = with_sections(&text, &figures, &scale)
        .ok_or_else(|| io::Error::other(format!("{} has lost its marks", path.display())))?;
    write(&path, &text)
}

fn read(docs: &Path, file: &str) -> io::Result<Figures> {
    let path = docs.join(file);
    let json = fs::read_to_string(&path).map_err(|error| named(&path, &error))?;
    Figures::read(&json).map_err(|error| named(&path, &error))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// The document with the sections of these figures between its marks.
fn with_sections(document: &str, figures: &Figures, scale: &Figures) -> Option<String> {
    let measured = SCENARIOS.iter().filter_map(|scenario| {
        figures.0.get(scenario.name).map(|run| report::section(scenario, run))
    });
    let document = between(document, BEGIN, &measured.collect::<Vec<_>>())?;
    let measured = SERIES
        .iter()
        .filter_map(|series| scale.0.get(series.name).map(|run| report::series(series, run)));
    between(&document, BEGIN_SCALE, &measured.collect::<Vec<_>>())
}

fn between(document: &str, begin: &str, sections: &[String]) -> Option<String> {
    let (before, rest) = document.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    let mut sections = sections.join("\n");
    if sections.is_empty() {
        "Not measured yet.\n".clone_into(&mut sections);
    }
    Some(format!("{before}{begin}\n{sections}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{BEGIN, BEGIN_SCALE, CHART, DOCUMENT, END, FIGURES, SCALE, read, with_sections};
    use crate::chart;
    use crate::figures::{Figures, Run, Sample};

    #[test]
    fn sections_come_between_the_marks_in_the_order_of_the_scenarios() {
        let mut figures = Figures::default();
        for name in ["echo", "fanout"] {
            let mut run = Run::new("2026-01-02".to_owned(), "a machine".to_owned());
            run.add("tokio", Sample::default());
            figures.0.insert(name.to_owned(), run);
        }
        let mut scale = Figures::default();
        let mut run = Run::new("2026-01-02".to_owned(), "a machine".to_owned());
        run.add("10", Sample::default());
        scale.0.insert("members".to_owned(), run);
        let document = format!("before\n{BEGIN}old\n{END}amid\n{BEGIN_SCALE}old\n{END}after\n");
        let text = with_sections(&document, &figures, &scale).expect("it has its marks");
        assert!(text.starts_with("before\n") && text.ends_with("after\n"), "{text}");
        assert!(!text.contains("old"));
        let heads: Vec<_> = text.lines().filter(|line| line.starts_with("###")).collect();
        assert_eq!(heads, ["### fanout", "### echo", "### members"]);
        assert_eq!(with_sections(&text, &figures, &scale).as_deref(), Some(text.as_str()));
        assert!(with_sections("no marks", &figures, &scale).is_none());
    }

    /// If not: `cargo run -p klatch-load -- render docs`.
    #[test]
    fn the_documents_show_the_figures() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let figures = read(&docs, FIGURES).expect("figures");
        let scale = read(&docs, SCALE).expect("figures");
        let text = fs::read_to_string(docs.join(DOCUMENT)).expect("the document");
        assert_eq!(with_sections(&text, &figures, &scale), Some(text));
        let shown = fs::read_to_string(docs.join(CHART)).expect("the chart");
        assert_eq!(shown, chart::svg(&figures));
    }
}
