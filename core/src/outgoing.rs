//! Packets on their way to clients, encoded once.

mod encoder;
pub(crate) mod msgpack;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde::Serialize;

pub use self::encoder::Encoder;
use self::encoder::PassedOn;
use crate::attachment::Attachment;
use crate::id::{Pid, SocketId};
use crate::json::write_string;
use crate::offset::{OFFSET_LEN, Offset};
use crate::packet::{AckId, MAX_EVENT_NAME};
use crate::payload::{ArgsWriter, EncodeError, Opening, ToArgs};

// The Engine.IO type of a message, then the Socket.IO type of the packet.
const CONNECT: &[u8] = b"40";
const DISCONNECT: &[u8] = b"41";
const EVENT: &[u8] = b"42";
const ACK: &[u8] = b"43";
const CONNECT_ERROR: &[u8] = b"44";

/// The place of an offset as the last argument.
const UNWRITTEN: &str = r#","--------""#;

/// What a thread keeps to encode in, at most. Longer packets are rare, and dearer to copy than to
/// shrink.
const MAX_SCRATCH: usize = 16 * 1024;

thread_local! {
    /// Where packets are encoded, so that each asks once for memory, and for as much as it needs.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One Socket.IO packet, encoded once and shared by all who receive it.
///
/// Its text starts with the Engine.IO type `4`, so that it is a WebSocket text frame and a polling
/// segment alike. Each attachment follows as a frame or a segment of its own, with nothing in
/// between. Cheap to clone; `Debug` shows sizes only.
///
/// A packet of [`Parser::Msgpack`](crate::Parser::Msgpack) has no text: it is one binary message, the
/// only one of its [`attachments`](Self::attachments).
///
/// A namespace is written as given: it starts with `/` and has no comma.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    text: Bytes,
    /// An empty list, where there could be none, says that the packet is not worth compressing; where
    /// there are some, they say it themselves.
    attachments: Option<Arc<[Attachment]>>,
}

/// An event that is not complete: its offset is still to be written, in a place that is kept.
#[derive(Debug)]
pub struct Draft(Outgoing);

impl Draft {
    /// See [`Outgoing::uncompressed`].
    #[must_use]
    pub fn uncompressed(self) -> Self {
        Self(self.0.uncompressed())
    }

    /// Writes the offset. It copies nothing: this happens under a namespace's lock.
    pub(crate) fn complete(self, offset: Offset) -> Outgoing {
        let Outgoing { text, attachments } = self.0;
        if text.is_empty() {
            return msgpack::complete(attachments, offset);
        }
        let mut text = text.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
        let end = text.len() - "\"]".len();
        text[end - OFFSET_LEN..end].copy_from_slice(&offset.to_text());
        Outgoing { text: text.freeze(), attachments }
    }
}

/// An encoded answer to an event of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The packet to send.
    pub packet: Outgoing,
    /// Whether the answer was an `Err`, sent as `{"error": ..}`.
    pub is_error: bool,
}

impl Outgoing {
    /// An event, to be answered under `ack` if there is one.
    ///
    /// # Errors
    ///
    /// If the name is reserved or has more than 256 bytes, or the arguments cannot be serialised.
    pub fn event(
        namespace: &str,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        ack: Option<AckId>,
    ) -> Result<Self, EncodeError> {
        check_name(name)?;
        if let Some(event) = PassedOn::new(namespace, name, args, ack) {
            // In memory of its own at once: it is as long as it is.
            let mut text = Vec::with_capacity(event.len());
            event.write(&mut text);
            return Ok(Self { text: Bytes::from(text), attachments: None });
        }
        let mut writer = event_writer(SCRATCH.take(), namespace, name, ack);
        args.write_args(&mut writer)?;
        Ok(Self::from_writer(writer))
    }

