//! From a handler's value to the arguments of a packet.

mod arguments;
mod verdict;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::Formatter;

use super::{EncodeError, Payload};
use crate::attachment::Attachment;
use arguments::Arguments;

/// What can be sent as the arguments of an event or of an answer.
///
/// Any value that serialises is one argument, `()` is none, [`Args`](super::Args) several.
/// [`bytes::Bytes`], and whatever else gives serde bytes, travels as an attachment, at any depth.
/// In an answer, `Ok(v)` is `v` and `Err(e)` is `{"error": e}`. A [`Payload`] is sent as it came.
///
/// It cannot be implemented outside of klatch: a type of yours implements `Serialize`.
pub trait ToArgs {
    #[doc(hidden)]
    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError>;

    /// The arguments as JSON, brackets apart, if they are that already and have no attachments.
    #[doc(hidden)]
    fn raw(&self) -> Option<&[u8]> {
        None
    }

    /// What an `Err` holds, as one argument; `None` if this is none. An answer carries it as
    /// `{"error": ..}`. No more is encoded than that.
    fn error(&self) -> Option<Result<Payload, EncodeError>> {
        None
    }
}

impl<T: Serialize + ?Sized> ToArgs for T {
    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError> {
        writer.write(self)
    }

    #[inline]
    fn error(&self) -> Option<Result<Payload, EncodeError>> {
        verdict::error(self)
    }
}

impl ToArgs for Payload {
    #[inline]
    fn raw(&self) -> Option<&[u8]> {
        self.shared_attachments().is_none().then(|| self.args())
    }

    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError> {
        writer.write_raw(self);
        Ok(())
    }
}

/// What stands before the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing: they are an array of their own.
    Array,
    /// As `Array`; and a `Result` is an answer.
    Ack,
    /// An array that has its first element, the event's name.
    Name,
}

/// How many arguments a value turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    AtMostOne,
    Several,
}

/// Writes the rest of a JSON array and collects attachments.
pub struct ArgsWriter {
    text: Vec<u8>,
    attachments: Attachments,
    opening: Opening,
    is_error: bool,
    /// Attachments leave `#` and their number, which no data can be taken for; placeholders else.
    inline: bool,
}

enum Attachments {
    New(Vec<Attachment>),
    Shared(Arc<[Attachment]>),
}

impl ArgsWriter {
    /// A writer that goes on after `text`, which ends where `opening` says.
    pub(crate) fn new(text: Vec<u8>, opening: Opening) -> Self {
        Self {
            text,
            attachments: Attachments::New(Vec::new()),
            opening,
            is_error: false,
            inline: false,
        }
    }

    /// As [`new`](Self::new), for a text that is packed with its attachments inside.
    pub(crate) fn inline(text: Vec<u8>, opening: Opening) -> Self {
        Self { inline: true, ..Self::new(text, opening) }
    }

    /// Whether attachments are placeholders: those of a payload are, whatever it is written for.
    pub(crate) fn has_placeholders(&self) -> bool {
        !self.inline || matches!(self.attachments, Attachments::Shared(_))
    }

    /// Whether the answer written was an `Err`.
    pub(crate) fn is_error(&self) -> bool {
        self.is_error
    }

    /// Adds to the text: a comma, and a value as JSON.
    pub(crate) fn push_text(&mut self, value: &str) {
        self.text.extend_from_slice(value.as_bytes());
    }

    /// The text, its array closed, and the attachments: `None` if it needs none.
    #[inline]
    pub(crate) fn finish(mut self) -> (Vec<u8>, Option<Arc<[Attachment]>>) {
        self.text.push(b']');
        let attachments = match self.attachments {
            Attachments::New(new) => (!new.is_empty()).then(|| new.into()),
            Attachments::Shared(shared) => Some(shared),
        };
        (self.text, attachments)
    }

    /// Writes what must stand before the first argument.
    fn open(&mut self) {
        match self.opening {
            Opening::Array | Opening::Ack => self.text.push(b'['),
            Opening::Name => self.text.push(b','),
        }
    }

    fn write(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), EncodeError> {
        let mut collected = Vec::new();
        self.open();
        let start = self.text.len();
        let plain = Cell::new(false);
        let formatter =
            Placeholders { attachments: &mut collected, plain: &plain, inline: self.inline };
        let mut json = serde_json::Serializer::with_formatter(&mut self.text, formatter);
        let mut count = Count::AtMostOne;
        value.serialize(Arguments {
            json: &mut json,
            plain: &plain,
            count: &mut count,
            is_error: (self.opening == Opening::Ack).then_some(&mut self.is_error),
            several: false,
        })?;
        if count == Count::Several {
            // An array was written, whose elements belong into the one that is open.
            self.text.pop();
            self.text.remove(start);
        }
        if self.text.len() == start && self.opening == Opening::Name {
            // No argument follows the comma.
            self.text.pop();
        }
        self.attachments = Attachments::New(collected);
        Ok(())
    }

    fn write_raw(&mut self, payload: &Payload) {
        if !payload.is_empty() || self.opening != Opening::Name {
            self.open();
        }
        self.text.extend_from_slice(payload.args());
        if let Some(shared) = payload.shared_attachments() {
            self.attachments = Attachments::Shared(Arc::clone(shared));
        }
    }
}

impl fmt::Debug for ArgsWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgsWriter({} bytes)", self.text.len())
    }
}

/// Plain JSON, but that bytes become attachments and leave a placeholder.
struct Placeholders<'a> {
    attachments: &'a mut Vec<Attachment>,
    /// Whether the next bytes are a string that has nothing to escape: `serde_json` has no other
    /// call that takes it as it is, and would look at each byte on its own.
    plain: &'a Cell<bool>,
    inline: bool,
}

impl Formatter for Placeholders<'_> {
    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        bytes: &[u8],
    ) -> io::Result<()> {
        if self.plain.take() {
            writer.write_all(b"\"")?;
            writer.write_all(bytes)?;
            return writer.write_all(b"\"");
        }
        let num = self.attachments.len();
        self.attachments.push(Attachment::new(Bytes::copy_from_slice(bytes)));
        if self.inline {
            return write!(writer, "#{num}");
        }
        write!(writer, r#"{{"_placeholder":true,"num":{num}}}"#)
    }
}

type Json<'w> = serde_json::Serializer<&'w mut Vec<u8>, Placeholders<'w>>;
