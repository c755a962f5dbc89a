//! One TCP connection of a peer's.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

/// A TCP connection, with what was read and not understood yet, and what is still to be written.
pub(crate) struct Lane {
    stream: TcpStream,
    pub(crate) unread: Vec<u8>,
    unsent: Vec<u8>,
    used: Instant,
    /// Not to be used for anything new.
    retired: bool,
}

impl Lane {
    /// Begins to connect.
    pub(crate) fn open(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
            unsent: Vec::new(),
            used: Instant::now(),
            retired: false,
        })
    }

    /// Writes, now or when the socket takes it.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.used = Instant::now();
        self.unsent.extend_from_slice(bytes);
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.unsent.len() {
            match self.stream.write(&self.unsent[written..]) {
                Ok(more) => written += more,
                // Not before it is connected, or not now.
                Err(error) if is_for_later(&error) => break,
                Err(error) => return Err(error),
            }
        }
        self.unsent.drain(..written);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(())
    }

    /// Reads all there is. Whether it is the end.
    pub(crate) fn fill(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => {
                    self.retired = true;
                    return Ok(true);
                }
                Ok(read) => {
                    self.used = Instant::now();
                    self.unread.extend_from_slice(&scratch[..read]);
                }
                Err(error) if is_for_later(&error) => return Ok(false),
                Err(error) => {
                    self.retired = true;
                    return Err(error);
                }
            }
        }
    }

    /// Has it not used for anything new.
    pub(crate) fn retire(&mut self) {
        self.retired = true;
    }

    /// Whether it is over, or nothing came or went for so long that a server may be about to close it.
    pub(crate) fn is_stale(&self, after: Duration) -> bool {
        self.retired || self.used.elapsed() > after
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired
    }

    /// Says that nothing more is to come, and goes on reading.
    pub(crate) fn shut(&self) {
        // The other end may have been faster.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends it with an RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}
