//! What the server answers to HTTP, byte for byte; the names are rows of the list of hostile inputs.

use std::pin::pin;

use http::request::Parts;
use klatch_core::{CloseReason, Config, Limit};

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::Log;
use crate::conformance::wire::{Wire, head, open, post, request};
use crate::hooks::Forbidden;
use crate::server::Server;
use crate::socket::Socket;

const TRANSPORT_UNKNOWN: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const SID_UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;
const UNSUPPORTED: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

const MAX_PAYLOAD: usize = 10_000;

/// What a browser sends to open a WebSocket.
pub(super) const UPGRADE: [&str; 4] = [
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];

async fn start(bed: &Bed) -> (Server, Address<'_>, Log) {
    let server = Server::builder()
        .config(Config::new().max_payload(MAX_PAYLOAD))
        .build()
        .expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, log) = bed.log();
    let writer = pen.clone();
    namespace.on("event", async move |_: Socket, (): ()| writer.write("event"));
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    (server, running.address, log)
}

async fn refused(address: Address<'_>, sent: &str, status: u16, body: &str) {
    let answer = request(address, sent).await;
    assert_eq!((answer.status, &*answer.body), (status, body), "{sent}");
    if !body.is_empty() {
        assert_eq!(answer.header("content-type"), Some("application/json"), "{sent}");
    }
}

