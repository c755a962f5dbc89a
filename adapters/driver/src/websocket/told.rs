//! What the bytes of a WebSocket tell, without a connection.

use bytes::Bytes;
use klatch_core::engine::{Frame, WebSocketFault};

use super::reader::{Reader, Received};

/// What klatch reads out of the bytes that a client sends over a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A message of text, whole. That it is UTF-8 is looked at further in.
    Text(Bytes),
    /// A message of bytes, whole.
    Binary(Bytes),
    /// A ping, with what it says.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// The goodbye, with the answer to it; the last of all.
    Close(Bytes),
    /// What breaks the rules; the last of all.
    Fault(WebSocketFault),
}

/// Reads the bytes of a client that come in these chunks, as a connection does.
///
/// For tests that hold this reader against another one, or against itself: the chunks make no
/// difference.
///
/// # Panics
///
/// If the reader leaves bytes of a chunk and tells nothing for it: it would never go on.
pub fn read_frames<'a>(
    max_payload: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Told> {
    let (mut reader, mut all) = (Reader::new(max_payload), Vec::new());
    for chunk in chunks {
        let mut chunk = chunk.to_vec();
        let mut rest = &mut chunk[..];
        while !rest.is_empty() {
            let (taken, received) = match reader.read(rest) {
                Ok(read) => read,
                Err(fault) => {
                    all.push(Told::Fault(fault));
                    return all;
                }
            };
            assert!(received.is_some() || taken == rest.len(), "all of it is taken");
            all.extend(received.map(Told::from));
            if matches!(all.last(), Some(Told::Close(_))) {
                return all;
            }
            rest = &mut rest[taken..];
        }
    }
    all
}

impl From<Received> for Told {
    fn from(received: Received) -> Self {
        match received {
            Received::Message(Frame::Text(text)) => Self::Text(text),
            Received::Message(Frame::Binary(bytes)) => Self::Binary(bytes),
            Received::Ping(payload) => Self::Ping(payload),
            Received::Pong => Self::Pong,
            Received::Close(answer) => Self::Close(answer),
        }
    }
}
