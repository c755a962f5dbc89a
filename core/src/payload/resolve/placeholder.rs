//! Telling a placeholder from an object, and the attachment that it stands for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::CowStrDeserializer;
use serde::de::{
    DeserializeSeed, Error, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::access::ResolveAccess;
use super::visitor::visit_scalars;
use crate::attachment::Attachment;
use crate::json::PLACEHOLDER;

const NUM: &str = "num";

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether a key marks a placeholder. It is borrowed unless it is spelled with escapes, and then it
/// is data: see [`Payload::as_json`](crate::Payload::as_json).
#[expect(clippy::ptr_arg, reason = "whether it is borrowed is the question")]
fn is_mark(key: &Cow<'_, str>) -> bool {
    matches!(key, Cow::Borrowed(key) if key.as_bytes() == PLACEHOLDER)
}

/// Reads what is left of an object that must be a placeholder; `marked` if its mark was read.
fn attachment_of<'de, A: MapAccess<'de>>(
    map: &mut A,
    attachments: &'de [Attachment],
    mut marked: bool,
) -> Result<&'de [u8], A::Error> {
    let mut num = None;
    while let Some(Key(key)) = map.next_key()? {
        match &*key {
            _ if is_mark(&key) => marked = map.next_value()?,
            NUM => num = Some(map.next_value::<usize>()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    num.filter(|_| marked)
        .and_then(|num| attachments.get(num))
        .map(|attachment| &attachment.bytes()[..])
        .ok_or_else(|| A::Error::custom("an object where an attachment was expected"))
}

/// Visits an object as the map it is, or as bytes if its first key marks a placeholder.
pub(super) fn visit_map_or_attachment<'de, V: Visitor<'de>, A: MapAccess<'de>>(
    visitor: V,
    mut map: A,
    attachments: &'de [Attachment],
) -> Result<V::Value, A::Error> {
    let key = map.next_key::<Key<'de>>()?.map(|Key(key)| key);
    let mut value = None;
    if key.as_ref().is_some_and(is_mark) {
        // Nearly always `true`. Anything else makes it an ordinary object.
        let mark: Value = map.next_value()?;
        if mark == Value::Bool(true) {
            let bytes = attachment_of(&mut map, attachments, true)?;
            return visitor.visit_borrowed_bytes(bytes);
        }
        value = Some(mark);
    }
    let inner = ResolveAccess { inner: map, attachments };
    visitor.visit_map(Replay { key, value, inner })
}

/// A map whose first key was read already, and perhaps its value too.
struct Replay<'de, A> {
    key: Option<Cow<'de, str>>,
    value: Option<Value>,
    inner: ResolveAccess<'de, A>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replay<'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        match self.key.take() {
            Some(key) => seed.deserialize(CowStrDeserializer::new(key)).map(Some),
            None => self.inner.next_key_seed(seed),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value.into_deserializer()).map_err(A::Error::custom),
            None => self.inner.next_value_seed(seed),
        }
    }
}

/// The visitor of a type that asks for bytes, which in JSON may be a placeholder, a string or an
/// array of numbers.
pub(super) struct BytesVisitor<'de, V> {
    visitor: V,
    attachments: &'de [Attachment],
}

impl<'de, V> BytesVisitor<'de, V> {
    pub(super) fn new(visitor: V, attachments: &'de [Attachment]) -> Self {
        Self { visitor, attachments }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for BytesVisitor<'de, V> {
    type Value = V::Value;

    visit_scalars! {
        visitor;
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    // As `serde_json` does when it is asked for bytes.
    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.visitor.visit_bytes(value.as_bytes())
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.visitor.visit_borrowed_bytes(value.as_bytes())
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let bytes = attachment_of(&mut map, self.attachments, false)?;
        self.visitor.visit_borrowed_bytes(bytes)
    }
}
