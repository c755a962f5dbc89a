use klatch_core::engine::Frame;

use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MAX: usize = 300;

/// A frame of a client: its first byte, its mask, its payload.
fn frame(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..126 => bytes.push(0x80 | length as u8),
        length @ ..0x1_0000 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7f);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// All that is read out of chunks, and what ended it; whole texts where they stand, if so.
fn read<'a>(
    reader: &mut Reader,
    in_place: bool,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Received>, Option<WebSocketFault>) {
    let mut all = Vec::new();
    for chunk in chunks {
        let mut chunk = chunk.to_vec();
        let mut rest = &mut chunk[..];
        while !rest.is_empty() {
            if in_place && let Some(text) = reader.whole_text(rest) {
                let end = text.end;
                all.push(Received::Message(Frame::Text(Bytes::copy_from_slice(&rest[text]))));
                rest = &mut rest[end..];
                continue;
            }
            match reader.read(rest) {
                Ok((taken, received)) => {
                    assert!(received.is_some() || taken == rest.len(), "all of it is taken");
                    all.extend(received);
                    rest = &mut rest[taken..];
                }
                Err(fault) => return (all, Some(fault)),
            }
        }
    }
    (all, None)
}

fn read_all(max_payload: usize, bytes: &[u8]) -> (Vec<Received>, Option<WebSocketFault>) {
    let at_once = read(&mut Reader::new(max_payload), false, [bytes]);
    for length in [1, 2, 7, 20, bytes.len()] {
        let slowly = read(&mut Reader::new(max_payload), false, bytes.chunks(length));
        assert_eq!(at_once, slowly, "how the bytes come changes nothing");
        let in_place = read(&mut Reader::new(max_payload), true, bytes.chunks(length));
        assert_eq!(at_once, in_place, "where they are read changes nothing");
    }
    at_once
}

fn fault(bytes: &[u8]) -> Option<WebSocketFault> {
    let (received, fault) = read_all(MAX, bytes);
    assert_eq!(received, [], "nothing is told of what is wrong");
    fault
}

fn text(text: &'static str) -> Received {
    Received::Message(Frame::Text(Bytes::from_static(text.as_bytes())))
}

#[test]
fn the_example_of_the_specification_is_read() {
    // RFC 6455, section 5.7.
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read_all(MAX, &hello), (vec![text("Hello")], None));
}

#[test]
fn lengths_have_three_forms() {
    for length in [0, 7, 8, 9, 125, 126, 0xffff, 0x1_0000, 70_001] {
        let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let bytes = frame(0x82, MASK, &payload);
        let expected = Received::Message(Frame::Binary(payload.into()));
        assert_eq!(read_all(length, &bytes), (vec![expected], None), "{length}");
    }
}

#[test]
fn a_text_is_read_where_it_stands_if_all_of_it_is_there() {
    let mut bytes = [frame(0x81, MASK, b"Hello"), frame(0x81, [1, 2, 3, 4], &[b'x'; 200])].concat();
    let reader = Reader::new(MAX);
    let text = reader.whole_text(&mut bytes).expect("it is there");
    assert_eq!((&bytes[text.clone()], text.end), (&b"Hello"[..], 11));
    let rest = &mut bytes[11..];
    assert_eq!(reader.whole_text(&mut rest[..207]), None);
    let text = reader.whole_text(rest).expect("it is there");
    assert_eq!((&rest[text.clone()], text.end), (&[b'x'; 200][..], 208));
    for other in [frame(0x82, MASK, b"Hello"), frame(0x01, MASK, b"Hel"), frame(0x89, MASK, b"")] {
        assert_eq!(reader.whole_text(&mut other.clone()), None);
    }
    // Not while something else has begun.
    let hello = frame(0x81, MASK, b"Hello");
    for begun in [&frame(0x01, MASK, b"Hel")[..], &hello[..3]] {
        let mut reader = Reader::new(MAX);
        assert_eq!(reader.read(&mut begun.to_vec()), Ok((begun.len(), None)));
        assert_eq!(reader.whole_text(&mut hello.clone()), None);
    }
}

