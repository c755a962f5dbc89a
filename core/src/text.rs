//! Text that shares the buffer it was read from.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::str::Utf8Error;

use bytes::Bytes;

/// UTF-8 text in a shared buffer: cloning and slicing copy nothing.
///
/// A slice keeps the whole buffer alive. Reading it as a `str` (`as_str`, or anything that
/// dereferences) checks the bytes again, since this crate has no unsafe code; what only needs
/// bytes takes [`as_bytes`](Self::as_bytes).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(Bytes);

impl Text {
    /// The text as a `str`, in time linear to its length.
    #[allow(clippy::missing_panics_doc, reason = "the text is UTF-8 by construction")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a Text is only made from valid UTF-8")
    }

    /// The text's UTF-8 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes the text has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part of the text at `range`, in bytes, sharing the buffer.
    ///
    /// # Panics
    ///
    /// If the range is reversed, ends beyond the text, or cuts a character in two.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            self.is_boundary(range.start) && self.is_boundary(range.end),
            "a slice of a Text starts and ends between characters"
        );
        Self(self.0.slice(range))
    }

    /// The buffer's bytes, without copying.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    fn is_boundary(&self, index: usize) -> bool {
        match self.0.get(index) {
            // A continuation byte of UTF-8 is 0b10xx_xxxx.
            Some(byte) => byte & 0b1100_0000 != 0b1000_0000,
            None => index == self.0.len(),
        }
    }
}

impl TryFrom<Bytes> for Text {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    // The order of UTF-8 bytes is the order of `str`, as `Borrow` requires.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As a `str` hashes, so that a map of `Text` can be asked with a `&str`.
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_slice_shares_the_buffer() {
        let text = Text::from(String::from("grüße"));
        let slice = text.slice(2..4);
        assert_eq!(slice, "ü");
        assert_eq!(slice.as_bytes().as_ptr(), text.as_bytes()[2..].as_ptr());
        assert_eq!(text.slice(7..7), "");
    }

    #[test]
    #[should_panic(expected = "between characters")]
    fn a_slice_never_cuts_a_character() {
        let _ = Text::from("grüße").slice(3..4);
    }

    #[test]
    #[should_panic(expected = "between characters")]
    fn a_slice_never_leaves_the_text() {
        let _ = Text::from("abc").slice(1..4);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(Text::try_from(Bytes::from_static(b"\xff")).is_err());
        assert!(Text::try_from(Bytes::from_static(b"ok")).is_ok());
    }

    #[test]
    fn a_map_of_texts_answers_to_a_str() {
        let set = HashSet::from([Text::from("a")]);
        assert!(set.contains("a"));
        assert_eq!(format!("{:?}", Text::from("a\"")), r#""a\"""#);
    }
}
