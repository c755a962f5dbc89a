//! The HTTP edge: from requests to sessions.

mod answer;
mod bridge;
mod bundle;
mod compression;
mod cookie;
mod cors;
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
use klatch_core::engine::{Method, Request, RequestError, Transport};

use self::answer::{Answer, Visit};
pub(crate) use self::bundle::{Bundle, FILES};
use self::compression::Coding;
pub use self::cookie::{Cookie, SameSite};
pub use self::cors::Cors;
pub(crate) use self::http1::{Fallback, begun};
pub use self::upgrade::WebSocketRequest;
pub(crate) use self::upgrade::is_asked_for;
use crate::application::Application;
use crate::client::Client as _;
use crate::handshake::{Handshake, Secure};
use crate::hooks::Asked;
use crate::hub::{Hub, Place};
use crate::inbox::Inbox;
use crate::meter::Meter;
use crate::runtime::{Host, Runtime};
use crate::task::{Ground, Task};
use crate::websocket::WebSocket;

/// When a client for which there is no place may ask again: as long as the official ones wait at most
/// between two attempts.
const RETRY_AFTER_SECONDS: u16 = 5;

/// The body of a request broke off. Why is of no interest, and its type was in everybody's way.
#[derive(Debug, thiserror::Error)]
#[error("the body broke off")]
pub(crate) struct BrokenOff;

/// The body of a request, whatever host it came by.
pub(crate) type Body = UnsyncBoxBody<Bytes, BrokenOff>;

/// What is set for the edge alone.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) cors: Option<Cors>,
    pub(crate) cookie: Option<Cookie>,
    /// How long an answer is that is worth compressing.
    pub(crate) compression: Option<usize>,
    pub(crate) bundle: Option<Bundle>,
}

/// Who sent a request, as far as the host knows.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: Option<SocketAddr>,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
}

/// A server on its runtime, as requests meet it.
pub(crate) struct Edge {
    hub: Arc<Hub>,
    host: Arc<dyn Host>,
    sessions: Box<dyn Sessions>,
}

/// Where sessions begin: the one place here that knows what is served, and on what.
trait Sessions: Send + Sync {
    /// Starts the task of a new session; `None` if the server is closing, or has a session of this id.
    fn begin(
        &self,
        place: Place,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        websocket: Option<WebSocket>,
    ) -> Option<Arc<Inbox>>;
}

struct Served<R, A> {
    ground: Arc<Ground<R>>,
    application: A,
}

