//! JSON that is known to be valid, piece by piece.

use super::{index, string_len};

/// A piece of valid JSON, white space apart; or what `serde_json` was made to write for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
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
pub(crate) struct Tokens<'a> {
    json: &'a [u8],
    pub(crate) position: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(json: &'a [u8]) -> Self {
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
