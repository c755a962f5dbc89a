//! One client: a WebSocket with just enough of the protocol to put load on a server.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;

/// RFC 6455, section 1.3: any sixteen bytes will do.
const OPENING: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Instead of a length: the length follows in two bytes, or in eight (section 5.2).
const MEDIUM: u8 = 126;
const LONG: u8 = 127;

/// A connection that has joined the namespace `/`.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// The beginning of a frame whose rest has not come.
    unread: Vec<u8>,
    /// What the socket had no room for.
    unwritten: Vec<u8>,
}

impl Client {
    /// Connects and joins, waiting for each answer.
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.write_all(OPENING.as_bytes())?;
        let mut unread = Vec::new();
        let end = loop {
            if let Some(at) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            read_some(&mut stream, &mut unread)?;
        };
        if !unread.starts_with(b"HTTP/1.1 101 ") {
            let answer = String::from_utf8_lossy(&unread).into_owned();
            return Err(io::Error::other(answer));
        }
        unread.drain(..end);
        expect(&mut stream, &mut unread, b"0{")?;
        stream.write_all(&frame(b"40"))?;
        expect(&mut stream, &mut unread, b"40{")?;
        stream.set_nonblocking(true)?;
        // An idle client should cost this process as little as it can: there are thousands.
        unread.shrink_to_fit();
        Ok(Self { stream: TcpStream::from_std(stream), unread, unwritten: Vec::new() })
    }

    /// Has a text message sent by the next [`Self::flush`].
    pub(crate) fn queue(&mut self, text: &[u8]) {
        self.unwritten.extend_from_slice(&frame(text));
    }

    /// Writes what the socket takes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            match self.stream.write(&self.unwritten) {
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads all there is, and hands out the text of each message.
    pub(crate) fn read(
        &mut self,
        scratch: &mut [u8],
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if self.unread.is_empty() {
                let mut rest = &scratch[..read];
                while let Some(text) = next_frame(&mut rest)? {
                    each(text)?;
                }
                self.unread.extend_from_slice(rest);
                continue;
            }
            self.unread.extend_from_slice(&scratch[..read]);
            let mut rest = &self.unread[..];
            while let Some(text) = next_frame(&mut rest)? {
                each(text)?;
            }
            let left = rest.len();
            self.unread.drain(..self.unread.len() - left);
        }
    }
}

fn read_some(stream: &mut std::net::TcpStream, unread: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 1024];
    match stream.read(&mut chunk)? {
        0 => Err(io::Error::other("the server closed a connection while it opened")),
        read => {
            unread.extend_from_slice(&chunk[..read]);
            Ok(())
        }
    }
}

fn expect(stream: &mut std::net::TcpStream, unread: &mut Vec<u8>, start: &[u8]) -> io::Result<()> {
    loop {
        let mut rest = &unread[..];
        if let Some(text) = next_frame(&mut rest)? {
            if !text.starts_with(start) {
                return Err(io::Error::other(String::from_utf8_lossy(text).into_owned()));
            }
            let left = rest.len();
            unread.drain(..unread.len() - left);
            return Ok(());
        }
        read_some(stream, unread)?;
    }
}

/// A text frame under the mask 0, which leaves the text as it is (RFC 6455, section 5.3).
fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len() + 14);
    frame.push(0x81);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length @ 0..MEDIUM), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | MEDIUM);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | LONG);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// The text of the next whole frame, which is taken off `rest`.
fn next_frame<'a>(rest: &mut &'a [u8]) -> io::Result<Option<&'a [u8]>> {
    let [kind, length, more @ ..] = *rest else { return Ok(None) };
    if *kind != 0x81 {
        return Err(io::Error::other(format!("an unexpected frame of kind {kind:#x}")));
    }
    let length = match *length {
        MEDIUM => more.split_first_chunk().map(|(n, more)| (u16::from_be_bytes(*n).into(), more)),
        LONG => more.split_first_chunk().map(|(n, more)| (u64::from_be_bytes(*n) as usize, more)),
        length => Some((usize::from(length), more)),
    };
    let Some((text, more)) = length.and_then(|(length, more)| more.split_at_checked(length)) else {
        return Ok(None);
    };
    *rest = more;
    Ok(Some(text))
}
