//! `WebSocket`s: over whatever stream the client came by, or a host's own.

mod foreign;
mod framed;
mod pipe;
mod reader;
#[cfg(feature = "conformance")]
mod told;
mod unsent;

use std::fmt;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use klatch_core::Outgoing;
use klatch_core::engine::{Frame, Input};

use self::foreign::Foreign;
pub use self::foreign::WebSocketMessage;
use self::framed::Framed;
#[cfg(feature = "conformance")]
pub use self::told::{Told, read_frames};
use crate::stream::AnyStream;

/// A WebSocket whose handshake is done.
pub(crate) enum WebSocket {
    /// Over a stream of bytes.
    Framed(Framed),
    /// Accepted by the host.
    Foreign(Foreign),
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

impl WebSocket {
    /// Takes over a stream after its handshake; `read` is what was read beyond it.
    pub(crate) fn framed(stream: AnyStream, read: Vec<u8>, max_payload: usize) -> Self {
        Self::Framed(Framed::new(stream, read, max_payload))
    }

    /// Takes over a WebSocket of the host's.
    pub(crate) fn foreign<T, E>(socket: T, max_payload: usize) -> Self
    where
        E: 'static,
        T: futures::Stream<Item = Result<WebSocketMessage, E>>
            + futures::Sink<WebSocketMessage>
            + Send
            + 'static,
    {
        Self::Foreign(Foreign::new(socket, max_payload))
    }

    /// Asks for what is to be read or written soon.
    #[inline]
    pub(crate) fn fetch(&self) {
        match self {
            Self::Framed(framed) => framed.fetch(),
            Self::Foreign(_) => {}
        }
    }

    /// Begins a turn.
    pub(crate) fn begin_turn(&mut self) {
        match self {
            Self::Framed(framed) => framed.begin_turn(),
            // Its messages are whole: counting them is enough.
            Self::Foreign(_) => {}
        }
    }

    /// Ends a turn, after which nothing is lent any more.
    pub(crate) fn end_turn(&mut self) {
        match self {
            Self::Framed(framed) => framed.end_turn(),
            Self::Foreign(_) => {}
        }
    }

    /// Whether a frame can be sent now, by what is known without asking a host.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        match self {
            Self::Framed(framed) => framed.is_ready(),
            Self::Foreign(_) => false,
        }
    }

    /// The next thing from the client, if it is a text that is there already, where it stands: it is
    /// taken by this. If not, [`poll_input`](Self::poll_input) says what it is.
    #[inline]
    pub(crate) fn next_text(&mut self) -> Option<&[u8]> {
        match self {
            Self::Framed(framed) => framed.next_text(),
            Self::Foreign(_) => None,
        }
    }

    /// The next thing from the client: `None` if it was the WebSocket's own business, a ping say, or there
    /// is something to look at now.
    /// After anything but that and a frame, the WebSocket is of no use.
    pub(crate) fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        match self {
            Self::Framed(framed) => framed.poll_input(cx),
            Self::Foreign(foreign) => foreign.poll_input(cx).map(Some),
        }
    }

    /// Whether a frame can be sent; `false` if the stream is broken, which reading will report.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self {
            Self::Framed(framed) => framed.poll_ready(cx),
            Self::Foreign(foreign) => foreign.poll_ready(cx),
        }
    }

    /// Whether a frame can be sent now, if nobody waits until one can; else the task is woken when it can.
    #[inline]
    pub(crate) fn is_ready(&mut self, waker: &Waker) -> bool {
        match self {
            Self::Framed(framed) => framed.is_ready(),
            Self::Foreign(foreign) => foreign.is_ready(&mut Context::from_waker(waker)),
        }
    }

    /// Queues a frame after [`Self::poll_ready`] or [`Self::is_ready`] said so. What the core encoded needs no check.
    pub(crate) fn start_send(&mut self, frame: Frame) {
        match self {
            Self::Framed(framed) => framed.start_send(&frame),
            Self::Foreign(foreign) => foreign.start_send(frame),
        }
    }

    /// As [`Self::start_send`], for a text.
    pub(crate) fn send_text(&mut self, text: &[u8]) {
        match self {
            Self::Framed(framed) => framed.send_text(text),
            Self::Foreign(foreign) => {
                foreign.start_send(Frame::Text(Bytes::copy_from_slice(text)));
            }
        }
    }

    /// As [`Self::start_send`], for a packet that is [one frame](Outgoing::is_one_frame).
    #[inline]
    pub(crate) fn send(&mut self, packet: &Outgoing) {
        debug_assert!(packet.is_one_frame(), "what follows would be lost");
        match (self, packet.attachments()) {
            (websocket, [message, ..]) => {
                websocket.start_send(Frame::Binary(message.bytes().clone()));
            }
            (Self::Framed(framed), []) => framed.send_text(packet.text()),
            (Self::Foreign(foreign), []) => {
                foreign.start_send(Frame::Text(packet.text().clone()));
            }
        }
    }

    /// Writes what is queued, answers to the client's pings included.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self {
            Self::Framed(framed) => framed.poll_flush(cx),
            Self::Foreign(foreign) => foreign.poll_flush(cx),
        }
    }

    /// Whether the client took something of what is written since this was asked.
    pub(crate) fn took_some(&mut self) -> bool {
        match self {
            Self::Framed(framed) => framed.took_some(),
            Self::Foreign(foreign) => foreign.took_some(),
        }
    }

    /// Writes what is queued, and a goodbye.
    pub(crate) async fn say_goodbye(&mut self, code: Option<u16>) {
        match self {
            Self::Framed(framed) => framed.say_goodbye(code).await,
            Self::Foreign(foreign) => foreign.say_goodbye(code).await,
        }
    }

    /// Waits for the client's goodbye: closing the stream with something unread would reset it,
    /// and ours could be lost. `false` if it went without one.
    pub(crate) async fn linger(self) -> bool {
        match self {
            Self::Framed(framed) => framed.linger().await,
            Self::Foreign(foreign) => foreign.linger().await,
        }
    }
}
