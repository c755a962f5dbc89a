//! A server where the host accepts the connections: requests, streams, and what became a WebSocket.

mod hooks;
mod pipe;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use klatch::{
    Bytes, CloseReason, Config, Cors, Endpoint, EngineServer, EngineSocket, Forbidden, Message,
    Secure, Server, Socket, WebSocketMessage,
};
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tower_service::Service as _;

use self::pipe::{pipe, text};

const MAX_PAYLOAD: usize = 10_000;
const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that echoes, says who came, and writes down how they left.
fn echo() -> (Server, mpsc::UnboundedReceiver<String>) {
    let config = Config::new().max_payload(MAX_PAYLOAD);
    let server = Server::builder().config(config).keep::<User>().build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, log) = mpsc::unbounded();
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        let handshake = socket.handshake();
        let line = (handshake.extension::<User>(), handshake.address(), handshake.header("x-test"));
        writer.unbounded_send(format!("{line:?}")).expect("the test reads");
    });
    namespace.on("echo", async |_: Socket, text: String| text);
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.unbounded_send(reason.to_string()).expect("the test reads");
    });
    (server, log)
}

fn endpoint(server: Server) -> Endpoint {
    Endpoint::new(klatch::tokio::Runtime::current(), server)
}

async fn next(log: &mut mpsc::UnboundedReceiver<String>) -> String {
    let next = tokio::time::timeout(PATIENCE, log.next()).await;
    next.expect("a handler writes").expect("a handler holds the pen")
}

