//! What is served, as the edge and the listener see it.

use std::sync::Arc;

use klatch_core::engine::Transport;
use klatch_core::{Sid, Timestamp};

use crate::client::Client;
use crate::handshake::Handshake;
use crate::hub::Hub;

/// What makes clients of sessions.
pub(crate) trait Application: Clone + Send + Sync + 'static {
    type Client: Client;

    fn hub(&self) -> &Arc<Hub>;

    fn client(
        &self,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        now: Timestamp,
    ) -> Self::Client;

    /// The server has got its runtime.
    fn attached(&self) {}
}
