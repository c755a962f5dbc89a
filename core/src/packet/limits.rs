//! How much a client may say in one packet.

use super::MAX_EVENT_NAME;
use crate::MAX_NAMESPACE_NAME;
use crate::json::MAX_DEPTH;

/// What a packet may hold before it is refused. Each limit itself is still allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderLimits {
    pub(super) attachments: usize,
    pub(super) payload: usize,
    pub(super) event_name: usize,
    pub(super) namespace: usize,
    pub(super) json_depth: usize,
}

impl DecoderLimits {
    /// How many attachments a packet may announce.
    ///
    /// Default 10, as socket.io-parser has it since CVE-2026-33151: each costs an allocation
    /// before the first byte of it is read.
    #[must_use]
    pub const fn max_attachments(mut self, count: usize) -> Self {
        self.attachments = count;
        self
    }

    /// How many bytes a packet's text and its attachments may have together.
    ///
    /// Default 1,000,000, the `maxHttpBufferSize` of Node. There it bounds one message, so that a
    /// packet in parts takes a multiple of it; here it bounds what is held for a client.
    #[must_use]
    pub const fn max_payload(mut self, bytes: usize) -> Self {
        self.payload = bytes;
        self
    }

    /// How many bytes the name of an event may have.
    ///
    /// Default 256: names are written by programmers, and end up in logs.
    #[must_use]
    pub const fn max_event_name(mut self, bytes: usize) -> Self {
        self.event_name = bytes;
        self
    }

    /// How many bytes the name of a namespace may have.
    ///
    /// Default 128: a name that nobody knows is sent back to the client in an error.
    #[must_use]
    pub const fn max_namespace(mut self, bytes: usize) -> Self {
        self.namespace = bytes;
        self
    }

    /// How many arrays and objects of the payload may be open at once, the outermost included.
    ///
    /// Default 128, and a larger value counts as 128: it is as deep as `serde_json` reads, and
    /// what reads deeper recurses on a stack that has an end.
    #[must_use]
    pub const fn max_json_depth(mut self, depth: usize) -> Self {
        self.json_depth = if depth < MAX_DEPTH { depth } else { MAX_DEPTH };
        self
    }
}

impl Default for DecoderLimits {
    fn default() -> Self {
        Self {
            attachments: 10,
            payload: 1_000_000,
            event_name: MAX_EVENT_NAME,
            namespace: MAX_NAMESPACE_NAME,
            json_depth: MAX_DEPTH,
        }
    }
}
