//! What a soak has seen.

use std::collections::BTreeMap;

use super::actor::Act;

/// Violations that are told in full; the others are counted.
const TOLD: usize = 20;

#[derive(Default)]
pub(crate) struct Tally {
    /// Messages that were sent and acknowledged, and those that were heard.
    pub(crate) accepted: u64,
    pub(crate) heard: u64,
    /// Connections that came into the namespace.
    pub(crate) came: u64,
    /// Turned away with 503.
    pub(crate) turned_away: u64,
    /// Questions by which everything had to have come, and had.
    pub(crate) settled: u64,
    acts: BTreeMap<&'static str, u64>,
    violations: u64,
    told: Vec<String>,
}

impl Tally {
    pub(crate) fn acted(&mut self, act: Act) {
        *self.acts.entry(act.name()).or_default() += 1;
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.violations += 1;
        if self.told.len() < TOLD {
            eprintln!("violation: {what}");
            self.told.push(what);
        }
    }

    pub(crate) fn violations(&self) -> u64 {
        self.violations
    }

    pub(crate) fn shown_violations(&self) -> String {
        let mut shown = format!("{} violations", self.violations);
        for told in &self.told {
            shown.push_str("\n          ");
            shown.push_str(told);
        }
        shown
    }

    pub(crate) fn shown_deliveries(&self) -> String {
        let Self { accepted, heard, settled, .. } = self;
        format!(
            "{accepted} messages were accepted, {heard} heard; {settled} times all that was due had come"
        )
    }

    pub(crate) fn shown_lives(&self) -> String {
        let acts: Vec<_> = self.acts.iter().map(|(act, times)| format!("{act} {times}")).collect();
        format!(
            "{} connections came, {} were turned away with 503; {}",
            self.came,
            self.turned_away,
            acts.join(", ")
        )
    }
}

impl Act {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "said something",
            Self::Join => "joined",
            Self::Leave => "left",
            Self::Sync => "asked",
            Self::Stall => "stalled",
            Self::Reset => "reset",
            Self::Shut => "half-closed",
            Self::Vanish => "vanished",
            Self::Mute => "fell silent",
            Self::Goodbye => "said goodbye",
        }
    }
}
