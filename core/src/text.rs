//! Text that shares the buffer it was read from.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::str::Utf8Error;

use bytes::{Buf as _, Bytes};

/// The longest slice that is a copy: as much as fits where a buffer's address would be.
const INLINE: usize = 23;

/// UTF-8 text in a shared buffer: cloning copies nothing, and slicing a few bytes at most.
///
/// A slice of more than 23 bytes keeps the whole buffer alive; a shorter one is cheaper to copy
/// than to count. Reading text as a `str` (`as_str`, or anything that dereferences) checks the
/// bytes again, since this crate has no unsafe code; what only needs bytes takes
/// [`as_bytes`](Self::as_bytes).
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Shared(Bytes),
    Inline { length: u8, bytes: [u8; INLINE] },
}

impl Text {
    /// The text as a `str`, in time linear to its length.
    #[allow(clippy::missing_panics_doc, reason = "the text is UTF-8 by construction")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a Text is only made from valid UTF-8")
    }

    /// The text's UTF-8 bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Shared(bytes) => bytes,
            Repr::Inline { length, bytes } => &bytes[..usize::from(*length)],
        }
    }

    /// How many bytes the text has.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the text has no bytes.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The part of the text at `range`, in bytes.
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
        self.part(range)
    }

    /// As [`slice`](Self::slice), where the range is known to cut no character.
    #[inline]
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        debug_assert!(self.is_boundary(range.start) && self.is_boundary(range.end), "a whole part");
        match &self.0 {
            Repr::Shared(shared) if range.len() > INLINE => Self(Repr::Shared(shared.slice(range))),
            _ => Self::copied(&self.as_bytes()[range]),
        }
    }

    /// A copy of bytes that were [checked](check) before.
    #[inline]
    pub(crate) fn copied(text: &[u8]) -> Self {
        debug_assert!(check(text).is_ok(), "the bytes are text");
        if text.len() > INLINE {
            return Self(Repr::Shared(Bytes::copy_from_slice(text)));
        }
        let mut bytes = [0; INLINE];
        bytes[..text.len()].copy_from_slice(text);
        Self(Repr::Inline { length: text.len() as u8, bytes })
    }

    /// Bytes that were [checked](check) before.
    #[inline]
    pub(crate) fn checked(bytes: Bytes) -> Self {
        debug_assert!(check(&bytes).is_ok(), "the bytes are text");
        Self(Repr::Shared(bytes))
    }

    /// The text from `start` on, which cuts no character. A buffer that nobody shares is still not
    /// shared then.
    #[expect(clippy::inline_always, reason = "a comparison and two additions")]
    #[inline(always)]
    pub(crate) fn skip(self, start: usize) -> Self {
        debug_assert!(self.is_boundary(start), "text is cut between characters");
        let Repr::Shared(mut shared) = self.0 else { return self.part(start..self.len()) };
        shared.advance(start);
        Self(Repr::Shared(shared))
    }

    /// The bytes: those of the buffer, unless they were few enough to be copied.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Repr::Shared(shared) => shared,
            Repr::Inline { .. } => Bytes::copy_from_slice(self.as_bytes()),
        }
    }

    fn is_boundary(&self, index: usize) -> bool {
        is_boundary(self.as_bytes(), index)
    }
}

/// Whether bytes are text.
#[inline]
pub(crate) fn check(bytes: &[u8]) -> Result<(), Utf8Error> {
    if is_ascii(bytes) { Ok(()) } else { std::str::from_utf8(bytes).map(|_| ()) }
}

/// Whether bytes are ASCII, as most of what clients say is: sixteen at a time.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    // Some of the last sixteen may be looked at twice.
    let Some(last) = bytes.last_chunk::<16>() else { return bytes.is_ascii() };
    let (chunks, _) = bytes.as_chunks::<16>();
    let seen = chunks
        .iter()
        .fold(u128::from_ne_bytes(*last), |seen, chunk| seen | u128::from_ne_bytes(*chunk));
    seen & (u128::MAX / 0xff * 0x80) == 0
}

