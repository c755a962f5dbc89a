//! A check of JSON's grammar that builds nothing: one pass, no allocation, no recursion.
//!
//! The text stays as it came, so what a number or a lone surrogate means is for the type that a
//! handler asks for. Source of the grammar: RFC 8259.

mod strings;
#[cfg(test)]
mod tests;
mod tokens;

use std::ops::Range;

pub(crate) use strings::{string_len, unescaped, write_string};
pub(crate) use tokens::{Token, Tokens};

/// How many arrays and objects may be open at once, at most.
pub(crate) const MAX_DEPTH: usize = 128;

/// The key whose value `true` makes an object a placeholder; `num` says of which attachment.
///
/// Source: socket.io-parser, `binary.ts`.
pub(crate) const PLACEHOLDER: &[u8] = b"_placeholder";

/// The same key, where it is no placeholder's: only one that is spelled plainly is.
pub(crate) const ESCAPED_PLACEHOLDER: &[u8] = br#""\u005fplaceholder""#;

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    Syntax,
    TooDeep,
    /// `{"_placeholder":true}` whose `num` is not one of the announced attachments, or which is
    /// spelled with escapes.
    Placeholder,
}

// What is known of an open array or object.
const OBJECT: u8 = 1;
const MARKED: u8 = 2;
const NUMBERED: u8 = 4;

/// What is known of each. Most values are a string, and need no such list.
type Levels = [u8; MAX_DEPTH];

/// The key that the next value belongs to, where it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Placeholder,
    Num,
    Other,
}

