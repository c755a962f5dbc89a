//! The same bytes to tungstenite, which has read the frames of clients for longer.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::*;

/// What came, as far as both can tell it.
#[derive(Debug, PartialEq)]
enum Told {
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    Close,
    Fault(WebSocketFault),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..Default::default() })]
    #[test]
    fn both_read_the_same(frames in vec(any_frame(), 1..12), cuts in vec(any::<Index>(), 0..8)) {
        // What one finds at the head of a frame, the other may find at its end: so it has one.
        let bytes = [frames.concat(), vec![0; MAX]].concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        let (ours, mut theirs) = (ours(&chunks), theirs(&chunks));
        if theirs.last() == Some(&Told::Fault(WebSocketFault::Utf8)) {
            // It is found in the fragment that has it, and here when all of the text is there.
            theirs.pop();
            prop_assert!(ours.starts_with(&theirs), "{ours:?} {theirs:?}");
        } else {
            prop_assert_eq!(ours, theirs);
        }
    }
}

/// Mostly what a client may send, in its place or not.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let mask = any::<[u8; 4]>;
    let kind = prop_oneof![
        12 => select(vec![0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        8 => "[a-z]{0,12}".prop_map(String::into_bytes),
        1 => vec(b'a'..=b'z', 120..MAX + 2),
    ];
    let text = vec(any::<u8>(), 0..6);
    // But for 1014, which tungstenite does not know.
    let goodbye = (990..1014_u16, vec(any::<u8>(), 0..3));
    prop_oneof![
        12 => (kind, mask(), payload).prop_map(|(kind, mask, payload)| frame(kind, mask, &payload)),
        1 => (mask(), text).prop_map(|(mask, text)| frame(0x81, mask, &text)),
        1 => (mask(), goodbye).prop_map(|(mask, (code, reason))| {
            frame(0x88, mask, &[&code.to_be_bytes(), &reason[..]].concat())
        }),
        1 => vec(any::<u8>(), 0..20),
    ]
}

fn ours(chunks: &[&[u8]]) -> Vec<Told> {
    let (received, fault) = read(&mut Reader::new(MAX), chunks.iter().copied());
    let fault = fault.map(Told::Fault);
    let mut told = Vec::new();
    for received in received.into_iter().map(told_of).chain(fault) {
        let is_end = matches!(received, Told::Close | Told::Fault(_));
        told.push(received);
        if is_end {
            break;
        }
    }
    told
}

fn told_of(received: Received) -> Told {
    match received {
        Received::Message(Frame::Text(text)) => match std::str::from_utf8(&text) {
            Ok(_) => Told::Text(text),
            // Which is the core's to find out.
            Err(_) => Told::Fault(WebSocketFault::Utf8),
        },
        Received::Message(Frame::Binary(bytes)) => Told::Binary(bytes),
        Received::Ping(payload) => Told::Ping(payload),
        Received::Pong => Told::Pong,
        Received::Close(_) => Told::Close,
    }
}

fn theirs(chunks: &[&[u8]]) -> Vec<Told> {
    let config = WebSocketConfig::default().max_message_size(Some(MAX)).max_frame_size(Some(MAX));
    let mut context = WebSocketContext::new(Role::Server, Some(config));
    let mut stream = Chunks(chunks.iter().map(|chunk| chunk.to_vec()).collect());
    let mut told = Vec::new();
    loop {
        told.push(match context.read(&mut stream) {
            Ok(Message::Text(text)) => Told::Text(text.into()),
            Ok(Message::Binary(bytes)) => Told::Binary(bytes),
            Ok(Message::Ping(payload)) => Told::Ping(payload),
            Ok(Message::Pong(_)) => Told::Pong,
            Ok(Message::Frame(_)) => unreachable!("what is read is never raw"),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                if stream.0.is_empty() {
                    return told;
                }
                continue;
            }
            end => {
                told.push(match end {
                    // It answers what may not be said, and calls that an end in good order.
                    Ok(Message::Close(Some(answer))) if answer.reason == "Protocol violation" => {
                        Told::Fault(WebSocketFault::Protocol)
                    }
                    Ok(_) => Told::Close,
                    Err(Error::Capacity(_)) => Told::Fault(WebSocketFault::TooLarge),
                    Err(Error::Utf8(_)) => Told::Fault(WebSocketFault::Utf8),
                    Err(_) => Told::Fault(WebSocketFault::Protocol),
                });
                return told;
            }
        });
    }
}

/// Gives each chunk, and has nothing for once when it is read.
struct Chunks(VecDeque<Vec<u8>>);

impl Read for Chunks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let chunk = self.0.front_mut().filter(|chunk| !chunk.is_empty());
        let Some(chunk) = chunk else {
            self.0.pop_front();
            return Err(ErrorKind::WouldBlock.into());
        };
        let length = chunk.len().min(buf.len());
        buf[..length].copy_from_slice(&chunk[..length]);
        chunk.drain(..length);
        Ok(length)
    }
}

impl Write for Chunks {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