#[test]
fn control_frames_come_between_fragments() {
    let bytes = [
        frame(0x01, MASK, b"Hel"),
        frame(0x89, MASK, b"are you there?"),
        frame(0x00, MASK, b""),
        frame(0x8a, MASK, b"nobody asked"),
        frame(0x80, MASK, b"lo"),
        frame(0x82, [0; 4], b"!"),
        frame(0x81, MASK, b"Hello"),
    ];
    let ping = Received::Ping(Bytes::from_static(b"are you there?"));
    let bytes_too = Received::Message(Frame::Binary(Bytes::from_static(b"!")));
    let expected = vec![ping, Received::Pong, text("Hello"), bytes_too, text("Hello")];
    assert_eq!(read_all(MAX, &bytes.concat()), (expected, None));
}

#[test]
fn nothing_is_kept_of_what_came_whole() {
    let mut reader = Reader::new(MAX);
    let bytes = frame(0x81, MASK, b"Hello");
    let _ = read(&mut reader, false, [&bytes[..], &bytes[..3], &bytes[3..]]);
    assert_eq!(reader.begun.capacity(), 0);
    assert!(reader.message.is_none());
}

#[test]
fn e16_what_is_too_long_is_refused_at_its_head() {
    let mut head = frame(0x82, MASK, &[0; MAX + 1]);
    head.truncate(8);
    assert_eq!(fault(&head), Some(WebSocketFault::TooLarge));
    let endless = [&[0x82, 0xff], &[0xff; 8][..], &MASK].concat();
    assert_eq!(fault(&endless), Some(WebSocketFault::TooLarge));
    let fragments = [frame(0x02, MASK, &[0; MAX]), frame(0x80, MASK, &[0])].concat();
    assert_eq!(fault(&fragments), Some(WebSocketFault::TooLarge));
}

#[test]
fn e17_what_breaks_the_rules_is_refused() {
    let hello = frame(0x81, MASK, b"Hello");
    for (first, what) in [
        (0xc1, "an extension's bit"),
        (0x91, "another's"),
        (0x83, "a kind of data that there is not"),
        (0x8b, "a control that there is not"),
        (0x80, "the end of nothing"),
        (0x00, "the middle of nothing"),
        (0x09, "a ping in fragments"),
    ] {
        let bytes = [&[first], &hello[1..]].concat();
        assert_eq!(fault(&bytes), Some(WebSocketFault::Protocol), "{what}");
    }
    let unmasked = [0x81, 0x05, b'H', b'e', b'l', b'l', b'o'];
    assert_eq!(fault(&unmasked), Some(WebSocketFault::Protocol));
    assert_eq!(fault(&frame(0x89, MASK, &[0; 126])), Some(WebSocketFault::Protocol));
    let within = [frame(0x01, MASK, b"Hel"), frame(0x81, MASK, b"lo")].concat();
    assert_eq!(fault(&within), Some(WebSocketFault::Protocol));
}

#[test]
fn a_goodbye_is_answered_with_the_same_if_it_may_be_said() {
    let goodbye = |payload: &[u8]| read_all(MAX, &frame(0x88, MASK, payload));
    let answer = |payload: &'static [u8]| (vec![Received::Close(payload.into())], None);
    assert_eq!(goodbye(b""), answer(b""));
    assert_eq!(goodbye(b"\x03\xe8"), answer(b"\x03\xe8"));
    assert_eq!(goodbye(b"\x03\xe9tab closed"), answer(b"\x03\xe9tab closed"));
    // The last that is registered, and the first and last that are not to be (section 7.4).
    for sayable in [b"\x03\xf6", b"\x0b\xb8", b"\x13\x87"] {
        assert_eq!(goodbye(sayable), answer(sayable));
    }
    // 1005, 1006 and 1015 stand for what was not said, the rest for nothing.
    for unsayable in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let unsaid = goodbye(&unsayable.to_be_bytes());
        assert_eq!(unsaid, (vec![], Some(WebSocketFault::Protocol)), "{unsayable}");
    }
    assert_eq!(goodbye(b"\x03"), (vec![], Some(WebSocketFault::Protocol)));
    assert_eq!(goodbye(b"\x03\xe8\xff"), (vec![], Some(WebSocketFault::Utf8)));
}
