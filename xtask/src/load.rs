//! `cargo xtask load` and `soak`: whether a server holds under load, in a process of its own and over real
//! sockets.

use std::path::Path;

use crate::Outcome;
use crate::args::Args;
use crate::command::Line;
use crate::step::Record;
use crate::{bench, layout};

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let options = Options::take(&mut args)?;
    let cases = args.at_most("CASE,..")?.unwrap_or_else(|| "all".to_owned());
    try_in_release(&cases, options)
}

/// The case that takes as long as one likes.
pub(crate) fn soak(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let mut options = Options::take(&mut args)?;
    options.pass_on(&mut args, "--minutes")?;
    options.pass_on(&mut args, "--pause")?;
    let [] = args.rest([])?;
    try_in_release("soak", options)
}

/// What the load generator is told, word by word.
struct Options(Vec<String>);

impl Options {
    /// Those that every case has.
    fn take(args: &mut Args) -> Outcome<Self> {
        let mut options = Self(vec!["--runtime".to_owned(), args.runtime()?]);
        for name in ["--connections", "--rounds", "--seed"] {
            options.pass_on(args, name)?;
        }
        if args.flag("--write") {
            let docs = layout::existing("docs")?;
            options.0.extend(["--write".to_owned(), docs.display().to_string()]);
        }
        Ok(options)
    }

    fn pass_on(&mut self, args: &mut Args, name: &str) -> Outcome {
        if let Some(value) = args.option(name)? {
            self.0.extend([name.to_owned(), value]);
        }
        Ok(())
    }
}

fn try_in_release(cases: &str, options: Options) -> Outcome {
    let (root, release) = (layout::root(), layout::target()?.join("release"));
    Line::new(&root, bench::BUILD).show()?;
    let load = Line::new(&root, "cargo run --release --package klatch-load -- hold")
        .arg(cases)
        .arg(release.join("examples/apps"));
    options.0.into_iter().fold(load, Line::arg).show()
}

/// All cases, so small that they take seconds: the tools work, and hold what they can see.
pub(crate) fn check(root: &Path, record: &mut Record) -> Outcome {
    record.cargo(root, "build --example apps --all-features")?;
    record.cargo(root, "build --package klatch-load")?;
    let line = Line::new(root, &format!("{}", layout::binary("klatch-load")?.display()))
        .arg("hold")
        .arg("all")
        .arg(layout::example("apps")?)
        .arg("--short");
    let printed = record.run(line)?;
    for verdict in printed.lines().filter(|line| line.ends_with(": holds")) {
        record.note(verdict);
    }
    Ok(())
}
