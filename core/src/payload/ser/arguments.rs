//! The outermost serializer, which decides how many arguments a value is.

use std::cell::Cell;
use std::fmt::Display;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::{Count, Json};
use crate::json::is_plain;
use crate::payload::args::ARGS;

/// Looks at a value's outermost layer, and has `serde_json` write the rest.
pub(super) struct Arguments<'a, 'w> {
    pub(super) json: &'a mut Json<'w>,
    /// Set before bytes that are a string.
    pub(super) plain: &'a Cell<bool>,
    /// `AtMostOne`, unless found otherwise.
    pub(super) count: &'a mut Count,
    /// Where to note an `Err`; `None` where a `Result` is a value like any other.
    pub(super) is_error: Option<&'a mut bool>,
    /// Whether this is what an [`Args`](crate::Args) holds.
    pub(super) several: bool,
}

impl Arguments<'_, '_> {
    fn note_sequence(&mut self) {
        if self.several {
            *self.count = Count::Several;
        }
    }
}

type Inner<'a, 'w> = &'a mut Json<'w>;

macro_rules! one {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($name: $type),*) -> Result<(), serde_json::Error> {
            self.json.$method($($name),*)
        }
    )*};
}

impl<'a, 'w> Serializer for Arguments<'a, 'w> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = <Inner<'a, 'w> as Serializer>::SerializeSeq;
    type SerializeTuple = <Inner<'a, 'w> as Serializer>::SerializeTuple;
    type SerializeTupleStruct = <Inner<'a, 'w> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <Inner<'a, 'w> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <Inner<'a, 'w> as Serializer>::SerializeMap;
    type SerializeStruct = <Inner<'a, 'w> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Inner<'a, 'w> as Serializer>::SerializeStructVariant;

    one! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn serialize_str(self, value: &str) -> Result<(), Self::Error> {
        if !is_plain(value.as_bytes()) {
            return self.json.serialize_str(value);
        }
        self.plain.set(true);
        self.json.serialize_bytes(value.as_bytes())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Self::Error> {
        self.json.serialize_some(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Self::Error> {
        self.json.collect_str(value)
    }

    /// No argument at all.
    fn serialize_unit(self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Self::Error> {
        if name != ARGS {
            return self.json.serialize_newtype_struct(name, value);
        }
        self.several = true;
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Self::Error> {
        match (self.is_error, name, variant) {
            (Some(is_error), "Result", "Ok") => {
                value.serialize(Arguments { is_error: Some(is_error), ..self })
            }
            (Some(is_error), "Result", "Err") => {
                *is_error = true;
                let mut object = self.json.serialize_struct("Error", 1)?;
                object.serialize_field("error", value)?;
                object.end()
            }
            _ => {
                let json = self.json;
                json.serialize_newtype_variant(name, index, variant, value)
            }
        }
    }

    fn serialize_seq(mut self, len: Option<usize>) -> Result<Self::SerializeSeq, Self::Error> {
        self.note_sequence();
        self.json.serialize_seq(len)
    }

    fn serialize_tuple(mut self, len: usize) -> Result<Self::SerializeTuple, Self::Error> {
        self.note_sequence();
        self.json.serialize_tuple(len)
    }

    fn serialize_tuple_struct(
        mut self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, Self::Error> {
        self.note_sequence();
        self.json.serialize_tuple_struct(name, len)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Self::Error> {
        let json = self.json;
        json.serialize_tuple_variant(name, index, variant, len)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Self::Error> {
        self.json.serialize_map(len)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, Self::Error> {
        self.json.serialize_struct(name, len)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Self::Error> {
        let json = self.json;
        json.serialize_struct_variant(name, index, variant, len)
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
