//! Acks in the plainest way: a list of questions, each with those who still owe.

use std::collections::BTreeMap;

use klatch_core::{AckCause, AckId, NamespaceEvent, Payload, SocketId};

/// How many acks a socket may owe.
pub(crate) const MAX_PENDING: usize = 3;

pub(crate) struct Question {
    pub(crate) deadline: u64,
    owing: Vec<usize>,
    answers: Vec<(SocketId, Payload)>,
    missing: Vec<SocketId>,
    somebody_left: bool,
}

/// Sockets are numbered as they connect; times are in milliseconds.
#[derive(Default)]
pub(crate) struct Model {
    /// The id of each socket, and whether it is connected.
    sockets: Vec<(SocketId, bool)>,
    pub(crate) next: u64,
    pub(crate) now: u64,
    pub(crate) questions: BTreeMap<u64, Question>,
    pub(crate) events: Vec<NamespaceEvent>,
}

impl Model {
    /// The number of a new socket.
    pub(crate) fn connect(&mut self, id: SocketId) -> usize {
        self.sockets.push((id, true));
        self.sockets.len() - 1
    }

    /// When the first question is over.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.questions.values().map(|question| question.deadline).min()
    }

    pub(crate) fn ask(
        &mut self,
        ack: u64,
        sockets: &[usize],
        deadline: u64,
    ) -> Result<(), Vec<usize>> {
        let owes = |n: usize| self.questions.values().filter(|q| q.owing.contains(&n)).count();
        let is_full = |n: &usize| self.sockets[*n].1 && owes(*n) >= MAX_PENDING;
        let full: Vec<_> = sockets.iter().copied().filter(is_full).collect();
        if !full.is_empty() {
            return Err(full);
        }
        let mut question = Question {
            deadline,
            owing: Vec::new(),
            answers: Vec::new(),
            missing: Vec::new(),
            somebody_left: false,
        };
        for n in sockets {
            if !self.sockets[*n].1 {
                question.somebody_left = true;
            } else if !question.owing.contains(n) {
                question.owing.push(*n);
            }
        }
        self.questions.insert(ack, question);
        self.finish();
        Ok(())
    }

    pub(crate) fn answer(&mut self, n: usize, ack: u64, args: Payload) -> bool {
        let Some(question) = self.questions.get_mut(&ack) else {
            return false;
        };
        if !question.owing.contains(&n) {
            return false;
        }
        question.owing.retain(|other| *other != n);
        question.answers.push((self.sockets[n].0, args));
        self.finish();
        true
    }

    pub(crate) fn disconnect(&mut self, n: usize) -> bool {
        for question in self.questions.values_mut() {
            if question.owing.contains(&n) {
                question.owing.retain(|other| *other != n);
                question.missing.push(self.sockets[n].0);
                question.somebody_left = true;
            }
        }
        self.finish();
        std::mem::take(&mut self.sockets[n].1)
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.now += millis;
        let mut due: Vec<_> = self.questions.iter().map(|(a, q)| (q.deadline, *a)).collect();
        due.retain(|(deadline, _)| *deadline <= self.now);
        due.sort_unstable();
        for (_, ack) in due {
            let mut question = self.questions.remove(&ack).expect("it was just seen");
            question.missing.extend(question.owing.iter().map(|n| self.sockets[*n].0));
            self.end(ack, question, AckCause::TimedOut);
        }
    }

    fn finish(&mut self) {
        let over = |(ack, q): (&u64, &Question)| q.owing.is_empty().then_some(*ack);
        for ack in self.questions.iter().filter_map(over).collect::<Vec<_>>() {
            let question = self.questions.remove(&ack).expect("it was just seen");
            let cause =
                if question.somebody_left { AckCause::Disconnected } else { AckCause::Complete };
            self.end(ack, question, cause);
        }
    }

    fn end(&mut self, ack: u64, question: Question, cause: AckCause) {
        self.events.push(NamespaceEvent::AcksDone {
            id: AckId::new(ack),
            answers: question.answers,
            missing: question.missing,
            cause,
        });
    }
}
