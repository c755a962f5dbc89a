//! klatch on tokio.
//!
//! Users depend on the crate `klatch` with the feature `tokio`, where this is `klatch::tokio`.

#[cfg(feature = "axum")]
mod router;
mod stream;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use klatch_core::Timestamp;
use klatch_driver::{Bound, Service};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

#[cfg(feature = "axum")]
pub use crate::router::router;
pub use crate::stream::Stream;

/// tokio as klatch's runtime: the one it was made in.
#[derive(Clone, Debug)]
pub struct Runtime {
    handle: Handle,
    origin: Instant,
}

impl Runtime {
    /// The runtime that the caller runs in.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn current() -> Self {
        Self { handle: Handle::current(), origin: Instant::now() }
    }
}

impl klatch_driver::Runtime for Runtime {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.origin.elapsed())
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        let _context = self.handle.enter();
        let sleep = Box::pin(tokio::time::sleep_until(self.origin + deadline.offset()));
        Timer { sleep, origin: self.origin }
    }
}

/// tokio's `Sleep`.
#[derive(Debug)]
pub struct Timer {
    sleep: Pin<Box<Sleep>>,
    origin: Instant,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}

impl klatch_driver::Timer for Timer {
    fn reset(&mut self, deadline: Timestamp) {
        self.sleep.as_mut().reset(self.origin + deadline.offset());
    }
}

/// A TCP listener of tokio's.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl klatch_driver::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<(Self::Stream, SocketAddr)> {
        let (stream, address) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok((Stream::new(stream), address))
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
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Bound<Runtime, Listener>> {
    let listener = TcpListener::bind(address).await?;
    Ok(Bound::new(Runtime::current(), Listener(listener)))
}

/// Listens on an address and serves until the server is closed.
///
/// # Errors
///
/// As [`bind`].
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn serve(address: impl ToSocketAddrs, service: impl Service) -> io::Result<()> {
    bind(address).await?.serve(service).await
}
