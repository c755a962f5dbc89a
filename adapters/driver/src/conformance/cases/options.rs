//! What can be set at the edge: transports, ids, the first packet, cookies, compressed answers.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::request::Parts;
use klatch_core::engine::{Message, Transports};
use klatch_core::{Config, Sid};

use super::http::UPGRADE;
use crate::builder::Builder;
use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::wire::{Answer, head, open, post, request};
use crate::edge::Cookie;
use crate::hooks::Forbidden;
use crate::recovery::Recovery;
use crate::server::Server;
use crate::socket::Socket;

const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";
const TRANSPORT_UNKNOWN: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

async fn serve(bed: &Bed, builder: Builder) -> (Server, Address<'_>) {
    let server = builder.build().expect("it is valid");
    server
        .namespace("/")
        .on("size", async |socket: Socket, size: usize| socket.emit("text", &"x".repeat(size)));
    let address = bed.serve(&server).await.address;
    (server, address)
}

async fn got(address: Address<'_>, query: &str, headers: &[&str]) -> Answer {
    request(address, &head("GET", query, headers)).await
}

async fn refused(address: Address<'_>, query: &str, headers: &[&str], status: u16, body: &str) {
    let answer = got(address, query, headers).await;
    assert_eq!((answer.status, &*answer.body), (status, body), "{query}");
}

