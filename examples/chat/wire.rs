//! What goes over the wire, in both directions; the page's `src/wire.ts` says the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::people::Person;

#[derive(Deserialize)]
pub(crate) struct Hello {
    pub(crate) nick: String,
}

#[derive(Serialize)]
pub(crate) struct Welcome {
    #[serde(flatten)]
    pub(crate) you: Person,
    pub(crate) users: Vec<Person>,
}

#[derive(Serialize)]
pub(crate) struct Joined {
    pub(crate) room: String,
    pub(crate) members: Vec<Person>,
}

/// Somebody came into a room, or left it.
#[derive(Serialize)]
pub(crate) struct InRoom<'a> {
    pub(crate) room: &'a str,
    pub(crate) user: &'a Person,
}

#[derive(Deserialize)]
pub(crate) struct ToRoom {
    pub(crate) room: String,
    pub(crate) text: String,
}

#[derive(Deserialize)]
pub(crate) struct ToPerson {
    pub(crate) to: String,
    pub(crate) text: String,
}

#[derive(Deserialize)]
pub(crate) struct Typing {
    pub(crate) room: String,
}

#[derive(Serialize)]
pub(crate) struct IsTyping<'a> {
    pub(crate) room: &'a str,
    pub(crate) from: &'a Person,
}

/// A message as its readers get it; without a room it is private.
#[derive(Serialize)]
pub(crate) struct Message<'a> {
    #[serde(flatten)]
    pub(crate) receipt: &'a Receipt,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<&'a str>,
    pub(crate) from: &'a Person,
    pub(crate) text: &'a str,
}

/// What its author gets for it.
#[derive(Serialize)]
pub(crate) struct Receipt {
    /// Never the same twice, not even after a restart.
    id: String,
    /// Milliseconds since 1970.
    at: u64,
}

impl Receipt {
    pub(crate) fn now() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = since.as_millis() as u64;
        Self { id: format!("{at}-{}", NEXT.fetch_add(1, Ordering::Relaxed)), at }
    }
}
