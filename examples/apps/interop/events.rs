//! Events that do not get as far as their handlers.

use klatch::{EventError, HandlerError, Handlers, Socket};
use serde::Serialize;

pub(super) fn register(handlers: &Handlers) {
    #[derive(Serialize)]
    struct Refused {
        event: String,
    }

    handlers.event_middleware(async |_: Socket, event: String, _| {
        if event == "blocked" {
            return Err(EventError::new("blocked event").with_data(&Refused { event })?);
        }
        Ok(())
    });
    handlers.on("blocked", async |socket: Socket, (): ()| socket.emit("not-blocked", &()));
    handlers.on_error(|socket, _, error| {
        if let HandlerError::Refused(error) = error {
            // A client that left meanwhile has no use for it.
            let _ = socket.emit("mw-error", error);
        }
    });
}
