//! What a client presents to come back as who it was.

use klatch_core::Payload;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a client presents to come back as who it was, where the server recovers connections: it is
/// for [`Builder::auth`](super::Builder::auth), by itself or flattened into what an application asks
/// for, as the JavaScript client does.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Claim {
    pid: String,
    /// Of the last event that had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<String>,
}

impl Claim {
    /// That of somebody who was let in as `pid`. Who came back by a claim has heard what it says
    /// that it had.
    pub(super) fn new(pid: String, presented: Option<&Self>) -> Self {
        let presented = presented.filter(|presented| presented.pid == pid);
        Self { pid, offset: presented.and_then(|presented| presented.offset.clone()) }
    }

    /// What is presented among the rest of an `auth`.
    pub(super) fn presented(auth: &str) -> Option<Self> {
        serde_json::from_str(auth).ok()
    }

    /// As the JavaScript client does: a text at the end of an event's arguments is its offset.
    pub(super) fn hear(&mut self, args: &Payload) {
        let array = format!("[{}]", args.as_json());
        let args: Vec<&RawValue> = serde_json::from_str(&array).expect("arguments are JSON");
        let offset = args.last().and_then(|last| serde_json::from_str(last.get()).ok());
        self.offset = offset.or(self.offset.take());
    }
}
