//! What mailboxes carry.

use std::sync::Arc;

use klatch_core::Outgoing;
use klatch_core::engine::Segment;

/// What an entry costs beyond its bytes: its place in the queue and the packet's own header.
pub(crate) const ENTRY_OVERHEAD: usize = 64;

/// Something that a mailbox carries.
pub(crate) trait Parcel {
    /// Its bytes on a WebSocket.
    fn bytes(&self) -> usize;
}

/// A packet as mailboxes carry it. As an address, of which a broadcast puts one into each.
pub(crate) type Packet = Arc<Outgoing>;

impl Parcel for Outgoing {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Parcel> Parcel for Arc<T> {
    fn bytes(&self) -> usize {
        T::bytes(self)
    }
}

impl Parcel for Segment {
    fn bytes(&self) -> usize {
        self.len()
    }
}
