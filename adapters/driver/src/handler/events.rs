//! Handlers by the names of their events.

use klatch_core::Text;

use super::OnEvent;

/// Handlers by the names of their events, one of which is looked for with each event that arrives.
#[derive(Clone, Default)]
pub(super) struct Events(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    /// Of the name. It orders the entries: names differ in it, nearly always, and it is compared at
    /// once.
    head: u64,
    name: Text,
    handler: OnEvent,
}

impl Entry {
    /// Whether it is that of this name, whose head is known.
    #[inline]
    fn is(&self, head: u64, name: &[u8]) -> bool {
        let known = self.name.as_bytes();
        // Of two that are not longer than their heads, these say all.
        self.head == head
            && known.len() == name.len()
            && (name.len() <= size_of_val(&head) || known == name)
    }
}

impl Events {
    /// The handler of this event, and its name.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<(&Text, &OnEvent)> {
        self.find_again(name, &mut 0)
    }

    /// As [`find`](Self::find), and remembers where it was for the next time: of events that come at once,
    /// many are the same.
    #[inline]
    pub(super) fn find_again(&self, name: &[u8], last: &mut usize) -> Option<(&Text, &OnEvent)> {
        let at = match self.0.get(*last) {
            Some(entry) if entry.is(head(name), name) => *last,
            _ => self.position(name).ok()?,
        };
        *last = at;
        let Entry { name, handler, .. } = &self.0[at];
        Some((name, handler))
    }

    /// Puts a handler in the place of the one before, which is handed out.
    pub(super) fn insert(&mut self, name: &str, handler: OnEvent) -> Option<OnEvent> {
        match self.position(name.as_bytes()) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].handler, handler)),
            Err(at) => {
                let head = head(name.as_bytes());
                // A short name is copied at once, where it is cloned.
                let name = Text::from(name.to_owned()).slice(0..name.len());
                self.0.insert(at, Entry { head, name, handler });
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
    #[inline(never)]
    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        let head = head(name);
        let mut at = self.0.partition_point(|entry| entry.head < head);
        while let Some(entry) = self.0.get(at).filter(|entry| entry.head == head) {
            if entry.is(head, name) {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }
}

/// The first bytes of a name as a number: eight, or all.
#[inline]
fn head(name: &[u8]) -> u64 {
    if let Some(first) = name.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) else {
        return name.iter().fold(0, |head, byte| head << 8 | u64::from(*byte));
    };
    // The last four may begin among the first.
    let [first, last] = [first, last].map(|four| u64::from(u32::from_be_bytes(*four)));
    first << (8 * (name.len() - 4)) | last
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
            let (known_as, found) = events.find(name.as_bytes()).expect("there is one");
            assert!(known_as == *name && Arc::ptr_eq(found, handler), "{name:?}");
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
