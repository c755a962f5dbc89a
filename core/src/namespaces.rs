//! Which namespaces exist, and what a namespace may be called.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::HashKey;

/// How long the name of a namespace may be, leading slash included: 128 bytes.
///
/// A name comes from a client in every CONNECT and is echoed when it is refused.
pub const MAX_NAMESPACE_NAME: usize = 128;

/// Why a text cannot be the name of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidNamespaceName {
    /// A comma ends the name on the wire.
    #[error("the name of a namespace cannot contain a comma")]
    Comma,
    /// A question mark starts a query, which clients cut off.
    #[error("the name of a namespace cannot contain a question mark")]
    QuestionMark,
    /// Control characters separate packets under polling, and forge lines in a log.
    #[error("the name of a namespace cannot contain control characters")]
    ControlCharacter,
    /// Longer than [`MAX_NAMESPACE_NAME`].
    #[error("the name of a namespace cannot be longer than {MAX_NAMESPACE_NAME} bytes")]
    TooLong,
}

/// The name of a namespace as it stands on the wire: with a leading slash.
///
/// As Node's `io.of`: a missing slash is put in front, so that `""` is `"/"` and `"chat"` is
/// `"/chat"`. Nothing else is changed: `"//chat"` and `"/chat/"` are names of their own.
///
/// # Errors
///
/// If the name could not be told apart on the wire, or is too long with its slash.
pub fn namespace_name(name: &str) -> Result<Cow<'_, str>, InvalidNamespaceName> {
    let name =
        if name.starts_with('/') { Cow::Borrowed(name) } else { Cow::Owned(format!("/{name}")) };
    if name.len() > MAX_NAMESPACE_NAME {
        return Err(InvalidNamespaceName::TooLong);
    }
    for character in name.chars() {
        match character {
            ',' => return Err(InvalidNamespaceName::Comma),
            '?' => return Err(InvalidNamespaceName::QuestionMark),
            c if c.is_control() => return Err(InvalidNamespaceName::ControlCharacter),
            _ => {}
        }
    }
    Ok(name)
}

/// The namespaces that a server has registered, and what the caller keeps for each.
pub struct Namespaces<T> {
    entries: Vec<(Arc<str>, T)>,
    by_name: HashMap<Arc<str>, usize, HashKey>,
}

impl<T> Namespaces<T> {
    /// A directory without a namespace, not even `"/"`.
    pub fn new(key: HashKey) -> Self {
        Self { entries: Vec::new(), by_name: HashMap::with_hasher(key) }
    }

    /// Registers a namespace under its name, normalised by [`namespace_name`].
    ///
    /// `Ok(false)`, and `value` is dropped, if the name was registered before: the sockets of a
    /// namespace are never pulled from under it.
    ///
    /// # Errors
    ///
    /// If the name is not one; nothing is changed then.
    pub fn insert(&mut self, name: &str, value: T) -> Result<bool, InvalidNamespaceName> {
        let name = namespace_name(name)?;
        if self.by_name.contains_key(&*name) {
            return Ok(false);
        }
        let name: Arc<str> = name.into();
        self.by_name.insert(Arc::clone(&name), self.entries.len());
        self.entries.push((name, value));
        Ok(true)
    }

    /// What is kept for the namespace of exactly this name; a missing slash is not put in.
    pub fn get(&self, name: &str) -> Option<&T> {
        let at = *self.by_name.get(name)?;
        Some(&self.entries[at].1)
    }

    /// What is kept for the namespace of exactly this name; a missing slash is not put in.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let at = *self.by_name.get(name)?;
        Some(&mut self.entries[at].1)
    }

    /// The names, in order of registration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| &**name)
    }

    /// How many namespaces are registered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is registered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> fmt::Debug for Namespaces<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Namespaces ")?;
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Namespaces<u32> {
        Namespaces::new(HashKey::from_entropy([3; 16]))
    }

    #[test]
    fn a_missing_slash_is_put_in_front_and_nothing_else_changes() {
        for (given, name) in [
            ("", "/"),
            ("/", "/"),
            ("chat", "/chat"),
            ("/chat", "/chat"),
            ("//chat/", "//chat/"),
            ("/__proto__", "/__proto__"),
            ("/é", "/é"),
        ] {
            assert_eq!(namespace_name(given).as_deref(), Ok(name), "{given}");
        }
    }

    #[test]
    fn what_the_wire_could_not_carry_is_refused() {
        for (given, error) in [
            ("/a,b", InvalidNamespaceName::Comma),
            ("/a?token=1", InvalidNamespaceName::QuestionMark),
            ("/a\u{1e}b", InvalidNamespaceName::ControlCharacter),
            ("/a\nb", InvalidNamespaceName::ControlCharacter),
        ] {
            assert_eq!(namespace_name(given), Err(error), "{given:?}");
        }
    }

    #[test]
    fn a_name_of_128_bytes_with_its_slash_is_the_longest() {
        let longest = "x".repeat(MAX_NAMESPACE_NAME - 1);
        assert!(namespace_name(&longest).is_ok());
        let too_long = Err(InvalidNamespaceName::TooLong);
        assert_eq!(namespace_name(&format!("{longest}x")), too_long);
        assert_eq!(namespace_name(&format!("/{longest}x")), too_long);
    }

    #[test]
    fn names_come_in_order_of_registration_and_the_first_registration_stands() {
        let mut directory = directory();
        assert!(directory.is_empty());
        assert_eq!(directory.insert("/z", 1), Ok(true));
        assert_eq!(directory.insert("a", 2), Ok(true));
        assert_eq!(directory.insert("z", 3), Ok(false));
        assert_eq!(directory.insert("b,", 4), Err(InvalidNamespaceName::Comma));
        assert_eq!(directory.names().collect::<Vec<_>>(), ["/z", "/a"]);
        assert_eq!(directory.len(), 2);
        assert_eq!(directory.get("/z"), Some(&1));
        *directory.get_mut("/a").expect("it was registered") = 5;
        assert_eq!(directory.get("/a"), Some(&5));
        assert_eq!(directory.get("a"), None);
        assert_eq!(format!("{directory:?}"), r#"Namespaces ["/z", "/a"]"#);
    }
}
