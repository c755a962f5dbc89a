//! Who is spoken to in all children of a parent.

use std::fmt;
use std::sync::Arc;

use klatch_core::{Target, ToArgs};

use super::Inner;
use crate::error::EmitError;
use crate::flags::Flags;
use crate::rooms::Rooms;

/// Some of the sockets in the children of a [`ParentNamespace`](crate::ParentNamespace), and how to
/// speak to them. An immutable value, as [`Broadcast`](crate::Broadcast) is for one namespace.
///
/// It asks nobody for an answer, and does not list sockets: what needs their namespace is done with
/// each of the [children](crate::ParentNamespace::children).
#[derive(Clone)]
pub struct ParentBroadcast {
    parent: Arc<Inner>,
    target: Target,
    flags: Flags,
}

impl ParentBroadcast {
    pub(super) fn new(parent: Arc<Inner>, target: Target) -> Self {
        Self { parent, target, flags: Flags::default() }
    }

    /// Adds the members of a room, or of several; see [`Broadcast::to`](crate::Broadcast::to).
    #[must_use]
    pub fn to<N>(mut self, rooms: impl Rooms<N>) -> Self {
        self.target = rooms.with(|rooms| self.target.to_any_of(rooms.iter().copied()));
        self
    }

    /// Leaves out the members of a room, or of several; see
    /// [`Broadcast::except`](crate::Broadcast::except).
    #[must_use]
    pub fn except<N>(mut self, rooms: impl Rooms<N>) -> Self {
        self.target = rooms.with(|rooms| rooms.iter().copied().fold(self.target, Target::except));
        self
    }

    /// What is sent reaches only those to whom it can leave at once; see
    /// [`Broadcast::volatile`](crate::Broadcast::volatile).
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// Whether what is sent is worth compressing; see [`Broadcast::compress`](crate::Broadcast::compress).
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// What is sent stays on this node; see [`Broadcast::local`](crate::Broadcast::local).
    #[must_use]
    pub fn local(mut self) -> Self {
        self.flags.local = true;
        self
    }

    /// Sends an event to each socket that is meant, once: child by child, in the order in which they
    /// were made, and encoded once for each, since the packet has its name. A child that is made
    /// meanwhile may be left out.
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        for child in self.parent.children() {
            child.emit_many(&self.target, self.flags, event, args)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ParentBroadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentBroadcast")
            .field("target", &self.target)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
