//! A meter that counts nothing, and costs nothing.

use klatch_core::CloseReason;
use klatch_core::engine::Transport;

use crate::hub::Hub;
use crate::start::Rest;

#[derive(Debug)]
pub(crate) struct Meter;

#[expect(clippy::unused_self, reason = "the other meter has something to count with")]
impl Meter {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn opened(_: Transport) {}

    #[inline]
    pub(crate) fn received(&self, _bytes: usize) {}

    #[inline]
    pub(crate) fn sent(&self, _bytes: usize) {}

    #[inline]
    pub(crate) fn packet_received(&self) {}

    #[inline]
    pub(crate) fn packet_sent(&self) {}

    #[inline]
    pub(crate) fn disconnected(_: CloseReason) {}

    #[inline]
    pub(crate) fn timed(_: &Hub, handler: impl FnOnce() -> Rest) -> Rest {
        handler()
    }
}
