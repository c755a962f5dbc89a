//! The HTTP edge: from a TCP connection to requests, and from requests to sessions.

mod bridge;
mod polling;
mod timer;
mod upgrade;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use klatch_core::Sid;
use klatch_core::engine::{Method, Request, RequestError, Response, Transport};
use tracing::Instrument as _;

use self::bridge::Bridge;
use self::timer::HyperTimer;
use crate::application::Application;
use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::runtime::{Runtime, Stream};
use crate::task::Task;
use crate::websocket::WebSocket;

/// Headers of one request: Node's limit in bytes, and more names than any browser or proxy sends.
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// How long the head of a request may take. Also what an idle kept-alive connection may last
/// before its next request, so that a client that polls never meets it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type HttpResponse = http::Response<Full<Bytes>>;

/// What answers a request that is not the server's.
pub(crate) type Fallback = dyn Fn(Parts) -> BoxFuture<'static, http::Response<Bytes>> + Send + Sync;

/// What the requests of one TCP connection have in common.
pub(crate) struct Edge<R: Runtime, A: Application> {
    pub(crate) runtime: R,
    pub(crate) application: A,
    pub(crate) hub: Arc<Hub>,
    pub(crate) fallback: Option<Arc<Fallback>>,
}

impl<R: Runtime, A: Application> Edge<R, A> {
    /// Serves one TCP connection until it ends or becomes a WebSocket.
    pub(crate) async fn serve<S: Stream>(self: Arc<Self>, stream: S, address: SocketAddr) {
        // The answer to a poll is the session's last word: it is this task that writes it.
        let _writing = self.hub.writing();
        let io = Bridge::new(Box::new(stream) as Box<dyn Stream>);
        let edge = self.clone();
        let service = service_fn(move |request| {
            let edge = edge.clone();
            async move {
                let mut response = edge.handle(request, address).await;
                response.headers_mut().insert(header::DATE, edge.date());
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(HyperTimer::new(self.runtime.clone()))
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(io, service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let result = match select(connection.as_mut(), pin!(self.hub.closing())).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "an HTTP connection ended badly");
        }
    }

    async fn handle(
        self: &Arc<Self>,
        request: http::Request<Incoming>,
        address: SocketAddr,
    ) -> HttpResponse {
        if !self.is_ours(request.uri().path()) {
            return self.other(request).await;
        }
        let method = match *request.method() {
            http::Method::GET => Method::Get,
            http::Method::POST => Method::Post,
            _ => Method::Other,
        };
        let query = request.uri().query().unwrap_or_default();
        match Request::parse(method, query, upgrade::is_asked_for(request.headers())) {
            Err(error) => answer(error.into()),
            Ok(Request::Open(Transport::Polling)) => self.open_polling(&request, address).await,
            Ok(Request::Open(Transport::WebSocket)) => self.open_websocket(request, address),
            Ok(Request::Poll(sid)) => match self.hub.find(&sid) {
                Some(inbox) => polling::get(&inbox).await,
                None => answer(RequestError::UnknownSid.into()),
            },
            Ok(Request::Post(sid)) => match self.hub.find(&sid) {
                Some(inbox) => self.post(&inbox, request).await,
                None => answer(RequestError::UnknownSid.into()),
            },
            Ok(Request::Upgrade(sid)) => match self.hub.find(&sid) {
                Some(inbox) => self.upgrade(inbox, request),
                None => answer(RequestError::UnknownSid.into()),
            },
        }
    }

    fn is_ours(&self, path: &str) -> bool {
        // With or without the slash at the end: clients can be told to leave it out.
        path == self.hub.path || path == self.hub.path.trim_end_matches('/')
    }

    /// By the runtime's time of day: hyper would ask the system.
    fn date(&self) -> HeaderValue {
        let date = httpdate::fmt_http_date(self.runtime.time_of_day());
        HeaderValue::try_from(date).expect("a date is ASCII")
    }

    async fn other(&self, request: http::Request<Incoming>) -> HttpResponse {
        match &self.fallback {
            Some(fallback) => fallback(request.into_parts().0).await.map(Full::new),
            None => empty(StatusCode::NOT_FOUND),
        }
    }

    async fn open_polling(
        &self,
        request: &http::Request<Incoming>,
        address: SocketAddr,
    ) -> HttpResponse {
        let handshake = self.handshake(request, address);
        match self.open(handshake, Transport::Polling, None) {
            Some(inbox) => polling::get(&inbox).await,
            None => empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn handshake(&self, request: &http::Request<Incoming>, address: SocketAddr) -> Handshake {
        let time = self.runtime.time_of_day();
        Handshake::new(request.uri(), request.headers(), Some(address), time)
    }

    /// Starts the task of a new session; `None` if the server is closing.
    fn open(
        &self,
        handshake: Handshake,
        transport: Transport,
        websocket: Option<WebSocket>,
    ) -> Option<Arc<Inbox>> {
        let sid = Sid::from_entropy(self.hub.entropy());
        let number = self.hub.next_number();
        let inbox = Arc::new(Inbox::new(number));
        if !self.hub.remember(sid, inbox.clone()) {
            return None;
        }
        let client = self.application.client(sid, transport, handshake, self.runtime.now());
        let task = Task::new(
            self.runtime.clone(),
            self.hub.clone(),
            sid,
            inbox.clone(),
            client,
            websocket,
        );
        // The session's id is a secret: in logs it has a number.
        let span = tracing::debug_span!("connection", number, opened_by = %transport);
        self.runtime.spawn(task.instrument(span));
        Some(inbox)
    }
}

/// An answer of the core's as HTTP.
fn answer(response: Response) -> HttpResponse {
    let mut http = http::Response::new(Full::new(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = http.headers_mut();
    // A poll that a cache answers would be a message that arrives twice.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(content_type) = response.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    http
}

fn empty(status: StatusCode) -> HttpResponse {
    let mut http = http::Response::new(Full::default());
    *http.status_mut() = status;
    http
}
