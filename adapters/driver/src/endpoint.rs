//! A server where a host accepts the connections.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use futures::future::BoxFuture;
use http::request::Parts;
use http_body_util::{BodyExt as _, Full};

pub use crate::edge::WebSocketRequest;
use crate::edge::{Body, BrokenOff, Edge, FILES, Fallback, Peer, begun, is_asked_for};
use crate::runtime::{Runtime, Stream};
use crate::serve::Service;
use crate::stream::any;

/// A server on its runtime, for a host that accepts the connections itself: a web framework, a
/// listener with TLS. Cheap to clone.
///
/// Three ways lead in, from the one that asks most of klatch to the one that asks least:
///
/// - a stream of bytes: [`serve_connection`](Self::serve_connection) speaks HTTP/1.1 on it;
/// - a request whose host is built on hyper: [`handle`](Self::handle), which is also a
///   [`tower_service::Service`];
/// - whatever else there is: [`answer`](Self::answer) for requests of HTTP long-polling. For those
///   that become a WebSocket, [`upgrade`](Self::upgrade) if the host can hand over the stream, and
///   [`websocket`](Self::websocket) if it has a library of its own for them.
///
/// The host decides at which path the server is: what is handed over here is answered.
/// [`path`](Self::path) is where clients look for it unless they are told otherwise. The host also
/// decides how long a head or an idle connection may take, and ends connections when
/// [`Server::close`](crate::Server::close) has returned.
#[derive(Clone)]
pub struct Endpoint {
    edge: Arc<Edge>,
    secure: bool,
    fallback: Option<Arc<Fallback>>,
}

impl Endpoint {
    /// Puts a server on its runtime.
    pub fn new(runtime: impl Runtime, service: impl Service) -> Self {
        Self { edge: Arc::new(Edge::new(runtime, service)), secure: false, fallback: None }
    }

    /// Answers requests to other paths than the server's, where klatch reads the requests; see
    /// [`Bound::fallback`](crate::Bound::fallback).
    #[must_use]
    pub fn fallback<F, Fut>(mut self, fallback: F) -> Self
    where
        F: Fn(Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = http::Response<Bytes>> + Send + 'static,
    {
        self.fallback = Some(Arc::new(move |parts| Box::pin(fallback(parts))));
        self
    }

    /// Says that what comes by this endpoint came over TLS:
    /// [`Handshake::is_secure`](crate::Handshake::is_secure). A host with listeners of both kinds
    /// makes this of a clone, or marks single requests with [`Secure`](crate::Secure).
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    fn peer(&self, address: Option<SocketAddr>) -> Peer {
        Peer { address, secure: self.secure }
    }

    /// The path of the server, with slashes at both ends: `/socket.io/`.
    pub fn path(&self) -> &str {
        &self.edge.hub().path
    }

    /// All paths of the server, for hosts that route by name: [`path`](Self::path), the same without
    /// the slash at its end, and those of the [client](crate::Builder::serve_client)'s files.
    pub fn paths(&self) -> Vec<String> {
        let path = self.path();
        let files = FILES.iter().map(|file| format!("{path}{file}"));
        let mut paths = vec![path.to_owned(), path.trim_end_matches('/').to_owned()];
        paths.extend(files);
        paths.retain(|path| !path.is_empty() && self.is_at(path));
        paths
    }

    /// Whether a path is one of [these](Self::paths): the slash at the end is one that clients can be
    /// told to leave out.
    pub fn is_at(&self, path: &str) -> bool {
        self.edge.is_ours(path)
    }

    /// Whether a request asks to become a WebSocket (RFC 6455, section 4.2.1), whoever is to accept
    /// it.
    pub fn is_websocket(headers: &http::HeaderMap) -> bool {
        is_asked_for(headers)
    }

    /// Bytes that a body may have ([`Config::max_payload`](klatch_core::Config::max_payload)), for
    /// a host that reads bodies and has a limit of its own: one that is lower refuses what the
    /// handshake allows.
    pub fn payload_limit(&self) -> usize {
        self.edge.hub().config.payload_limit()
    }

    /// Serves a stream that the host accepted, until it ends or has become a WebSocket. `address`
    /// is the client's.
    pub async fn serve_connection(&self, stream: impl Stream, address: Option<SocketAddr>) {
        let stream = any(stream);
        self.edge.clone().serve(stream, self.peer(address), self.fallback.clone()).await;
    }

    /// Answers a request of HTTP long-polling that the host has read.
    ///
    /// The future may take as long as a client waits for a message: give it no timeout shorter
    /// than `ping_interval`. Drop it when the client is gone, and the session knows. A host that
    /// reads a body before it calls this holds it to its own limit: let it be
    /// [`payload_limit`](Self::payload_limit), above which it is refused here.
    pub async fn answer(
        &self,
        request: http::Request<Bytes>,
        address: Option<SocketAddr>,
    ) -> http::Response<Bytes> {
        self.handle(request.map(Full::new), address).await
    }

    /// Answers a request, reading its body as it comes; makes a WebSocket of it where it asks for
    /// one and the host is built on hyper. `address` is the client's.
    ///
    /// On such a host the connection must allow upgrades (`with_upgrades`), as frameworks do.
    pub async fn handle<B>(
        &self,
        request: http::Request<B>,
        address: Option<SocketAddr>,
    ) -> http::Response<Bytes>
    where
        B: hyper::body::Body<Data: Send> + Send + 'static,
    {
        let request =
            request.map(|body| {
                let body = body.map_err(|_| BrokenOff);
                Body::new(body.map_frame(|frame| {
                    frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))
                }))
            });
        self.edge.handle(request, self.peer(address)).await
    }

    /// Takes a request that asks for a WebSocket, with a host that hands over the stream: the
    /// answer to send (101), and what takes the stream once that is done,
    /// [`accept_stream`](WebSocketRequest::accept_stream). Without the latter, the answer is a
    /// refusal. `address` is the client's.
    pub async fn upgrade<B>(
        &self,
        request: &http::Request<B>,
        address: Option<SocketAddr>,
    ) -> (http::Response<Bytes>, Option<WebSocketRequest>) {
        self.edge.upgrade(self.edge.knock(request, self.peer(address))).await
    }

    /// Takes a request that asks for a WebSocket, with a host that accepts one by itself:
    /// [`accept`](WebSocketRequest::accept).
    ///
    /// To be asked before the host accepts it. `address` is the client's. What
    /// [`Builder::headers`](crate::Builder::headers) adds is for answers that klatch makes: the host
    /// makes that one.
    ///
    /// # Errors
    ///
    /// The answer to a request that must not become one: its session is unknown, say.
    pub async fn websocket<B>(
        &self,
        request: &http::Request<B>,
        address: Option<SocketAddr>,
    ) -> Result<WebSocketRequest, http::Response<Bytes>> {
        self.edge.websocket(self.edge.knock(request, self.peer(address))).await
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("hub", self.edge.hub()).finish_non_exhaustive()
    }
}

/// [`Endpoint::handle`] for routers and layers of tower's. The client's address is the
/// [`SocketAddr`] among the request's extensions, if there is one.
impl<B> tower_service::Service<http::Request<B>> for Endpoint
where
    B: hyper::body::Body<Data: Send> + Send + 'static,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let endpoint = self.clone();
        let address = request.extensions().get().copied();
        begun(Box::pin(async move { Ok(endpoint.handle(request, address).await.map(Full::new)) }))
    }
}
