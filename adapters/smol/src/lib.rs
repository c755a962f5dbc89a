//! klatch on smol.
//!
//! Users depend on the crate `klatch` with the feature `smol`, where this is `klatch::smol`.
//!
//! Tasks run on smol's global executor, which has one thread unless `SMOL_THREADS` says otherwise
//! when it starts.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use klatch_core::Timestamp;
use klatch_driver::{Bound, Service};
use smol::net::{AsyncToSocketAddrs, TcpListener, TcpStream};

/// smol as klatch's runtime.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    origin: Instant,
}

impl Runtime {
    /// smol's global executor.
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
        smol::spawn(task).detach();
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.origin.elapsed())
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        let timer = smol::Timer::at(self.origin + deadline.offset());
        Timer { timer, origin: self.origin }
    }
}

/// smol's `Timer`.
#[derive(Debug)]
pub struct Timer {
    timer: smol::Timer,
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

/// A TCP listener of smol's.
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
pub async fn bind(address: impl AsyncToSocketAddrs) -> io::Result<Bound<Runtime, Listener>> {
    Ok(Bound::new(Runtime::new(), Listener(TcpListener::bind(address).await?)))
}

/// Listens on an address and serves until the server is closed.
///
/// # Errors
///
/// As [`bind`].
pub async fn serve(address: impl AsyncToSocketAddrs, service: impl Service) -> io::Result<()> {
    bind(address).await?.serve(service).await
}
