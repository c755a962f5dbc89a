//! Why a packet was refused.

use thiserror::Error;

use crate::Limit;
use crate::json::JsonError;

/// What is wrong with a client's Socket.IO packet; its connection is to be closed.
///
/// It shows nothing of what the packet said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The text is empty, or its first character is not a packet type.
    #[error("unknown packet type")]
    UnknownType,
    /// A `CONNECT_ERROR`, which only a server sends.
    #[error("a client sent CONNECT_ERROR")]
    ConnectErrorFromClient,
    /// The count of attachments is not digits followed by `-`.
    #[error("illegal count of attachments")]
    IllegalAttachments,
    /// More attachments are announced than the limit allows.
    #[error("too many attachments")]
    TooManyAttachments,
    /// A placeholder names no attachment of its packet, or is spelled with escapes.
    #[error("a placeholder without its attachment")]
    IllegalPlaceholder,
    /// A binary message came while none was awaited.
    #[error("unexpected binary message")]
    UnexpectedBinary,
    /// A text came while attachments were awaited, or where every packet is a binary message.
    #[error("text where a binary message was awaited")]
    UnexpectedText,
    /// The text and its attachments together are larger than the limit allows.
    #[error("packet too large")]
    TooLarge,
    /// A binary message is not MessagePack as packets are: one map whose keys are strings, each of
    /// those that klatch knows once, and nothing behind it.
    #[error("the message is no MessagePack map")]
    IllegalMsgpack,
    /// A packet in MessagePack has no namespace, or one that does not start with `/` or has a comma.
    #[error("illegal namespace")]
    IllegalNamespace,
    /// The namespace's name is longer than the limit allows.
    #[error("namespace name too long")]
    NamespaceTooLong,
    /// The ack id is not a number of 64 bits.
    #[error("illegal ack id")]
    IllegalAckId,
    /// The payload is not JSON, or something follows it.
    #[error("payload is not JSON")]
    IllegalJson,
    /// The payload nests arrays and objects deeper than the limit allows.
    #[error("payload nested too deep")]
    TooDeep,
    /// The payload is missing, or not what this type of packet carries.
    #[error("payload does not fit the packet type")]
    IllegalPayload,
    /// The first element of an event is neither a string nor a number.
    #[error("illegal event name")]
    IllegalEventName,
    /// The event has a name that clients must not use.
    #[error("reserved event name")]
    ReservedEventName,
    /// The event's name is longer than the limit allows.
    #[error("event name too long")]
    EventNameTooLong,
}

impl PacketError {
    /// The limit that the packet went beyond, if that is what is wrong with it.
    pub const fn limit(self) -> Option<Limit> {
        match self {
            Self::TooManyAttachments => Some(Limit::Attachments),
            Self::TooLarge => Some(Limit::Payload),
            Self::NamespaceTooLong => Some(Limit::NamespaceName),
            Self::TooDeep => Some(Limit::JsonDepth),
            Self::EventNameTooLong => Some(Limit::EventName),
            _ => None,
        }
    }
}

impl From<JsonError> for PacketError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax => Self::IllegalJson,
            JsonError::TooDeep => Self::TooDeep,
            JsonError::Placeholder => Self::IllegalPlaceholder,
        }
    }
}
