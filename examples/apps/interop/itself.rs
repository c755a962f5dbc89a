//! A socket about itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch::{Handlers, Socket, Value};
use serde::Serialize;

use super::Data;
use crate::handshake::Shown;

pub(super) fn register(handlers: &Handlers) {
    handlers.on("whoami", async |socket: Socket, (): ()| Whoami::is(&socket));
    handlers.on("handshake", async |socket: Socket, (): ()| Opening {
        header: socket.handshake().header("x-test").map(str::to_owned),
        shown: Shown::to(&socket),
    });
    handlers.on("set-data", async |socket: Socket, more: BTreeMap<String, Value>| {
        Data::merge(&socket, more);
    });
    handlers.on(
        "disconnect-me",
        async |socket: Socket, close: bool| {
            if close { socket.disconnect_all() } else { socket.disconnect() }
        },
    );
    handlers.on("engine-close", async |socket: Socket, (): ()| socket.close_connection());
}

#[derive(Serialize)]
struct Whoami {
    id: String,
    nsp: String,
    recovered: bool,
    transport: &'static str,
    data: Arc<Data>,
}

impl Whoami {
    fn is(socket: &Socket) -> Self {
        Self {
            id: socket.id().to_string(),
            nsp: socket.namespace().name().to_owned(),
            recovered: socket.recovered(),
            transport: socket.transport().as_str(),
            data: socket.data().unwrap_or_default(),
        }
    }
}

/// The request that opened the connection.
#[derive(Serialize)]
struct Opening {
    header: Option<String>,
    #[serde(flatten)]
    shown: Shown,
}
