//! Answers, before they get what all answers have in common.

use std::net::SocketAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use klatch_core::Sid;
use klatch_core::engine::{RequestError, Response};

use super::compression::Coding;
use crate::hooks::{ConnectionError, Denied, Forbidden};
use crate::hub::Hub;

/// An answer, and what is to be made of it.
pub(super) struct Answer {
    pub(super) http: http::Response<Bytes>,
    /// The session begins with it.
    pub(super) opens: bool,
    /// The session by which balancers may know the client.
    pub(super) named: Option<Sid>,
    /// Why what was asked for is refused, and in which words.
    pub(super) refusal: Option<(RequestError, String)>,
    /// It is worth compressing.
    pub(super) compress: bool,
}

impl From<http::Response<Bytes>> for Answer {
    fn from(http: http::Response<Bytes>) -> Self {
        Self { http, opens: false, named: None, refusal: None, compress: false }
    }
}

/// An answer of the core's.
impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let Response { status, content_type, body, compress, .. } = response;
        let mut http = http::Response::new(body);
        *http.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let headers = http.headers_mut();
        // A poll that a cache answers would be a message that arrives twice.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Self { compress, ..http.into() }
    }
}

impl From<RequestError> for Answer {
    fn from(error: RequestError) -> Self {
        let refusal = Some((error, error.to_string()));
        Self { refusal, ..Response::from(error).into() }
    }
}

/// To a client that the application does not want.
impl From<Forbidden> for Answer {
    fn from(forbidden: Forbidden) -> Self {
        let mut answer = Self::from(RequestError::Forbidden);
        *answer.http.status_mut() = forbidden.code();
        *answer.http.body_mut() = forbidden.json().into();
        if let (Some((_, words)), Some(message)) = (&mut answer.refusal, forbidden.into_message()) {
            *words = message;
        }
        answer
    }
}

impl From<Denied> for Answer {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Forbidden(forbidden) => forbidden.into(),
            Denied::Nameless => RequestError::BadRequest.into(),
        }
    }
}

/// What is needed of a request once it is answered: it is gone by then.
pub(super) struct Visit {
    /// For the application, if it wants it.
    pub(super) head: Option<Parts>,
    pub(super) address: Option<SocketAddr>,
    /// What the page that sent it may do.
    pub(super) granted: Option<HeaderMap>,
    /// How the answer may be compressed.
    pub(super) coding: Option<Coding>,
}

impl Visit {
    /// Makes an answer whole.
    pub(super) async fn finish(self, hub: &Hub, answer: Answer) -> http::Response<Bytes> {
        let Self { head, address, granted, coding } = self;
        let Answer { mut http, opens, named, refusal, compress } = answer;
        let long = hub.web.compression.is_some_and(|threshold| http.body().len() >= threshold);
        if compress && long {
            http.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
            if let Some(coding) = coding {
                *http.body_mut() = coding.compress(http.body()).await;
                coding.declare(http.headers_mut());
            }
        }
        let headers = http.headers_mut();
        if let (Some(cookie), Some(sid)) = (&hub.web.cookie, named) {
            headers.append(header::SET_COOKIE, cookie.set(&sid));
        }
        for (name, value) in granted.iter().flatten() {
            headers.append(name, value.clone());
        }
        hub.hooks.add(headers, head.as_ref(), opens);
        if let Some((error, message)) = refusal {
            tracing::debug!(code = error.code(), message, "a request is refused");
            hub.hooks.tell(|| Some(ConnectionError::new(error, message, head?, address)));
        }
        http
    }
}
