use super::*;

const PAGE: &str = "https://page.example";

/// The headers of a request, or what is expected of an answer.
fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::try_from(*name).expect("a name");
        headers.append(name, HeaderValue::try_from(*value).expect("a value"));
    }
    headers
}

fn page() -> HeaderMap {
    headers(&[("origin", PAGE)])
}

#[test]
fn what_every_answer_says() {
    let origin = ("access-control-allow-origin", PAGE);
    let vary = ("vary", "Origin");
    for (name, cors, request, granted) in [
        ("any", Cors::any(), page(), &[("access-control-allow-origin", "*")][..]),
        ("any, no page", Cors::any(), headers(&[]), &[("access-control-allow-origin", "*")]),
        ("listed", Cors::list(["http://a", PAGE]), page(), &[origin, vary]),
        ("not listed", Cors::list(["http://a"]), page(), &[vary]),
        ("listed, no page", Cors::list([PAGE]), headers(&[]), &[vary]),
        ("chosen", Cors::when(|origin| origin.ends_with(".example")), page(), &[origin, vary]),
        ("not chosen", Cors::when(|_| false), page(), &[vary]),
        ("a panic", Cors::when(|_| panic!("on purpose")), page(), &[vary]),
        (
            "all of it",
            Cors::list([PAGE])
                .credentials(true)
                .exposed_headers([header::ETAG, HeaderName::from_static("x-a")]),
            page(),
            &[
                origin,
                vary,
                ("access-control-allow-credentials", "true"),
                ("access-control-expose-headers", "etag,x-a"),
            ],
        ),
    ] {
        assert_eq!(cors.look_at(&request).0, headers(granted), "{name}");
    }
}

#[test]
fn what_a_preflight_is_told() {
    let methods = ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
    let vary = ("vary", "Access-Control-Request-Headers");
    let asked = [("origin", PAGE), ("access-control-request-headers", "x-a, x-b")];
    for (name, cors, request, told) in [
        ("nothing asked", Cors::any(), headers(&asked[..1]), &[methods, vary][..]),
        (
            "reflected",
            Cors::any(),
            headers(&asked),
            &[methods, vary, ("access-control-allow-headers", "x-a, x-b")],
        ),
        (
            "set",
            Cors::any()
                .methods([Method::GET, Method::POST])
                .allowed_headers([HeaderName::from_static("x-c"), header::COOKIE])
                .max_age(Duration::from_mins(1)),
            headers(&asked),
            &[
                ("access-control-allow-methods", "GET,POST"),
                ("access-control-allow-headers", "x-c,cookie"),
                ("access-control-max-age", "60"),
            ],
        ),
        ("none", Cors::any().allowed_headers([]), headers(&asked), &[methods]),
    ] {
        let answer = cors.preflight(&request);
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{name}");
        assert_eq!(*answer.headers(), headers(told), "{name}");
    }
}

#[test]
fn only_pages_of_other_origins_are_kept_out() {
    let evil = headers(&[("origin", "https://evil.example")]);
    let odd = HeaderMap::from_iter([(
        header::ORIGIN,
        HeaderValue::from_bytes(b"https://\xff").expect("a value"),
    )]);
    let admits = |cors: &Cors, request: &HeaderMap| cors.look_at(request).1;
    for cors in [Cors::list([PAGE]), Cors::when(|origin| origin == PAGE)] {
        assert!(admits(&cors, &page()) && admits(&cors, &headers(&[])));
        assert!(!admits(&cors, &evil) && !admits(&cors, &odd));
    }
    assert!(admits(&Cors::any(), &evil) && admits(&Cors::any(), &odd));
}

#[test]
fn what_no_browser_could_follow_is_found() {
    assert_eq!(Cors::any().credentials(true).validate(), Err(ConfigError::CorsCredentials));
    assert_eq!(Cors::list([""; 0]).validate(), Err(ConfigError::CorsNobody));
    for origin in [
        "",
        "*",
        "example.org",
        "https://",
        "https://example.org/",
        "https://example.org/page",
        "https://Example.org",
        "https://*.example.org",
        "https://me@example.org",
        "https://example.org:443",
        "http://example.org:80",
        "https://a,https://b",
        "https://é.example",
    ] {
        let expected = Err(ConfigError::CorsOrigin { origin: origin.to_owned() });
        assert_eq!(Cors::list([PAGE, origin]).validate(), expected);
    }
    // A page that is a file has an origin without a host in WebViews and in Chromium.
    let fine = [
        "null",
        "file://",
        "http://localhost:5173",
        "https://[::1]:8080",
        "app://x",
        "http://a:443",
    ];
    for origin in fine {
        assert_eq!(Cors::list([origin]).credentials(true).validate(), Ok(()), "{origin}");
    }
}