pub(crate) async fn a_transport_that_is_off_is_unknown(bed: &Bed) {
    let config = Config::new().transports(Transports::PollingOnly);
    let (server, address) = serve(bed, Server::builder().config(config)).await;
    refused(address, WEBSOCKET, &UPGRADE, 400, TRANSPORT_UNKNOWN).await;
    let opened = got(address, POLLING, &[]).await;
    assert!(opened.body.contains(r#""upgrades":[]"#), "{opened:?}");
    let upgrade = format!("{WEBSOCKET}&sid={}", opened.sid());
    refused(address, &upgrade, &UPGRADE, 400, TRANSPORT_UNKNOWN).await;
    assert_eq!(server.clients_count(), 1);

    let config = Config::new().transports(Transports::WebSocketOnly);
    let (server, address) = serve(bed, Server::builder().config(config)).await;
    refused(address, POLLING, &[], 400, TRANSPORT_UNKNOWN).await;
    Client::connected(address).await;
    assert!(server.clients_count() <= 1);
}

pub(crate) async fn upgrades_that_are_off_are_neither_offered_nor_taken(bed: &Bed) {
    let config = Config::new().allow_upgrades(false);
    let (_server, address) = serve(bed, Server::builder().config(config)).await;
    let opened = got(address, POLLING, &[]).await;
    assert!(opened.body.contains(r#""upgrades":[]"#), "{opened:?}");
    let query = format!("sid={}", opened.sid());
    refused(address, &format!("{WEBSOCKET}&{query}"), &UPGRADE, 400, BAD_REQUEST).await;
    // The session does not mind, and a WebSocket from the start is no upgrade.
    let answer = request(address, &post(&format!("{POLLING}&{query}"), "40")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    Client::connected(address).await;
}

pub(crate) async fn a_first_packet_follows_the_handshake_at_once(bed: &Bed) {
    let config = Config::new().initial_packet(Message::Text("hi".into()));
    let (_server, address) = serve(bed, Server::builder().config(config)).await;
    let opened = got(address, POLLING, &[]).await;
    assert!(opened.body.ends_with("}\x1e4hi"), "{opened:?}");
    let mut client = Client::open(address).await;
    client.expect(&["4hi"]).await;

    let config = Config::new().initial_packet(Message::Binary(vec![1, 2, 3].into()));
    let (_server, address) = serve(bed, Server::builder().config(config)).await;
    let opened = got(address, POLLING, &[]).await;
    assert!(opened.body.ends_with("}\x1ebAQID"), "{opened:?}");
    let mut client = Client::open(address).await;
    assert_eq!(client.binary().await, [1, 2, 3]);
}

pub(crate) async fn a_cookie_goes_with_the_handshake_by_polling_only(bed: &Bed) {
    let (_server, address) = serve(bed, Server::builder().cookie(Cookie::new())).await;
    let opened = got(address, POLLING, &[]).await;
    let cookie = format!("io={}; Path=/; HttpOnly; SameSite=Lax", opened.sid());
    assert_eq!(opened.headers("set-cookie"), [cookie]);
    let query = format!("{POLLING}&sid={}", opened.sid());
    let none = [""; 0];
    let posted = request(address, &post(&query, "40")).await;
    let polled = got(address, &query, &[]).await;
    let refused = got(address, "EIO=4", &[]).await;
    let switched = got(address, WEBSOCKET, &UPGRADE).await;
    for (answer, status) in [(posted, 200), (polled, 200), (refused, 400), (switched, 101)] {
        assert_eq!((answer.status, answer.headers("set-cookie")), (status, none.to_vec()));
    }
    let (_server, address) = serve(bed, Server::builder()).await;
    assert_eq!(got(address, POLLING, &[]).await.headers("set-cookie"), none, "unless it is set");
}

pub(crate) async fn the_application_may_choose_ids_but_not_those_of_others(bed: &Bed) {
    let builder = Server::builder().generate_id(async |request: Parts| {
        let query = request.uri.query().unwrap_or_default();
        assert!(!query.contains("panic"), "on purpose");
        query.split_once("id=").and_then(|(_, id)| Sid::parse(id))
    });
    let (server, address) = serve(bed, builder).await;
    let id = "chosen--------------";
    let opened = got(address, &format!("{POLLING}&id={id}"), &[]).await;
    assert_eq!(opened.sid(), id);
    let query = format!("{POLLING}&sid={id}");
    for (transport, headers) in [(POLLING, &[][..]), (WEBSOCKET, &UPGRADE)] {
        refused(address, &format!("{transport}&id={id}"), headers, 503, "").await;
        refused(address, transport, headers, 400, BAD_REQUEST).await;
        refused(address, &format!("{transport}&panic"), headers, 400, BAD_REQUEST).await;
    }
    // The session is still its client's.
    let answer = request(address, &post(&query, "40")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    assert!(got(address, &query, &[]).await.body.starts_with("40{\"sid\""));
    let mut other = Client::at(address, &format!("{WEBSOCKET}&id=another-------------")).await;
    assert!(other.next().await.starts_with("0{\"sid\":\"another-------------\""));
    assert_eq!(server.clients_count(), 2);
}

pub(crate) async fn refusals_are_told_of_without_secrets(bed: &Bed) {
    let (pen, mut log) = bed.log();
    let builder = Server::builder()
        .allow_request(async |request: Parts, _| match request.uri.query() {
            Some(query) if query.contains("no") => Err(Forbidden::new().message("no more")),
            _ => Ok(()),
        })
        .connection_error(move |error| {
            assert!(error.address().is_some());
            let (method, uri) = (&error.request().method, &error.request().uri);
            pen.write(format!("{} {} {method} {uri}", error.code(), error.message()));
        });
    let (_server, address) = serve(bed, builder).await;
    let sid = "AAAAAAAAAAAAAAAAAAAA";
    for (method, query, headers, told) in [
        (
            "GET",
            "EIO=4&transport=x",
            &[][..],
            "0 Transport unknown GET /socket.io/?EIO=4&transport=x",
        ),
        (
            "GET",
            &format!("{POLLING}&sid={sid}"),
            &[],
            "1 Session ID unknown GET /socket.io/?EIO=4&transport=polling&sid=",
        ),
        (
            "GET",
            &format!("{WEBSOCKET}&sid={sid}"),
            &UPGRADE,
            "1 Session ID unknown GET /socket.io/?EIO=4&transport=websocket&sid=",
        ),
        (
            "PUT",
            POLLING,
            &["content-length: 0"],
            "2 Bad handshake method PUT /socket.io/?EIO=4&transport=polling",
        ),
        ("GET", WEBSOCKET, &[], "3 Bad request GET /socket.io/?EIO=4&transport=websocket"),
        (
            "GET",
            WEBSOCKET,
            &UPGRADE[..3],
            "3 Bad request GET /socket.io/?EIO=4&transport=websocket",
        ),
        (
            "GET",
            &format!("{POLLING}&no"),
            &[],
            "4 no more GET /socket.io/?EIO=4&transport=polling&no",
        ),
        (
            "GET",
            &format!("{WEBSOCKET}&no"),
            &UPGRADE,
            "4 no more GET /socket.io/?EIO=4&transport=websocket&no",
        ),
        (
            "GET",
            "EIO=3&transport=polling",
            &[],
            "5 Unsupported protocol version GET /socket.io/?EIO=3&transport=polling",
        ),
    ] {
        let answer = request(address, &head(method, query, headers)).await;
        assert!(answer.status >= 400, "{told}");
        log.expect(&[told]).await;
    }
    open(address).await;
    assert_eq!(log.rest(), [""; 0], "of what is not refused nothing is told");
}

/// A session in the namespace `/`, over polling, that has asked for a text of this size.
async fn asking(address: Address<'_>, size: usize) -> String {
    let query = open(address).await;
    request(address, &post(&query, "40")).await;
    got(address, &query, &[]).await;
    request(address, &post(&query, &format!("42[\"size\",{size}]"))).await;
    query
}

pub(crate) async fn long_answers_are_compressed_as_the_client_likes(bed: &Bed) {
    let (_server, address) = serve(bed, Server::builder()).await;
    let text = format!("42[\"text\",\"{}\"]", "x".repeat(5000));
    for (accepted, coding) in [
        ("accept-encoding: gzip, deflate, br", Some("gzip")),
        ("accept-encoding: deflate", Some("deflate")),
        ("accept-encoding: br", None),
        ("x: y", None),
    ] {
        let query = asking(address, 5000).await;
        let answer = got(address, &query, &[accepted]).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{accepted}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
        let mut body = String::new();
        let read = match coding {
            Some("gzip") => GzDecoder::new(&*answer.bytes).read_to_string(&mut body),
            Some(_) => ZlibDecoder::new(&*answer.bytes).read_to_string(&mut body),
            None => (&*answer.bytes).read_to_string(&mut body),
        };
        read.expect("it is what its head says");
        assert_eq!(body, text);
        assert_eq!(answer.bytes.len() < 200, coding.is_some());
    }
}

pub(crate) async fn short_answers_are_not_compressed_nor_those_of_a_server_that_does_not(
    bed: &Bed,
) {
    let accepted = ["accept-encoding: gzip"];
    let overhead = "42[\"text\",\"\"]".len();
    let plain = async |address, size| {
        let query = asking(address, size).await;
        let answer = got(address, &query, &accepted).await;
        assert!(answer.body.starts_with("42[\"text\"") || size > 0, "{answer:?}");
        answer.header("content-encoding").is_none() && answer.header("vary").is_none()
    };
    let (_server, address) = serve(bed, Server::builder()).await;
    assert!(plain(address, 1023 - overhead).await);
    assert!(!plain(address, 1024 - overhead).await);
    let (_server, address) = serve(bed, Server::builder().http_compression(Some(10_000))).await;
    assert!(plain(address, 5000).await);
    let (_server, address) = serve(bed, Server::builder().http_compression(None)).await;
    assert!(plain(address, 50_000).await);
}

pub(crate) async fn an_answer_is_compressed_if_one_of_its_packets_is_worth_it(bed: &Bed) {
    for recovers in [false, true] {
        let builder = Server::builder();
        let builder = if recovers { builder.recovery(Recovery::new()) } else { builder };
        let (server, address) = serve(bed, builder).await;
        let namespace = server.namespace("/");
        let long = "x".repeat(5000);
        namespace.on_connect(async |socket: Socket| socket.join("room"));
        let query = open(address).await;
        request(address, &post(&query, "40")).await;
        got(address, &query, &[]).await;
        let socket = namespace.sockets().pop().expect("it is there");
        let compressed = async || {
            let answer = got(address, &query, &["accept-encoding: gzip"]).await;
            assert!(answer.bytes.len() < 200 || answer.body.contains(&long), "{answer:?}");
            answer.header("content-encoding") == Some("gzip")
        };
        socket.emit("a", &long).expect("it is JSON");
        assert!(compressed().await);
        socket.compress(false).emit("a", &long).expect("it is JSON");
        assert!(!compressed().await);
        let bytes = Bytes::from(long.clone());
        namespace.compress(false).emit("a", &bytes).expect("it is JSON");
        assert!(!got(address, &query, &["accept-encoding: gzip"]).await.head.contains("gzip"));
        namespace.to("room").compress(false).emit("a", &long).expect("it is JSON");
        assert!(!compressed().await);
        drop(socket.compress(false).emit_with_ack::<()>("a", &long));
        assert!(!compressed().await);
        drop(namespace.compress(false).emit_with_ack::<()>("a", &long));
        assert!(!compressed().await);
        namespace.compress(false).emit("a", &long).expect("it is JSON");
        namespace.emit("b", &()).expect("it is JSON");
        assert!(compressed().await);
    }
}
