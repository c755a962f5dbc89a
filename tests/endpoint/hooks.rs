//! What the application decides about requests, and what a host hands over besides.

use std::net::SocketAddr;

use super::*;

/// A server that lets in whoever says so in its query, and adds to the headers of its answers.
fn choosy() -> Endpoint {
    let server = Server::builder()
        .allow_request(async |request: Parts, address: Option<SocketAddr>| {
            tokio::task::yield_now().await;
            match request.uri.query().unwrap_or_default() {
                query if query.contains("panic") => panic!("on purpose"),
                query if query.contains("late") => {
                    let busy = StatusCode::SERVICE_UNAVAILABLE;
                    Err(Forbidden::new().message("come \"later\"").status(busy))
                }
                query if query.contains("please") && address.is_some() => Ok(()),
                _ => Err(Forbidden::new()),
            }
        })
        .initial_headers(|headers, request| {
            headers.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
            headers.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
            assert!(request.uri.query().is_some());
        })
        .headers(|headers, _| {
            headers.insert("x-each", HeaderValue::from_static("yes"));
        })
        .build()
        .expect("it is valid");
    server.namespace("/");
    endpoint(server)
}

#[tokio::test]
async fn the_application_decides_who_opens_a_session() {
    let (endpoint, someone) = (choosy(), Some(SocketAddr::from(([127, 0, 0, 1], 1))));
    for (query, status, json) in [
        ("", 403, r#"{"code":4,"message":"Forbidden"}"#),
        ("&panic", 403, r#"{"code":4,"message":"Forbidden"}"#),
        ("&late", 503, r#"{"code":4,"message":"come \"later\""}"#),
    ] {
        let answer = endpoint.answer(get(&format!("{POLLING}{query}")), someone).await;
        assert_eq!(body(&answer), (status, json), "{query}");
        let asked = get(&format!("{WEBSOCKET}{query}"));
        let refusal = endpoint.websocket(&asked, someone).await.expect_err("it is refused");
        assert_eq!(body(&refusal), (status, json), "{query}");
    }
    let welcome = get(&format!("{WEBSOCKET}&please"));
    assert!(endpoint.websocket(&welcome, None).await.is_err(), "without an address");
    assert!(endpoint.websocket(&welcome, someone).await.is_ok());

    let opened = endpoint.answer(get(&format!("{POLLING}&please")), someone).await;
    let sid = session(&opened);
    // Nobody is asked again.
    let answer = endpoint.answer(post(&format!("{POLLING}&{sid}"), "40"), someone).await;
    assert_eq!(body(&answer), (200, "ok"));
    assert!(endpoint.websocket(&get(&format!("{WEBSOCKET}&{sid}")), someone).await.is_ok());
}

#[tokio::test]
async fn hooks_add_to_the_headers_of_answers() {
    let (endpoint, someone) = (choosy(), Some(SocketAddr::from(([127, 0, 0, 1], 1))));
    let cookies = |response: &Response<Bytes>| {
        assert_eq!(response.headers()["x-each"], "yes", "each answer has it");
        response.headers().get_all(header::SET_COOKIE).iter().count()
    };
    let refused = endpoint.answer(get(POLLING), someone).await;
    assert_eq!(cookies(&refused), 0);
    let opened = endpoint.answer(get(&format!("{POLLING}&please")), someone).await;
    assert_eq!(cookies(&opened), 2);
    let query = format!("{POLLING}&{}", session(&opened));
    assert_eq!(cookies(&endpoint.answer(post(&query, "40"), someone).await), 0);
    assert_eq!(cookies(&endpoint.answer(get(&query), someone).await), 0);

    let mut opening = opening("13");
    *opening.uri_mut() = format!("/socket.io/?{WEBSOCKET}&please").parse().expect("a URI");
    let (switched, request) = endpoint.upgrade(&opening, someone).await;
    assert!(request.is_some());
    assert_eq!(cookies(&switched), 2);
    *opening.uri_mut() = format!("/socket.io/?{WEBSOCKET}").parse().expect("a URI");
    assert_eq!(cookies(&endpoint.upgrade(&opening, someone).await.0), 0);
}

#[tokio::test]
async fn a_host_hands_over_preflights_and_hears_what_to_tell_pages() {
    let server = Server::builder().cors(Cors::list(["https://page.example"])).build();
    let server = server.expect("it is valid");
    let endpoint = endpoint(server.clone());
    let from = |mut request: Request<Bytes>, origin: &'static str| {
        request.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(origin));
        request
    };
    let preflight = Request::options("/socket.io/").body(Bytes::new()).expect("a request");
    let answer = endpoint.answer(from(preflight, "https://page.example"), None).await;
    assert_eq!(body(&answer), (204, ""));
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://page.example");
    assert!(answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));

    let forbidden = (403, r#"{"code":4,"message":"Forbidden"}"#);
    let answer = endpoint.answer(from(get(POLLING), "https://evil.example"), None).await;
    assert_eq!(body(&answer), forbidden);
    let evil = from(opening("13"), "https://evil.example");
    let (refusal, websocket) = endpoint.upgrade(&evil, None).await;
    assert!(body(&refusal) == forbidden && websocket.is_none());
    let refusal = endpoint.websocket(&evil, None).await.expect_err("it is refused");
    assert_eq!(body(&refusal), forbidden);
    assert_eq!(server.clients_count(), 0);
    let page = from(opening("13"), "https://page.example");
    let (switched, websocket) = endpoint.upgrade(&page, None).await;
    assert!(switched.status() == StatusCode::SWITCHING_PROTOCOLS && websocket.is_some());
    assert_eq!(switched.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://page.example");
}

#[tokio::test]
async fn a_host_routes_the_clients_files_to_klatch() {
    let package =
        concat!(env!("CARGO_MANIFEST_DIR"), "/adapters/driver/src/conformance/socket.io-client");
    let server = Server::builder().path("/chat").serve_client(package).build();
    let endpoint = endpoint(server.expect("it is there"));
    let paths = endpoint.paths();
    assert_eq!(paths[..3], ["/chat/", "/chat", "/chat/socket.io.js"]);
    assert_eq!(paths.len(), 10);
    assert!(paths.iter().all(|path| endpoint.is_at(path)));
    assert!(!endpoint.is_at("/chat/package.json") && !endpoint.is_at("/socket.io.js"));
    let file = Request::get("/chat/socket.io.js").body(Bytes::new()).expect("a request");
    let answer = endpoint.answer(file, None).await;
    assert_eq!(answer.headers()[header::ETAG], "\"4.8.3\"");
    assert!(answer.body().starts_with(b"// A stand-in"));

    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), Server::new());
    assert_eq!(endpoint.paths(), ["/socket.io/", "/socket.io"]);
    assert!(!endpoint.is_at("/socket.io/socket.io.js"));
}

