//! Handlers by the names of their events.

use super::OnEvent;

/// Handlers by the names of their events, one of which is looked for with each event that arrives.
#[derive(Clone, Default)]
pub(super) struct Events(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    /// Of the name. It orders the entries: names differ in it, nearly always, and it is compared at
    /// once.
    head: u64,
    name: Box<str>,
    handler: OnEvent,
}

impl Events {
    /// The handler of this event.
    pub(super) fn find(&self, name: &[u8]) -> Option<&OnEvent> {
        self.position(name).ok().map(|at| &self.0[at].handler)
    }

    /// Puts a handler in the place of the one before, which is handed out.
    pub(super) fn insert(&mut self, name: &str, handler: OnEvent) -> Option<OnEvent> {
        match self.position(name.as_bytes()) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].handler, handler)),
            Err(at) => {
                let head = head(name.as_bytes());
                self.0.insert(at, Entry { head, name: name.into(), handler });
                None
            }
        }
    }

    /// Takes a handler out.
    pub(super) fn remove(&mut self, name: &str) -> Option<OnEvent> {
        let at = self.position(name.as_bytes()).ok()?;
        Some(self.0.remove(at).handler)
    }

    /// The names, in whatever order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| &*entry.name)
    }

    /// Where the handler of this event is, or would be.
    #[inline]
    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        let head = head(name);
        let mut at = self.0.partition_point(|entry| entry.head < head);
        while let Some(entry) = self.0.get(at).filter(|entry| entry.head == head) {
            // Of two that are not longer than their heads, these say all.
            if entry.name.len() == name.len()
                && (name.len() <= size_of_val(&head) || entry.name.as_bytes() == name)
            {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }
}

/// The first bytes of a name as a number.
fn head(name: &[u8]) -> u64 {
    match name.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => name.iter().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn each_name_has_a_handler_of_its_own() {
        let handler = || -> OnEvent { Arc::new(|_| None) };
        let names = [
            "",
            "\0",
            "\0\0",
            "a",
            "\0a",
            "ab",
            "ba",
            "message",
            "messages",
            "messages2",
            "messages1",
        ];
        let mut events = Events::default();
        let mut known = BTreeMap::new();
        for name in names {
            let first = handler();
            assert!(events.insert(name, first.clone()).is_none(), "{name:?}");
            let second = handler();
            let replaced = events.insert(name, second.clone()).expect("there is one");
            assert!(Arc::ptr_eq(&replaced, &first), "{name:?}");
            known.insert(name, second);
        }
        for (name, handler) in &known {
            let found = events.find(name.as_bytes()).expect("there is one");
            assert!(Arc::ptr_eq(found, handler), "{name:?}");
        }
        assert_eq!(events.names().count(), names.len());
        for name in names {
            assert!(events.find(b"messages3").is_none());
            let removed = events.remove(name).expect("there is one");
            assert!(Arc::ptr_eq(&removed, &known[name]), "{name:?}");
            assert!(events.find(name.as_bytes()).is_none() && events.remove(name).is_none());
        }
    }
}
