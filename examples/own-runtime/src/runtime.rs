//! The runtime: what klatch asks of one, and nothing else.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_io::Async;
use futures::executor::ThreadPool;
use klatch::Timestamp;

/// A pool of threads, and the moment that its clock counts from.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    pool: ThreadPool,
    origin: Instant,
}

impl Runtime {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { pool: ThreadPool::new()?, origin: Instant::now() })
    }
}

impl klatch::Runtime for Runtime {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.pool.spawn_ok(task);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.origin.elapsed())
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        let timer = async_io::Timer::at(self.origin + deadline.offset());
        Timer { timer, origin: self.origin }
    }
}

/// A timer of async-io's reactor, told by the runtime's clock.
#[derive(Debug)]
pub(crate) struct Timer {
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

impl klatch::Timer for Timer {
    fn reset(&mut self, deadline: Timestamp) {
        self.timer.set_at(self.origin + deadline.offset());
    }
}

/// A listener of the standard library's, watched by async-io.
#[derive(Debug)]
pub(crate) struct Listener(pub(crate) Async<TcpListener>);

impl klatch::Listener for Listener {
    type Stream = Async<TcpStream>;

    async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, address) = self.0.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok((stream, address))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }
}
