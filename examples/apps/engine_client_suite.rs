//! For engine.io-client's own tests, in place of the server that they bring.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use klatch::http::request::Parts;
use klatch::http::{HeaderMap, HeaderValue, header};
use klatch::{Config, EmitError, EngineServer, EngineSocket, Forbidden, Message};

use crate::run::{Either, Place, port};

pub(crate) fn servers() -> Vec<Place> {
    vec![Place { port: port("PORT", 4220), server: Either::Engine(server()) }]
}

fn server() -> EngineServer {
    let config = Config::new().ping_interval(Duration::from_millis(500)).max_payload(100);
    let server = EngineServer::builder()
        .config(config)
        .allow_request(
            async |request, _| {
                if is_denied(&request) { Err(Forbidden::new()) } else { Ok(()) }
            },
        )
        .initial_headers(|headers, _| set_cookies(headers))
        .build_engine()
        .expect("it is valid");
    server.on_open(async |socket| {
        // A client that left meanwhile has no use for it; so below.
        let _ = socket.send_text("hi");
    });
    server.on_message_with_request(async |socket, message, request| {
        let _ = answer(&socket, message, request.as_deref());
    });
    server
}

fn is_denied(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    query.split('&').any(|pair| pair == "deny" || pair.starts_with("deny="))
}

fn set_cookies(headers: &mut HeaderMap) {
    let now = httpdate::fmt_http_date(SystemTime::now());
    let cookies = [
        "1=1; Max-Age=86400",
        "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
        "3=3; Max-Age=0",
        &format!("4=4; Expires={now}"),
    ];
    for cookie in cookies {
        let cookie = HeaderValue::try_from(cookie).expect("a cookie is ASCII");
        headers.append(header::SET_COOKIE, cookie);
    }
}

fn answer(
    socket: &EngineSocket,
    message: Message,
    request: Option<&Parts>,
) -> Result<(), EmitError> {
    match (&message, request) {
        (Message::Text(text), _) if **text == *"give binary" => {
            socket.send_binary(Bytes::from_static(&[0, 1, 2, 3, 4]))
        }
        (Message::Text(text), _) if **text == *"give utf8" => {
            socket.send_text("пойду спать всем спокойной ночи")
        }
        (Message::Text(text), Some(request)) if **text == *"sendHeaders" => {
            socket.send_text(&as_json(&request.headers))
        }
        _ => socket.send_message(message),
    }
}

fn as_json(headers: &HeaderMap) -> String {
    let headers: BTreeMap<_, _> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    serde_json::to_string(&headers).expect("text has a JSON form")
}
