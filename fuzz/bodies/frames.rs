//! The bytes of a client over its WebSocket, in chunks, and the same to tungstenite, which has read
//! clients for longer.
//!
//! The first byte of an input is how long a chunk is, and what follows is as the client sent it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use async_tungstenite::tungstenite::{Error, Message};
use bytes::Bytes;
use klatch_core::engine::WebSocketFault;
use klatch_driver::conformance::{Told, read_frames};

/// Bytes that a message may have.
pub(crate) const MAX: usize = 300;
/// Bytes that the head of a frame has at most.
const HEAD: usize = 14;

pub(crate) fn run(input: &[u8]) {
    let Some((length, bytes)) = input.split_first() else { return };
    // What one finds at the head of a frame, the other may find at its end: so it has one.
    let bytes = [bytes, &[0; HEAD + MAX]].concat();
    let chunks: Vec<_> = bytes.chunks(usize::from(*length).max(1)).collect();
    let told = read_frames(MAX, chunks.iter().copied());
    for same in [read_frames(MAX, [&bytes[..]]), read_frames(MAX, bytes.chunks(1))] {
        assert_eq!(told, same, "how the bytes come changes nothing");
    }
    assert!(told.iter().all(is_within_limits), "{told:?}");

    let (ours, mut theirs) = (told.into_iter().map(as_both_tell_it), theirs(&chunks));
    let ours: Vec<_> = up_to_the_end(ours).collect();
    if theirs.last() == Some(&Told::Fault(WebSocketFault::Utf8)) {
        // It is found in the fragment that has it, and here when all of the text is there.
        theirs.pop();
        assert!(ours.starts_with(&theirs), "{ours:?} {theirs:?}");
    } else {
        assert_eq!(ours, theirs);
    }
}

fn is_within_limits(told: &Told) -> bool {
    match told {
        Told::Text(bytes) | Told::Binary(bytes) => bytes.len() <= MAX,
        Told::Ping(payload) | Told::Close(payload) => payload.len() <= 125,
        Told::Pong | Told::Fault(_) => true,
    }
}

/// Both find out whether text is UTF-8, here further in; how a goodbye is answered is not told by both.
fn as_both_tell_it(told: Told) -> Told {
    match told {
        Told::Text(text) if std::str::from_utf8(&text).is_err() => {
            Told::Fault(WebSocketFault::Utf8)
        }
        // Registered since, and tungstenite does not know of it.
        Told::Close(answer) if answer.starts_with(&1014_u16.to_be_bytes()) => {
            Told::Fault(WebSocketFault::Protocol)
        }
        Told::Close(_) => Told::Close(Bytes::default()),
        told => told,
    }
}

fn up_to_the_end(told: impl Iterator<Item = Told>) -> impl Iterator<Item = Told> {
    let mut is_over = false;
    told.take_while(move |told| {
        !std::mem::replace(&mut is_over, matches!(told, Told::Close(_) | Told::Fault(_)))
    })
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
                    Ok(_) => Told::Close(Bytes::default()),
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
