//! A packet that is one MessagePack map: `{type, nsp, data?, id?}`, and whatever else there is.
//!
//! Source: `socket.io-msgpack-parser` 3.0.2, which packs the same objects that the default parser
//! writes as text, and puts no placeholder in the place of bytes.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::decoder::assemble;
use super::outline::Parts;
use super::{AckId, Body, DecoderLimits, Packet, PacketError};
use crate::msgpack::Reader;
use crate::text::Text;

/// What the map says, before it is known whether it fits together.
#[derive(Default)]
struct Fields {
    kind: Option<Vec<u8>>,
    namespace: Option<Text>,
    id: Option<AckId>,
    /// Whether it was read, be it that there is none.
    has_id: bool,
    data: Option<Data>,
}

/// What `data` is. What JSON there is of it has been read, and nothing else.
enum Data {
    Nothing,
    Object,
    Array {
        /// Where the first element ends; the others follow behind a comma.
        first: usize,
    },
    Other,
}

impl Packet {
    /// Reads a packet of [`Parser::Msgpack`](crate::Parser::Msgpack), which is one binary message.
    ///
    /// It is as strict as [`Decoder`](super::Decoder), by the same limits, and gives the same: the
    /// arguments as JSON, and bytes, wherever they are among them, as attachments, which are slices
    /// of the message. Work and memory are linear in the message's length.
    ///
    /// # Errors
    ///
    /// If the message is not a packet that a client may send within the limits.
    #[allow(clippy::missing_panics_doc, reason = "what was read is UTF-8")]
    pub fn from_msgpack(message: &Bytes, limits: &DecoderLimits) -> Result<Self, PacketError> {
        if message.len() > limits.payload {
            return Err(PacketError::TooLarge);
        }
        let mut reader = Reader::new(message, limits.json_depth, limits.attachments);
        let Fields { kind, namespace, id, data, .. } = Fields::read(&mut reader, message, limits)?;
        let (json, attachments) = reader.finish();
        let namespace = namespace.ok_or(PacketError::IllegalNamespace)?;
        let data = data.unwrap_or(Data::Nothing);
        let body = body(&kind.unwrap_or_default(), id, &data, &json)?;
        let json = Bytes::from(json.into_boxed_slice());
        let text = Text::try_from(json).expect("every string of it was checked");
        let mut body = assemble(text, body, limits)?;
        if let Body::Connect { auth: args } | Body::Event { args, .. } | Body::Ack { args, .. } =
            &mut body
        {
            args.attach(attachments);
        }
        Ok(Self { namespace, body })
    }
}

impl Fields {
    fn read(
        reader: &mut Reader<'_>,
        message: &Bytes,
        limits: &DecoderLimits,
    ) -> Result<Self, PacketError> {
        let mut fields = Self::default();
        for _ in 0..reader.map()? {
            match reader.string()? {
                "type" if fields.kind.is_none() => fields.kind = Some(reader.aside()?),
                "nsp" if fields.namespace.is_none() => {
                    let name = reader.string()?;
                    fields.namespace = Some(namespace(message.slice_ref(name.as_bytes()), limits)?);
                }
                "id" if !fields.has_id => (fields.id, fields.has_id) = (id(reader)?, true),
                "data" if fields.data.is_none() => fields.data = Some(data(reader)?),
                "type" | "nsp" | "id" | "data" => return Err(PacketError::IllegalMsgpack),
                // The official client packs its `options`, too.
                _ => {
                    reader.aside()?;
                }
            }
        }
        reader.end()?;
        Ok(fields)
    }
}

fn namespace(name: Bytes, limits: &DecoderLimits) -> Result<Text, PacketError> {
    if name.len() > limits.namespace {
        return Err(PacketError::NamespaceTooLong);
    }
    if !name.starts_with(b"/") || name.contains(&b',') {
        return Err(PacketError::IllegalNamespace);
    }
    let length = name.len();
    let name = Text::try_from(name).map_err(|_| PacketError::IllegalMsgpack)?;
    // A short one is a copy, which does not keep the message.
    Ok(name.slice(0..length))
}

fn id(reader: &mut Reader<'_>) -> Result<Option<AckId>, PacketError> {
    if reader.nothing() {
        return Ok(None);
    }
    let json = reader.aside()?;
    let id = std::str::from_utf8(&json).ok().and_then(|digits| digits.parse().ok());
    id.map(|id| Some(AckId::new(id))).ok_or(PacketError::IllegalAckId)
}

fn data(reader: &mut Reader<'_>) -> Result<Data, PacketError> {
    if reader.nothing() {
        return Ok(Data::Nothing);
    }
    if let Some(count) = reader.array()? {
        return Ok(Data::Array { first: reader.elements(count)? });
    }
    let is_map = reader.is_at_map();
    reader.value()?;
    Ok(if is_map { Data::Object } else { Data::Other })
}

/// Where the parts of the packet are in the JSON of its data.
fn body(kind: &[u8], id: Option<AckId>, data: &Data, json: &[u8]) -> Result<Parts, PacketError> {
    match (kind, data, id) {
        (b"0", Data::Nothing | Data::Object, None) => Ok(Parts::Connect { auth: 0..json.len() }),
        (b"1", Data::Nothing, None) => Ok(Parts::Disconnect),
        (b"2", Data::Array { first }, ack) => {
            if !matches!(json.first(), Some(b'"' | b'-' | b'0'..=b'9')) {
                return Err(PacketError::IllegalEventName);
            }
            let args = json.len().min(first + 1)..json.len();
            let escaped = json[..*first].contains(&b'\\');
            Ok(Parts::Event { name: 0..*first, escaped, args, ack })
        }
        (b"3", Data::Array { .. }, Some(id)) => Ok(Parts::Ack { id, args: 0..json.len() }),
        (b"3", Data::Array { .. }, None) => Ok(Parts::StrayAck),
        (b"4", ..) => Err(PacketError::ConnectErrorFromClient),
        (b"0" | b"1" | b"2" | b"3", ..) => Err(PacketError::IllegalPayload),
        _ => Err(PacketError::UnknownType),
    }
}
