//! What a client asked and has not looked after yet.

use std::fmt;

use klatch_core::{AckId, FromPayload};

use super::Client;

/// Something that a client asked; see [`Client::ask_later`].
#[must_use = "an answer that is not looked at proves nothing"]
pub struct Question {
    client: Client,
    id: AckId,
}

impl Question {
    pub(super) const fn new(client: Client, id: AckId) -> Self {
        Self { client, id }
    }

    /// Takes the answer, if it has come; waits for none.
    ///
    /// # Panics
    ///
    /// If it is of another type.
    #[track_caller]
    pub fn answer<D: FromPayload>(&self) -> Option<D> {
        let answer = self.client.membership(|membership| membership.answers.remove(&self.id))?;
        Some(answer.decode().unwrap_or_else(|error| {
            panic!("{} got another answer: {error}: {}", self.client, answer.as_json())
        }))
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({}, {})", self.client, self.id)
    }
}
