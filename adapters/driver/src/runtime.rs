//! What klatch needs of an async runtime.

#[cfg(test)]
pub(crate) mod by_hand;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use futures::future::BoxFuture;
use futures::io::{AsyncRead, AsyncWrite};
use klatch_core::Timestamp;

use crate::entropy;

/// A byte stream to one client.
///
/// Boxed where klatch keeps it: one indirect call beside each system call costs nothing that can
/// be measured, and a WebSocket is then the same type whatever brought it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A runtime: its clock, its timers, its tasks. About sixty lines make one of any executor, its timer
/// and its listener among them.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A timer that can be set again.
    type Timer: Timer;

    /// Runs a future to its end, whatever becomes of the caller.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// The time: monotonic, from an origin that never moves.
    fn now(&self) -> Timestamp;

    /// A timer that is ready from `deadline` on, [`Timestamp::END`] at the latest.
    fn timer(&self, deadline: Timestamp) -> Self::Timer;

    /// Fills `bytes` with what nobody can predict: the ids of sessions, which are secrets, and of
    /// sockets are made of it. The operating system's, unless a test wants the same ones again.
    ///
    /// # Panics
    ///
    /// If the operating system has none to give: an id that can be guessed would be worse.
    fn entropy(&self, bytes: &mut [u8]) {
        entropy::fill(bytes);
    }

    /// The time of day: when a client came, and the `Date` of answers.
    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A future that is ready from its deadline on, by [`Runtime::now`] and not a moment before, and can
/// be set again before and after. It wakes whoever polled it last.
pub trait Timer: Future<Output = ()> + Send + Sync + Unpin + 'static {
    /// Moves the deadline.
    fn reset(&mut self, deadline: Timestamp);
}

/// Where connections come from.
pub trait Listener: Send + Sync + 'static {
    /// What a connection is.
    type Stream: Stream;

    /// Waits for the next connection. The stream comes ready for small packets (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// Whatever the system reports; klatch waits a little and goes on.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// The address that is listened on.
    ///
    /// # Errors
    ///
    /// Whatever the system reports.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A [`Runtime`] without its type, for all but the task of a session.
pub(crate) trait Host: Send + Sync {
    fn spawn(&self, task: BoxFuture<'static, ()>);
    fn now(&self) -> Timestamp;
    fn timer(&self, deadline: Timestamp) -> Box<dyn Timer>;
    fn entropy(&self, bytes: &mut [u8]);
    fn time_of_day(&self) -> SystemTime;
}

impl<R: Runtime> Host for R {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Runtime::spawn(self, task);
    }

    fn now(&self) -> Timestamp {
        Runtime::now(self)
    }

    fn timer(&self, deadline: Timestamp) -> Box<dyn Timer> {
        Box::new(Runtime::timer(self, deadline))
    }

    fn entropy(&self, bytes: &mut [u8]) {
        Runtime::entropy(self, bytes);
    }

    fn time_of_day(&self) -> SystemTime {
        Runtime::time_of_day(self)
    }
}
