//! What can go wrong with what the application asks for.

use std::fmt;

use klatch_core::{AckError, Args, DecodeError, EncodeError, Payload, Value};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

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
    /// The handler panicked, or a middleware of its event; its socket is disconnected.
    Panicked,
    /// A middleware refused the event: the handler did not run.
    Refused(EventError),
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(error) => write!(f, "the arguments do not fit the handler: {error}"),
            Self::Failed(_) => f.write_str("the handler failed"),
            Self::Answer(error) => write!(f, "the handler's answer was not sent: {error}"),
            Self::Panicked => f.write_str("the handler panicked"),
            Self::Refused(error) => {
                write!(f, "a middleware refused the event: {}", error.message())
            }
        }
    }
}

impl std::error::Error for HandlerError {}

/// Why an event is not handled, in the words that the client may read; see
/// [`Handlers::event_middleware`](crate::Handlers::event_middleware).
///
/// It serialises as `{"message": …}`, or `{"message": …, "data": …}`. `Debug` shows the message, not
/// the data.
#[derive(Clone, PartialEq, Eq)]
pub struct EventError {
    message: String,
    data: Option<Payload>,
}

impl EventError {
    /// An error with a message and no data.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// The error with data.
    ///
    /// # Errors
    ///
    /// If the data cannot be serialised.
    pub fn with_data(mut self, data: &(impl Serialize + ?Sized)) -> Result<Self, EncodeError> {
        let data = Payload::from_args(&Args((data,)))?;
        // What can be sent once must be readable for that: it is a part of something else then.
        data.decode::<Value>().map_err(|error| EncodeError::Serialize(error.to_string()))?;
        self.data = Some(data);
        Ok(self)
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data, as one argument.
    pub fn data(&self) -> Option<&Payload> {
        self.data.as_ref()
    }
}

impl Serialize for EventError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = self.data.as_ref().map(Payload::decode::<Value>).transpose();
        let data = data.map_err(serde::ser::Error::custom)?;
        let members = 1 + usize::from(data.is_some());
        let mut object = serializer.serialize_struct("EventError", members)?;
        object.serialize_field("message", &self.message)?;
        match &data {
            Some(data) => object.serialize_field("data", data)?,
            None => object.skip_field("data")?,
        }
        object.end()
    }
}

/// Data that cannot be sent is a mistake of the server's: the client is told no more than that.
impl From<EncodeError> for EventError {
    fn from(_: EncodeError) -> Self {
        Self::new("internal error")
    }
}

impl fmt::Debug for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventError").field("message", &self.message).finish_non_exhaustive()
    }
}
