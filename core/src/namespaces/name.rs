//! What a namespace may be called.

use std::borrow::Cow;

use thiserror::Error;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
