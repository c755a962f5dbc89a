//! The messages of a client, out of the bytes that come over its WebSocket (RFC 6455, section 5).

use std::mem;
use std::ops::Range;

use bytes::{Buf as _, Bytes};
use klatch_core::engine::{Frame, WebSocketFault};

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

/// What a frame is (section 11.8).
#[derive(Clone, Copy, PartialEq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// A frame whose head is known: where its payload is, counted from the head.
struct Head {
    opcode: Opcode,
    is_final: bool,
    mask: [u8; 4],
    start: usize,
    end: usize,
}

impl Reader {
    pub(super) fn new(max_payload: usize) -> Self {
        Self { max_payload, begun: Vec::new(), message: None }
    }

    /// Where the message is that `bytes` begin with, unmasked, if it is text and all of it is there. If
    /// it is not, or is none, that is to be [read](Self::read).
    #[inline]
    pub(super) fn whole_text(&self, bytes: &mut [u8]) -> Option<Range<usize>> {
        if !self.begun.is_empty() {
            return None;
        }
        let Head { opcode: Opcode::Text, is_final: true, mask, start, end } =
            self.head(bytes).ok()??
        else {
            return None;
        };
        unmask(bytes.get_mut(start..end)?, mask);
        Some(start..end)
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
    #[inline]
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
    #[inline(never)]
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

    /// The head that `bytes` begin with, if all of it is there and the frame may come (section 5.2).
    #[expect(clippy::inline_always, reason = "a head is moved as often as it is passed on")]
    #[inline(always)]
    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, WebSocketFault> {
        let [first, second, ref rest @ ..] = *bytes else { return Ok(None) };
        let length = match second & 0x7f {
            126 => rest.first_chunk().map(|length| (4, u64::from(u16::from_be_bytes(*length)))),
            127 => rest.first_chunk().map(|length| (10, u64::from_be_bytes(*length))),
            length => Some((2, u64::from(length))),
        };
        let Some((mask_at, length)) = length else { return Ok(None) };
        let is_masked = second & 0x80 != 0;
        let mask = if is_masked { bytes[mask_at..].first_chunk() } else { Some(&[0; 4]) };
        let Some(mask) = mask else { return Ok(None) };
        let opcode = opcode(first & 0x0f).ok_or(WebSocketFault::Protocol)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= self.max_payload);
        let length = length.ok_or(WebSocketFault::TooLarge)?;
        // No extension is ever agreed on, and what a client sends is masked (5.2, 5.3).
        if first & 0x70 != 0 || !is_masked {
            return Err(WebSocketFault::Protocol);
        }
        let is_final = first & 0x80 != 0;
        self.expect(opcode, is_final, length)?;
        let start = mask_at + 4;
        Ok(Some(Head { opcode, is_final, mask: *mask, start, end: start + length }))
    }

    /// Whether a frame may come now (section 5.4).
    fn expect(&self, opcode: Opcode, is_final: bool, length: usize) -> Result<(), WebSocketFault> {
        let fits = match (opcode, &self.message) {
            (Opcode::Text | Opcode::Binary, message) => message.is_none(),
            (Opcode::Continuation, Some(message)) => {
                if message.bytes.len() + length > self.max_payload {
                    return Err(WebSocketFault::TooLarge);
                }
                true
            }
            (Opcode::Continuation, None) => false,
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => is_final && length <= MAX_CONTROL,
        };
        if fits { Ok(()) } else { Err(WebSocketFault::Protocol) }
    }

    /// What a frame brings, unmasked.
    #[inline]
    fn receive(&mut self, head: &Head, payload: Bytes) -> Result<Option<Received>, WebSocketFault> {
        match head.opcode {
            // That no message has begun was asked with its head.
            Opcode::Text if head.is_final => Ok(Some(message(true, payload))),
            Opcode::Binary if head.is_final => Ok(Some(message(false, payload))),
            _ => self.receive_other(head, payload),
        }
    }

    /// What is no message, or a part of one.
    #[inline(never)]
    fn receive_other(
        &mut self,
        head: &Head,
        payload: Bytes,
    ) -> Result<Option<Received>, WebSocketFault> {
        match head.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
            Opcode::Ping => return Ok(Some(Received::Ping(payload))),
            Opcode::Close => return goodbye(payload).map(Some),
            Opcode::Pong => return Ok(Some(Received::Pong)),
        }
        let is_text = head.opcode == Opcode::Text;
        let Some(mut begun) = self.message.take() else {
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

/// The rest is reserved.
const fn opcode(number: u8) -> Option<Opcode> {
    Some(match number {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return None,
    })
}

fn message(is_text: bool, payload: Bytes) -> Received {
    Received::Message(if is_text { Frame::Text(payload) } else { Frame::Binary(payload) })
}

/// What a client says at the end, which is the answer, too (section 5.5.1).
fn goodbye(payload: Bytes) -> Result<Received, WebSocketFault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        // No code, or half of one.
        return if payload.is_empty() {
            Ok(Received::Close(payload))
        } else {
            Err(WebSocketFault::Protocol)
        };
    };
    if !may_be_said(u16::from_be_bytes(*code)) {
        return Err(WebSocketFault::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| WebSocketFault::Utf8)?;
    Ok(Received::Close(payload))
}

/// The codes that are registered, and those that libraries and applications make up (section 7.4).
const fn may_be_said(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Takes a mask off (section 5.3), sixteen bytes at a time.
#[inline]
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let once = u32::from_ne_bytes(mask);
    let (sixteens, rest) = payload.as_chunks_mut::<16>();
    let mask16 = (u128::MAX / u128::from(u32::MAX)) * u128::from(once);
    for sixteen in sixteens {
        *sixteen = (u128::from_ne_bytes(*sixteen) ^ mask16).to_ne_bytes();
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ once).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
