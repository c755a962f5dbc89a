//! What a request to the server's path asks for.

use super::Transport;
use crate::{Config, Sid};

/// The method of a request, as far as the protocol tells methods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Opens a session or polls one.
    Get,
    /// Sends packets.
    Post,
    /// Anything else is refused.
    Other,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new session, by this transport.
    Open(Transport),
    /// What the session has to send.
    Poll(Sid),
    /// To take what the client sends in the body.
    Post(Sid),
    /// To move a session from polling to this WebSocket.
    Upgrade(Sid),
}

/// Why a request is refused, with Engine.IO's numeric code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Code 0: the transport is none that the server offers.
    #[error("Transport unknown")]
    UnknownTransport,
    /// Code 1: no session has this id (any more).
    #[error("Session ID unknown")]
    UnknownSid,
    /// Code 2: only GET opens a session.
    #[error("Bad handshake method")]
    BadHandshakeMethod,
    /// Code 3: the request contradicts itself or its session.
    #[error("Bad request")]
    BadRequest,
    /// Code 4: the application refused it.
    #[error("Forbidden")]
    Forbidden,
    /// Code 5: only protocol version 4 is spoken.
    #[error("Unsupported protocol version")]
    UnsupportedVersion,
}

impl RequestError {
    /// Its number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSid => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    /// The HTTP status of the refusal.
    pub const fn status(self) -> u16 {
        if matches!(self, Self::Forbidden) { 403 } else { 400 }
    }

    /// The body of a refusal by the application, with its own message if it has one.
    #[expect(clippy::missing_panics_doc, reason = "a string has a JSON form")]
    pub fn forbidden(message: Option<&str>) -> String {
        let message = serde_json::to_string(message.unwrap_or("Forbidden"));
        format!(r#"{{"code":4,"message":{}}}"#, message.expect("a string has a JSON form"))
    }

    /// The body of the refusal.
    pub const fn json(self) -> &'static str {
        match self {
            Self::UnknownTransport => r#"{"code":0,"message":"Transport unknown"}"#,
            Self::UnknownSid => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::BadHandshakeMethod => r#"{"code":2,"message":"Bad handshake method"}"#,
            Self::BadRequest => r#"{"code":3,"message":"Bad request"}"#,
            Self::Forbidden => r#"{"code":4,"message":"Forbidden"}"#,
            Self::UnsupportedVersion => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        }
    }
}

impl Request {
    /// Reads a request's method and query (without the `?`); `upgrade` says whether it asks to become a
    /// WebSocket, `config` which transports there are.
    ///
    /// # Errors
    ///
    /// In the order in which Node's server looks: the transport, then the session id or, for a
    /// new session, method, upgrade and version. A key given twice is a `BadRequest`.
    pub fn parse(
        config: &Config,
        method: Method,
        query: &str,
        upgrade: bool,
    ) -> Result<Self, RequestError> {
        let query = Query::parse(query)?;
        let transport = match query.transport {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::WebSocket,
            _ => return Err(RequestError::UnknownTransport),
        };
        if !config.transports.has(transport) {
            return Err(RequestError::UnknownTransport);
        }
        match query.sid {
            None | Some("") => open(method, transport, upgrade, query.version),
            Some(sid) => {
                let sid = Sid::parse(sid).ok_or(RequestError::UnknownSid)?;
                match resume(method, transport, upgrade, query.version, sid)? {
                    Self::Upgrade(_) if !config.offers_upgrade(Transport::Polling) => {
                        Err(RequestError::BadRequest)
                    }
                    request => Ok(request),
                }
            }
        }
    }
}

fn open(
    method: Method,
    transport: Transport,
    upgrade: bool,
    version: Option<&str>,
) -> Result<Request, RequestError> {
    if method != Method::Get {
        return Err(RequestError::BadHandshakeMethod);
    }
    if upgrade != (transport == Transport::WebSocket) {
        return Err(RequestError::BadRequest);
    }
    if version != Some("4") {
        return Err(RequestError::UnsupportedVersion);
    }
    Ok(Request::Open(transport))
}

fn resume(
    method: Method,
    transport: Transport,
    upgrade: bool,
    version: Option<&str>,
    sid: Sid,
) -> Result<Request, RequestError> {
    if version != Some("4") {
        return Err(RequestError::BadRequest);
    }
    match (method, transport, upgrade) {
        (Method::Get, Transport::Polling, false) => Ok(Request::Poll(sid)),
        (Method::Post, Transport::Polling, false) => Ok(Request::Post(sid)),
        (Method::Get, Transport::WebSocket, true) => Ok(Request::Upgrade(sid)),
        _ => Err(RequestError::BadRequest),
    }
}

#[derive(Default)]
struct Query<'a> {
    transport: Option<&'a str>,
    version: Option<&'a str>,
    sid: Option<&'a str>,
}

