//! HTTP, WebSocket and Engine.IO, as little of them as a load generator needs.

use std::io;
use std::ops::Range;

/// The answer to the key of the example in RFC 6455, section 1.3, which the load generator sends.
const KEY: &[u8] = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A session: nobody asks for it by its name.
pub(crate) const OPEN: &[u8] = br#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
pub(crate) const CONNECTED: &[u8] = br#"40{"sid":"BBBBBBBBBBBBBBBBBBBB"}"#;

/// The first byte of a text message in one frame (section 5.2).
const TEXT: u8 = 0x81;
/// Instead of a length: the length follows in two bytes, or in eight.
const MEDIUM: u8 = 126;
const LONG: u8 = 127;
/// The bit beside the length that says that a mask follows.
const MASKED: u8 = 0x80;

/// The answer to the request that `bytes` begin with, and where it ends.
pub(crate) fn upgrade(bytes: &[u8]) -> io::Result<Option<(&'static [u8], usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let end = end + 4;
    if !bytes[..end].windows(KEY.len()).any(|line| line == KEY) {
        return Err(io::Error::other("a key other than the load generator's"));
    }
    Ok(Some((SWITCHING, end)))
}

/// A text message from a client: where it is, and where the next frame begins.
pub(crate) struct Message {
    pub(crate) text: Range<usize>,
    pub(crate) end: usize,
}

/// The message that `bytes` begin with, its mask taken off.
pub(crate) fn message(bytes: &mut [u8]) -> io::Result<Option<Message>> {
    let [kind, length, rest @ ..] = &*bytes else { return Ok(None) };
    if *kind != TEXT || length & MASKED == 0 {
        return Err(io::Error::other("a frame that is no text from a client"));
    }
    let length = match length & !MASKED {
        MEDIUM => rest.first_chunk().map(|n| (usize::from(u16::from_be_bytes(*n)), 2_usize)),
        LONG => rest.first_chunk().map(|n| (u64::from_be_bytes(*n) as usize, 8)),
        length => Some((usize::from(length), 0)),
    };
    let Some((length, extended)) = length else { return Ok(None) };
    let start = 2 + extended + 4;
    let Some(end) = start.checked_add(length).filter(|end| *end <= bytes.len()) else {
        return Ok(None);
    };
    let (head, text) = bytes[..end].split_at_mut(start);
    // The load generator's mask is 0, and then there is nothing to take off.
    if let Some(mask) = head.last_chunk::<4>().filter(|mask| **mask != [0; 4]) {
        for (byte, mask) in text.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
    Ok(Some(Message { text: start..end, end }))
}

/// Puts `parts`, one after the other, into one frame behind what is in `frame`.
pub(crate) fn frame(parts: &[&[u8]], frame: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    frame.push(TEXT);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..MEDIUM), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(MEDIUM);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(LONG);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    for part in parts {
        frame.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::{frame, message, upgrade};

    #[test]
    fn a_mask_is_taken_off() {
        // The example of RFC 6455, section 5.7.
        let mut bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58, 0x81];
        let hello = message(&mut bytes).expect("text").expect("all of it");
        assert_eq!((&bytes[hello.text], hello.end), (&b"Hello"[..], 11));
        assert!(message(&mut bytes[..10]).expect("text").is_none());
        assert!(message(&mut [0x82, 0x80, 0, 0, 0, 0]).is_err());
        assert!(message(&mut [0x81, 0]).is_err(), "a client masks");
    }

    #[test]
    fn lengths_have_three_forms() {
        for (length, head) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let (mut bytes, text) = (Vec::new(), vec![b'x'; length]);
            frame(&[&text[..5], &text[5..]], &mut bytes);
            assert_eq!(bytes.len(), head + length);
            // As a client would have sent it.
            bytes[1] |= 0x80;
            bytes.splice(head..head, [0; 4]);
            let whole = message(&mut bytes).expect("text").expect("all of it");
            assert_eq!((whole.text.len(), whole.end), (length, bytes.len()));
        }
    }

    #[test]
    fn a_request_is_answered_when_it_is_whole() {
        let request = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81";
        let end = request.len() - 1;
        assert!(upgrade(&request[..end - 1]).expect("the key").is_none());
        assert_eq!(upgrade(request).expect("the key").expect("whole").1, end);
        assert!(upgrade(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }
}
