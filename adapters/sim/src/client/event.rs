//! What a client received.

use std::fmt;

use klatch_core::{AckId, FromPayload, Outgoing, Payload, ToArgs};

use super::Client;

/// An event that a client received.
#[must_use = "an event that is not looked at proves nothing"]
pub struct Event {
    client: Client,
    name: String,
    args: Payload,
    ack: Option<AckId>,
}

impl Event {
    pub(super) fn new(client: Client, name: String, args: Payload, ack: Option<AckId>) -> Self {
        Self { client, name, args, ack }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its arguments as a type of yours; see [`FromPayload`].
    ///
    /// # Panics
    ///
    /// If they are of another.
    #[track_caller]
    pub fn decode<D: FromPayload>(&self) -> D {
        self.args.decode().unwrap_or_else(|error| {
            panic!("{} got other arguments: {error}: {self:?}", self.client)
        })
    }

    /// Answers it.
    ///
    /// # Panics
    ///
    /// If the server did not ask, or the value cannot be encoded.
    #[track_caller]
    pub fn answer(self, args: &(impl ToArgs + ?Sized)) {
        let id = self.ack.unwrap_or_else(|| panic!("no answer is awaited to {self:?}"));
        let answer = Outgoing::ack(&self.client.namespace, id, args);
        let answer = answer.unwrap_or_else(|error| panic!("no answer can be sent: {error}"));
        self.client.held.connection.send_packet(&answer.packet);
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with {}", self.name, self.args.as_json())
    }
}
