//! What a client sends while its handlers cannot start.

use std::collections::VecDeque;

use klatch_core::engine::Message;
use klatch_core::{CloseReason, Timestamp};

use super::Carrier;

/// What a message that waits counts for beyond its bytes.
const OVERHEAD: usize = 128;

/// Messages that wait, and the end behind them.
#[derive(Default)]
pub(super) struct Parked {
    messages: VecDeque<(Message, Carrier)>,
    bytes: usize,
    /// Why the session is over, and until when that waits.
    pub(super) end: Option<(CloseReason, Timestamp)>,
}

impl Parked {
    pub(super) fn push(&mut self, message: Message, carrier: Carrier) {
        self.bytes += charge(&message);
        self.messages.push_back((message, carrier));
    }

    pub(super) fn pop(&mut self) -> Option<(Message, Carrier)> {
        let (message, carrier) = self.messages.pop_front()?;
        self.bytes -= charge(&message);
        Some((message, carrier))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn charge(message: &Message) -> usize {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
    };
    bytes + OVERHEAD
}
