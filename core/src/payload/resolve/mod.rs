//! Attachments in place of their placeholders, at any depth, while `serde_json` reads.
//!
//! [`Resolve`] wraps a deserializer and whatever serde makes of it on the way down: visitors,
//! sequences, maps, enums. Where a type asks for bytes and finds a placeholder, it is given the
//! attachment. Nothing is built in between.

mod access;
mod placeholder;
mod visitor;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use crate::attachment::Attachment;
use placeholder::BytesVisitor;
use visitor::ResolveVisitor;

/// The prefix of the names by which `serde_json` knows its own types, `RawValue` say, which must
/// meet its deserializer and no wrapper.
const SERDE_JSON_PRIVATE: &str = "$serde_json::private::";

/// A deserializer that knows the attachments of its packet.
pub(super) struct Resolve<'de, D> {
    inner: D,
    attachments: &'de [Attachment],
}

impl<'de, D> Resolve<'de, D> {
    pub(super) fn new(inner: D, attachments: &'de [Attachment]) -> Self {
        Self { inner, attachments }
    }
}

/// Calls for a value that holds no others: JSON has no placeholder where they succeed.
macro_rules! scalar {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

macro_rules! container {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let visitor = ResolveVisitor::nested(visitor, self.attachments);
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Resolve<'de, D> {
    type Error = D::Error;

    scalar! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    container! {
        deserialize_option();
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_unit_struct(name: &'static str);
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if name.starts_with(SERDE_JSON_PRIVATE) {
            return self.inner.deserialize_newtype_struct(name, visitor);
        }
        let visitor = ResolveVisitor::nested(visitor, self.attachments);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    /// Any value: a map that starts with `_placeholder` is bytes, as untagged enums need it.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = ResolveVisitor::any(visitor, self.attachments);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = BytesVisitor::new(visitor, self.attachments);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_bytes(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// A seed whose deserializer is to be wrapped too.
struct ResolveSeed<'de, S> {
    seed: S,
    attachments: &'de [Attachment],
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ResolveSeed<'de, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = Resolve::new(deserializer, self.attachments);
        self.seed.deserialize(deserializer)
    }
}
