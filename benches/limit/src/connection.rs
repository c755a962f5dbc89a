//! A connection, and what is kept for it: there are thousands that do nothing.

use std::io::{self, ErrorKind, Write as _};

use mio::net::TcpStream;

/// One client. Both buffers own no memory unless something is in them.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// Whether it has been upgraded to a WebSocket.
    pub(crate) upgraded: bool,
    /// Whether it is in the list of those to be flushed, or waits to become writable.
    pub(crate) queued: bool,
    /// The room that it joined last.
    pub(crate) room: Option<u32>,
    /// The beginning of a message whose rest has not come.
    pub(crate) unread: Vec<u8>,
    /// What is to be written.
    pub(crate) unsent: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            upgraded: false,
            queued: false,
            room: None,
            unread: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// Writes a frame, or keeps what the socket does not take.
    pub(crate) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(frame);
            return Ok(());
        }
        let written = write_some(&mut self.stream, frame)?;
        self.unsent.extend_from_slice(&frame[written..]);
        Ok(())
    }

    /// Writes what was kept; the buffer is returned if it is needed no more.
    pub(crate) fn flush(&mut self) -> io::Result<Option<Vec<u8>>> {
        let written = write_some(&mut self.stream, &self.unsent)?;
        if written < self.unsent.len() {
            self.unsent.drain(..written);
            return Ok(None);
        }
        let mut empty = std::mem::take(&mut self.unsent);
        empty.clear();
        Ok(Some(empty))
    }
}

/// Writes as much as the socket takes.
fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
