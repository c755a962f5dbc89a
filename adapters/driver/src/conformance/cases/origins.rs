//! Pages of other origins: what they are told, and who is kept out.

use http::HeaderName;
use klatch_core::Config;

use super::http::UPGRADE;
use crate::builder::Builder;
use crate::conformance::bed::{Address, Bed};
use crate::conformance::wire::{Answer, head, post, request};
use crate::edge::Cors;
use crate::server::Server;

const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;
const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";
const PAGE: &str = "origin: https://page.example";
const EVIL: &str = "origin: https://evil.example";

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

fn picky() -> Builder {
    Server::builder().cors(Cors::list(["https://page.example"]).credentials(true))
}

async fn start(bed: &Bed, builder: Builder) -> (Server, Address<'_>) {
    let config = Config::new().max_payload(10_000);
    let server = builder.config(config).build().expect("it is valid");
    server.namespace("/");
    let address = bed.serve(&server).await.address;
    (server, address)
}

async fn asked(address: Address<'_>, method: &str, query: &str, headers: &[&str]) -> Answer {
    request(address, &head(method, query, headers)).await
}

/// The answer to a request that may become a WebSocket: its head.
async fn knocked(address: Address<'_>, query: &str, origin: &str) -> Answer {
    let headers: Vec<_> = UPGRADE.into_iter().chain([origin]).collect();
    asked(address, "GET", query, &headers).await
}

pub(crate) async fn h9_a_page_of_another_origin_that_polls(bed: &Bed) {
    let (server, address) = start(bed, picky()).await;
    for method in ["GET", "POST"] {
        let answer = asked(address, method, POLLING, &[EVIL, "content-length: 0"]).await;
        assert_eq!((answer.status, &*answer.body), (403, FORBIDDEN));
        assert_eq!(answer.header(ALLOW_ORIGIN), None);
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    assert_eq!(server.clients_count(), 0);
    // Its own page, and who is no page.
    let answer = asked(address, "GET", POLLING, &[PAGE]).await;
    assert_eq!((answer.status, answer.header(ALLOW_ORIGIN)), (200, Some("https://page.example")));
    let query = format!("{POLLING}&sid={}", answer.sid());
    assert_eq!(asked(address, "GET", POLLING, &[]).await.status, 200);
    // Nor does it get at a session whose id it knows.
    assert_eq!(asked(address, "GET", &query, &[EVIL]).await.status, 403);
    let answer = request(address, &post(&query, "40")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    assert_eq!(server.clients_count(), 2);
}

pub(crate) async fn h10_a_page_of_another_origin_that_opens_a_websocket(bed: &Bed) {
    let (server, address) = start(bed, picky()).await;
    let answer = knocked(address, WEBSOCKET, EVIL).await;
    assert_eq!((answer.status, &*answer.body), (403, FORBIDDEN));
    assert_eq!(server.clients_count(), 0);
    let answer = knocked(address, WEBSOCKET, PAGE).await;
    assert_eq!((answer.status, answer.header(ALLOW_ORIGIN)), (101, Some("https://page.example")));
    let opened = asked(address, "GET", POLLING, &[]).await;
    let upgrade = format!("{WEBSOCKET}&sid={}", opened.sid());
    assert_eq!(knocked(address, &upgrade, EVIL).await.status, 403);
    assert_eq!(knocked(address, &upgrade, PAGE).await.status, 101);
}

pub(crate) async fn h12_a_preflight(bed: &Bed) {
    let (server, address) = start(bed, picky()).await;
    let sent = [PAGE, "access-control-request-method: POST", "access-control-request-headers: x-a"];
    let answer = asked(address, "OPTIONS", POLLING, &sent).await;
    assert_eq!((answer.status, &*answer.body), (204, ""));
    let methods = answer.header("access-control-allow-methods");
    assert_eq!(methods, Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-a"));
    assert_eq!(answer.header(ALLOW_ORIGIN), Some("https://page.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.headers("vary"), ["Access-Control-Request-Headers", "Origin"]);
    let answer = asked(address, "OPTIONS", POLLING, &[EVIL]).await;
    assert_eq!((answer.status, answer.header(ALLOW_ORIGIN)), (204, None));
    assert_eq!(server.clients_count(), 0);
    // Where no origin is spoken of, it is a method like any other.
    let (_server, address) = start(bed, Server::builder()).await;
    let answer = asked(address, "OPTIONS", POLLING, &sent).await;
    assert_eq!((answer.status, answer.header(ALLOW_ORIGIN)), (400, None));
}

pub(crate) async fn each_answer_says_what_a_page_may_read(bed: &Bed) {
    let exposed = [HeaderName::from_static("x-a")];
    let builder = Server::builder().cors(Cors::any().exposed_headers(exposed));
    let (_server, address) = start(bed, builder).await;
    let said = |answer: &Answer, status| {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header(ALLOW_ORIGIN), Some("*"), "{status}");
        assert_eq!(answer.header("access-control-expose-headers"), Some("x-a"), "{status}");
    };
    let opened = asked(address, "GET", POLLING, &[EVIL]).await;
    said(&opened, 200);
    let query = format!("{POLLING}&sid={}", opened.sid());
    said(&request(address, &post(&query, "40")).await, 200);
    said(&asked(address, "GET", "EIO=4", &[PAGE]).await, 400);
    said(&knocked(address, WEBSOCKET, PAGE).await, 101);
    for (headers, status) in [
        (&["content-length: 10001"][..], 413),
        (&["content-length: 9", "content-encoding: br"], 415),
    ] {
        said(&asked(address, "POST", &query, headers).await, status);
    }
}
