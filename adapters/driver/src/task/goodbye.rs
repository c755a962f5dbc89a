//! How a WebSocket ends.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

use crate::drain::{Stage, Told, Writing};
use crate::runtime::Runtime;
use crate::websocket::WebSocket;

/// How long a client may take to answer a close frame.
const LINGER: Duration = Duration::from_secs(5);

/// A WebSocket whose session has ended.
pub(super) struct Goodbye {
    pub(super) websocket: WebSocket,
    pub(super) code: Option<u16>,
    /// Set if it holds all that the end of the server was to leave time for.
    pub(super) told: Told,
    /// Until the client has answered: what the kernel has not sent is lost if a process ends while
    /// something of the client's is unread.
    pub(super) writing: Writing,
}

impl Goodbye {
    /// Writes what is queued, and a close frame, and waits for that of the client.
    pub(super) async fn say(self, runtime: impl Runtime) {
        let Self { mut websocket, code, told, writing } = self;
        let ending = async move {
            let has_time = told.is_set();
            if has_time {
                // As long as the server.
                websocket.say_goodbye(code).await;
            }
            let rest = pin!(async move {
                if !has_time {
                    websocket.say_goodbye(code).await;
                }
                websocket.linger().await
            });
            let patience = runtime.timer(runtime.now() + LINGER);
            if let Either::Left((true, _)) = select(rest, patience).await {
                told.flushed();
            }
        };
        let cut = writing.hub().draining().reached(Stage::Cut);
        select(pin!(ending), pin!(cut)).await;
    }
}
