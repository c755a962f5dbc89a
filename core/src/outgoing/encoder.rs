//! Packets that are written where they are encoded.

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::{ACK, Answer, EVENT, MAX_SCRATCH, Outgoing};
use super::{check_name, event_writer, finish, header, msgpack};
use crate::Parser;
use crate::attachment::Attachment;
use crate::json::is_plain;
use crate::packet::AckId;
use crate::payload::{ArgsWriter, EncodeError, Opening, ToArgs};

/// A place to encode packets in, one after the other, for those who may write them somewhere at once:
/// that takes no memory for each. Long ones apart, it keeps what they took, up to 16 KiB.
///
/// `Debug` shows sizes only.
///
/// ```
/// use klatch_core::{Connection, Encoder, Parser};
///
/// /// The text frame that answers another, if that is an event and nothing is before the answer.
/// fn echo<'a>(connection: &Connection, frame: &[u8], tray: &'a mut Encoder) -> Option<&'a [u8]> {
///     let event = connection.plain_event(frame)?;
///     if !connection.transmits_at_once() {
///         return None;
///     }
///     tray.event(Parser::Default, "/", "echo", &event.args()).ok()?;
///     tray.text()
/// }
/// ```
#[derive(Default)]
pub struct Encoder {
    text: Vec<u8>,
    attachments: Option<Arc<[Attachment]>>,
    is_error: bool,
}

impl Encoder {
    /// A place with nothing in it.
    pub const fn new() -> Self {
        Self { text: Vec::new(), attachments: None, is_error: false }
    }

    /// Encodes an event that asks for no answer, in the place of what was there; see
    /// [`Outgoing::event`].
    ///
    /// # Errors
    ///
    /// As [`Parser::event`]. There is no packet then.
    #[inline]
    pub fn event(
        &mut self,
        parser: Parser,
        namespace: &str,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EncodeError> {
        self.clear();
        match parser {
            Parser::Default => {
                check_name(name)?;
                if let Some(event) = PassedOn::new(namespace, name, args, None) {
                    self.text.reserve(event.len());
                    event.write(&mut self.text);
                    return Ok(());
                }
                let text = mem::take(&mut self.text);
                self.write(event_writer(text, namespace, name, None), args)
            }
            Parser::Msgpack => {
                let message = msgpack::event(namespace, name, args, None)?;
                self.keep(message, false);
                Ok(())
            }
        }
    }

    /// Encodes an answer, in the place of what was there; see [`Outgoing::ack`].
    ///
    /// # Errors
    ///
    /// As [`Parser::ack`]. There is no packet then.
    pub fn ack(
        &mut self,
        parser: Parser,
        namespace: &str,
        id: AckId,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EncodeError> {
        self.clear();
        match parser {
            Parser::Default => {
                let mut text = header(mem::take(&mut self.text), ACK, namespace, Some(id));
                if let Some(args) = args.raw() {
                    // Mostly it is what came in, which needs no writer.
                    text.reserve(args.len() + 2);
                    text.push(b'[');
                    text.extend_from_slice(args);
                    text.push(b']');
                    self.text = text;
                    return Ok(());
                }
                self.write(ArgsWriter::new(text, Opening::Ack), args)
            }
            Parser::Msgpack => {
                let Answer { packet, is_error } = msgpack::ack(namespace, id, args)?;
                self.keep(packet, is_error);
                Ok(())
            }
        }
    }

    /// The packet's text, Engine.IO type included, if that is all of it; an empty one if there is no packet.
    #[inline]
    pub fn text(&self) -> Option<&[u8]> {
        self.attachments.is_none().then_some(&*self.text)
    }

    /// Whether it is an answer that was an `Err`, sent as `{"error": ..}`.
    pub fn is_error(&self) -> bool {
        self.is_error
    }

    /// Takes the packet out, in memory of its own.
    pub fn take(&mut self) -> Outgoing {
        let text = if self.text.capacity() > MAX_SCRATCH {
            Bytes::from(mem::take(&mut self.text).into_boxed_slice())
        } else {
            Bytes::copy_from_slice(&self.text)
        };
        let attachments = self.attachments.take();
        self.clear();
        Outgoing { text, attachments }
    }

    /// Forgets the packet. Of a long one no memory is kept for the next.
    #[inline]
    pub fn clear(&mut self) {
        self.text.clear();
        self.attachments = None;
        self.is_error = false;
        self.text.shrink_to(MAX_SCRATCH);
    }

    /// Writes the arguments behind what is written.
    fn write(
        &mut self,
        mut writer: ArgsWriter,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EncodeError> {
        args.write_args(&mut writer)?;
        self.is_error = writer.is_error();
        (self.text, self.attachments) = finish(writer);
        Ok(())
    }

    fn keep(&mut self, packet: Outgoing, is_error: bool) {
        self.is_error = is_error;
        self.attachments = packet.attachments;
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attachments = self.attachments.as_deref().unwrap_or_default().len();
        write!(f, "Encoder({} bytes, {attachments} attachments)", self.text.len())
    }
}

/// An event whose parts are JSON already, the name but for its quotes.
pub(super) struct PassedOn<'a> {
    namespace: &'a str,
    name: &'a str,
    args: &'a [u8],
}

impl<'a> PassedOn<'a> {
    #[inline]
    pub(super) fn new(
        namespace: &'a str,
        name: &'a str,
        args: &'a (impl ToArgs + ?Sized),
        ack: Option<AckId>,
    ) -> Option<Self> {
        let args = args.raw()?;
        (ack.is_none() && is_plain(name.as_bytes())).then_some(Self { namespace, name, args })
    }

    /// What stands between the name and the arguments.
    fn comma(&self) -> &'static [u8] {
        if self.args.is_empty() { b"\"" } else { b"\"," }
    }

    /// How many bytes are written.
    pub(super) fn len(&self) -> usize {
        let head = if self.namespace == "/" { 4 } else { 5 + self.namespace.len() };
        head + self.name.len() + self.comma().len() + self.args.len() + 1
    }

    #[inline]
    pub(super) fn write(self, text: &mut Vec<u8>) {
        if self.namespace == "/" {
            text.extend_from_slice(br#"42[""#);
        } else {
            text.extend_from_slice(EVENT);
            text.extend_from_slice(self.namespace.as_bytes());
            text.extend_from_slice(br#",[""#);
        }
        text.extend_from_slice(self.name.as_bytes());
        text.extend_from_slice(self.comma());
        text.extend_from_slice(self.args);
        text.push(b']');
    }
}
