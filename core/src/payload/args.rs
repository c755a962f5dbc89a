//! Several arguments, as one value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The name by which our serialisers know [`Args`] when they meet it outermost.
///
/// Serde has no other way to tell one type from another; `serde_json` does the same for its
/// `RawValue`. To any other format, and inside of another value, `Args(x)` is what `x` is.
pub(super) const ARGS: &str = "$klatch::Args";

/// Several arguments: each element of a tuple or a sequence is an argument of its own.
///
/// `Args(("a", 1))` goes out as `["event","a",1]`, while `("a", 1)` without it is one argument,
/// `["event",["a",1]]`. The same holds for what comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Args<T>(pub T);

impl<T: Serialize> Serialize for Args<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(ARGS, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Args<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
            type Value = Args<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("arguments")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Args<T>, D::Error> {
                T::deserialize(deserializer).map(Args)
            }
        }

        deserializer.deserialize_newtype_struct(ARGS, Inner(PhantomData))
    }
}
