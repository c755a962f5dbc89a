//! What must be known of JSON before it is written as MessagePack, where lengths come first.

use crate::json::{PLACEHOLDER, index, spells, string_len};

/// A piece of valid JSON, white space apart; or what `serde_json` was made to write for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open {
        is_object: bool,
    },
    Close,
    Comma,
    Colon,
    /// A string, with its quotes.
    Text(&'a [u8]),
    /// `#3`: the attachment of this number. It is no JSON, and so is not taken for data.
    Attachment(usize),
    /// A number, `true`, `false` or `null`.
    Scalar(&'a [u8]),
}

/// The tokens, each with the position where it begins.
pub(super) struct Tokens<'a> {
    json: &'a [u8],
    pub(super) position: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(json: &'a [u8]) -> Self {
        Self { json, position: 0 }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.json.get(self.position..)?;
        let start = self.position + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = &self.json[start..];
        let (token, length) = match rest[0] {
            b'{' => (Token::Open { is_object: true }, 1),
            b'[' => (Token::Open { is_object: false }, 1),
            b'}' | b']' => (Token::Close, 1),
            b',' => (Token::Comma, 1),
            b':' => (Token::Colon, 1),
            b'"' => {
                let length = string_len(rest);
                (Token::Text(&rest[..length]), length)
            }
            b'#' => {
                let length = 1 + scalar_len(&rest[1..]);
                (Token::Attachment(index(&rest[1..length]).unwrap_or(usize::MAX)), length)
            }
            _ => {
                let length = scalar_len(rest).max(1);
                (Token::Scalar(&rest[..length]), length)
            }
        };
        self.position = start + length;
        Some((start, token))
    }
}

fn scalar_len(json: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    json.iter().position(|byte| !is_part(byte)).unwrap_or(json.len())
}

/// An object that stands for an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) num: usize,
}

/// The arrays and objects of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// How many elements or members each has, in the order in which they begin; those that are a
    /// placeholder, or in one, are left out.
    pub(super) counts: Vec<usize>,
    /// In order; none is in another.
    pub(super) placeholders: Vec<Placeholder>,
}

/// The key that the next value belongs to, where it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Placeholder,
    Num,
    Other,
}

/// An array or object that is open.
struct Level {
    start: usize,
    is_object: bool,
    /// How many counts and placeholders there were before it.
    before: (usize, usize),
    key: Key,
    is_marked: bool,
    num: Option<usize>,
}

impl Level {
    fn new(start: usize, is_object: bool, before: (usize, usize)) -> Self {
        Self { start, is_object, before, key: Key::Other, is_marked: false, num: None }
    }

    /// Whether a token is one more element or member.
    fn is_longer_by(&self, token: Token<'_>) -> bool {
        match token {
            Token::Colon => self.is_object,
            Token::Close | Token::Comma => false,
            _ => !self.is_object,
        }
    }

    /// Notes a key: of one that stands twice, the last counts.
    fn key(&mut self, raw: &[u8]) {
        let key = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        self.key = if key == PLACEHOLDER {
            self.is_marked = false;
            Key::Placeholder
        } else if spells(key, b"num") {
            self.num = None;
            Key::Num
        } else {
            Key::Other
        };
    }

    /// Notes the scalar that belongs to the key.
    fn value(&mut self, raw: &[u8]) {
        match self.key {
            Key::Placeholder => self.is_marked = raw == b"true",
            Key::Num => self.num = index(raw),
            Key::Other => {}
        }
    }
}

impl Survey {
    /// Looks at a text. With `placeholders`, objects that are such are found: as they are in a
    /// payload, whose text was checked when it came to be.
    pub(super) fn of(json: &[u8], placeholders: bool) -> Self {
        let mut survey = Self::default();
        let mut open: Vec<Level> = Vec::new();
        let mut text: &[u8] = &[];
        for (start, token) in Tokens::new(json) {
            if let Some(level) = open.last_mut() {
                survey.counts[level.before.0] += usize::from(level.is_longer_by(token));
                match token {
                    Token::Text(raw) => text = raw,
                    Token::Colon if placeholders => level.key(text),
                    Token::Scalar(raw) => level.value(raw),
                    _ => {}
                }
            }
            match token {
                Token::Open { is_object } => {
                    let before = (survey.counts.len(), survey.placeholders.len());
                    survey.counts.push(0);
                    open.push(Level::new(start, is_object, before));
                }
                Token::Close => {
                    if let Some(level) = open.pop() {
                        survey.close(&level, start + 1);
                    }
                }
                _ => {}
            }
        }
        survey
    }

    fn close(&mut self, level: &Level, end: usize) {
        if let Level { start, before, is_marked: true, num: Some(num), .. } = *level {
            self.counts.truncate(before.0);
            self.placeholders.truncate(before.1);
            self.placeholders.push(Placeholder { start, end, num });
        }
    }
}
