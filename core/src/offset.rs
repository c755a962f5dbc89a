//! Where a packet stands in the log of its namespace.

/// Characters of an offset on the wire.
pub(crate) const OFFSET_LEN: usize = 8;

/// In the order of ASCII, so that offsets are sorted alike as numbers and as texts.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// The place of a packet among those that a client may ask for again: a number on the server, a
/// text of eight characters on the wire, where it is the last argument of an event.
///
/// A client gives back the last one it read, and so says what it has. It is no secret: without
/// its [`Pid`](crate::Pid) it is worth nothing. 48 bits last for nine years of a million packets a
/// second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(u64);

impl Offset {
    pub(crate) const fn new(place: u64) -> Self {
        Self(place)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// Reads an offset; `None` if it cannot be one that klatch wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let text: &[u8; OFFSET_LEN] = text.as_bytes().try_into().ok()?;
        text.iter()
            .try_fold(0, |place, character| {
                let digit = DIGITS.binary_search(character).ok()?;
                Some(place << 6 | digit as u64)
            })
            .map(Self)
    }

    /// The offset as it stands on the wire.
    pub(crate) fn to_text(self) -> [u8; OFFSET_LEN] {
        let mut rest = self.0;
        let mut text = [0; OFFSET_LEN];
        for character in text.iter_mut().rev() {
            *character = DIGITS[(rest % 64) as usize];
            rest /= 64;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_offset_reads_back_and_is_sorted_as_its_text(a in 0..1u64 << 48, b in 0..1u64 << 48) {
            let [one, other] = [a, b].map(|place| Offset::new(place).to_text());
            let text = std::str::from_utf8(&one).unwrap();
            prop_assert_eq!(Offset::parse(text), Some(Offset::new(a)));
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        }
    }

    #[test]
    fn what_cannot_be_an_offset_is_not_one() {
        for text in ["", "hello", "--------9", "-------\u{e9}", "------ -", "-------."] {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }
}
