//! What must be known of JSON before it is written as MessagePack, where lengths come first.

use crate::json::{PLACEHOLDER, Token, Tokens, index, spells};

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