fn is_boundary(text: &[u8], index: usize) -> bool {
    match text.get(index) {
        // A continuation byte of UTF-8 is 0b10xx_xxxx.
        Some(byte) => byte & 0b1100_0000 != 0b1000_0000,
        None => index == text.len(),
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl TryFrom<Bytes> for Text {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        check(&bytes)?;
        Ok(Self::checked(bytes))
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self(Repr::Shared(Bytes::from_static(text.as_bytes())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Shared(Bytes::from(text)))
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

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

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
        self.as_bytes().cmp(other.as_bytes())
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
    fn a_long_slice_shares_the_buffer() {
        let text = Text::from(String::from("grüße, und zwar die allerherzlichsten"));
        let slice = text.slice(2..text.len());
        assert_eq!(slice, "üße, und zwar die allerherzlichsten");
        assert_eq!(slice.as_bytes().as_ptr(), text.as_bytes()[2..].as_ptr());
        let rest = slice.clone().skip(4);
        assert_eq!(rest, "e, und zwar die allerherzlichsten");
        assert_eq!(rest.as_bytes().as_ptr(), text.as_bytes()[6..].as_ptr());
    }

    #[test]
    fn a_short_slice_takes_no_room_beyond_its_place() {
        let text = Text::from(String::from("grüße, und zwar die allerherzlichsten"));
        assert_eq!(text.slice(2..4), "ü");
        assert_eq!(text.slice(text.len()..text.len()), "");
        for length in [INLINE, INLINE + 1] {
            let slice = text.slice(7..7 + length);
            assert_eq!(slice.as_bytes(), &text.as_bytes()[7..7 + length]);
            let is_shared = slice.as_bytes().as_ptr() == text.as_bytes()[7..].as_ptr();
            assert_eq!(is_shared, length > INLINE);
            assert_eq!(slice.clone().skip(4).as_bytes(), &text.as_bytes()[11..7 + length]);
            assert_eq!(slice.into_bytes(), text.as_bytes()[7..7 + length]);
        }
        assert_eq!(size_of::<Text>(), size_of::<Bytes>());
    }

    #[test]
    fn equal_texts_are_equal_wherever_they_are() {
        let (shared, inline) = (Text::from("abc"), Text::from("xabc").slice(1..4));
        assert_eq!(shared, inline);
        assert_ne!(shared, Text::from("abd"));
        assert_eq!(shared.partial_cmp(&inline), Some(Ordering::Equal));
        assert_eq!(shared.cmp(&inline), Ordering::Equal);
        assert_eq!(AsRef::<str>::as_ref(&shared), "abc");
        assert!(shared == "abc" && shared != "abd" && shared == *"abc" && shared != *"abd");
        assert_eq!(shared.cmp(&Text::from("abd")), Ordering::Less);
        assert_eq!(shared.cmp(&Text::from("abb")), Ordering::Greater);
        assert_eq!(HashSet::from([shared]).get(&inline), Some(&inline));
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
        // Sixteen bytes are looked at together.
        for fill in [b"a", b"b", b"\x7f"] {
            for at in 0..40 {
                let mut text = fill.repeat(40);
                assert!(Text::try_from(Bytes::from(text.clone())).is_ok());
                text[at] = 0x80;
                assert!(Text::try_from(Bytes::from(text)).is_err(), "{at}");
            }
        }
        assert!(Text::try_from(Bytes::from(vec![0x80; 16])).is_err());
        assert!(Text::try_from(Bytes::from(vec![0x80; 32])).is_err());
    }

    #[test]
    fn a_map_of_texts_answers_to_a_str() {
        let set = HashSet::from([Text::from("a")]);
        assert!(set.contains("a"));
        assert_eq!(format!("{:?}", Text::from("a\"")), r#""a\"""#);
    }
}
