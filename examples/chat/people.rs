//! Who is in a tenant.

use std::collections::HashMap;
use std::sync::Arc;

use klatch::SocketId;
use parking_lot::Mutex;
use serde::Serialize;

use crate::talk::Refusal;

/// Somebody, as the others see them.
#[derive(Clone, Serialize)]
pub(crate) struct Person {
    pub(crate) id: SocketId,
    pub(crate) nick: Arc<str>,
}

/// The people of one tenant.
#[derive(Clone, Default)]
pub(crate) struct People(Arc<Mutex<HashMap<SocketId, Person>>>);

impl People {
    /// Enters somebody, or says why not.
    pub(crate) fn enter(&self, id: SocketId, nick: &str) -> Result<Person, Refusal> {
        let nick = nick.trim();
        if nick.is_empty() || nick.chars().count() > 32 {
            return Err("a nickname has 1 to 32 characters");
        }
        let mut people = self.0.lock();
        if people.contains_key(&id) {
            return Err("you have said hello already");
        }
        if people.values().any(|person| person.nick.eq_ignore_ascii_case(nick)) {
            return Err("this nickname is taken");
        }
        let person = Person { id, nick: nick.into() };
        people.insert(id, person.clone());
        Ok(person)
    }

    /// Somebody who has said hello.
    pub(crate) fn find(&self, id: SocketId) -> Result<Person, Refusal> {
        self.0.lock().get(&id).cloned().ok_or("say hello first")
    }

    /// Everybody, by nickname.
    pub(crate) fn all(&self) -> Vec<Person> {
        let mut all: Vec<_> = self.0.lock().values().cloned().collect();
        all.sort_by(|one, other| one.nick.cmp(&other.nick));
        all
    }

    pub(crate) fn remove(&self, id: SocketId) -> Option<Person> {
        self.0.lock().remove(&id)
    }
}
