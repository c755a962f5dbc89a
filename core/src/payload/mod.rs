//! The arguments of an event or of its answer: raw until a handler's type is known.

mod args;
mod de;
mod error;
mod resolve;
mod ser;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;

pub use args::Args;
pub use error::{DecodeError, EncodeError};
pub use ser::ToArgs;
pub(crate) use ser::{ArgsWriter, Opening};
pub use value::Value;

use crate::attachment::Attachment;
use crate::json::{ESCAPED_PLACEHOLDER, MAX_DEPTH, Scanner, Token, Tokens};
use crate::packet::PacketError;
use crate::text::Text;

/// The arguments that came with a packet, as raw JSON, and the attachments they refer to.
///
/// Cheap to clone: the buffer they came in is shared, and kept alive. As an argument of
/// [`Outgoing`](crate::Outgoing) it is sent again byte for byte. `Debug` shows sizes only.
///
/// The auth of a CONNECT is one argument, an object, or none.
#[derive(Clone, Default)]
pub struct Payload {
    /// Begins with JSON values with commas between them, of known grammar.
    text: Text,
    /// How many bytes these have. A buffer that nobody shares can be cut at the front without
    /// counting its owners, not at the end.
    length: usize,
    /// `None` if the packet was not a binary one: what looks like a placeholder is data then.
    attachments: Option<Arc<[Attachment]>>,
}

impl Payload {
    /// The arguments that a value is sent as: `()` is none, [`Args`] several, all else one.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialised.
    #[allow(clippy::missing_panics_doc, reason = "JSON is UTF-8")]
    pub fn from_args(args: &(impl ToArgs + ?Sized)) -> Result<Self, EncodeError> {
        let mut writer = ArgsWriter::inline(Vec::new(), Opening::Array);
        args.write_args(&mut writer)?;
        let has_placeholders = writer.has_placeholders();
        let (mut array, attachments) = writer.finish();
        if attachments.is_some() && !has_placeholders {
            array = with_placeholders(&array);
        }
        let array = String::from_utf8(array).expect("serde_json writes UTF-8");
        let length = array.len() - 2;
        Ok(Self { text: Text::from(array).skip(1), length, attachments })
    }

    /// The elements of a JSON array as arguments, with the attachments of its placeholders.
    ///
    /// Without attachments, placeholders are plain data.
    ///
    /// # Errors
    ///
    /// If the text is not one JSON array that a packet could carry: a placeholder that has no
    /// attachment, or is spelled with escapes, would be taken for another's by some clients.
    pub fn from_json(
        array: impl Into<Text>,
        attachments: Vec<Attachment>,
    ) -> Result<Self, PacketError> {
        let array = array.into();
        let announced = (!attachments.is_empty()).then_some(attachments.len());
        let mut scanner = Scanner::new(array.as_bytes(), announced, MAX_DEPTH);
        if scanner.peek() != Some(b'[') {
            return Err(PacketError::IllegalPayload);
        }
        scanner.open_array()?;
        let args = scanner.rest_of_array()?;
        scanner.end()?;
        let mut payload = Self::from_checked(array.skip(args.start), args.len());
        payload.attach(attachments);
        Ok(payload)
    }

    /// The first `length` bytes of a text as arguments whose grammar is known, with commas between
    /// them.
    pub(crate) fn from_checked(text: Text, length: usize) -> Self {
        Self { text, length, attachments: None }
    }

    pub(crate) fn attach(&mut self, attachments: Vec<Attachment>) {
        self.attachments = (!attachments.is_empty()).then(|| attachments.into());
    }

    /// Whether there are no arguments at all.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The arguments as raw JSON, with commas between them and no brackets around.
    ///
    /// An attachment is a placeholder here: `{"_placeholder":true,"num":0}` is the first of
    /// [`attachments`](Self::attachments). With [`Parser::Msgpack`](crate::Parser::Msgpack), where a
    /// client can send what only looks like one, the key of that is spelled `"\u005fplaceholder"`: it
    /// is data, and stays so.
    #[allow(clippy::missing_panics_doc, reason = "the text is UTF-8 by construction")]
    pub fn as_json(&self) -> &str {
        std::str::from_utf8(self.args()).expect("a text is UTF-8, and values end with a character")
    }

