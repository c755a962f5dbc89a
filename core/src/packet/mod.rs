//! Socket.IO packets: what a client sends, and how it is read.
//!
//! The grammar is `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`.
//! Source: Socket.IO protocol v5, "Packet encoding".

mod decoder;
mod error;
mod limits;
mod msgpack;
mod outline;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, Serializer};

pub use decoder::Decoder;
pub use error::PacketError;
pub use limits::DecoderLimits;
pub(crate) use outline::{Outline, Parts, Plain};

use crate::payload::Payload;
use crate::text::Text;

/// The longest name of an event, in bytes, that is sent, and by default received.
pub(crate) const MAX_EVENT_NAME: usize = 256;

/// The number that ties an answer to the event it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckId(u64);

impl AckId {
    /// The id with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The id's number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for AckId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// One Socket.IO packet of a client, with all of its attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The namespace it is for: starts with `/`, has no comma.
    pub namespace: Text,
    /// What it says.
    pub body: Body,
}

/// What a client's packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The client asks to enter the namespace.
    Connect {
        /// One JSON object, or no argument if the client sent none.
        auth: Payload,
    },
    /// The client leaves the namespace.
    Disconnect,
    /// An event, with attachments or without.
    Event {
        /// Its name, unescaped; of a name that is a number, the number's decimal text.
        name: Text,
        /// All that came after the name.
        args: Payload,
        /// The id to answer under, if an answer is awaited.
        ack: Option<AckId>,
    },
    /// The answer to an event of ours.
    Ack {
        /// The id that the event was sent with.
        id: AckId,
        /// The answer's arguments.
        args: Payload,
    },
    /// An ACK without an id or without a payload, which answers nothing and does no harm.
    ///
    /// Node ignores it, and so should whoever reads it.
    StrayAck,
}