/// A session in the namespace `/`, over polling.
async fn joined(address: Address<'_>) -> String {
    let query = open(address).await;
    let answer = request(address, &post(&query, "40")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    let answer = request(address, &head("GET", &query, &[])).await;
    assert!(answer.body.starts_with("40{\"sid\":"), "{answer:?}");
    query
}

/// The session is there: it takes an event.
async fn lives(address: Address<'_>, query: &str, log: &mut Log) {
    let answer = request(address, &post(query, "42[\"event\"]")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    log.expect(&["event"]).await;
}

/// The session has ended for this reason, and nobody knows it any more.
async fn ended(address: Address<'_>, query: &str, log: &mut Log, reason: &str) {
    log.expect(&[reason]).await;
    refused(address, &head("GET", query, &[]), 400, SID_UNKNOWN).await;
}

pub(crate) async fn h1_an_unknown_transport(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    for transport in ["", "&transport=abc", "&transport=constructor", "&transport=webtransport"] {
        let get = head("GET", &format!("EIO=4{transport}"), &[]);
        refused(address, &get, 400, TRANSPORT_UNKNOWN).await;
    }
}

pub(crate) async fn h2_another_version(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    for version in ["", "EIO=3&", "EIO=abc&"] {
        let get = head("GET", &format!("{version}transport=polling"), &[]);
        refused(address, &get, 400, UNSUPPORTED).await;
    }
    let twice = head("GET", "EIO=4&EIO=3&transport=polling", &[]);
    refused(address, &twice, 400, BAD_REQUEST).await;
}

pub(crate) async fn h3_a_handshake_that_is_no_get(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    for method in ["POST", "PUT", "DELETE"] {
        let sent = head(method, "EIO=4&transport=polling", &["content-length: 0"]);
        refused(address, &sent, 400, BAD_METHOD).await;
    }
    let mut wire = Wire::open(address).await;
    wire.write(&head("HEAD", "EIO=4&transport=polling", &[])).await;
    assert_eq!(wire.answer_to_head().await.status, 400);
}

pub(crate) async fn h4_another_method_for_a_session(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    refused(address, &head("DELETE", &query, &[]), 400, BAD_REQUEST).await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("HEAD", &query, &[])).await;
    assert_eq!(wire.answer_to_head().await.status, 400);
    lives(address, &query, &mut log).await;
}

pub(crate) async fn h5_a_websocket_without_an_upgrade(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    refused(address, &head("GET", "EIO=4&transport=websocket", &[]), 400, BAD_REQUEST).await;
}

pub(crate) async fn h6_an_unknown_sid(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    for sid in ["x", "__proto__", &"A".repeat(20), &"A".repeat(8192)] {
        let query = format!("EIO=4&transport=polling&sid={sid}");
        refused(address, &head("GET", &query, &[]), 400, SID_UNKNOWN).await;
        refused(address, &post(&query, "40"), 400, SID_UNKNOWN).await;
    }
}

pub(crate) async fn h7_an_empty_sid_is_none(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    let answer = request(address, &head("GET", "EIO=4&transport=polling&sid=", &[])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":{MAX_PAYLOAD}}}"#,
        answer.sid()
    );
    assert_eq!(answer.body, expected);
}

pub(crate) async fn h8_a_client_that_is_not_wanted(bed: &Bed) {
    let builder = Server::builder().allow_request(async |request: Parts, _| {
        match request.uri.query().unwrap_or_default() {
            query if query.contains("say") => Err(Forbidden::new().message("come \"later\"")),
            _ => Err(Forbidden::new()),
        }
    });
    let server = builder.build().expect("it is valid");
    let address = bed.serve(&server).await.address;
    let words = r#"{"code":4,"message":"come \"later\""}"#;
    for (query, json) in [("", FORBIDDEN), ("&say", words)] {
        let polling = head("GET", &format!("EIO=4&transport=polling{query}"), &[]);
        refused(address, &polling, 403, json).await;
        let websocket = head("GET", &format!("EIO=4&transport=websocket{query}"), &UPGRADE);
        refused(address, &websocket, 403, json).await;
    }
    assert_eq!(server.clients_count(), 0);
}

pub(crate) async fn h13_a_head_that_is_too_large(bed: &Bed) {
    let (server, address, _log) = start(bed).await;
    let many: Vec<_> = (0..200).map(|n| format!("x-{n}: 1")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let long = format!("x: {}", "x".repeat(20_000));
    for headers in [&many[..], &[&*long]] {
        let mut wire = Wire::open(address).await;
        wire.write(&head("GET", "EIO=4&transport=polling", headers)).await;
        assert_eq!(wire.answer().await.status, 431);
        wire.closed().await;
    }
    // As many as are allowed, `host` among them.
    let answer = request(address, &head("GET", "EIO=4&transport=polling", &many[..99])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(server.clients_count(), 1);
    let counted = || server.snapshot().limits_hit.get(Limit::Head) == 2;
    bed.until("two are counted", counted).await;
}

pub(crate) async fn h14_a_head_with_too_many_headers_that_asks_for_a_websocket(bed: &Bed) {
    let (server, address, _log) = start(bed).await;
    let many: Vec<_> = (0..200).map(|n| format!("x-{n}: 1")).collect();
    let headers: Vec<_> = many.iter().map(String::as_str).chain(UPGRADE).collect();
    let mut wire = Wire::open(address).await;
    wire.write(&head("GET", "EIO=4&transport=websocket", &headers)).await;
    assert_eq!(wire.answer().await.status, 431);
    wire.closed().await;
    assert_eq!(server.clients_count(), 0);
}

/// What could be read in two ways is one request, and nothing of it is another.
pub(crate) async fn h16_a_request_that_hides_another(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let event = "42[\"event\"]";
    let hidden = post(&query, event);
    // By the length the second request is a part of the first one's body, by its chunks it is not.
    let both = ["content-length: 500", "transfer-encoding: chunked"];
    let mut wire = Wire::open(address).await;
    wire.write(&format!("{}1\r\n3\r\n0\r\n\r\n{hidden}", head("POST", &query, &both))).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    wire.closed().await;
    for (headers, body) in [
        (&["content-length: 1", "content-length: 2"][..], "33"),
        (&["content-length: +1"], "3"),
        (&["transfer-encoding: chunked"], "x\r\n3\r\n0\r\n\r\n"),
        (&["content-length: 1", "x: \0"], "3"),
    ] {
        let query = if headers[0].starts_with('t') { joined(address).await } else { query.clone() };
        let mut wire = Wire::open(address).await;
        wire.write(&format!("{}{body}{hidden}", head("POST", &query, headers))).await;
        assert_eq!(wire.answer().await.status, 400, "{headers:?}");
        wire.closed().await;
    }
    // Without a `Host` it is as good as with one: there is one server.
    let nameless = head("GET", "EIO=4&transport=polling", &[]).replace("host: localhost\r\n", "");
    assert_eq!(request(address, &nameless).await.status, 200);
    assert_eq!(log.rest(), ["transport error"], "of the broken chunk's session");
    lives(address, &query, &mut log).await;
}

pub(crate) async fn h18_a_websocket_that_asks_wrongly(bed: &Bed) {
    let (server, address, _log) = start(bed).await;
    let query = "EIO=4&transport=websocket";
    refused(address, &head("GET", query, &UPGRADE[..3]), 400, BAD_REQUEST).await;
    for key in ["short", "!!!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAA"] {
        let key = format!("sec-websocket-key: {key}");
        let asked = [UPGRADE[0], UPGRADE[1], UPGRADE[2], &*key];
        refused(address, &head("GET", query, &asked), 400, BAD_REQUEST).await;
    }
    let old = [UPGRADE[0], UPGRADE[1], "sec-websocket-version: 12", UPGRADE[3]];
    let answer = request(address, &head("GET", query, &old)).await;
    assert_eq!((answer.status, &*answer.body), (400, BAD_REQUEST));
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    refused(address, &head("POST", query, &UPGRADE), 400, BAD_METHOD).await;
    let polling = head("GET", "EIO=4&transport=polling", &UPGRADE);
    refused(address, &polling, 400, BAD_REQUEST).await;
    let unknown = head("GET", &format!("{query}&sid=AAAAAAAAAAAAAAAAAAAA"), &UPGRADE);
    refused(address, &unknown, 400, SID_UNKNOWN).await;
    assert_eq!(server.clients_count(), 0);
}

/// A browser ends a WebSocket whose server takes none of the protocols that it offers.
pub(crate) async fn a_websocket_that_offers_protocols_is_answered_with_the_first(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    let query = "EIO=4&transport=websocket";
    for (offered, taken) in [("chat", "chat"), ("v2.chat, v1.chat", "v2.chat")] {
        let offered = format!("sec-websocket-protocol: {offered}");
        let headers: Vec<_> = UPGRADE.into_iter().chain([&*offered]).collect();
        let mut wire = Wire::open(address).await;
        wire.write(&head("GET", query, &headers)).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, 101, "{offered}");
        assert_eq!(answer.header("sec-websocket-protocol"), Some(taken));
    }
    for offered in ["", ",", "a b", "a,,b"] {
        let offered = format!("sec-websocket-protocol: {offered}");
        let headers: Vec<_> = UPGRADE.into_iter().chain([&*offered]).collect();
        refused(address, &head("GET", query, &headers), 400, BAD_REQUEST).await;
    }
}

/// What comes behind the head of such a request is taken for frames by some, and for a body by others.
pub(crate) async fn h18_a_websocket_that_asks_with_a_body(bed: &Bed) {
    let (server, address, _log) = start(bed).await;
    let query = "EIO=4&transport=websocket";
    for (told, body) in [("content-length: 2", "40"), ("transfer-encoding: chunked", "0\r\n\r\n")] {
        let headers: Vec<_> = UPGRADE.into_iter().chain([told]).collect();
        let head = head("GET", query, &headers);
        refused(address, &head, 400, BAD_REQUEST).await;
        refused(address, &(head + body), 400, BAD_REQUEST).await;
    }
    assert_eq!(server.clients_count(), 0);
    let headers: Vec<_> = UPGRADE.into_iter().chain(["content-length: 0"]).collect();
    assert_eq!(request(address, &head("GET", query, &headers)).await.status, 101);
}

pub(crate) async fn h19_a_websocket_of_another_version(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    let sent = head("GET", "EIO=3&transport=websocket", &UPGRADE);
    refused(address, &sent, 400, UNSUPPORTED).await;
}

pub(crate) async fn h20_another_path(bed: &Bed) {
    let (_server, address, _log) = start(bed).await;
    for path in ["/", "/socket.iox/", "/other?EIO=4&transport=websocket"] {
        let headers = UPGRADE.join("\r\n");
        let sent = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n");
        refused(address, &sent, 404, "").await;
    }
}

pub(crate) async fn a_server_at_the_root(bed: &Bed) {
    let server = Server::builder().path("/").build().expect("it is valid");
    let address = bed.serve(&server).await.address;
    let sent = "GET /?EIO=4&transport=polling HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(request(address, sent).await.status, 200);
}

pub(crate) async fn h22_a_client_that_is_gone_once_it_has_asked(bed: &Bed) {
    let (server, address, mut log) = start(bed).await;
    let namespace = server.namespace("/");
    namespace.on_connect(async |socket: Socket| socket.emit("event", &"x".repeat(100_000)));
    let mut client = Client::open(address).await;
    client.send("40").await;
    // What it has not read makes the system reset the connection.
    drop(client);
    log.expect(&["transport close"]).await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("GET", "EIO=4&transport=websocket", &UPGRADE)).await;
    drop(wire);
    let query = joined(address).await;
    lives(address, &query, &mut log).await;
}

pub(crate) async fn h23_a_body_that_is_announced_too_long(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("POST", &query, &["content-length: 99999999999"])).await;
    wire.write("4").await;
    assert_eq!(wire.answer().await.status, 413);
    wire.closed().await;
    lives(address, &query, &mut log).await;
}

