//! Strings as they stand in JSON, quotes included.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Visitor};

use super::{is_plain, plain};

/// How many bytes the string has at the start of valid JSON, its quotes included.
pub(crate) fn string_len(json: &[u8]) -> usize {
    let mut end = 1;
    while let Some(at) = json.get(end..).and_then(plain) {
        end += at + 1;
        if json[end - 1] == b'"' {
            return end;
        }
        // What follows a backslash ends nothing.
        end += 1;
    }
    json.len()
}

/// What a string says that the scanner has read, quotes included; a lone surrogate, which is no
/// character, is replaced. `None` if it is no string.
pub(crate) fn unescaped(raw: &[u8]) -> Option<String> {
    struct Wide;

    impl Visitor<'_> for Wide {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        // serde_json hands surrogates over only where bytes are asked for.
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            match String::from_utf8_lossy(bytes) {
                Cow::Borrowed(text) => Ok(text.to_owned()),
                Cow::Owned(text) => Ok(text),
            }
        }
    }

    serde_json::Deserializer::from_slice(raw).deserialize_bytes(Wide).ok()
}

/// Adds a string to JSON: hardly any has something to escape.
pub(crate) fn write_string(json: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        serde_json::to_writer(json, text).expect("a string has a JSON form, and a Vec takes it");
    }
}