    /// An event that a client may ask for again: it is complete once its namespace has given it
    /// its [`Offset`], see [`Namespace::record`](crate::Namespace::record).
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn draft(
        namespace: &str,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Draft, EncodeError> {
        check_name(name)?;
        let mut writer = event_writer(SCRATCH.take(), namespace, name, None);
        args.write_args(&mut writer)?;
        writer.push_text(UNWRITTEN);
        Ok(Draft(Self::from_writer(writer)))
    }

    /// The answer to the client's event `id`: `Ok(v)` is `v`, and `Err(e)` is `{"error": e}`.
    ///
    /// # Errors
    ///
    /// If the arguments cannot be serialised.
    pub fn ack(
        namespace: &str,
        id: AckId,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<Answer, EncodeError> {
        let text = header(SCRATCH.take(), ACK, namespace, Some(id));
        let mut writer = ArgsWriter::new(text, Opening::Ack);
        args.write_args(&mut writer)?;
        Ok(Answer { is_error: writer.is_error(), packet: Self::from_writer(writer) })
    }

    /// The news that the client is in the namespace, as the socket `id`; with recovery, with the
    /// secret under which it may come back.
    pub fn connect(namespace: &str, id: &SocketId, pid: Option<&Pid>) -> Self {
        let mut text = header(SCRATCH.take(), CONNECT, namespace, None);
        write_welcome(&mut text, id, pid);
        Self::from_text(text)
    }

    /// The news that the client was not let into the namespace.
    pub fn connect_error(namespace: &str, error: &ConnectError) -> Self {
        let mut text = header(SCRATCH.take(), CONNECT_ERROR, namespace, None);
        write_error(&mut text, error);
        Self::from_text(text)
    }

    /// The news that the client is no longer in the namespace.
    pub fn disconnect(namespace: &str) -> Self {
        Self::from_text(header(SCRATCH.take(), DISCONNECT, namespace, None))
    }

    /// The text, Engine.IO type included; empty if the packet is a binary message.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The attachments, in the order they are to be sent.
    pub fn attachments(&self) -> &[Attachment] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// How many bytes the packet has on a WebSocket, frame headers apart.
    #[allow(clippy::len_without_is_empty)] // A packet is never empty.
    pub fn len(&self) -> usize {
        let attachments = self.attachments().iter().map(|a| a.bytes().len());
        self.text().len() + attachments.sum::<usize>()
    }

    /// Whether the packet is one frame on a WebSocket: a text that no attachment follows, or one binary message.
    #[inline]
    pub fn is_one_frame(&self) -> bool {
        match self.attachments() {
            [] => true,
            [_] => self.text.is_empty(),
            _ => false,
        }
    }

    /// The packet as one that is not worth compressing where it leaves by polling: it is random, say,
    /// or secret. Node's `compress(false)`. All are worth it otherwise, and one that is makes the whole
    /// answer worth it.
    #[must_use]
    pub fn uncompressed(mut self) -> Self {
        let attachments = self.attachments.take().unwrap_or_default();
        self.attachments = Some(attachments.iter().map(Attachment::uncompressed).collect());
        self
    }

    /// Whether the packet is worth compressing.
    pub fn is_compressed(&self) -> bool {
        self.attachments
            .as_deref()
            .is_none_or(|attachments| attachments.first().is_some_and(Attachment::is_compressed))
    }

    pub(crate) fn into_parts(self) -> (Bytes, Option<Arc<[Attachment]>>) {
        (self.text, self.attachments)
    }

    fn from_text(text: Vec<u8>) -> Self {
        Self { text: kept(text), attachments: None }
    }

    #[inline]
    fn from_writer(writer: ArgsWriter) -> Self {
        let (text, attachments) = finish(writer);
        Self { text: kept(text), attachments }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, attachments) = (self.text().len(), self.attachments().len());
        write!(f, "Outgoing({bytes} bytes, {attachments} attachments)")
    }
}

/// Why a client is not let into a namespace, in the words that it will read.
///
/// `Debug` shows the message, not the data.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectError {
    message: String,
    data: Option<String>,
}

impl ConnectError {
    /// What a client hears that asks for a namespace which does not exist, in Node's words.
    pub fn unknown_namespace() -> Self {
        Self::new("Invalid namespace")
    }

    /// What a client hears if the server failed to decide.
    pub fn internal() -> Self {
        Self::new("internal error")
    }

