//! A request, its answer, and what the answer must be.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use klatch_core::engine::{self, Request as Wanted, RequestError, Transport};
use klatch_driver::Endpoint;

use super::{FRIEND, MAX_SESSIONS, UNWANTED, config};

pub(super) struct Asked {
    method: Method,
    headers: HeaderMap,
    is_websocket: bool,
    wanted: Result<Wanted, RequestError>,
    /// How many sessions there were.
    sessions: usize,
    answer: Option<Response<Bytes>>,
}

/// The id of the session that the newest handshake was for.
pub(super) fn newest_sid(all: &[Asked]) -> Option<String> {
    all.iter().rev().find_map(Asked::sid)
}

impl Asked {
    pub(super) fn new(request: &Request<Bytes>, sessions: usize) -> Self {
        let method = request.method().clone();
        let headers = request.headers().clone();
        let kind = match method {
            Method::GET => engine::Method::Get,
            Method::POST => engine::Method::Post,
            _ => engine::Method::Other,
        };
        let query = request.uri().query().unwrap_or_default();
        let asks = Endpoint::is_websocket(&headers);
        let wanted = Wanted::parse(&config(), kind, query, asks);
        let is_websocket = asks && method == Method::GET;
        Self { method, headers, is_websocket, wanted, sessions, answer: None }
    }

    pub(super) fn answer(&mut self, answer: Response<Bytes>) {
        assert!(self.answer.replace(answer).is_none(), "it is answered twice");
    }

    fn sid(&self) -> Option<String> {
        let answer = self.answer.as_ref()?;
        let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
        let sid = cookie.strip_prefix("io=")?.split(';').next()?;
        Some(sid.to_owned())
    }

    pub(super) fn check(&self) {
        let answer = self.answer.as_ref().expect("every request is answered");
        let (status, headers) = (answer.status(), answer.headers());
        let origin = self.headers.get(header::ORIGIN);
        let is_friend = origin.is_some_and(|origin| origin == FRIEND);
        let granted = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(granted.is_some(), is_friend);
        assert!(headers.get_all(header::VARY).iter().any(|vary| vary == "Origin"));
        let body = self.unpacked(answer);
        if self.method == Method::OPTIONS {
            assert_eq!(status, StatusCode::NO_CONTENT);
        } else if origin.is_some() && !is_friend {
            assert_refused(status, &body, RequestError::Forbidden);
        } else {
            self.check_admitted(status, &body);
        }
        let opens = status.is_success()
            && self.method != Method::OPTIONS
            && matches!(self.wanted, Ok(Wanted::Open(Transport::Polling)));
        assert_eq!(headers.contains_key(header::SET_COOKIE), opens);
        let opens = opens || status == 101 && matches!(self.wanted, Ok(Wanted::Open(_)));
        assert_eq!(headers.contains_key("x-first"), opens);
    }

    fn check_admitted(&self, status: StatusCode, body: &[u8]) {
        let is_refused = |error| is_refusal(status, body, error);
        match self.wanted {
            Err(error) => assert_refused(status, body, error),
            Ok(Wanted::Open(_)) if self.sessions >= MAX_SESSIONS => assert_eq!(status, 503),
            Ok(Wanted::Open(_)) if self.headers.contains_key(UNWANTED) => assert_eq!(status, 403),
            Ok(Wanted::Open(_) | Wanted::Upgrade(_)) if self.is_websocket => {
                let fits = status == 101
                    || is_refused(RequestError::BadRequest)
                    || is_refused(RequestError::UnknownSid);
                assert!(fits, "{status}");
            }
            Ok(Wanted::Open(_)) => {
                assert_eq!(status, 200);
                assert!(body.starts_with(b"0{\"sid\":\""));
            }
            Ok(Wanted::Poll(_)) => {
                assert!([200, 400].contains(&status.as_u16()), "{status}");
                assert!(status != 200 || is_payload(body), "{body:?}");
            }
            Ok(Wanted::Post(_)) => {
                assert!([200, 400, 413, 415].contains(&status.as_u16()), "{status}");
                assert!(status != 200 || body == b"ok");
            }
            Ok(Wanted::Upgrade(_)) => panic!("only a WebSocket can be upgraded to"),
        }
    }

    /// The body, without what it is packed in: which must be what the client takes.
    fn unpacked(&self, answer: &Response<Bytes>) -> Vec<u8> {
        let Some(coding) = answer.headers().get(header::CONTENT_ENCODING) else {
            return answer.body().to_vec();
        };
        let taken = self.headers.get_all(header::ACCEPT_ENCODING);
        let mut taken = taken.iter().filter_map(|list| list.to_str().ok());
        let coding = coding.to_str().expect("it is a word");
        assert!(taken.any(|list| list.to_ascii_lowercase().contains(coding) || list.contains('*')));
        let mut body = Vec::new();
        match coding {
            "gzip" => GzDecoder::new(&answer.body()[..]).read_to_end(&mut body),
            "deflate" => ZlibDecoder::new(&answer.body()[..]).read_to_end(&mut body),
            other => panic!("{other} is no coding of ours"),
        }
        .expect("it is as it says");
        body
    }
}

fn is_refusal(status: StatusCode, body: &[u8], error: RequestError) -> bool {
    status == error.status() && body == error.json().as_bytes()
}

fn assert_refused(status: StatusCode, body: &[u8], error: RequestError) {
    assert!(is_refusal(status, body, error), "{status} {body:?} is not {error:?}");
}

/// Whether a body is one or more packets that a server sends.
fn is_payload(body: &[u8]) -> bool {
    let kinds = body.split(|byte| *byte == 0x1e).map(|packet| packet.first());
    kinds.into_iter().all(|kind| matches!(kind, Some(b'1' | b'2' | b'4' | b'6' | b'b')))
}