pub(crate) async fn h24_a_body_that_is_too_long(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    refused(address, &post(&query, &"x".repeat(MAX_PAYLOAD + 1)), 413, "").await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("POST", &query, &["transfer-encoding: chunked"])).await;
    for _ in 0..=MAX_PAYLOAD / 0x800 {
        wire.write(&format!("800\r\n{}\r\n", "x".repeat(0x800))).await;
    }
    assert_eq!(wire.answer().await.status, 413);
    wire.closed().await;
    lives(address, &query, &mut log).await;
    // The last length that is allowed.
    let rest = "x".repeat(MAX_PAYLOAD - "42[\"event\",null,\"\"]".len());
    let answer = request(address, &post(&query, &format!("42[\"event\",null,\"{rest}\"]"))).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    log.expect(&["event"]).await;
}

pub(crate) async fn h25_a_head_that_does_not_end(bed: &Bed) {
    let server = Server::new();
    let address = bed.serve_known(&server).await.address;
    let mut wire = Wire::open(address).await;
    // The first answer shows that the server has the connection.
    wire.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 404);
    wire.write("GET / HTTP/1.1\r\nhost: ").await;
    bed.while_time_passes(pin!(wire.closed())).await;
    let counted = || server.snapshot().limits_hit.get(Limit::HeadTime) == 1;
    bed.until("it is counted", counted).await;
}