    /// An error with a message and no data.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// The error with data, which the client reads as `err.data`. Bytes are arrays of numbers
    /// there: this type of packet has no attachments.
    ///
    /// # Errors
    ///
    /// If the data cannot be serialised.
    pub fn with_data(mut self, data: &(impl Serialize + ?Sized)) -> Result<Self, EncodeError> {
        self.data = Some(serde_json::to_string(data)?);
        Ok(self)
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data, as JSON.
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }
}

/// Data that cannot be sent is a mistake of the server's: the client is told no more than that.
impl From<EncodeError> for ConnectError {
    fn from(_: EncodeError) -> Self {
        Self::internal()
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectError").field("message", &self.message).finish_non_exhaustive()
    }
}

/// A writer for the arguments of an event, behind its name.
#[inline]
fn event_writer(text: Vec<u8>, namespace: &str, name: &str, ack: Option<AckId>) -> ArgsWriter {
    let mut text = header(text, EVENT, namespace, ack);
    text.push(b'[');
    write_string(&mut text, name);
    ArgsWriter::new(text, Opening::Name)
}

/// The text that was written, and the attachments.
#[inline]
fn finish(writer: ArgsWriter) -> (Vec<u8>, Option<Arc<[Attachment]>>) {
    let (mut text, attachments) = writer.finish();
    if let Some(attachments) = &attachments {
        announce(&mut text, attachments.len());
    }
    (text, attachments)
}

/// Says how many attachments follow, which is known only now: 2 and 3 become 5 and 6 with the count
/// behind.
#[inline(never)]
fn announce(text: &mut Vec<u8>, attachments: usize) {
    text[1] += 3;
    text.splice(2..2, format!("{attachments}-").into_bytes());
}

/// Whether Node's server and client refuse to send this event.
#[inline]
fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}

#[inline]
fn check_name(name: &str) -> Result<(), EncodeError> {
    if is_reserved(name) {
        return Err(EncodeError::ReservedName);
    }
    if name.len() > MAX_EVENT_NAME {
        return Err(EncodeError::NameTooLong);
    }
    Ok(())
}

fn write_welcome(text: &mut Vec<u8>, id: &SocketId, pid: Option<&Pid>) {
    text.extend_from_slice(b"{\"sid\":");
    write_string(text, id.as_str());
    if let Some(pid) = pid {
        text.extend_from_slice(b",\"pid\":");
        write_string(text, pid.as_str());
    }
    text.push(b'}');
}

fn write_error(text: &mut Vec<u8>, error: &ConnectError) {
    text.extend_from_slice(b"{\"message\":");
    write_string(text, &error.message);
    if let Some(data) = &error.data {
        text.extend_from_slice(b",\"data\":");
        text.extend_from_slice(data.as_bytes());
    }
    text.push(b'}');
}

/// An empty text with what stands before the payload.
fn header(mut text: Vec<u8>, kind: &[u8], namespace: &str, id: Option<AckId>) -> Vec<u8> {
    text.reserve(kind.len() + namespace.len() + 64);
    text.extend_from_slice(kind);
    if namespace != "/" {
        text.extend_from_slice(namespace.as_bytes());
        text.push(b',');
    }
    if let Some(id) = id {
        write_id(&mut text, id);
    }
    text
}

#[inline(never)]
fn write_id(text: &mut Vec<u8>, id: AckId) {
    // `write!` takes 175 instructions more.
    serde_json::to_writer(text, &id).expect("writing to a Vec does not fail");
}

/// A packet's text without spare capacity: it may wait in thousands of mailboxes.
fn kept(text: Vec<u8>) -> Bytes {
    if text.capacity() > MAX_SCRATCH {
        return Bytes::from(text.into_boxed_slice());
    }
    let kept = Bytes::copy_from_slice(&text);
    give_back(text);
    kept
}

/// Keeps the memory of a text for the next.
#[inline]
fn give_back(mut text: Vec<u8>) {
    if (1..=MAX_SCRATCH).contains(&text.capacity()) {
        text.clear();
        SCRATCH.set(text);
    }
}
