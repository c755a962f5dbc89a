//! The HTTP edge: from requests to sessions.

mod bridge;
mod http1;
mod polling;
mod timer;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use klatch_core::Sid;
use klatch_core::engine::{Method, Request, RequestError, Response, Transport};
use tracing::Instrument as _;

pub(crate) use self::http1::{Fallback, begun};
pub use self::upgrade::WebSocketRequest;
pub(crate) use self::upgrade::is_asked_for;
use crate::application::Application;
use crate::handshake::Handshake;
use crate::hooks::{Asked, Forbidden};
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::runtime::{Host, Runtime};
use crate::task::Task;
use crate::websocket::WebSocket;

/// The body of a request broke off. Why is of no interest, and its type was in everybody's way.
#[derive(Debug, thiserror::Error)]
#[error("the body broke off")]
pub(crate) struct BrokenOff;

/// The body of a request, whatever host it came by.
pub(crate) type Body = UnsyncBoxBody<Bytes, BrokenOff>;

/// A server on its runtime, as requests meet it.
pub(crate) struct Edge {
    hub: Arc<Hub>,
    host: Arc<dyn Host>,
    sessions: Box<dyn Sessions>,
}

/// Where sessions begin: the one place here that knows what is served, and on what.
trait Sessions: Send + Sync {
    /// Starts the task of a new session.
    fn begin(
        &self,
        sid: Sid,
        inbox: Arc<Inbox>,
        transport: Transport,
        handshake: Handshake,
        websocket: Option<WebSocket>,
    );
}

struct Served<R, A> {
    runtime: R,
    application: A,
}

impl<R: Runtime, A: Application> Sessions for Served<R, A> {
    fn begin(
        &self,
        sid: Sid,
        inbox: Arc<Inbox>,
        transport: Transport,
        handshake: Handshake,
        websocket: Option<WebSocket>,
    ) {
        let Self { runtime, application } = self;
        // The session's id is a secret: in logs it has a number.
        let number = inbox.number();
        let span = tracing::debug_span!("connection", number, opened_by = %transport);
        let client = application.client(sid, transport, handshake, runtime.now());
        let hub = application.hub().clone();
        let task = Task::new(runtime.clone(), hub, sid, inbox, client, websocket);
        runtime.spawn(task.instrument(span));
    }
}

impl Edge {
    /// Puts a server on its runtime.
    pub(crate) fn new(runtime: impl Runtime, application: impl Application) -> Self {
        let hub = application.hub().clone();
        let host: Arc<dyn Host> = Arc::new(runtime.clone());
        if hub.attach(host.clone()) {
            application.attached();
        }
        Self { hub, host, sessions: Box::new(Served { runtime, application }) }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Answers a request to the server, whatever its path is where the host has it.
    pub(crate) async fn handle(
        self: &Arc<Self>,
        request: http::Request<Body>,
        address: Option<SocketAddr>,
    ) -> http::Response<Bytes> {
        let method = match *request.method() {
            http::Method::GET => Method::Get,
            http::Method::POST => Method::Post,
            _ => Method::Other,
        };
        let query = request.uri().query().unwrap_or_default();
        let wanted = match Request::parse(method, query, is_asked_for(request.headers())) {
            Ok(Request::Open(Transport::WebSocket) | Request::Upgrade(_)) => {
                return self.switch(request, address).await;
            }
            wanted => wanted,
        };
        let head = self.hub.hooks.head(&request);
        let opens = matches!(wanted, Ok(Request::Open(_)));
        let mut response = match wanted {
            Err(error) => answer(error.into()),
            Ok(Request::Open(_)) => {
                let asked = self.hub.hooks.ask(&request, address);
                let handshake = self.handshake(&request, address);
                self.open_polling(asked, handshake).await
            }
            Ok(Request::Post(sid)) => match self.hub.find(&sid) {
                Some(inbox) => self.post(&inbox, request).await,
                None => answer(RequestError::UnknownSid.into()),
            },
            Ok(Request::Poll(sid) | Request::Upgrade(sid)) => match self.hub.find(&sid) {
                Some(inbox) => polling::get(&inbox).await,
                None => answer(RequestError::UnknownSid.into()),
            },
        };
        let opens = opens && response.status().is_success();
        self.hub.hooks.add(response.headers_mut(), head.as_ref(), opens);
        response
    }

    async fn open_polling(&self, asked: Asked, handshake: Handshake) -> http::Response<Bytes> {
        if let Err(refusal) = asked.answer().await {
            return forbidden(&refusal);
        }
        match self.open(handshake, Transport::Polling, None) {
            Some(inbox) => polling::get(&inbox).await,
            None => empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn handshake<B>(&self, request: &http::Request<B>, address: Option<SocketAddr>) -> Handshake {
        Handshake::new(request, address, self.host.time_of_day(), &self.hub.kept)
    }

    /// Starts a new session; `None` if the server is closing.
    fn open(
        &self,
        handshake: Handshake,
        transport: Transport,
        websocket: Option<WebSocket>,
    ) -> Option<Arc<Inbox>> {
        let sid = Sid::from_entropy(self.hub.entropy());
        let inbox = Arc::new(Inbox::new(self.hub.next_number()));
        if !self.hub.remember(sid, inbox.clone()) {
            return None;
        }
        self.sessions.begin(sid, inbox.clone(), transport, handshake, websocket);
        Some(inbox)
    }
}

/// The answer to a client that the application does not want.
fn forbidden(refusal: &Forbidden) -> http::Response<Bytes> {
    let mut http = answer(RequestError::Forbidden.into());
    *http.status_mut() = refusal.code();
    *http.body_mut() = refusal.json().into();
    http
}

/// An answer of the core's as HTTP.
fn answer(response: Response) -> http::Response<Bytes> {
    let mut http = http::Response::new(response.body);
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = http.headers_mut();
    // A poll that a cache answers would be a message that arrives twice.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(content_type) = response.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    http
}

fn empty(status: StatusCode) -> http::Response<Bytes> {
    let mut http = http::Response::new(Bytes::new());
    *http.status_mut() = status;
    http
}
