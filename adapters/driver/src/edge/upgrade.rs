//! From an HTTP request to a WebSocket (RFC 6455, section 4.2).

use std::net::SocketAddr;
use std::sync::Arc;

use async_tungstenite::tungstenite::handshake::derive_accept_key;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Parts};
use klatch_core::engine::{RequestError, Transport};

use super::bridge::Bridge;
use super::{Edge, HttpResponse, answer, empty};
use crate::application::Application;
use crate::inbox::{Arrival, Inbox};
use crate::runtime::Runtime;
use crate::websocket::WebSocket;

/// Length of the key: 16 bytes in base64, the last two characters of which are padding.
const KEY_LENGTH: usize = 24;

/// Whether a request asks to become a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
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
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let mut response = answer(RequestError::BadRequest.into());
        if matches!(refusal, Refusal::Version) {
            let spoken = HeaderValue::from_static("13");
            response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, spoken);
        }
        response
    }
}

/// What the answer accepts the client's key with.
fn accept(headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let accepted = key.map(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())));
    accepted.and_then(Result::ok).ok_or(Refusal::Key)
}

fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let Some(digits) = key.strip_suffix(b"==") else { return false };
    key.len() == KEY_LENGTH && digits.iter().all(digit)
}

/// The answer that makes the request a WebSocket.
fn switch(accepted: HeaderValue) -> HttpResponse {
    let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    response
}

/// The stream itself, once hyper has sent the answer; `None` if the client went away.
async fn websocket(on_upgrade: OnUpgrade, max_payload: usize) -> Option<WebSocket> {
    let upgraded = on_upgrade.await.ok()?;
    let Parts { io, read_buf, .. } = upgraded.downcast::<Bridge>().ok()?;
    Some(WebSocket::new(io.into_inner(), read_buf.to_vec(), max_payload).await)
}

impl<R: Runtime, A: Application> Edge<R, A> {
    /// Opens a session on a WebSocket.
    pub(super) fn open_websocket(
        self: &Arc<Self>,
        mut request: http::Request<Incoming>,
        address: SocketAddr,
    ) -> HttpResponse {
        if self.hub.is_closing() {
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        let response = match accept(request.headers()) {
            Ok(accepted) => switch(accepted),
            Err(refusal) => return refusal.into(),
        };
        let handshake = self.handshake(&request, address);
        let on_upgrade = hyper::upgrade::on(&mut request);
        let edge = self.clone();
        self.runtime.spawn(async move {
            if let Some(websocket) = websocket(on_upgrade, edge.hub.config.payload_limit()).await {
                edge.open(handshake, Transport::WebSocket, Some(websocket));
            }
        });
        response
    }

    /// Hands a WebSocket to the session that it names.
    pub(super) fn upgrade(
        &self,
        inbox: Arc<Inbox>,
        mut request: http::Request<Incoming>,
    ) -> HttpResponse {
        let response = match accept(request.headers()) {
            Ok(accepted) => switch(accepted),
            Err(refusal) => return refusal.into(),
        };
        let on_upgrade = hyper::upgrade::on(&mut request);
        let max_payload = self.hub.config.payload_limit();
        self.runtime.spawn(async move {
            if let Some(websocket) = websocket(on_upgrade, max_payload).await {
                // A full inbox drops it, which closes it.
                let _ = inbox.push(Arrival::Upgrade(Box::new(websocket)));
            }
        });
        response
    }
}
