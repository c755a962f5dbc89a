//! `cargo xtask test`: the steps, one after the other, until one fails.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::args::Args;
use crate::step::{Record, Step};
use crate::steps::STEPS;
use crate::tally::Tally;

pub(crate) fn run(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let quick = args.flag("--quick");
    let only = args.option("--only")?;
    let [] = args.rest([])?;
    let steps = chosen(STEPS, quick, only.as_deref())?;

    let began = Instant::now();
    let mut tally = Tally::default();
    let result = all(&steps, quick, &mut tally);
    let time = shown(began.elapsed());
    match &result {
        Ok(()) => println!("\nall passed in {time}"),
        Err(_) => println!("\nfailed after {time}"),
    }
    if !tally.is_empty() {
        println!("{tally}");
    }
    result
}

fn all(steps: &[&Step], quick: bool, tally: &mut Tally) -> Outcome {
    for (index, step) in steps.iter().enumerate() {
        print!("[{}/{}] {} ... ", index + 1, steps.len(), step.name);
        // A failure to flush shows the line later, no more.
        let _ = std::io::stdout().flush();

        let began = Instant::now();
        let mut record = Record { step: step.name, quick, ..Record::default() };
        let result = (step.act)(&mut record);
        *tally += record.tally;
        let time = shown(began.elapsed());
        if let Err(why) = result {
            println!("FAILED {time}\n");
            println!("{}", why.trim_end());
            return Err(format!("step `{0}` failed: cargo xtask test --only {0}", step.name));
        }
        println!("ok {time}");
        for note in record.notes {
            println!("        {note}");
        }
        if !record.tally.is_empty() {
            println!("        {}", record.tally);
        }
    }
    Ok(())
}

/// The steps asked for: one by its name, several by what their names begin with.
fn chosen<'a>(steps: &'a [Step], quick: bool, only: Option<&str>) -> Outcome<Vec<&'a Step>> {
    let Some(only) = only else {
        return Ok(steps.iter().filter(|step| !(quick && step.slow)).collect());
    };
    let group = format!("{only}-");
    let found: Vec<_> =
        steps.iter().filter(|step| step.name == only || step.name.starts_with(&group)).collect();
    if found.is_empty() {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(format!("no step `{only}`: there are {}", names.join(", ")));
    }
    Ok(found)
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1}s", time.as_secs_f64());
    }
    format!("{}m {:02}s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Record, STEPS, chosen, shown};
    use crate::args::RUNTIMES;

    fn names(quick: bool, only: Option<&str>) -> Vec<&'static str> {
        let steps = chosen(STEPS, quick, only).expect("steps");
        steps.into_iter().map(|step| step.name).collect()
    }

    const CLIENTS: [&str; 3] = ["clients-tokio", "clients-async-std", "clients-smol"];

    #[test]
    fn steps_are_chosen_by_name() {
        assert_eq!(names(false, None).len(), STEPS.len());
        assert_eq!(names(false, Some("clients")), CLIENTS);
        assert_eq!(names(true, Some("docs")), ["docs"]);
        assert!(!names(true, None).iter().any(|name| name.starts_with("browser")));
        assert!(chosen(STEPS, false, Some("nothing")).is_err());
    }

    #[test]
    fn steps_of_every_runtime_are_named_for_it() {
        for group in ["clients", "python", "browser"] {
            let all = names(false, Some(group));
            for runtime in RUNTIMES {
                let step = all.iter().find(|step| **step == format!("{group}-{runtime}"));
                let step = step.unwrap_or_else(|| panic!("no step {group}-{runtime}"));
                let record = Record { step, ..Record::default() };
                assert_eq!(record.runtime(), Ok(runtime));
            }
            assert_eq!(all.len(), RUNTIMES.len());
        }
        assert!(Record { step: "fmt", ..Record::default() }.runtime().is_err());
    }

    #[test]
    fn times_are_short() {
        assert_eq!(shown(Duration::from_millis(12_340)), "12.3s");
        assert_eq!(shown(Duration::from_secs(125)), "2m 05s");
    }
}
