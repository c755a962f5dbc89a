//! How something is sent.

use std::time::Duration;

use crate::reply::DEFAULT_DEADLINE;

/// How something is sent, whoever it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    /// It is dropped where it cannot leave at once.
    pub(crate) volatile: bool,
    /// It is worth compressing where it leaves by polling.
    pub(crate) compress: bool,
    /// It stays on this node.
    pub(crate) local: bool,
    /// How long answers are awaited.
    pub(crate) timeout: Duration,
}

impl Default for Flags {
    fn default() -> Self {
        Self { volatile: false, compress: true, local: false, timeout: DEFAULT_DEADLINE }
    }
}
