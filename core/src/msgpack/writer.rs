//! From JSON to MessagePack.

use super::survey::Survey;
use crate::attachment::Attachment;
use crate::json::{Token, Tokens, unescaped};

/// Writes a message, each value in its shortest form, as `notepack.io` does.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// A message of about `length` bytes.
    pub(crate) fn new(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }

    /// The message.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// The head of a map.
    pub(crate) fn map(&mut self, members: usize) {
        match members {
            0..=0x0f => self.0.push(0x80 | members as u8),
            _ => self.length(members, [0xde, 0xdf], None),
        }
    }

    /// A string.
    pub(crate) fn text(&mut self, text: &[u8]) {
        match text.len() {
            length @ 0..=0x1f => self.0.push(0xa0 | length as u8),
            length => self.length(length, [0xda, 0xdb], Some(0xd9)),
        }
        self.0.extend_from_slice(text);
    }

    /// A number that is not negative.
    pub(crate) fn number(&mut self, number: u64) {
        match number {
            0..=0x7f => self.0.push(number as u8),
            0x80..=0xff => self.push(0xcc, &[number as u8]),
            0x100..=0xffff => self.push(0xcd, &(number as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.push(0xce, &(number as u32).to_be_bytes()),
            _ => self.push(0xcf, &number.to_be_bytes()),
        }
    }

    /// What valid JSON says. An attachment stands in it as `#` and its number; with `placeholders`,
    /// as an object that is one.
    pub(crate) fn json(&mut self, json: &[u8], attachments: &[Attachment], placeholders: bool) {
        let Survey { counts, placeholders } = Survey::of(json, placeholders);
        let (mut counts, mut placeholders) =
            (counts.into_iter(), placeholders.into_iter().peekable());
        let mut tokens = Tokens::new(json);
        while let Some((start, token)) = tokens.next() {
            match token {
                Token::Open { is_object } => {
                    if let Some(found) = placeholders.next_if(|found| found.start == start) {
                        tokens.position = found.end;
                        self.attachment(attachments, found.num);
                    } else if is_object {
                        self.map(counts.next().unwrap_or_default());
                    } else {
                        self.array(counts.next().unwrap_or_default());
                    }
                }
                Token::Text(raw) => self.quoted(raw),
                Token::Attachment(num) => self.attachment(attachments, num),
                Token::Scalar(raw) => self.scalar(raw),
                Token::Close | Token::Comma | Token::Colon => {}
            }
        }
    }

    fn array(&mut self, elements: usize) {
        match elements {
            0..=0x0f => self.0.push(0x90 | elements as u8),
            _ => self.length(elements, [0xdc, 0xdd], None),
        }
    }

    /// A string of JSON, quotes included.
    fn quoted(&mut self, raw: &[u8]) {
        if raw.contains(&b'\\') {
            self.text(unescaped(raw).unwrap_or_default().as_bytes());
        } else {
            self.text(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default());
        }
    }

    fn attachment(&mut self, attachments: &[Attachment], num: usize) {
        let bytes = attachments.get(num).map_or(&[][..], |attachment| attachment.bytes());
        self.length(bytes.len(), [0xc5, 0xc6], Some(0xc4));
        self.0.extend_from_slice(bytes);
    }

    /// Integers of 64 bits as such, all other numbers as doubles.
    fn scalar(&mut self, raw: &[u8]) {
        match raw {
            b"null" => self.0.push(0xc0),
            b"false" => self.0.push(0xc2),
            b"true" => self.0.push(0xc3),
            _ => {
                let digits = std::str::from_utf8(raw).unwrap_or_default();
                if let Ok(number) = digits.parse::<u64>() {
                    self.number(number);
                } else if let Ok(number) = digits.parse::<i64>() {
                    self.integer(number);
                } else {
                    let double: f64 = digits.parse().unwrap_or(f64::NAN);
                    self.push(0xcb, &double.to_be_bytes());
                }
            }
        }
    }

    fn integer(&mut self, number: i64) {
        match number {
            0.. => self.number(number.unsigned_abs()),
            -0x20..0 => self.0.extend((number as i8).to_be_bytes()),
            -0x80..-0x20 => self.push(0xd0, &(number as i8).to_be_bytes()),
            -0x8000..-0x80 => self.push(0xd1, &(number as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => self.push(0xd2, &(number as i32).to_be_bytes()),
            _ => self.push(0xd3, &number.to_be_bytes()),
        }
    }

    /// A length of two or four bytes, or, if there is a form for it, of one.
    fn length(&mut self, length: usize, [two, four]: [u8; 2], one: Option<u8>) {
        match (length, one) {
            (0..=0xff, Some(one)) => self.push(one, &[length as u8]),
            (0..=0xffff, _) => self.push(two, &(length as u16).to_be_bytes()),
            _ => self.push(four, &(length as u32).to_be_bytes()),
        }
    }

    fn push(&mut self, first: u8, rest: &[u8]) {
        self.0.push(first);
        self.0.extend_from_slice(rest);
    }
}