impl<'a> Query<'a> {
    /// Values are compared as they stand: what clients send in these keys needs no escape.
    fn parse(query: &'a str) -> Result<Self, RequestError> {
        let mut found = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match key {
                "transport" => &mut found.transport,
                "EIO" => &mut found.version,
                "sid" => &mut found.sid,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(RequestError::BadRequest);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Transports;

    const SID: &str = "AAAAAAAAAAAAAAAAAAAA";

    fn parse(method: Method, query: &str) -> Result<Request, RequestError> {
        Request::parse(&Config::new(), method, query, false)
    }

    fn get(query: &str) -> Result<Request, RequestError> {
        parse(Method::Get, query)
    }

    fn upgrade(query: &str) -> Result<Request, RequestError> {
        Request::parse(&Config::new(), Method::Get, query, true)
    }

    fn sid() -> Sid {
        Sid::parse(SID).expect("twenty characters")
    }

    #[test]
    fn well_formed_requests_are_told_apart() {
        let with_sid = format!("EIO=4&transport=polling&sid={SID}");
        assert_eq!(get("EIO=4&transport=polling&t=abc"), Ok(Request::Open(Transport::Polling)));
        assert_eq!(upgrade("EIO=4&transport=websocket"), Ok(Request::Open(Transport::WebSocket)));
        assert_eq!(get(&with_sid), Ok(Request::Poll(sid())));
        assert_eq!(parse(Method::Post, &with_sid), Ok(Request::Post(sid())));
        assert_eq!(
            upgrade(&format!("EIO=4&transport=websocket&sid={SID}")),
            Ok(Request::Upgrade(sid()))
        );
        // H7: an empty sid is none.
        assert_eq!(get("EIO=4&transport=polling&sid="), Ok(Request::Open(Transport::Polling)));
    }

    #[test]
    fn a_refusal_has_its_number_and_its_text_in_the_body() {
        for (number, error) in [
            RequestError::UnknownTransport,
            RequestError::UnknownSid,
            RequestError::BadHandshakeMethod,
            RequestError::BadRequest,
            RequestError::Forbidden,
            RequestError::UnsupportedVersion,
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(usize::from(error.code()), number);
            assert_eq!(error.json(), format!(r#"{{"code":{number},"message":"{error}"}}"#));
            assert_eq!(error.status(), if number == 4 { 403 } else { 400 });
        }
        assert_eq!(RequestError::forbidden(None), RequestError::Forbidden.json());
        let own = RequestError::forbidden(Some(r#"not "you""#));
        assert_eq!(own, r#"{"code":4,"message":"not \"you\""}"#);
    }

    #[test]
    fn an_unknown_transport_is_code_0() {
        for query in [
            "EIO=4",
            "EIO=4&transport=abc",
            "EIO=4&transport=constructor",
            "transport=webtransport",
        ] {
            assert_eq!(get(query), Err(RequestError::UnknownTransport), "{query}");
        }
    }

    #[test]
    fn a_sid_that_cannot_be_ours_is_code_1() {
        for sid in ["x", "__proto__", &"a".repeat(8192)] {
            let query = format!("EIO=4&transport=polling&sid={sid}");
            assert_eq!(get(&query), Err(RequestError::UnknownSid));
        }
    }

    #[test]
    fn only_get_opens_a_session() {
        for method in [Method::Post, Method::Other] {
            let request = parse(method, "EIO=4&transport=polling");
            assert_eq!(request, Err(RequestError::BadHandshakeMethod));
        }
        let request = parse(Method::Other, &format!("EIO=4&transport=polling&sid={SID}"));
        assert_eq!(request, Err(RequestError::BadRequest));
    }

    #[test]
    fn transport_and_upgrade_must_agree() {
        assert_eq!(get("EIO=4&transport=websocket"), Err(RequestError::BadRequest));
        assert_eq!(upgrade("EIO=4&transport=polling"), Err(RequestError::BadRequest));
        assert_eq!(
            get(&format!("EIO=4&transport=websocket&sid={SID}")),
            Err(RequestError::BadRequest)
        );
    }

    #[test]
    fn other_versions_are_code_5_and_doubled_keys_code_3() {
        for query in ["transport=polling", "EIO=3&transport=polling", "EIO=abc&transport=polling"] {
            assert_eq!(get(query), Err(RequestError::UnsupportedVersion), "{query}");
        }
        assert_eq!(get("EIO=4&EIO=3&transport=polling"), Err(RequestError::BadRequest));
        let other = format!("EIO=3&transport=websocket&sid={SID}");
        assert_eq!(upgrade(&other), Err(RequestError::BadRequest));
        let none = format!("transport=websocket&sid={SID}");
        assert_eq!(upgrade(&none), Err(RequestError::BadRequest), "as Node has it");
        for version in ["EIO=3", "EIO", "t=1"] {
            let other = format!("{version}&transport=polling&sid={SID}");
            assert_eq!(get(&other), Err(RequestError::BadRequest), "{version}");
        }
    }

    #[test]
    fn a_transport_that_is_off_is_unknown_and_an_upgrade_that_is_off_a_bad_request() {
        let polling = "EIO=4&transport=polling";
        let websocket = "EIO=4&transport=websocket";
        let moving = format!("{websocket}&sid={SID}");
        let ask = |config: &Config, query: &str, upgrade| {
            Request::parse(config, Method::Get, query, upgrade)
        };
        let config = Config::new().transports(Transports::PollingOnly);
        assert_eq!(ask(&config, polling, false), Ok(Request::Open(Transport::Polling)));
        for query in [websocket, &moving] {
            assert_eq!(ask(&config, query, true), Err(RequestError::UnknownTransport));
        }
        let config = Config::new().transports(Transports::WebSocketOnly);
        assert_eq!(ask(&config, websocket, true), Ok(Request::Open(Transport::WebSocket)));
        for query in [polling, &format!("{polling}&sid={SID}")] {
            assert_eq!(ask(&config, query, false), Err(RequestError::UnknownTransport));
        }
        let config = Config::new().allow_upgrades(false);
        assert_eq!(ask(&config, websocket, true), Ok(Request::Open(Transport::WebSocket)));
        assert_eq!(ask(&config, &moving, true), Err(RequestError::BadRequest));
    }
}
