//! The request that opened a connection, as Node shows it to handlers.

use std::collections::BTreeMap;

use klatch::{Socket, Value};
use serde::Serialize;

/// What Node calls `socket.handshake`, without the headers.
#[derive(Serialize)]
pub(crate) struct Shown {
    time: String,
    address: String,
    xdomain: bool,
    secure: bool,
    issued: u64,
    url: String,
    query: BTreeMap<String, String>,
    auth: Auth,
}

/// What the client presented.
#[derive(Serialize)]
#[serde(untagged)]
enum Auth {
    Presented(Value),
    Nothing {},
}

impl Shown {
    pub(crate) fn to(socket: &Socket) -> Self {
        let handshake = socket.handshake();
        Self {
            time: humantime::format_rfc3339_millis(handshake.time()).to_string(),
            address: handshake
                .address()
                .map(|address| address.ip().to_string())
                .unwrap_or_default(),
            xdomain: handshake.is_cross_domain(),
            secure: handshake.is_secure(),
            issued: handshake.issued(),
            url: handshake.url().to_owned(),
            query: owned(handshake.query_pairs()),
            auth: match socket.auth() {
                Ok(Some(auth)) => Auth::Presented(auth),
                _ => Auth::Nothing {},
            },
        }
    }
}

pub(crate) fn owned<K: Into<String>, V: Into<String>>(
    pairs: impl Iterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.into(), value.into())).collect()
}
