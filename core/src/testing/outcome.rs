//! What comes of an operation.

use super::people::Member;

/// What comes of an operation: who was reached, and what whoever did it was told.
///
/// What a [`System`](super::System) did, or what [`Rules`](super::Rules) expect. A plain
/// broadcast is collected from those whom it reached:
///
/// ```
/// use klatch_core::testing::{Outcome, Person};
///
/// let (alice, bob) = (Person::ALICE.at("/"), Person::BOB.at("/"));
/// let reached: Outcome = [bob, alice].into_iter().collect();
/// assert_eq!(reached, Outcome::nobody().reaching(alice).reaching(bob), "no order");
/// assert_ne!(reached, [alice, bob, bob].into_iter().collect(), "but twice is not once");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an outcome that nobody looks at proves nothing"]
pub struct Outcome {
    /// Sorted: in which order different members were reached is not compared.
    deliveries: Vec<Delivery>,
    pub(super) answer: Answer,
}

/// Somebody was reached, by what: by nothing in particular unless it is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delivery {
    pub(super) to: Member,
    pub(super) what: Option<String>,
}

/// What whoever did it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    #[default]
    Nothing,
    Refused,
    Text(String),
}

impl Outcome {
    /// Nobody was reached, and nothing refused.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// It was not allowed, and whoever did it was told so.
    pub fn refused() -> Self {
        Self { answer: Answer::Refused, ..Self::default() }
    }

    /// It reached this member, or did so once more.
    pub fn reaching(self, member: Member) -> Self {
        self.deliver(Delivery { to: member, what: None })
    }

    /// Something in particular reached this member: where one operation sends different things.
    pub fn reaching_with(self, member: Member, what: impl Into<String>) -> Self {
        self.deliver(Delivery { to: member, what: Some(what.into()) })
    }

    /// Whoever did it was told this: what a client got as an acknowledgement, say.
    pub fn answered(mut self, text: impl Into<String>) -> Self {
        self.answer = Answer::Text(text.into());
        self
    }

    /// Whether it was not allowed.
    pub fn is_refused(&self) -> bool {
        self.answer == Answer::Refused
    }

    /// Who was reached, each as often as it was.
    pub fn reached(&self) -> impl ExactSizeIterator<Item = Member> {
        self.deliveries.iter().map(|delivery| delivery.to)
    }

    pub(super) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    fn deliver(mut self, delivery: Delivery) -> Self {
        let at = self.deliveries.partition_point(|other| *other <= delivery);
        self.deliveries.insert(at, delivery);
        self
    }
}

/// Everybody who was reached, each once for every time.
impl FromIterator<Member> for Outcome {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Self {
        let deliveries = members.into_iter().map(|to| Delivery { to, what: None });
        let mut deliveries: Vec<_> = deliveries.collect();
        deliveries.sort_unstable();
        Self { deliveries, answer: Answer::Nothing }
    }
}

/// An error is a refusal; what is told otherwise is not compared.
impl<T, E> From<Result<T, E>> for Outcome {
    fn from(result: Result<T, E>) -> Self {
        if result.is_ok() { Self::nobody() } else { Self::refused() }
    }
}