pub(crate) async fn h26_a_body_that_comes_too_slowly(bed: &Bed) {
    let server = Server::new();
    let (pen, mut log) = bed.log();
    server.namespace("/").on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve_known(&server).await.address;
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    let headers = ["content-length: 11", "expect: 100-continue"];
    wire.write(&head("POST", &query, &headers)).await;
    assert_eq!(wire.answer().await.status, 100);
    wire.write("42[").await;
    let answer = bed.while_time_passes(pin!(wire.answer())).await;
    assert_eq!((answer.status, &*answer.body), (408, ""));
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn h27_a_connection_on_which_nothing_comes(bed: &Bed) {
    let address = bed.serve_known(&Server::new()).await.address;
    let mut wire = Wire::open(address).await;
    bed.while_time_passes(pin!(wire.closed())).await;
}

pub(crate) async fn h29_a_body_that_is_compressed(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let headers = ["content-length: 2", "content-encoding: gzip"];
    refused(address, &(head("POST", &query, &headers) + "40"), 415, "").await;
    lives(address, &query, &mut log).await;
}

pub(crate) async fn h30_a_body_of_bytes(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let headers = ["content-length: 2", "content-type: application/octet-stream"];
    refused(address, &(head("POST", &query, &headers) + "42"), 400, "").await;
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn e1_a_second_poll(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let (mut first, mut second) = (Wire::open(address).await, Wire::open(address).await);
    first.write(&head("GET", &query, &[])).await;
    second.write(&head("GET", &query, &[])).await;
    // Which of them comes second is the system's affair.
    let (first, second) = (first.answer().await, second.answer().await);
    let mut answers = [(first.status, &*first.body), (second.status, &*second.body)];
    answers.sort_unstable();
    assert_eq!(answers, [(200, "1"), (400, "")]);
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn e2_a_second_post(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let headers = ["content-length: 11", "expect: 100-continue"];
    let mut first = Wire::open(address).await;
    first.write(&head("POST", &query, &headers)).await;
    // The server wants the body: the session knows of the first.
    assert_eq!(first.answer().await.status, 100);
    refused(address, &post(&query, "42[\"event\"]"), 400, "").await;
    assert_eq!(first.answer().await.status, 400);
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn e3_a_poll_that_the_client_gives_up(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("GET", &query, &[])).await;
    drop(wire);
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn e4_a_post_that_breaks_off(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    wire.write(&head("POST", &query, &["content-length: 100"])).await;
    wire.write("42[\"event\"]\x1e42[\"event\"]").await;
    drop(wire);
    // Not a word of what came.
    ended(address, &query, &mut log, "transport error").await;
}

pub(crate) async fn requests_of_one_connection_are_answered_in_turn(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    let twice = post(&query, "42[\"event\"]") + &post(&query, "42[\"event\"]");
    wire.write(&twice).await;
    for _ in 0..2 {
        let answer = wire.answer().await;
        assert_eq!((answer.status, &*answer.body), (200, "ok"));
    }
    log.expect(&["event", "event"]).await;
}

pub(crate) async fn e25_polling_after_an_upgrade(bed: &Bed) {
    let (_server, address, mut log) = start(bed).await;
    let query = joined(address).await;
    let upgrade = query.replace("polling", "websocket");
    let mut client = Client::at(address, &upgrade).await;
    client.send("2probe").await;
    client.expect(&["3probe"]).await;
    client.send("5").await;
    client.send("42[\"event\"]").await;
    log.expect(&["event"]).await;
    refused(address, &head("GET", &query, &[]), 400, BAD_REQUEST).await;
    refused(address, &post(&query, "42[\"event\"]"), 400, BAD_REQUEST).await;
    let mut second = Client::at(address, &upgrade).await;
    assert_eq!(second.rest().await, [""; 0]);
    client.send("42[\"event\"]").await;
    log.expect(&["event"]).await;
}
