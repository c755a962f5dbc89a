//! What can go wrong with what the application asks for.

use std::fmt;

use klatch_core::{AckError, DecodeError, EncodeError, Payload};
use serde::{Serialize, Serializer};

/// Why something was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// It cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The socket is disconnected.
    #[error("the socket is disconnected")]
    Closed,
    /// The client reads too slowly: its mailbox is full, and its connection is being closed
    /// ([`SlowConsumer`](klatch_core::CloseReason::SlowConsumer)).
    #[error("the client's mailbox is full")]
    SlowConsumer,
    /// The socket owes 1024 acks already.
    #[error("the socket owes too many acks")]
    TooManyAcks,
}

impl From<AckError> for EmitError {
    fn from(_: AckError) -> Self {
        Self::TooManyAcks
    }
}

/// As its text, so that a handler can hand it to the client.
impl Serialize for EmitError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The question was not sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The time is up.
    #[error("operation has timed out")]
    TimedOut,
    /// The socket disconnected before it answered.
    #[error("the socket disconnected before it answered")]
    Disconnected,
    /// The answer is not of the expected type.
    #[error("the answer does not fit: {0}")]
    Decode(#[from] DecodeError),
}

/// As its text, so that a handler can hand it to the client.
impl Serialize for ReplyError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What went wrong in a handler; see [`Handlers::on_error`](crate::Handlers::on_error).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerError {
    /// The client's arguments are not of the handler's type: the handler did not run.
    Payload(DecodeError),
    /// The handler returned an `Err`: this is what it holds, as one argument.
    Failed(Payload),
    /// What the handler returned cannot be sent.
    Answer(EmitError),
    /// The handler panicked; its socket is disconnected.
    Panicked,
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(error) => write!(f, "the arguments do not fit the handler: {error}"),
            Self::Failed(_) => f.write_str("the handler failed"),
            Self::Answer(error) => write!(f, "the handler's answer was not sent: {error}"),
            Self::Panicked => f.write_str("the handler panicked"),
        }
    }
}

impl std::error::Error for HandlerError {}
