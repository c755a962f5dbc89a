//! WebSocket's frames, as a client writes and reads them.

use std::io;

use crate::unexpected;

/// The first byte of a text message in one frame (RFC 6455, section 5.2), and of a close frame.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const CLOSE: u8 = 0x88;
/// Instead of a length: the length follows in two bytes, or in eight.
const MEDIUM: u8 = 126;
const LONG: u8 = 127;
/// The bit beside the length that says that a mask follows.
const MASKED: u8 = 0x80;

/// A text frame under the mask 0, which leaves the text as it is (section 5.3).
pub(crate) fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len() + 14);
    frame.push(TEXT);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length @ 0..MEDIUM), _) => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | MEDIUM);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | LONG);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// A close frame without a code.
pub(crate) const GOODBYE: [u8; 6] = [CLOSE, MASKED, 0, 0, 0, 0];

/// The text of the next whole frame, which is taken off `rest`.
pub(crate) fn next_frame<'a>(rest: &mut &'a [u8]) -> io::Result<Option<&'a [u8]>> {
    match next_of_any_kind(rest) {
        None => Ok(None),
        Some((TEXT, text)) => Ok(Some(text)),
        Some((kind, _)) => Err(io::Error::other(format!("an unexpected frame of kind {kind:#x}"))),
    }
}

/// The first byte of the next whole frame, and what it carries; it is taken off `rest`.
pub(crate) fn next_of_any_kind<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let [kind, length, more @ ..] = *rest else { return None };
    let length = match *length {
        MEDIUM => more.split_first_chunk().map(|(n, more)| (u16::from_be_bytes(*n).into(), more)),
        LONG => more.split_first_chunk().map(|(n, more)| (u64::from_be_bytes(*n) as usize, more)),
        length => Some((usize::from(length), more)),
    };
    let (length, more) = length?;
    let (carried, more) = more.split_at_checked(length)?;
    *rest = more;
    Some((*kind, carried))
}

/// Where the frames begin behind the answer to a request for the upgrade.
pub(crate) fn upgraded(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    if bytes.starts_with(b"HTTP/1.1 101 ") { Ok(Some(end + 4)) } else { Err(unexpected(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, frame, next_frame, next_of_any_kind, upgraded};

    #[test]
    fn a_frame_is_read_when_it_is_whole() {
        let two = b"\x81\x02hi\x81\x7e\x00\x03you\x81";
        let mut rest = &two[..];
        assert_eq!(next_frame(&mut rest).expect("text"), Some(&b"hi"[..]));
        assert_eq!(next_frame(&mut rest).expect("text"), Some(&b"you"[..]));
        assert_eq!(next_frame(&mut rest).expect("not yet"), None);
        assert_eq!(rest, b"\x81");
        let mut goodbye = &b"\x88\x02\x03\xe8"[..];
        assert_eq!(next_of_any_kind(&mut &*goodbye), Some((CLOSE, &b"\x03\xe8"[..])));
        assert!(next_frame(&mut goodbye).is_err());
    }

    #[test]
    fn the_mask_of_a_client_changes_nothing() {
        assert_eq!(frame(b"40"), b"\x81\x82\0\0\0\x0040");
        assert_eq!(&frame(&[b'x'; 200])[..8], b"\x81\xfe\x00\xc8\0\0\0\0");
        assert_eq!(&frame(&vec![b'x'; 70_000])[..10], b"\x81\xff\0\0\0\0\0\x01\x11\x70");
    }

    #[test]
    fn an_answer_ends_with_an_empty_line() {
        assert_eq!(upgraded(b"HTTP/1.1 101 Switching Protocols\r\n").expect("not yet"), None);
        assert_eq!(upgraded(b"HTTP/1.1 101 Yes\r\n\r\n\x81\x00").expect("whole"), Some(20));
        assert!(upgraded(b"HTTP/1.1 400 No\r\n\r\n").is_err());
    }
}
