//! What a connection should report, by a list of everybody who ever asked to join.

use std::collections::VecDeque;

use klatch_core::SlotError;

/// What a client says about a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Connect,
    Disconnect,
    Event,
    Ack,
    StrayAck,
}

/// How far one asking to join came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    Joined,
    /// The server ended it.
    Left,
    /// The client ended it; not taken yet.
    Leaving,
    Over,
}

/// Something to report, about the join with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Connect(usize),
    /// With the number of the message, which is its name.
    Event(usize, usize),
    Ack(usize, usize),
    Disconnect(usize),
    Upgraded,
    Closed,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    joins: Vec<(&'static str, Stage)>,
    reports: VecDeque<Report>,
    refusals: usize,
    /// The client was let in somewhere.
    pub(super) welcome: bool,
    pub(super) closed: bool,
}

impl Model {
    /// Takes a word of the client, whose number is `number`.
    pub(super) fn hear(&mut self, namespace: &'static str, word: Word, number: usize) {
        if self.closed {
            return;
        }
        let here = |stage: Stage| move |join: &(&str, Stage)| *join == (namespace, stage);
        let find = |stage| self.joins.iter().position(here(stage));
        if let Some(join) = find(Stage::Joined) {
            match word {
                Word::Connect => self.close(),
                Word::Disconnect => {
                    self.joins[join].1 = Stage::Leaving;
                    self.reports.push_back(Report::Disconnect(join));
                }
                Word::Event => self.reports.push_back(Report::Event(join, number)),
                Word::Ack => self.reports.push_back(Report::Ack(join, number)),
                Word::StrayAck => {}
            }
        } else if find(Stage::Asked).is_some() {
            self.close();
        } else if word == Word::Connect {
            if let Some(left) = find(Stage::Left) {
                self.joins[left].1 = Stage::Over;
            }
            self.reports.push_back(Report::Connect(self.joins.len()));
            self.joins.push((namespace, Stage::Asked));
        } else if find(Stage::Left).is_none() && find(Stage::Leaving).is_none() {
            self.close();
        }
    }

    pub(super) fn upgrade(&mut self) {
        self.reports.push_back(Report::Upgraded);
    }

    pub(super) fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.reports.push_back(Report::Closed);
        }
    }

    /// Whether the application may answer this join now.
    fn answer(&self, join: usize) -> Result<(), SlotError> {
        match self.joins[join].1 {
            Stage::Asked if !self.closed => Ok(()),
            Stage::Asked | Stage::Over => Err(SlotError::Gone),
            Stage::Joined | Stage::Left | Stage::Leaving => Err(SlotError::Answered),
        }
    }

    pub(super) fn accept(&mut self, join: usize) -> Result<(), SlotError> {
        self.answer(join)?;
        self.joins[join].1 = Stage::Joined;
        self.welcome = true;
        Ok(())
    }

    pub(super) fn reject(&mut self, join: usize, survives: usize) -> Result<(), SlotError> {
        self.answer(join)?;
        self.joins[join].1 = Stage::Over;
        self.refusals += 1;
        if self.refusals > survives {
            self.close();
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, join: usize) {
        if matches!(self.joins[join].1, Stage::Joined | Stage::Leaving) {
            self.joins[join].1 = Stage::Left;
        }
    }

    /// The words that a client may say about a namespace and stay.
    pub(super) fn fitting(&self, namespace: &str) -> &'static [Word] {
        let mut stages = self.joins.iter().filter(|join| join.0 == namespace).map(|join| join.1);
        match stages.rfind(|stage| *stage != Stage::Over) {
            None => &[Word::Connect],
            Some(Stage::Asked) => &[],
            Some(Stage::Joined) => {
                &[Word::Event, Word::Event, Word::Ack, Word::StrayAck, Word::Disconnect]
            }
            Some(Stage::Left | Stage::Leaving | Stage::Over) => {
                &[Word::Connect, Word::Connect, Word::Event, Word::Ack, Word::Disconnect]
            }
        }
    }

    /// The namespace of a join.
    pub(super) fn namespace(&self, join: usize) -> &'static str {
        self.joins[join].0
    }

    /// The next thing that the application should hear.
    pub(super) fn take(&mut self) -> Option<Report> {
        loop {
            let report = self.reports.pop_front()?;
            if let Report::Event(join, _) | Report::Ack(join, _) | Report::Disconnect(join) = report
            {
                let stage = &mut self.joins[join].1;
                if !matches!(stage, Stage::Joined | Stage::Leaving) {
                    continue;
                }
                if report == Report::Disconnect(join) {
                    *stage = Stage::Over;
                }
            }
            return Some(report);
        }
    }
}
