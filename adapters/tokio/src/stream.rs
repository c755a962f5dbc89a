//! A TCP connection of tokio's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection of tokio's, which is written to before tokio is asked whether it takes something.
///
/// Mostly it does. What tokio knows of a socket lies in a place of its own, which a broadcast would find in no
/// cache, thousands of times; the system knows it anyway.
#[derive(Debug)]
pub struct Stream(TcpStream);

impl Stream {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(written) = send(&self.0, buf) {
            return Poll::Ready(written);
        }
        // It is tried once more, by which tokio learns that it is to wait, and for what.
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Writes what the system takes now; `None` if that is nothing. The socket does not block: it is tokio's.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn send(stream: &TcpStream, buf: &[u8]) -> Option<io::Result<usize>> {
    use std::io::ErrorKind::{Interrupted, WouldBlock};

    // As the standard library does it: a client that is gone is an error, no signal.
    let sent = socket2::SockRef::from(stream).send_with_flags(buf, libc::MSG_NOSIGNAL);
    let is_none = |error: &io::Error| matches!(error.kind(), WouldBlock | Interrupted);
    if sent.as_ref().is_err_and(is_none) { None } else { Some(sent) }
}

/// Elsewhere tokio is asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn send(_: &TcpStream, _: &[u8]) -> Option<io::Result<usize>> {
    None
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use futures::future::join;
    use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::runtime::Builder;
    use tokio::time::timeout;
    use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

    use super::*;

    /// A stream, and its client's end.
    async fn pair() -> (Stream, Compat<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it listens");
        let client = TcpStream::connect(address).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("it is connected");
        (Stream::new(stream), client.compat())
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = Builder::new_current_thread().enable_all().build();
        let test = async { timeout(Duration::from_secs(30), test).await };
        runtime.expect("the system has threads").block_on(test).expect("it comes to its end");
    }

    #[test]
    fn what_the_system_does_not_take_waits_until_it_does() {
        run(async {
            let (mut stream, mut client) = pair().await;
            let sent: Vec<u8> = (0..32 << 20).map(|number: u32| (number % 251) as u8).collect();
            let mut written = 0;
            poll_fn(|cx| {
                while let Poll::Ready(more) = Pin::new(&mut stream).poll_write(cx, &sent[written..])
                {
                    written += more.expect("it is there");
                }
                Poll::Ready(())
            })
            .await;
            assert!(written < sent.len(), "nobody reads, and the system takes all of it");
            let mut read = vec![0; sent.len()];
            let (rest, all) =
                join(stream.write_all(&sent[written..]), client.read_exact(&mut read)).await;
            assert!(rest.is_ok() && all.is_ok() && read == sent);
        });
    }

    #[test]
    fn a_client_that_is_gone_is_an_error() {
        run(async {
            let (mut stream, client) = pair().await;
            drop(client);
            while stream.write_all(&[0; 1000]).await.is_ok() {}
        });
    }
}