#[tokio::test]
async fn a_host_says_what_came_over_tls() {
    let server = Server::new();
    let (pen, mut log) = mpsc::unbounded();
    server.namespace("/").on_connect(async move |socket: Socket| {
        let handshake = socket.handshake();
        let line = (handshake.is_secure(), handshake.is_cross_domain(), handshake.issued() > 0);
        pen.unbounded_send(format!("{line:?}")).expect("the test reads");
    });
    let plain = endpoint(server);
    let secure = plain.clone().secure();
    for (endpoint, marked, line) in [
        (&plain, false, "(false, false, true)"),
        (&plain, true, "(true, false, true)"),
        (&secure, false, "(true, false, true)"),
    ] {
        let mut opening = get(POLLING);
        if marked {
            opening.extensions_mut().insert(Secure);
        }
        let sid = session(&endpoint.answer(opening, None).await);
        plain.answer(post(&format!("{POLLING}&{sid}"), "40"), None).await;
        assert_eq!(next(&mut log).await, line);
        let mut opening = get(WEBSOCKET);
        if marked {
            opening.extensions_mut().insert(Secure);
        }
        let (socket, mut client) = pipe();
        endpoint.websocket(&opening, None).await.expect("it is welcome").accept(socket);
        client.starts_with("0{").await;
        client.send(text("40"));
        assert_eq!(next(&mut log).await, line);
    }
}
