//! Packets that are one MessagePack map each: `{type, nsp, id?, data?}`.
//!
//! `data` is the last, so that an offset, its last argument, is the end of the message.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;

use super::{Answer, ConnectError, Draft, Outgoing, SCRATCH, UNWRITTEN};
use super::{check_name, give_back, write_error, write_welcome};
use crate::attachment::Attachment;
use crate::id::{Pid, SocketId};
use crate::json::write_string;
use crate::msgpack::Writer;
use crate::offset::Offset;
use crate::packet::AckId;
use crate::payload::{ArgsWriter, EncodeError, Opening, ToArgs};

// The Socket.IO type of the packet.
const CONNECT: u64 = 0;
const DISCONNECT: u64 = 1;
const EVENT: u64 = 2;
const ACK: u64 = 3;
const CONNECT_ERROR: u64 = 4;

/// What a packet has beside its data.
struct Head<'a> {
    kind: u64,
    namespace: &'a str,
    id: Option<AckId>,
}

pub(crate) fn event(
    namespace: &str,
    name: &str,
    args: &(impl ToArgs + ?Sized),
    id: Option<AckId>,
) -> Result<Outgoing, EncodeError> {
    let writer = write_event(name, args)?;
    Head { kind: EVENT, namespace, id }.with_args(writer)
}

pub(crate) fn draft(
    namespace: &str,
    name: &str,
    args: &(impl ToArgs + ?Sized),
) -> Result<Draft, EncodeError> {
    let mut writer = write_event(name, args)?;
    writer.push_text(UNWRITTEN);
    Head { kind: EVENT, namespace, id: None }.with_args(writer).map(Draft)
}

/// Writes the offset of a draft, in its place.
pub(super) fn complete(attachments: Option<Arc<[Attachment]>>, offset: Offset) -> Outgoing {
    let mut message = attachments.expect("a packet without a text is a message");
    // Nobody shares a draft, so that neither this nor the next copies anything.
    for message in Arc::make_mut(&mut message) {
        message.overwrite_end(&offset.to_text());
    }
    Outgoing { text: Bytes::new(), attachments: Some(message) }
}

pub(crate) fn ack(
    namespace: &str,
    id: AckId,
    args: &(impl ToArgs + ?Sized),
) -> Result<Answer, EncodeError> {
    let mut writer = ArgsWriter::inline(SCRATCH.take(), Opening::Ack);
    args.write_args(&mut writer)?;
    let is_error = writer.is_error();
    let packet = Head { kind: ACK, namespace, id: Some(id) }.with_args(writer)?;
    Ok(Answer { packet, is_error })
}

pub(crate) fn connect(namespace: &str, id: &SocketId, pid: Option<&Pid>) -> Outgoing {
    let mut json = SCRATCH.take();
    write_welcome(&mut json, id, pid);
    Head { kind: CONNECT, namespace, id: None }.with(json, &[], false)
}

pub(crate) fn connect_error(namespace: &str, error: &ConnectError) -> Outgoing {
    let mut json = SCRATCH.take();
    write_error(&mut json, error);
    Head { kind: CONNECT_ERROR, namespace, id: None }.with(json, &[], false)
}

pub(crate) fn disconnect(namespace: &str) -> Outgoing {
    message(Head { kind: DISCONNECT, namespace, id: None }.write(0, false))
}

/// Everything of an event's data but the end of its array.
fn write_event(name: &str, args: &(impl ToArgs + ?Sized)) -> Result<ArgsWriter, EncodeError> {
    check_name(name)?;
    let mut json = SCRATCH.take();
    json.reserve(name.len() + args.raw().map_or(0, <[u8]>::len) + 64);
    json.push(b'[');
    write_string(&mut json, name);
    let mut writer = ArgsWriter::inline(json, Opening::Name);
    args.write_args(&mut writer)?;
    Ok(writer)
}

impl Head<'_> {
    /// The packet with these arguments.
    fn with_args(self, writer: ArgsWriter) -> Result<Outgoing, EncodeError> {
        let placeholders = writer.has_placeholders();
        let (json, attachments) = writer.finish();
        let attachments = attachments.as_deref().unwrap_or_default();
        let bytes = attachments.iter().map(|attachment| attachment.bytes().len()).sum::<usize>();
        if u32::try_from(json.len() + bytes).is_err() {
            return Err(EncodeError::Serialize("too long for MessagePack".to_owned()));
        }
        Ok(self.with(json, attachments, placeholders))
    }

    /// The packet with this data.
    fn with(self, json: Vec<u8>, attachments: &[Attachment], placeholders: bool) -> Outgoing {
        let bytes = attachments.iter().map(|attachment| attachment.bytes().len()).sum::<usize>();
        let mut writer = self.write(json.len() + bytes, true);
        writer.json(&json, attachments, placeholders);
        give_back(json);
        message(writer)
    }

    /// Everything up to the data, with room for as much.
    fn write(self, room: usize, has_data: bool) -> Writer {
        let Self { kind, namespace, id } = self;
        let mut writer = Writer::new(room + namespace.len() + 32);
        writer.map(2 + usize::from(id.is_some()) + usize::from(has_data));
        writer.text(b"type");
        writer.number(kind);
        writer.text(b"nsp");
        writer.text(namespace.as_bytes());
        if let Some(id) = id {
            writer.text(b"id");
            writer.number(id.get());
        }
        if has_data {
            writer.text(b"data");
        }
        writer
    }
}

/// The packet that is this message, without spare capacity: it may wait in thousands of mailboxes.
fn message(writer: Writer) -> Outgoing {
    let message = Bytes::from(writer.finish().into_boxed_slice());
    Outgoing { text: Bytes::new(), attachments: Some(Arc::new([Attachment::new(message)])) }
}
