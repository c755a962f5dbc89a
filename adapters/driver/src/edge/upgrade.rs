//! From an HTTP request to a WebSocket (RFC 6455, section 4.2).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Sink, Stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Parts};
use klatch_core::Sid;
use klatch_core::engine::{Method, Request, RequestError, Transport};
use tungstenite::handshake::derive_accept_key;

use super::answer::{Answer, Visit};
use super::bridge::{Bridge, Unbridge};
use super::{Body, Edge, Peer, empty, unavailable};
use crate::handshake::Handshake;
use crate::hooks::Asked;
use crate::hub::Place;
use crate::inbox::{Arrival, Inbox};
use crate::runtime;
use crate::stream::{AnyStream, any};
use crate::websocket::{WebSocket, WebSocketMessage};

/// Length of the key: 16 bytes in base64, the last two characters of which are padding.
const KEY_LENGTH: usize = 24;

/// Whether a request asks to become a WebSocket.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    lists(headers, &header::CONNECTION, "upgrade") && lists(headers, &header::UPGRADE, "websocket")
}

fn lists(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy)]
enum Refusal {
    /// It asks for another version than 13, the only one there is.
    Version,
    /// Its key is none.
    Key,
    /// What it offers is no list of protocols.
    Protocols,
    /// It has a body, which would be read as frames by whoever does not wait for the end of it.
    Body,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::from(RequestError::BadRequest);
        if matches!(refusal, Refusal::Version) {
            let spoken = HeaderValue::from_static("13");
            answer.http.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, spoken);
        }
        answer
    }
}

/// What the answer tells a client of a WebSocket that it may have.
#[derive(Clone)]
struct Accepted {
    /// What its key is accepted with.
    key: HeaderValue,
    /// The protocol that it is to speak, if it offers any.
    protocol: Option<HeaderValue>,
}

fn accept(headers: &HeaderMap) -> Result<Accepted, Refusal> {
    if has_body(headers) {
        return Err(Refusal::Body);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let accepted = key.map(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())));
    let key = accepted.and_then(Result::ok).ok_or(Refusal::Key)?;
    Ok(Accepted { key, protocol: protocol(headers)? })
}

/// The first of the protocols that a client offers: klatch speaks one whatever its name, and a browser ends
/// a WebSocket whose server takes none of what it offers (RFC 6455, section 4.2.2).
fn protocol(headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    let Some(offered) = headers.get(header::SEC_WEBSOCKET_PROTOCOL) else { return Ok(None) };
    let mut protocols = offered.to_str().unwrap_or_default().split(',').map(str::trim);
    let first = protocols.clone().next().unwrap_or_default();
    if !protocols.all(is_token) {
        return Err(Refusal::Protocols);
    }
    HeaderValue::try_from(first).map(Some).map_err(|_| Refusal::Protocols)
}

/// Whether a body follows; RFC 9112, section 6.3.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(of_token)
}

fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let Some(digits) = key.strip_suffix(b"==") else { return false };
    key.len() == KEY_LENGTH && digits.iter().all(digit)
}

/// A request that klatch wants to become a WebSocket; dropped, it leaves no trace.
///
/// From [`Endpoint::upgrade`](crate::Endpoint::upgrade) or
/// [`Endpoint::websocket`](crate::Endpoint::websocket).
#[must_use = "the client waits for its WebSocket"]
pub struct WebSocketRequest {
    edge: Arc<Edge>,
    purpose: Purpose,
    accepted: Result<Accepted, Refusal>,
}

enum Purpose {
    /// It opens a session, of this id if the application chose one.
    Open(Place, Handshake, Option<Sid>),
    /// A session that polls moves to it.
    Upgrade(Arc<Inbox>),
}

impl Purpose {
    const fn opens(&self) -> bool {
        matches!(self, Self::Open(..))
    }
}

impl WebSocketRequest {
    /// The answer that makes the request a WebSocket, or the refusal of how it asks.
    fn response(&self) -> Result<http::Response<Bytes>, Refusal> {
        let accepted = self.accepted.clone()?;
        let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted.key);
        if let Some(protocol) = accepted.protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        Ok(response)
    }

    /// Takes over a stream on which the answer of [`Endpoint::upgrade`](crate::Endpoint::upgrade)
    /// has been sent; `read` is what the host has read beyond the request. klatch frames the
    /// messages, holds them to [`Config::max_payload`](klatch_core::Config::max_payload), and
    /// closes the stream.
    pub fn accept_stream(self, stream: impl runtime::Stream, read: &[u8]) {
        self.accept_boxed(any(stream), read);
    }

    fn accept_boxed(self, stream: AnyStream, read: &[u8]) {
        let max_payload = self.edge.hub.config.payload_limit();
        let websocket = WebSocket::framed(stream, read.to_vec(), max_payload);
        self.begin(websocket);
    }

    /// Takes over a WebSocket that the host accepted with a library of its own, whose messages it
    /// maps to [`WebSocketMessage`]s.
    ///
    /// Dropping it must end it, and so must [`WebSocketMessage::Close`] once it is sent; pings are
    /// the library's to answer. It is read one message after the other as fast as handlers start,
    /// and no faster. A message over
    /// [`Config::max_payload`](klatch_core::Config::max_payload) ends the session; set the
    /// library's own limit as high, or its default is what holds.
    pub fn accept<T, E>(self, socket: T)
    where
        E: 'static,
        T: Stream<Item = Result<WebSocketMessage, E>> + Sink<WebSocketMessage> + Send + 'static,
    {
        let max_payload = self.edge.hub.config.payload_limit();
        self.begin(WebSocket::foreign(socket, max_payload));
    }

    fn begin(self, websocket: WebSocket) {
        match self.purpose {
            // Refused only by a server that is closing, or for an id that was taken meanwhile:
            // dropped, the WebSocket is closed.
            Purpose::Open(place, handshake, named) => {
                let (sid, transport) = (self.edge.sid(named), Transport::WebSocket);
                let _ = self.edge.sessions.begin(place, sid, transport, handshake, Some(websocket));
            }
            // A full inbox drops it as well.
            Purpose::Upgrade(inbox) => {
                let _ = inbox.push(Arrival::Upgrade(Box::new(websocket)));
            }
        }
    }
}

