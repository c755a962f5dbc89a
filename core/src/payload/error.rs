//! Why a value could not be sent, or arguments not be read.

use std::fmt;

use serde::{Serialize, Serializer, de};
use thiserror::Error;

/// Why a packet could not be encoded: the fault of who sends it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The event's name is one that only the library uses, in Node's server or client.
    #[error("a reserved event name")]
    ReservedName,
    /// The event's name has more than 256 bytes.
    #[error("an event name of more than 256 bytes")]
    NameTooLong,
    /// The value has no JSON form, or its `Serialize` failed; the text is serde's.
    #[error("cannot be serialised: {0}")]
    Serialize(String),
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Serialize(error.to_string())
    }
}

/// As its text, so that a handler can hand it to the client.
impl Serialize for EncodeError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why arguments do not fit the type that they were to be read as.
///
/// Mind that serde's text may quote what the client sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are fewer arguments than the type needs.
    #[error("missing argument")]
    MissingArgument,
    /// An argument is of another shape than the type; the text is serde's.
    #[error("argument does not fit: {0}")]
    Mismatch(String),
}

/// As its text, so that a handler can hand it to the client, who sent what it may quote.
impl Serialize for DecodeError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Mismatch(error.to_string())
    }
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Mismatch(message.to_string())
    }
}
