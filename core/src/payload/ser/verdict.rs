//! Whether a value is an `Err`, by a look at its outermost layer.

use std::fmt::{self, Display};

use serde::ser::{Error, Impossible, Serialize, Serializer};

use crate::payload::args::{ARGS, Args};
use crate::payload::{EncodeError, Payload};

/// What an `Err` holds, as one argument; `None` if the value is no `Err`.
///
/// The rest of the value is not looked at: what a handler returned is not encoded for this.
#[inline]
pub(super) fn error<T: Serialize + ?Sized>(value: &T) -> Option<Result<Payload, EncodeError>> {
    let mut error = None;
    // It ends early with most values, which is no failure.
    let _ = value.serialize(Verdict(&mut error));
    error
}

/// Where the error is to be left.
struct Verdict<'a>(&'a mut Option<Result<Payload, EncodeError>>);

/// The value is not a `Result`: that is all there is to know.
#[derive(Debug)]
struct Done;

impl Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seen enough")
    }
}

impl std::error::Error for Done {}

impl Error for Done {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// None of these is a `Result`, and what is in them is of no interest.
macro_rules! done {
    ($($method:ident($($type:ty),*) -> $output:ident;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<Self::$output, Done> {
            Err(Done)
        }
    )*};
}

impl Serializer for Verdict<'_> {
    type Ok = ();
    type Error = Done;
    type SerializeSeq = Impossible<(), Done>;
    type SerializeTuple = Impossible<(), Done>;
    type SerializeTupleStruct = Impossible<(), Done>;
    type SerializeTupleVariant = Impossible<(), Done>;
    type SerializeMap = Impossible<(), Done>;
    type SerializeStruct = Impossible<(), Done>;
    type SerializeStructVariant = Impossible<(), Done>;

    done! {
        serialize_bool(bool) -> Ok;
        serialize_i8(i8) -> Ok;
        serialize_i16(i16) -> Ok;
        serialize_i32(i32) -> Ok;
        serialize_i64(i64) -> Ok;
        serialize_i128(i128) -> Ok;
        serialize_u8(u8) -> Ok;
        serialize_u16(u16) -> Ok;
        serialize_u32(u32) -> Ok;
        serialize_u64(u64) -> Ok;
        serialize_u128(u128) -> Ok;
        serialize_f32(f32) -> Ok;
        serialize_f64(f64) -> Ok;
        serialize_char(char) -> Ok;
        serialize_str(&str) -> Ok;
        serialize_bytes(&[u8]) -> Ok;
        serialize_none() -> Ok;
        serialize_unit() -> Ok;
        serialize_unit_struct(&'static str) -> Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> Ok;
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Done> {
        Err(Done)
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<(), Done> {
        Err(Done)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Done> {
        if name == ARGS { value.serialize(self) } else { Err(Done) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Done> {
        match (name, variant) {
            ("Result", "Ok") => value.serialize(self),
            ("Result", "Err") => {
                // One argument, whatever it is by itself.
                *self.0 = Some(Payload::from_args(&Args((value,))));
                Ok(())
            }
            _ => Err(Done),
        }
    }
}