impl fmt::Debug for WebSocketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocketRequest")
    }
}

/// All that is needed of a request that asks for a WebSocket.
pub(crate) struct Knock {
    purpose: Result<Purpose, Answer>,
    accepted: Result<Accepted, Refusal>,
    /// Whether it may open a session, if it is to.
    asked: Asked,
    visit: Visit,
}

impl Edge {
    /// Looks at a request that asks for a WebSocket.
    pub(crate) fn knock<B>(&self, request: &http::Request<B>, peer: Peer) -> Knock {
        let (visit, admitted) = self.visit(request, peer);
        let query = request.uri().query().unwrap_or_default();
        let mut asked = Asked::default();
        // By HTTP/2 it would come as a CONNECT. Either way, that it is one was the host's to see.
        let purpose = match Request::parse(&self.hub.config, Method::Get, query, true) {
            _ if !admitted => Err(RequestError::Forbidden.into()),
            Err(error) => Err(error.into()),
            Ok(Request::Upgrade(sid)) => match self.hub.find(&sid) {
                Some(inbox) => Ok(Purpose::Upgrade(inbox)),
                None => Err(RequestError::UnknownSid.into()),
            },
            Ok(_) => match self.hub.place() {
                None => Err(unavailable().into()),
                Some(place) => {
                    asked = self.hub.hooks.ask(request, peer.address);
                    Ok(Purpose::Open(place, self.handshake(request, peer), None))
                }
            },
        };
        Knock { purpose, accepted: accept(request.headers()), asked, visit }
    }

    /// Whether it may become a WebSocket, and what it would be then.
    ///
    /// # Errors
    ///
    /// The answer that refuses it.
    pub(crate) async fn websocket(
        self: &Arc<Self>,
        knock: Knock,
    ) -> Result<WebSocketRequest, http::Response<Bytes>> {
        let Knock { purpose, accepted, asked, visit } = knock;
        match self.admit(purpose, accepted, asked).await {
            Ok(websocket) => Ok(websocket),
            Err(refusal) => Err(visit.finish(&self.hub, refusal).await),
        }
    }

    async fn admit(
        self: &Arc<Self>,
        purpose: Result<Purpose, Answer>,
        accepted: Result<Accepted, Refusal>,
        asked: Asked,
    ) -> Result<WebSocketRequest, Answer> {
        let mut purpose = purpose?;
        if let Purpose::Open(_, _, named) = &mut purpose {
            *named = asked.answer().await?;
            if named.is_some_and(|named| self.hub.find(&named).is_some()) {
                return Err(unavailable().into());
            }
        }
        Ok(WebSocketRequest { edge: self.clone(), purpose, accepted })
    }

    /// The answer to a request that asks for a WebSocket, and what it then is: nothing if it was
    /// refused.
    pub(crate) async fn upgrade(
        self: &Arc<Self>,
        knock: Knock,
    ) -> (http::Response<Bytes>, Option<WebSocketRequest>) {
        let Knock { purpose, accepted, asked, visit } = knock;
        let (answer, websocket) = match self.admit(purpose, accepted, asked).await {
            Ok(websocket) => match websocket.response() {
                Ok(response) => {
                    let opens = websocket.purpose.opens();
                    (Answer { opens, ..response.into() }, Some(websocket))
                }
                Err(refusal) => (refusal.into(), None),
            },
            Err(refusal) => (refusal, None),
        };
        (visit.finish(&self.hub, answer).await, websocket)
    }

    /// Makes a WebSocket of a request that hyper can hand over the stream of.
    pub(super) async fn switch(
        self: &Arc<Self>,
        mut request: http::Request<Body>,
        peer: Peer,
    ) -> http::Response<Bytes> {
        let mut knock = self.knock(&request, peer);
        if knock.purpose.is_ok() && request.extensions().get::<OnUpgrade>().is_none() {
            tracing::warn!("the host does not let this HTTP connection become a WebSocket");
            knock.purpose = Err(RequestError::BadRequest.into());
        }
        let (response, websocket) = self.upgrade(knock).await;
        let Some(websocket) = websocket else { return response };
        let on_upgrade = hyper::upgrade::on(&mut request);
        self.host.spawn(Box::pin(async move {
            // hyper hands it over once it has sent the answer, unless the client is gone by then.
            let Ok(upgraded) = on_upgrade.await else { return };
            match upgraded.downcast::<Bridge>() {
                Ok(Parts { io, read_buf, .. }) => {
                    websocket.accept_boxed(io.into_inner(), &read_buf);
                }
                // A stream of the host's, with what was read of it inside.
                Err(upgraded) => websocket.accept_stream(Unbridge::new(upgraded), &[]),
            }
        }));
        response
    }
}
