//! klatch on async-std.
//!
//! Users depend on the crate `klatch` with the feature `async-std`, where this is
//! `klatch::async_std`.
//!
//! async-std itself is discontinued ([RUSTSEC-2025-0052]) and its authors name smol as its
//! successor. This is for programs that have it; others take `klatch::smol`, which has the same
//! functions: to move is to replace the one name by the other.
//!
//! [RUSTSEC-2025-0052]: https://rustsec.org/advisories/RUSTSEC-2025-0052

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_std::net::{TcpListener, TcpStream, ToSocketAddrs};
use klatch_core::Timestamp;
use klatch_driver::{Bound, Service};

/// async-std as klatch's runtime.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    origin: Instant,
}

impl Runtime {
    /// async-std's global runtime.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}

impl klatch_driver::Runtime for Runtime {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // A task goes on when its handle is dropped.
        drop(async_std::task::spawn(task));
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.origin.elapsed())
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        let timer = async_io::Timer::at(self.origin + deadline.offset());
        Timer { timer, origin: self.origin }
    }
}

/// The timer of async-std's reactor, which async-std itself does not show.
#[derive(Debug)]
pub struct Timer {
    timer: async_io::Timer,
    origin: Instant,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(Pin::new(&mut self.timer).poll(cx));
        Poll::Ready(())
    }
}

impl klatch_driver::Timer for Timer {
    fn reset(&mut self, deadline: Timestamp) {
        self.timer.set_at(self.origin + deadline.offset());
    }
}

/// A TCP listener of async-std's.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl klatch_driver::Listener for Listener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, address))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Listens on an address; port 0 lets the system choose.
///
/// # Errors
///
/// Whatever the system reports: the address is in use, say.
pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Bound<Runtime, Listener>> {
    Ok(Bound::new(Runtime::new(), Listener(TcpListener::bind(address).await?)))
}

/// Listens on an address and serves until the server is closed.
///
/// # Errors
///
/// As [`bind`].
pub async fn serve(address: impl ToSocketAddrs, service: impl Service) -> io::Result<()> {
    bind(address).await?.serve(service).await
}