impl<R: Runtime, A: Application> Sessions for Served<R, A> {
    fn begin(
        &self,
        place: Place,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        websocket: Option<WebSocket>,
    ) -> Option<Arc<Inbox>> {
        let Self { ground, application } = self;
        let Ground { runtime, hub } = &**ground;
        // The session's id is a secret: in logs it has a number.
        let number = hub.next_number();
        let client = application.client(sid, transport, handshake, runtime.now());
        let inbox = Arc::new(Inbox::new(number, client.load()));
        if !place.fill(sid, inbox.clone()) {
            return None;
        }
        let span = tracing::debug_span!("connection", number, opened_by = %transport);
        span.in_scope(|| tracing::debug!("a session begins"));
        Meter::opened(transport);
        let task = Task::new(ground.clone(), span, sid, inbox.clone(), client, websocket);
        runtime.spawn(task);
        Some(inbox)
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
        let ground = Arc::new(Ground { runtime, hub: hub.clone() });
        Self { hub, host, sessions: Box::new(Served { ground, application }) }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Whether a path is the server's.
    pub(crate) fn is_ours(&self, path: &str) -> bool {
        let server = &*self.hub.path;
        path == server || path == server.trim_end_matches('/') || self.is_file(path)
    }

    fn is_file(&self, path: &str) -> bool {
        let file = path.strip_prefix(&*self.hub.path);
        self.hub.web.bundle.is_some() && file.is_some_and(|file| FILES.contains(&file))
    }

    /// Answers a request to the server, whatever its path is where the host has it.
    pub(crate) async fn handle(
        self: &Arc<Self>,
        request: http::Request<Body>,
        peer: Peer,
    ) -> http::Response<Bytes> {
        let query = request.uri().query().unwrap_or_default();
        let upgrade = is_asked_for(request.headers());
        let method = match *request.method() {
            http::Method::GET => Method::Get,
            http::Method::POST => Method::Post,
            _ => Method::Other,
        };
        let wanted = Request::parse(&self.hub.config, method, query, upgrade);
        if let Ok(Request::Open(Transport::WebSocket) | Request::Upgrade(_)) = wanted {
            return self.switch(request, peer).await;
        }
        let (visit, admitted) = self.visit(&request, peer);
        let answer = match self.without_session(&request, admitted) {
            Some(answer) => answer,
            None => self.serve_session(wanted, request, peer).await,
        };
        visit.finish(&self.hub, answer).await
    }

    /// What needs no session, and no reason why there is none.
    fn without_session(&self, request: &http::Request<Body>, admitted: bool) -> Option<Answer> {
        let web = &self.hub.web;
        if let Some(cors) = web.cors.as_ref().filter(|_| request.method() == http::Method::OPTIONS)
        {
            return Some(cors.preflight(request.headers()).into());
        }
        // Scripts are for whoever asks: any page may have them.
        if let Some(file) = web.bundle.as_ref().and_then(|bundle| bundle.answer(request)) {
            return Some(file.into());
        }
        (!admitted).then(|| RequestError::Forbidden.into())
    }

    async fn serve_session(
        &self,
        wanted: Result<Request, RequestError>,
        request: http::Request<Body>,
        peer: Peer,
    ) -> Answer {
        match wanted {
            Err(error) => error.into(),
            Ok(Request::Open(_)) => match self.hub.place() {
                None => unavailable().into(),
                Some(place) => {
                    let asked = self.hub.hooks.ask(&request, peer.address);
                    let handshake = self.handshake(&request, peer);
                    self.open_polling(place, asked, handshake).await
                }
            },
            Ok(Request::Post(sid)) => match self.hub.find(&sid) {
                Some(inbox) => self.post(&inbox, request).await,
                None => RequestError::UnknownSid.into(),
            },
            Ok(Request::Poll(sid) | Request::Upgrade(sid)) => match self.hub.find(&sid) {
                Some(inbox) => polling::get(&inbox).await,
                None => RequestError::UnknownSid.into(),
            },
        }
    }

    async fn open_polling(&self, place: Place, asked: Asked, handshake: Handshake) -> Answer {
        let sid = match asked.answer().await {
            Ok(named) => self.sid(named),
            Err(denied) => return denied.into(),
        };
        let polling = Transport::Polling;
        let Some(inbox) = self.sessions.begin(place, sid, polling, handshake, None) else {
            return unavailable().into();
        };
        let answer = polling::get(&inbox).await;
        let opens = answer.http.status().is_success();
        Answer { opens, named: opens.then_some(sid), ..answer }
    }

    /// Notes what is needed of a request once it is answered, and whether it may be served.
    fn visit<B>(&self, request: &http::Request<B>, peer: Peer) -> (Visit, bool) {
        let headers = request.headers();
        let looked = self.hub.web.cors.as_ref().map(|cors| cors.look_at(headers));
        let (granted, admitted) =
            looked.map_or((None, true), |(granted, admitted)| (Some(granted), admitted));
        let head = self.hub.hooks.head(request);
        let coding = self.hub.web.compression.and_then(|_| Coding::negotiated(headers));
        (Visit { head, address: peer.address, granted, coding }, admitted)
    }

    fn handshake<B>(&self, request: &http::Request<B>, peer: Peer) -> Handshake {
        let Peer { address, secure } = peer;
        let secure = secure || request.extensions().get::<Secure>().is_some();
        Handshake::new(request, address, secure, self.host.time_of_day(), &self.hub.kept)
    }

    /// A new session's id: the application's, if it chose one.
    fn sid(&self, named: Option<Sid>) -> Sid {
        named.unwrap_or_else(|| Sid::from_entropy(self.hub.entropy()))
    }
}

/// The answer to a client for which there is no place: not here, or not now.
fn unavailable() -> http::Response<Bytes> {
    let mut http = empty(StatusCode::SERVICE_UNAVAILABLE);
    http.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    http
}

fn empty(status: StatusCode) -> http::Response<Bytes> {
    let mut http = http::Response::new(Bytes::new());
    *http.status_mut() = status;
    http
}