/// A position in a JSON text, and the arrays and objects that are open there.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'a> {
    json: &'a [u8],
    position: usize,
    /// Attachments announced; `None` where placeholders are plain data.
    attachments: Option<usize>,
    max_depth: usize,
    depth: usize,
    key: Key,
    /// The string that was read last has escapes.
    escaped: bool,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `json`; a `max_depth` above [`MAX_DEPTH`] counts as that.
    pub(crate) fn new(json: &'a [u8], attachments: Option<usize>, max_depth: usize) -> Self {
        Self {
            json,
            position: 0,
            attachments,
            max_depth: max_depth.min(MAX_DEPTH),
            depth: 0,
            key: Key::Other,
            escaped: false,
        }
    }

    /// A scanner behind the `[` of an array; `None` if none may be open.
    pub(crate) fn inside_array(json: &'a [u8], max_depth: usize) -> Option<Self> {
        let scanner = Self::new(json, None, max_depth);
        (scanner.max_depth > 0).then_some(Self { depth: 1, ..scanner })
    }

    /// Whether the string that was read last has escapes.
    pub(crate) fn has_escaped(&self) -> bool {
        self.escaped
    }

    /// The next byte that is not white space, unread.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.position += 1;
        }
        self.byte()
    }

    /// Reads `byte` if it comes next, after white space.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    /// Reads the `[` of an array whose elements the caller reads one by one.
    pub(crate) fn open_array(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'[') { self.enter() } else { Err(JsonError::Syntax) }
    }

    /// Reads the elements up to the end of an opened array; where they are, brackets apart.
    #[expect(clippy::inline_always, reason = "mostly, it is one value")]
    #[inline(always)]
    pub(crate) fn rest_of_array(&mut self) -> Result<Range<usize>, JsonError> {
        if self.eat(b']') {
            self.depth -= 1;
            let here = self.position - 1;
            return Ok(here..here);
        }
        let start = self.position;
        loop {
            let end = self.value()?.end;
            if self.eat(b']') {
                self.depth -= 1;
                return Ok(start..end);
            }
            if !self.eat(b',') {
                return Err(JsonError::Syntax);
            }
            self.peek();
        }
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(JsonError::Syntax),
        }
    }

    /// Reads one value with all that is in it; where it is.
    #[expect(
        clippy::inline_always,
        reason = "a string is a few comparisons: the rest is out of line"
    )]
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Range<usize>, JsonError> {
        let first = self.peek();
        let start = self.position;
        if first == Some(b'"') {
            self.string()?;
        } else {
            self.nested()?;
        }
        Ok(start..self.position)
    }

    /// Reads one value, keeping count of what is open in it.
    #[inline(never)]
    fn nested(&mut self) -> Result<(), JsonError> {
        let floor = self.depth;
        let mut levels = [0; MAX_DEPTH];
        loop {
            if !self.begin_value(&mut levels)? {
                continue;
            }
            while self.depth > floor {
                let object = levels[self.depth - 1] & OBJECT != 0;
                if self.eat(b',') {
                    if object {
                        self.key(&mut levels)?;
                    }
                    break;
                }
                if !self.eat(if object { b'}' } else { b']' }) {
                    return Err(JsonError::Syntax);
                }
                self.close(&levels)?;
            }
            if self.depth == floor {
                return Ok(());
            }
        }
    }

    /// Reads a scalar or an empty container whole (`true`), else up to its first value (`false`).
    fn begin_value(&mut self, levels: &mut Levels) -> Result<bool, JsonError> {
        match self.peek().ok_or(JsonError::Syntax)? {
            b'[' => {
                self.open(0, levels)?;
                if !self.eat(b']') {
                    return Ok(false);
                }
                self.close(levels)?;
            }
            b'{' => {
                self.open(OBJECT, levels)?;
                if !self.eat(b'}') {
                    self.key(levels)?;
                    return Ok(false);
                }
                self.close(levels)?;
            }
            _ => self.scalar(levels)?,
        }
        Ok(true)
    }

    /// Reads what opens an array or an object.
    fn enter(&mut self) -> Result<(), JsonError> {
        if self.depth >= self.max_depth {
            return Err(JsonError::TooDeep);
        }
        self.depth += 1;
        self.position += 1;
        self.key = Key::Other;
        Ok(())
    }

    fn open(&mut self, level: u8, levels: &mut Levels) -> Result<(), JsonError> {
        self.enter()?;
        levels[self.depth - 1] = level;
        Ok(())
    }

    fn close(&mut self, levels: &Levels) -> Result<(), JsonError> {
        self.depth -= 1;
        let level = levels[self.depth];
        if level & MARKED != 0 && level & NUMBERED == 0 {
            return Err(JsonError::Placeholder);
        }
        Ok(())
    }

    fn key(&mut self, levels: &mut Levels) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(JsonError::Syntax);
        }
        let start = self.position + 1;
        self.string()?;
        let key = &self.json[start..self.position - 1];
        if !self.eat(b':') {
            return Err(JsonError::Syntax);
        }
        if self.attachments.is_some() {
            let level = &mut levels[self.depth - 1];
            // Of a key that stands twice, the last counts, as in JavaScript.
            self.key = if spells(key, PLACEHOLDER) {
                if key != PLACEHOLDER {
                    // So does a payload spell what only looks like a placeholder.
                    return Err(JsonError::Placeholder);
                }
                *level &= !MARKED;
                Key::Placeholder
            } else if spells(key, b"num") {
                *level &= !NUMBERED;
                Key::Num
            } else {
                Key::Other
            };
        }
        Ok(())
    }

    fn scalar(&mut self, levels: &mut Levels) -> Result<(), JsonError> {
        let key = std::mem::replace(&mut self.key, Key::Other);
        let start = self.position;
        match self.byte() {
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal(b"true")?,
            Some(b'f') => self.literal(b"false")?,
            Some(b'n') => self.literal(b"null")?,
            _ => return Err(JsonError::Syntax),
        }
        if key != Key::Other {
            let value = &self.json[start..self.position];
            let announced = self.attachments.unwrap_or(0);
            let level = &mut levels[self.depth - 1];
            match key {
                Key::Placeholder if value == b"true" => *level |= MARKED,
                Key::Num if index(value).is_some_and(|n| n < announced) => *level |= NUMBERED,
                _ => {}
            }
        }
        Ok(())
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), JsonError> {
        if !self.json[self.position..].starts_with(literal) {
            return Err(JsonError::Syntax);
        }
        self.position += literal.len();
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<(), JsonError> {
        self.position += 1;
        self.escaped = false;
        loop {
            let rest = &self.json[self.position..];
            self.position += plain(rest).ok_or(JsonError::Syntax)? + 1;
            if self.json[self.position - 1] == b'"' {
                return Ok(());
            }
            self.escape()?;
        }
    }

    /// Reads what ends the plain part of a string and is no quote, from its second byte on.
    #[inline(never)]
    fn escape(&mut self) -> Result<(), JsonError> {
        if self.json[self.position - 1] != b'\\' {
            return Err(JsonError::Syntax);
        }
        self.escaped = true;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.position += 1,
            Some(b'u') => {
                let digits = self.position + 1..self.position + 5;
                let hex = self.json.get(digits).ok_or(JsonError::Syntax)?;
                if !hex.iter().all(u8::is_ascii_hexdigit) {
                    return Err(JsonError::Syntax);
                }
                self.position += 5;
            }
            _ => return Err(JsonError::Syntax),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while self.byte().is_some_and(|b| b.is_ascii_digit()) {
            self.position += 1;
        }
        if self.position == start {
            return Err(JsonError::Syntax);
        }
        Ok(())
    }

    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.byte().is_some_and(|b| any_of.contains(&b));
        self.position += usize::from(found);
        found
    }

    fn byte(&self) -> Option<u8> {
        self.json.get(self.position).copied()
    }
}

