//! Which argument a type is read from, before serde looks at the JSON.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::args::ARGS;
use super::resolve::Resolve;
use super::{DecodeError, Payload};
use crate::attachment::Attachment;
use crate::json::{MAX_DEPTH, Scanner};

/// One argument, which may be missing.
///
/// The JSON may go on behind it, with a comma and further arguments: they are not read.
#[derive(Clone, Copy)]
pub(super) struct Argument<'de> {
    json: &'de [u8],
    attachments: &'de [Attachment],
    /// All arguments, if this is the outermost value: an [`Args`](super::Args) reads them.
    all: Option<&'de Payload>,
}

impl<'de> Argument<'de> {
    pub(super) fn first(payload: &'de Payload) -> Self {
        Self { json: payload.args(), attachments: payload.attachments(), all: Some(payload) }
    }

    fn is_missing(&self) -> bool {
        self.json.is_empty()
    }
}

/// Hands a call on to `serde_json`: through [`Resolve`] if there are attachments, and directly if
/// there are none, so that in a plain packet nothing can be taken for a placeholder.
macro_rules! read {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        let mut json = serde_json::Deserializer::from_slice($self.json);
        let value = if $self.attachments.is_empty() {
            json.$method($($argument),*)
        } else {
            Resolve::new(&mut json, $self.attachments).$method($($argument),*)
        };
        value.map_err(DecodeError::from)
    }};
}

macro_rules! needs_an_argument {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, DecodeError> {
            if self.is_missing() {
                return Err(DecodeError::MissingArgument);
            }
            read!(self.$method($($name,)* visitor))
        }
    )*};
}

macro_rules! missing_is_null {
    ($($method:ident($($name:ident: $type:ty),*) $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, DecodeError> {
            if self.is_missing() {
                return visitor.$visit();
            }
            read!(self.$method($($name,)* visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for Argument<'de> {
    type Error = DecodeError;

    needs_an_argument! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
    }

    missing_is_null! {
        deserialize_any() visit_unit;
        deserialize_ignored_any() visit_unit;
        deserialize_option() visit_none;
        deserialize_unit_struct(name: &'static str) visit_unit;
    }

    /// Whatever the argument is: nobody asks for it.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.all {
            Some(payload) if name == ARGS => visitor.visit_newtype_struct(Several(payload)),
            _ if self.is_missing() => visitor.visit_newtype_struct(self),
            _ => read!(self.deserialize_newtype_struct(name, visitor)),
        }
    }
}

/// All arguments, one for each element of a tuple or sequence.
#[derive(Clone, Copy)]
struct Several<'de>(&'de Payload);

impl<'de> Several<'de> {
    fn visit<V: Visitor<'de>>(self, at_least: usize, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(Elements {
            scanner: Scanner::new(self.0.args(), None, MAX_DEPTH),
            payload: self.0,
            at_least,
        })
    }
}

impl<'de> Deserializer<'de> for Several<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.visit(0, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit(fields.len(), visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit_struct seq map enum identifier ignored_any
    }
}

struct Elements<'de> {
    scanner: Scanner<'de>,
    payload: &'de Payload,
    /// Elements still to be given, the rest of them as missing arguments.
    at_least: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let json = if self.scanner.peek().is_some() {
            let value = self.scanner.value();
            self.scanner.eat(b',');
            let value = value.map_err(|_| DecodeError::Mismatch("nested too deep".into()))?;
            &self.payload.args()[value]
        } else if self.at_least > 0 {
            &[]
        } else {
            return Ok(None);
        };
        self.at_least = self.at_least.saturating_sub(1);
        let argument = Argument { json, attachments: self.payload.attachments(), all: None };
        seed.deserialize(argument).map(Some)
    }
}