    /// The attachments, in the order they came.
    pub fn attachments(&self) -> &[Attachment] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// The same arguments in memory of their own: for those that wait, or are kept. Otherwise they keep
    /// the message that they came in, and what came with it, which may be a thousand times as much.
    #[must_use]
    pub fn detached(&self) -> Self {
        let detached =
            |attachment: &Attachment| Attachment::new(Bytes::copy_from_slice(attachment.bytes()));
        let attachments = self.attachments.as_deref();
        Self {
            text: Text::from(self.as_json().to_owned()),
            length: self.length,
            attachments: attachments.map(|all| all.iter().map(detached).collect()),
        }
    }

    /// Reads the arguments as the type asked for; see [`FromPayload`].
    ///
    /// # Errors
    ///
    /// If they do not fit it.
    pub fn decode<D: FromPayload>(&self) -> Result<D, DecodeError> {
        D::from_payload(self)
    }

    pub(crate) fn shared_attachments(&self) -> Option<&Arc<[Attachment]>> {
        self.attachments.as_ref()
    }

    pub(crate) fn args(&self) -> &[u8] {
        &self.text.as_bytes()[..self.length]
    }
}

/// JSON in which attachments are `#` and their number, with placeholders in their place. What only
/// looks like one is spelled so that it is none.
fn with_placeholders(json: &[u8]) -> Vec<u8> {
    let mut placed = Vec::with_capacity(json.len() + 64);
    let (mut done, mut text) = (0, 0..0);
    let mut tokens = Tokens::new(json);
    while let Some((start, token)) = tokens.next() {
        match token {
            Token::Text(_) => text = start..tokens.position,
            Token::Colon if json[text.clone()] == *br#""_placeholder""# => {
                placed.extend_from_slice(&json[done..text.start]);
                placed.extend_from_slice(ESCAPED_PLACEHOLDER);
                done = text.end;
            }
            Token::Attachment(num) => {
                placed.extend_from_slice(&json[done..start]);
                placed.extend_from_slice(
                    format!(r#"{{"_placeholder":true,"num":{num}}}"#).as_bytes(),
                );
                done = tokens.position;
            }
            _ => {}
        }
    }
    placed.extend_from_slice(&json[done..]);
    placed
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.args() == other.args() && self.attachments == other.attachments
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, attachments) = (self.length, self.attachments().len());
        write!(f, "Payload({bytes} bytes, {attachments} attachments)")
    }
}

/// What a handler may ask a packet's arguments to be.
///
/// Any type that deserialises is read from the first argument; further ones are ignored, as
/// JavaScript does. `()` asks for none, and ignores that one, too. A missing argument is as `null`:
/// fine for `Option`, an error for most else. [`Args`] reads one argument per element, by the same rule, and [`Payload`] takes
/// all of them as they came.
///
/// [`bytes::Bytes`], and whatever else asks serde for bytes, reads an attachment, at any depth.
/// Mind that serde takes bytes that happen to be UTF-8 for a `String` where an untagged enum
/// leaves it the choice.
pub trait FromPayload: Sized {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// If they do not fit the type.
    fn from_payload(payload: &Payload) -> Result<Self, DecodeError>;

    /// Reads the arguments of a payload that nobody needs any more.
    ///
    /// # Errors
    ///
    /// If they do not fit the type.
    fn from_owned(payload: Payload) -> Result<Self, DecodeError> {
        Self::from_payload(&payload)
    }
}

impl<T: DeserializeOwned> FromPayload for T {
    fn from_payload(payload: &Payload) -> Result<Self, DecodeError> {
        T::deserialize(de::Argument::first(payload))
    }
}

impl FromPayload for Payload {
    fn from_payload(payload: &Payload) -> Result<Self, DecodeError> {
        Ok(payload.clone())
    }

    fn from_owned(payload: Payload) -> Result<Self, DecodeError> {
        Ok(payload)
    }
}
