//! Why a namespace does not let somebody in, or into a room.

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::{Limit, SocketId};

/// A socket has this id already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a socket with the id {0} is connected")]
pub struct DuplicateId(pub SocketId);

/// Why a socket cannot join a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The socket is in as many rooms as it may.
    #[error("a socket may be in {limit} rooms")]
    TooManyRooms {
        /// How many, that of its own id not counted.
        limit: usize,
    },
    /// The name is longer than it may be.
    #[error("the name of a room may be {limit} bytes long")]
    NameTooLong {
        /// How many bytes.
        limit: usize,
    },
    /// The name is the id of another socket, connected or away: whoever is in that room would read
    /// its messages.
    #[error("the name of the room is the id of another socket")]
    ForeignId,
}

impl JoinError {
    /// The limit that was hit, if that is what is wrong.
    pub const fn limit(&self) -> Option<Limit> {
        match self {
            Self::TooManyRooms { .. } => Some(Limit::Rooms),
            Self::NameTooLong { .. } => Some(Limit::RoomName),
            Self::ForeignId => None,
        }
    }
}

/// As its text, so that a handler can hand it to the client.
impl Serialize for JoinError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
