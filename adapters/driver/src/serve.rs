//! From a listener to connections.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::request::Parts;

use crate::application::Application;
use crate::drain::Stage;
use crate::edge::{Edge, Fallback, Peer};
use crate::runtime::{Listener, Runtime};
use crate::stream::any;

/// How long to wait after the system refused a connection: it is out of files, say, and will be
/// for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What can be served: a [`Server`](crate::Server), or an Engine.IO server alone.
#[expect(private_bounds, reason = "only klatch's own servers are served")]
pub trait Service: Application {}

impl<A: Application> Service for A {}

/// A listener and its runtime, ready to serve.
pub struct Bound<R, L> {
    runtime: R,
    listener: L,
    secure: bool,
    fallback: Option<Arc<Fallback>>,
}

impl<R, L> std::fmt::Debug for Bound<R, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").finish_non_exhaustive()
    }
}

impl<R: Runtime, L: Listener> Bound<R, L> {
    /// For the adapters: a listener of theirs.
    pub fn new(runtime: R, listener: L) -> Self {
        Self { runtime, listener, secure: false, fallback: None }
    }

    /// The address that is listened on: the one to ask for where the port was 0.
    ///
    /// # Errors
    ///
    /// Whatever the system reports.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    #[cfg(feature = "conformance")]
    pub(crate) fn runtime(&self) -> R {
        self.runtime.clone()
    }

    #[cfg(feature = "conformance")]
    pub(crate) fn map_runtime<S: Runtime>(self, map: impl FnOnce(R) -> S) -> Bound<S, L> {
        let Self { runtime, listener, secure, fallback } = self;
        Bound { runtime: map(runtime), listener, secure, fallback }
    }

    /// Says that what comes by this listener came over TLS:
    /// [`Handshake::is_secure`](crate::Handshake::is_secure).
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Answers requests to other paths than the server's: a page, a health check. Without it
    /// they get 404. The body of such a request is not read.
    #[must_use]
    pub fn fallback<F, Fut>(mut self, fallback: F) -> Self
    where
        F: Fn(Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = http::Response<Bytes>> + Send + 'static,
    {
        self.fallback = Some(Arc::new(move |parts| Box::pin(fallback(parts))));
        self
    }

    /// Serves until the server has ended ([`Server::shutdown`](crate::Server::shutdown)). Until its last
    /// client has gone, connections are still accepted: those that poll may need one to take what waits
    /// for them, and the others are told to come later.
    ///
    /// # Errors
    ///
    /// None today: an error of `accept` is logged, and accepting goes on after a tenth of a second.
    pub async fn serve(self, service: impl Service) -> io::Result<()> {
        let Self { runtime, listener, secure, fallback } = self;
        let edge = Arc::new(Edge::new(runtime.clone(), service));
        let hub = edge.hub().clone();
        let mut empty = pin!(hub.draining().reached(Stage::Empty));
        loop {
            let accepted = match select(empty.as_mut(), pin!(listener.accept())).await {
                Either::Left(_) => break,
                Either::Right((accepted, _)) => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    let (stream, fallback) = (any(stream), fallback.clone());
                    let peer = Peer { address: Some(address), secure };
                    runtime.spawn(edge.clone().serve(stream, peer, fallback));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    runtime.timer(runtime.now() + ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        hub.draining().reached(Stage::Over).await;
        Ok(())
    }
}
