//! MessagePack, to JSON and from it: what is inside of klatch is JSON with attachments beside it,
//! whatever a client speaks.
//!
//! Bytes are attachments in that JSON. What `notepack.io` makes of values that JSON does not have is
//! read as the JSON that `JSON.stringify` makes of them, so that a handler sees the same from all
//! clients:
//!
//! | MessagePack | JSON |
//! |---|---|
//! | `bin`; `ext` of type 0, an `ArrayBuffer` | a placeholder and an attachment |
//! | `fixext 8` of type 0, a `Date`; a timestamp (type -1) | `"2026-01-31T12:00:00.000Z"`; `null` if there is no such date |
//! | `fixext 1` of type 0, `undefined` | nothing, as the member of a map; else `null` |
//! | an `ext` of any other type | `[type, bytes]` |
//! | NaN and the infinities | `null` |
//! | the key `_placeholder` | `"\u005fplaceholder"`, which is no placeholder's |
//!
//! Source: the [specification](https://github.com/msgpack/msgpack/blob/master/spec.md), and
//! `notepack.io` 2.2.0, which `socket.io-msgpack-parser` 3.0.2 is made of.

mod date;
mod reader;
mod survey;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// What `notepack.io` has types of its own for: `undefined`, a `Date`, an `ArrayBuffer`.
const NOTEPACK: i8 = 0;

const TIMESTAMP: i8 = -1;
