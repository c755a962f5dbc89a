//! What one socket may hold.

/// How much one socket may make a [`Namespace`](crate::Namespace) remember.
///
/// Room names and joins usually follow from what a client says, so each has a bound.
#[derive(Clone, Debug)]
pub struct NamespaceLimits {
    pub(super) rooms_per_socket: usize,
    pub(super) room_name: usize,
    pub(super) pending_acks_per_socket: usize,
}

impl Default for NamespaceLimits {
    fn default() -> Self {
        Self { rooms_per_socket: 1024, room_name: 256, pending_acks_per_socket: 1024 }
    }
}

impl NamespaceLimits {
    /// How many rooms a socket may be in; the one named by its id costs nothing and does not
    /// count. Default 1024: a handler that joins whatever the client names is common.
    #[must_use]
    pub const fn rooms_per_socket(mut self, rooms: usize) -> Self {
        self.rooms_per_socket = rooms;
        self
    }

    /// How many rooms that are, for whoever promises rooms to a socket that is yet to connect.
    pub const fn max_rooms(&self) -> usize {
        self.rooms_per_socket
    }

    /// How long the name of a room may be, in bytes. Default 256: enough for two ids and a word.
    #[must_use]
    pub const fn room_name(mut self, bytes: usize) -> Self {
        self.room_name = bytes;
        self
    }

    /// How many acks a socket may owe. Default 1024: a client that never acks would otherwise
    /// grow the table for as long as the deadlines allow.
    #[must_use]
    pub const fn pending_acks_per_socket(mut self, acks: usize) -> Self {
        self.pending_acks_per_socket = acks;
        self
    }
}