/// Whether a text is a string of JSON once it stands between quotes.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    plain(text).is_none()
}

/// How many bytes at the start of `text` are simply part of the string that they stand in; `None`
/// if nothing ends it.
pub(crate) fn plain(text: &[u8]) -> Option<usize> {
    let Some((eight, mut rest)) = text.split_first_chunk::<8>() else {
        return special_of_few(text);
    };
    // Most strings are short, names and keys above all.
    if let Some(at) = first_special(u64::from_le_bytes(*eight)) {
        return Some(at);
    }
    // Compilers make a few wide comparisons of sixteen bytes.
    let is_plain = |chunk: &[u8; 16]| !chunk.iter().fold(false, |any, b| any | is_special(*b));
    while let Some((chunk, further)) = rest.split_first_chunk::<16>()
        && is_plain(chunk)
    {
        rest = further;
    }
    if let Some((eight, further)) = rest.split_first_chunk::<8>() {
        if let Some(at) = first_special(u64::from_le_bytes(*eight)) {
            return Some(text.len() - rest.len() + at);
        }
        rest = further;
    }
    if let Some((eight, further)) = rest.split_first_chunk::<8>() {
        // Of sixteen bytes that are not plain, the first eight are.
        return first_special(u64::from_le_bytes(*eight))
            .map(|at| text.len() - 8 - further.len() + at);
    }
    // The last eight: those of them that were looked at before are plain.
    first_special(u64::from_le_bytes(*text.last_chunk()?)).map(|at| text.len() - 8 + at)
}

/// Where the first special one of less than eight bytes is.
fn special_of_few(text: &[u8]) -> Option<usize> {
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else {
        return text.iter().position(|byte| is_special(*byte));
    };
    // The last four may begin among the first.
    let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
    let at = first_special(first | last << 32)?;
    Some(if at < 4 { at } else { text.len() + at - 8 })
}

/// Where the first special one of eight bytes is.
fn first_special(eight: u64) -> Option<usize> {
    let special = specials(eight);
    (special != 0).then(|| special.trailing_zeros() as usize / 8)
}

/// Whether a byte is a quote, a backslash or a control character.
#[expect(clippy::needless_bitwise_bool, reason = "without branches, sixteen at a time")]
const fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The lowest bit that is set is the highest of the first byte that is a quote, a backslash or a
/// control character. Bits above it mean nothing: a subtraction may borrow from its neighbour.
const fn specials(eight: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    const HIGH: u64 = EACH << 7;
    let quote = eight ^ (EACH * b'"' as u64);
    let backslash = eight ^ (EACH * b'\\' as u64);
    let quote = quote.wrapping_sub(EACH) & !quote;
    let backslash = backslash.wrapping_sub(EACH) & !backslash;
    let control = eight.wrapping_sub(EACH * 0x20) & !eight;
    (quote | backslash | control) & HIGH
}

/// The number that a placeholder gives, if it can be one.
pub(crate) fn index(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether a string of valid JSON, without its quotes, is `word` once its escapes are read.
pub(crate) fn spells(mut key: &[u8], word: &[u8]) -> bool {
    if key == word {
        return true;
    }
    if !key.contains(&b'\\') {
        return false;
    }
    for &wanted in word {
        let (found, rest) = match key {
            [b'\\', b'u', b'0', b'0', high, low, rest @ ..] => (hex(*high) << 4 | hex(*low), rest),
            [b'\\', ..] | [] => return false,
            [byte, rest @ ..] => (*byte, rest),
        };
        if found != wanted {
            return false;
        }
        key = rest;
    }
    key.is_empty()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}
