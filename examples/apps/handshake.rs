//! The request that opened a connection, as Node shows it to handlers.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use klatch::{Socket, Value};
use serde::Serialize;

/// What Node calls `socket.handshake`, without the headers.
#[derive(Serialize)]
pub(crate) struct Shown {
    time: String,
    address: String,
    xdomain: bool,
    /// The apps speak to nobody through TLS.
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
        let (time, url) = (handshake.time(), handshake.url().to_owned());
        let issued = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            time: humantime::format_rfc3339_millis(time).to_string(),
            address: handshake
                .address()
                .map(|address| address.ip().to_string())
                .unwrap_or_default(),
            xdomain: handshake.header("origin").is_some(),
            secure: false,
            issued: issued.as_millis() as u64,
            url,
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
