//! One client: a WebSocket with just enough of the protocol to put load on a server.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::unexpected;
use crate::wire::{next_frame, upgraded};

/// RFC 6455, section 1.3: any sixteen bytes will do.
pub(crate) const REQUEST: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// How far a client has come; what it waits for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    /// The answer to its request.
    Upgrading,
    /// The session.
    Opening,
    /// The answer to its CONNECT.
    Joining,
    /// Whatever comes in the namespace `/`.
    Joined,
}

/// A connection that is in the namespace `/`, or on its way there.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) stage: Stage,
    /// The beginning of a frame whose rest has not come.
    unread: Vec<u8>,
}

impl Client {
    /// Begins to connect.
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, stage: Stage::Upgrading, unread: Vec::new() })
    }

    /// Writes what the socket takes of `queue`.
    pub(crate) fn flush(&mut self, queue: &mut Vec<u8>) -> io::Result<()> {
        let mut written = 0;
        while written < queue.len() {
            match self.stream.write(&queue[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        queue.drain(..written);
        Ok(())
    }

    /// Reads all there is, and hands out the text of each message.
    pub(crate) fn read(
        &mut self,
        scratch: &mut [u8],
        mut each: impl FnMut(&mut Stage, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if self.unread.is_empty() {
                let rest = messages(&mut self.stage, &scratch[..read], &mut each)?;
                self.unread.extend_from_slice(rest);
            } else {
                self.unread.extend_from_slice(&scratch[..read]);
                let rest = messages(&mut self.stage, &self.unread, &mut each)?.len();
                self.unread.drain(..self.unread.len() - rest);
            }
            // epoll(7): a stream that gave less than it was asked for has no more.
            if read < scratch.len() {
                return Ok(());
            }
        }
    }

    /// Gives back what only the opening needed: idle clients should cost this process little.
    pub(crate) fn shrink(&mut self) {
        self.unread.shrink_to_fit();
    }
}

/// Hands out all whole messages, and gives what is behind them.
fn messages<'a>(
    stage: &mut Stage,
    mut bytes: &'a [u8],
    each: &mut impl FnMut(&mut Stage, &[u8]) -> io::Result<()>,
) -> io::Result<&'a [u8]> {
    if *stage == Stage::Upgrading {
        let Some(end) = upgraded(bytes)? else { return Ok(bytes) };
        *stage = Stage::Opening;
        bytes = &bytes[end..];
    }
    while let Some(text) = next_frame(&mut bytes)? {
        each(stage, text)?;
    }
    Ok(bytes)
}

impl Stage {
    /// The next stage, which `text` brings; whether a CONNECT is due.
    pub(crate) fn advance(&mut self, text: &[u8]) -> io::Result<bool> {
        *self = match self {
            Self::Opening if text.starts_with(b"0{") => Self::Joining,
            Self::Joining if text.starts_with(b"40{") => Self::Joined,
            _ => return Err(unexpected(text)),
        };
        Ok(*self == Self::Joining)
    }
}