/// What a host's layer learned of the client.
#[derive(Clone, Debug)]
struct User(#[allow(dead_code, reason = "it is shown")] u8);

fn get(query: &str) -> Request<Bytes> {
    let uri = format!("/wherever?{query}");
    Request::get(uri).header("x-test", "hi").body(Bytes::new()).expect("a request")
}

fn post(query: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(format!("/?{query}")).body(body.into()).expect("a request")
}

fn body(response: &Response<Bytes>) -> (u16, &str) {
    (response.status().as_u16(), std::str::from_utf8(response.body()).expect("text"))
}

/// The query that names the session of a handshake.
fn session(response: &Response<Bytes>) -> String {
    let (status, body) = body(response);
    let sid = body.strip_prefix("0{\"sid\":\"").and_then(|rest| rest.split('"').next());
    assert_eq!(status, 200, "{body}");
    format!("sid={}", sid.expect("a handshake"))
}

#[tokio::test]
async fn a_session_of_requests_that_the_host_has_read() {
    let (server, mut log) = echo();
    let endpoint = endpoint(server);
    assert!(!Endpoint::is_websocket(get(POLLING).headers()));
    assert_eq!(endpoint.path(), "/socket.io/");
    assert!(endpoint.is_at("/socket.io/") && endpoint.is_at("/socket.io"));
    assert!(!endpoint.is_at("/socket.io//") && !endpoint.is_at("/socket.iox"));
    assert_eq!(endpoint.payload_limit(), MAX_PAYLOAD);
    let address: SocketAddr = "192.0.2.7:80".parse().expect("an address");
    let mut opening = get(POLLING);
    opening.extensions_mut().insert(User(7));
    opening.extensions_mut().insert("of no interest");
    let sid = session(&endpoint.answer(opening, Some(address)).await);
    let query = format!("{POLLING}&{sid}");

    let answer = endpoint.answer(post(&query, "40"), None).await;
    assert_eq!(body(&answer), (200, "ok"));
    assert_eq!(next(&mut log).await, r#"(Some(User(7)), Some(192.0.2.7:80), Some("hi"))"#);
    let answer = endpoint.answer(get(&query), None).await;
    assert!(answer.body().starts_with(b"40{\"sid\":"), "{answer:?}");
    endpoint.answer(post(&query, r#"421["echo","hello"]"#), None).await;
    let answer = endpoint.answer(get(&query), None).await;
    assert_eq!(body(&answer), (200, r#"431["hello"]"#));

    let answer = endpoint.answer(post(&query, vec![b'4'; MAX_PAYLOAD + 1]), None).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The host drops a poll whose client went away.
    let waiting = tokio::time::timeout(Duration::ZERO, endpoint.answer(get(&query), None)).await;
    assert!(waiting.is_err());
    assert_eq!(next(&mut log).await, "transport error");
    let answer = endpoint.answer(get(&query), None).await;
    assert_eq!(body(&answer), (400, r#"{"code":1,"message":"Session ID unknown"}"#));
}

/// As hyper drops a request whose end it read together with its head.
#[tokio::test]
async fn a_service_begins_to_answer_when_it_is_called() {
    let (server, mut log) = echo();
    let mut endpoint = endpoint(server);
    let sid = session(&endpoint.answer(get(POLLING), None).await);
    let query = format!("{POLLING}&{sid}");
    endpoint.answer(post(&query, "40"), None).await;
    next(&mut log).await;
    endpoint.answer(get(&query), None).await;
    drop(endpoint.call(get(&query).map(Full::new)));
    assert_eq!(next(&mut log).await, "transport error");
}

#[tokio::test]
async fn a_websocket_that_the_host_accepted() {
    let (server, mut log) = echo();
    let endpoint = endpoint(server);
    let (socket, mut client) = pipe();
    endpoint.websocket(&get(WEBSOCKET), None).await.expect("it is welcome").accept(socket);
    client.starts_with("0{\"sid\":").await;
    client.send(text("40"));
    client.starts_with("40{\"sid\":").await;
    assert_eq!(next(&mut log).await, r#"(None, None, Some("hi"))"#);
    client.send(text(r#"421["echo","hello"]"#));
    assert_eq!(client.next().await, Some(text(r#"431["hello"]"#)));
    client.send(WebSocketMessage::Close(Some(1000)));
    assert_eq!(next(&mut log).await, "transport close");
    assert_eq!(client.next().await, Some(WebSocketMessage::Close(None)));
    drop(client.write);
    assert_eq!(tokio::time::timeout(PATIENCE, client.read.next()).await, Ok(None));
}

#[tokio::test]
async fn a_message_over_the_limit_ends_a_websocket_of_the_hosts() {
    let (server, mut log) = echo();
    let endpoint = endpoint(server);
    let (socket, mut client) = pipe();
    endpoint.websocket(&get(WEBSOCKET), None).await.expect("it is welcome").accept(socket);
    client.starts_with("0{").await;
    client.send(text("40"));
    client.starts_with("40").await;
    next(&mut log).await;
    client.send(text(&format!("4{}", " ".repeat(MAX_PAYLOAD))));
    assert_eq!(client.next().await, Some(WebSocketMessage::Close(Some(1009))));
    assert_eq!(next(&mut log).await, "transport error");
}

#[tokio::test]
async fn an_error_of_the_hosts_websocket_ends_the_session() {
    let (server, mut log) = echo();
    let endpoint = endpoint(server);
    let (socket, mut client) = pipe();
    endpoint.websocket(&get(WEBSOCKET), None).await.expect("it is welcome").accept(socket);
    client.starts_with("0{").await;
    client.send(text("40"));
    client.starts_with("40").await;
    next(&mut log).await;
    client.write.unbounded_send(Err("reset")).expect("the server reads");
    assert_eq!(next(&mut log).await, "transport close");
}

#[tokio::test]
async fn a_session_moves_from_requests_to_a_websocket_of_the_hosts() {
    let (server, _log) = echo();
    let endpoint = endpoint(server);
    let sid = session(&endpoint.answer(get(POLLING), None).await);
    let query = format!("{POLLING}&{sid}");
    endpoint.answer(post(&query, "40"), None).await;
    endpoint.answer(get(&query), None).await;

    let (socket, mut client) = pipe();
    let request = get(&format!("{WEBSOCKET}&{sid}"));
    endpoint.websocket(&request, None).await.expect("it is welcome").accept(socket);
    client.send(text("2probe"));
    assert_eq!(client.next().await, Some(text("3probe")));
    client.send(text("5"));
    client.send(text(r#"427["echo","moved"]"#));
    assert_eq!(client.next().await, Some(text(r#"437["moved"]"#)));
}

#[tokio::test]
async fn what_must_not_become_a_websocket_is_refused_before_it_is_one() {
    let (server, _log) = echo();
    let endpoint = endpoint(server.clone());
    let refused = async |query: &str| {
        let refusal = endpoint.websocket(&get(query), None).await.expect_err("it is refused");
        (refusal.status().as_u16(), String::from_utf8_lossy(refusal.body()).into_owned())
    };
    let unknown = format!("{WEBSOCKET}&sid=AAAAAAAAAAAAAAAAAAAA");
    assert_eq!(
        refused(&unknown).await,
        (400, r#"{"code":1,"message":"Session ID unknown"}"#.to_owned())
    );
    assert_eq!(
        refused("EIO=4&transport=ws").await.1,
        r#"{"code":0,"message":"Transport unknown"}"#
    );
    let (refusal, request) = endpoint.upgrade(&get(&unknown), None).await;
    assert!(refusal.status() == StatusCode::BAD_REQUEST && request.is_none());
    assert_eq!(refused(POLLING).await.1, r#"{"code":3,"message":"Bad request"}"#);
    let old = "EIO=3&transport=websocket";
    assert_eq!(refused(old).await.1, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    server.close().await;
    assert_eq!(refused(WEBSOCKET).await.0, 503);
}

/// A request for a WebSocket as a browser sends it.
fn opening(version: &str) -> Request<Bytes> {
    let mut request = get(WEBSOCKET);
    let fields = [
        (header::CONNECTION, "keep-alive, Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, version),
        (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, value) in fields {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    request
}

#[tokio::test]
async fn a_stream_after_the_host_sent_the_answer() {
    let server = EngineServer::new();
    server.on_message(async |socket: EngineSocket, message: Message| {
        // A client that is gone by now has no use for it.
        let _ = socket.send_message(message);
    });
    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), server);
    assert!(Endpoint::is_websocket(opening("13").headers()));
    let (response, request) = endpoint.upgrade(&opening("13"), None).await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    // RFC 6455, section 1.3.
    let accept =
        response.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(http::HeaderValue::as_bytes);
    assert_eq!(accept, Some(&b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..]));

    let (ours, theirs) = tokio::io::duplex(1024);
    let mut client = ours.compat();
    // The host has read the beginning of a masked "4hi" already.
    let request = request.expect("it is welcome");
    request.accept_stream(theirs.compat(), &[0x81, 0x83, 0, 0]);
    client.write_all(&[0, 0, b'4', b'h', b'i']).await.expect("it is read");
    let mut head = [0; 2];
    client.read_exact(&mut head).await.expect("the handshake");
    let mut handshake = vec![0; usize::from(head[1])];
    client.read_exact(&mut handshake).await.expect("the handshake");
    assert!(handshake.starts_with(b"0{\"sid\""));
    let mut message = [0; 5];
    client.read_exact(&mut message).await.expect("the echo");
    assert_eq!(message, [0x81, 3, b'4', b'h', b'i']);
}

#[tokio::test]
async fn the_answer_to_an_older_version_of_websocket_is_a_refusal() {
    let endpoint = endpoint(echo().0);
    let (refusal, request) = endpoint.upgrade(&opening("12"), None).await;
    assert!(request.is_none(), "there is one version");
    assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refusal.headers()[header::SEC_WEBSOCKET_VERSION], "13");
}

#[tokio::test]
async fn a_host_that_cannot_hand_over_its_stream_refuses_websockets() {
    let endpoint = endpoint(echo().0);
    let answer = endpoint.answer(opening("13"), None).await;
    assert_eq!(body(&answer), (400, r#"{"code":3,"message":"Bad request"}"#));
    // That is an answer like any other: it has what all have, is told of, and opens nothing.
    let (pen, mut log) = mpsc::unbounded();
    let server = Server::builder()
        .cors(Cors::any())
        .allow_request(async |_, _| panic!("nobody is asked"))
        .initial_headers(|headers, _| {
            headers.insert("x-opens", HeaderValue::from_static("yes"));
        })
        .connection_error(move |error| pen.unbounded_send(error.code().to_string()).unwrap())
        .build();
    let endpoint = self::endpoint(server.expect("it is valid"));
    let answer = endpoint.answer(opening("13"), None).await;
    assert_eq!(body(&answer), (400, r#"{"code":3,"message":"Bad request"}"#));
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(!answer.headers().contains_key("x-opens"));
    assert_eq!(next(&mut log).await, "3");
}

#[tokio::test]
async fn a_stream_that_the_host_accepted_speaks_http() {
    let (server, _log) = echo();
    let endpoint =
        endpoint(server).fallback(async |_| http::Response::new(Bytes::from_static(b"a page")));
    let (ours, theirs) = tokio::io::duplex(1024);
    let serving = tokio::spawn(async move {
        endpoint.serve_connection(theirs.compat(), None).await;
    });
    let mut client = ours.compat();
    let requests = format!(
        "GET /socket.io/?{POLLING} HTTP/1.1\r\nhost: x\r\n\r\n\
         GET /page HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    );
    client.write_all(requests.as_bytes()).await.expect("it is read");
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.expect("the answers");
    assert!(answers.starts_with("HTTP/1.1 200 OK\r\n"), "{answers}");
    assert!(answers.contains("0{\"sid\":\"") && answers.ends_with("a page"), "{answers}");
    serving.await.expect("it ends with the stream");
}

#[tokio::test]
async fn a_tower_service_finds_the_address_among_the_extensions() {
    let (server, mut log) = echo();
    let mut endpoint = endpoint(server);
    let mut call = async |mut request: Request<Bytes>| {
        let address: SocketAddr = "192.0.2.9:80".parse().expect("an address");
        request.extensions_mut().insert(address);
        let request = request.map(|body| String::from_utf8(body.to_vec()).expect("text"));
        let answer: Result<_, Infallible> =
            tower_service::Service::call(&mut endpoint, request).await;
        let (head, body) = answer.expect("it cannot fail").into_parts();
        let body = http_body_util::BodyExt::collect(body).await.expect("it is whole").to_bytes();
        Response::from_parts(head, body)
    };
    let sid = session(&call(get(POLLING)).await);
    let answer = call(post(&format!("{POLLING}&{sid}"), "40")).await;
    assert_eq!(body(&answer), (200, "ok"));
    assert_eq!(next(&mut log).await, r#"(None, Some(192.0.2.9:80), Some("hi"))"#);
}
