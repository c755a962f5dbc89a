//! A difference, told so that one sees it.

use std::collections::BTreeSet;
use std::fmt;

use super::check::Difference;
use super::operation::Operation;
use super::outcome::{Answer, Delivery, Outcome};
use super::people::Member;

/// One sentence, then the steps, the last of which is the one that went wrong.
pub(super) fn tell<O: Operation>(
    difference: &Difference<O>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let steps = difference.steps();
    let (faults, wronged) = match difference.got() {
        Ok(got) => faults(difference.expected(), got),
        Err(panic) => (vec![format!("made it panic: {panic}")], BTreeSet::new()),
    };
    let Some((last, before)) = steps.split_last() else {
        return write!(f, "before anything happened, something {}", faults.join("; it "));
    };
    if let Some(reason) = reason(before, last, &wronged) {
        write!(f, "after {reason}, ")?;
    }
    writeln!(f, "{last}, which {}", faults.join("; it "))?;
    for (n, step) in steps.iter().enumerate() {
        write!(f, "\n{:>4}. {step}", n + 1)?;
    }
    Ok(())
}

/// The step that explains most: the last one by somebody who was wronged, or just the one before.
fn reason<'a, O: Operation>(
    before: &'a [O],
    last: &O,
    wronged: &BTreeSet<Member>,
) -> Option<&'a O> {
    let names = |step: &O| step.clone().members().into_iter().map(|who| *who).collect::<Vec<_>>();
    // Where nobody was, it is between the system and whoever did it.
    let meant = if wronged.is_empty() { names(last) } else { wronged.iter().copied().collect() };
    let concerns = |step: &&O| names(step).iter().any(|who| meant.contains(who));
    before.iter().rfind(concerns).or(before.last())
}

/// What went wrong, each as what follows "which" or "it"; and to whom.
fn faults(expected: &Outcome, got: &Outcome) -> (Vec<String>, BTreeSet<Member>) {
    let mut wronged = BTreeSet::new();
    let (mut surplus, mut missing, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let all = expected.deliveries().iter().chain(got.deliveries());
    for delivery in all.collect::<BTreeSet<_>>() {
        let count = |outcome: &Outcome| {
            outcome.deliveries().iter().filter(|other| *other == delivery).count()
        };
        let (should, did) = (count(expected), count(got));
        if should == did {
            continue;
        }
        wronged.insert(delivery.to);
        match (should, did) {
            (0, _) => surplus.push(shown(delivery)),
            (_, 0) => missing.push(shown(delivery)),
            _ => faults.push(format!(
                "reached {} {}, who should have got it {}",
                shown(delivery),
                times(did),
                times(should)
            )),
        }
    }
    if !missing.is_empty() {
        faults.insert(0, format!("did not reach {}, who should have got it", listed(&missing)));
    }
    if !surplus.is_empty() {
        faults.insert(0, format!("reached {}, who should not have got it", listed(&surplus)));
    }
    faults.extend(answers(&expected.answer, &got.answer));
    (faults, wronged)
}

fn answers(expected: &Answer, got: &Answer) -> Option<String> {
    let said = match got {
        _ if expected == got => return None,
        Answer::Nothing => "went through".to_owned(),
        Answer::Refused => "was refused".to_owned(),
        Answer::Text(text) => format!("was answered `{text}`"),
    };
    let should = match expected {
        Answer::Nothing if matches!(got, Answer::Text(_)) => "should not have been".to_owned(),
        Answer::Nothing => "should not have been refused".to_owned(),
        Answer::Refused => "should have been refused".to_owned(),
        Answer::Text(text) => format!("should have been answered `{text}`"),
    };
    Some(format!("{said}, and {should}"))
}

fn shown(delivery: &Delivery) -> String {
    match &delivery.what {
        None => delivery.to.to_string(),
        Some(what) => format!("{} with `{what}`", delivery.to),
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// `alice, bob and carol`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
