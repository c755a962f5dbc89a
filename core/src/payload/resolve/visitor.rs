//! A visitor that hands the attachments on to what it visits.

use std::fmt;

use serde::de::{Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::Resolve;
use super::access::ResolveAccess;
use super::placeholder::visit_map_or_attachment;
use crate::attachment::Attachment;

/// A visitor of a value that may hold placeholders.
pub(super) struct ResolveVisitor<'de, V> {
    visitor: V,
    attachments: &'de [Attachment],
    /// Whether the value may itself be one: it may where the type takes any value.
    any: bool,
}

impl<'de, V> ResolveVisitor<'de, V> {
    pub(super) fn any(visitor: V, attachments: &'de [Attachment]) -> Self {
        Self { visitor, attachments, any: true }
    }

    pub(super) fn nested(visitor: V, attachments: &'de [Attachment]) -> Self {
        Self { visitor, attachments, any: false }
    }
}

/// Visits of what holds nothing, as they are.
macro_rules! visit_scalars {
    ($field:ident; $($method:ident($type:ty);)*) => {$(
        fn $method<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.$field.$method(value)
        }
    )*};
}
pub(super) use visit_scalars;

impl<'de, V: Visitor<'de>> Visitor<'de> for ResolveVisitor<'de, V> {
    type Value = V::Value;

    visit_scalars! {
        visitor;
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Resolve::new(inner, self.attachments))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Resolve::new(inner, self.attachments))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let attachments = self.attachments;
        self.visitor.visit_seq(ResolveAccess { inner, attachments })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let attachments = self.attachments;
        if self.any {
            return visit_map_or_attachment(self.visitor, inner, attachments);
        }
        self.visitor.visit_map(ResolveAccess { inner, attachments })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let attachments = self.attachments;
        self.visitor.visit_enum(ResolveAccess { inner, attachments })
    }
}
