//! The messages of a client, out of the bytes that come over its WebSocket (RFC 6455, section 5).

use std::io::Cursor;
use std::mem;

use bytes::{Buf as _, Bytes};
use klatch_core::engine::{Frame, WebSocketFault};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// The longest payload of a ping, a pong or a goodbye (section 5.5).
const MAX_CONTROL: usize = 125;

/// What a client said.
#[derive(Debug, PartialEq)]
pub(super) enum Received {
    /// A message, whole. Whether text is UTF-8 is for the core to find out, which has to look anyway.
    Message(Frame),
    /// To be answered with a pong that says the same.
    Ping(Bytes),
    /// The answer to nothing.
    Pong,
    /// The end, to be answered with this.
    Close(Bytes),
}

/// Reads what clients write. It needs no memory but for what is begun and not whole: of a message
/// that came at once nothing is kept.
pub(super) struct Reader {
    /// Bytes that one message may have.
    max_payload: usize,
    /// The beginning of a frame, head and all, whose rest has not come.
    begun: Vec<u8>,
    /// The message whose last fragment has not come.
    message: Option<Fragments>,
}

struct Fragments {
    is_text: bool,
    bytes: Vec<u8>,
}

/// A frame whose head is known: where its payload is, counted from the head.
struct Head {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    start: usize,
    end: usize,
}

impl Reader {
    pub(super) fn new(max_payload: usize) -> Self {
        Self { max_payload, begun: Vec::new(), message: None }
    }

    /// How many `bytes` are taken from the front, and what they tell: all, if they tell nothing. The
    /// rest comes again. After an error there is no sense in what follows.
    pub(super) fn read(
        &mut self,
        bytes: &mut [u8],
    ) -> Result<(usize, Option<Received>), WebSocketFault> {
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &mut bytes[taken..];
            let (more, received) = if self.begun.is_empty() {
                self.take_frame(rest)?
            } else {
                self.complete_frame(rest)?
            };
            taken += more;
            if received.is_some() {
                return Ok((taken, received));
            }
        }
        Ok((taken, None))
    }

    /// Takes a frame that is there, or keeps the beginning of one.
    fn take_frame(
        &mut self,
        bytes: &mut [u8],
    ) -> Result<(usize, Option<Received>), WebSocketFault> {
        let Some(head) = self.head(bytes)?.filter(|head| head.end <= bytes.len()) else {
            self.begun.extend_from_slice(bytes);
            return Ok((bytes.len(), None));
        };
        let payload = &mut bytes[head.start..head.end];
        unmask(payload, head.mask);
        let received = self.receive(&head, Bytes::copy_from_slice(payload))?;
        Ok((head.end, received))
    }

    /// Adds to the frame that has begun, and takes it if it is whole then.
    fn complete_frame(
        &mut self,
        bytes: &[u8],
    ) -> Result<(usize, Option<Received>), WebSocketFault> {
        // Without its head the frame's end is not known: a head has fourteen bytes at most.
        let end = self.head(&self.begun)?.map_or(self.begun.len() + 1, |head| head.end);
        let missing = (end - self.begun.len()).min(bytes.len());
        self.begun.extend_from_slice(&bytes[..missing]);
        let whole = self.head(&self.begun)?.filter(|head| head.end == self.begun.len());
        let Some(head) = whole else { return Ok((missing, None)) };
        let mut frame = mem::take(&mut self.begun);
        unmask(&mut frame[head.start..], head.mask);
        let mut payload = Bytes::from(frame);
        payload.advance(head.start);
        Ok((missing, self.receive(&head, payload)?))
    }

    /// The head that `bytes` begin with, if all of it is there and the frame may come.
    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, WebSocketFault> {
        let mut cursor = Cursor::new(bytes);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| WebSocketFault::Protocol)?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.max_payload);
        let length = length.ok_or(WebSocketFault::TooLarge)?;
        let FrameHeader { is_final, rsv1, rsv2, rsv3, opcode, mask } = header;
        // No extension is ever agreed on, and what a client sends is masked (5.2, 5.3).
        let mask = mask.filter(|_| !(rsv1 || rsv2 || rsv3)).ok_or(WebSocketFault::Protocol)?;
        let fits = match (opcode, &self.message) {
            (OpCode::Control(_), _) => is_final && length <= MAX_CONTROL,
            (OpCode::Data(Data::Continue), Some(message)) => {
                if message.bytes.len() + length > self.max_payload {
                    return Err(WebSocketFault::TooLarge);
                }
                true
            }
            (OpCode::Data(Data::Continue), None) => false,
            (OpCode::Data(_), message) => message.is_none(),
        };
        if !fits {
            return Err(WebSocketFault::Protocol);
        }
        let start = cursor.position() as usize;
        Ok(Some(Head { opcode, is_final, mask, start, end: start + length }))
    }

    /// What a frame brings, unmasked.
    fn receive(&mut self, head: &Head, payload: Bytes) -> Result<Option<Received>, WebSocketFault> {
        let data = match head.opcode {
            OpCode::Control(Control::Ping) => return Ok(Some(Received::Ping(payload))),
            OpCode::Control(Control::Close) => return goodbye(payload).map(Some),
            OpCode::Control(_) => return Ok(Some(Received::Pong)),
            OpCode::Data(data) => data,
        };
        let is_text = data == Data::Text;
        let Some(mut begun) = self.message.take() else {
            if head.is_final {
                return Ok(Some(message(is_text, payload)));
            }
            self.message = Some(Fragments { is_text, bytes: payload.into() });
            return Ok(None);
        };
        begun.bytes.extend_from_slice(&payload);
        if head.is_final {
            return Ok(Some(message(begun.is_text, begun.bytes.into())));
        }
        self.message = Some(begun);
        Ok(None)
    }
}

fn message(is_text: bool, payload: Bytes) -> Received {
    Received::Message(if is_text { Frame::Text(payload) } else { Frame::Binary(payload) })
}

/// What a client says at the end, and the answer: the same, if it may say that (section 5.5.1).
fn goodbye(payload: Bytes) -> Result<Received, WebSocketFault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        // No code, or half of one.
        return if payload.is_empty() {
            Ok(Received::Close(payload))
        } else {
            Err(WebSocketFault::Protocol)
        };
    };
    std::str::from_utf8(reason).map_err(|_| WebSocketFault::Utf8)?;
    Ok(Received::Close(if CloseCode::from(u16::from_be_bytes(*code)).is_allowed() {
        payload
    } else {
        Bytes::from_owner(u16::from(CloseCode::Protocol).to_be_bytes())
    }))
}

/// Takes a mask off (section 5.3), eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ twice).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
