//! The official client, handed out to pages.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::builder::ConfigError;
use crate::conformance::bed::{Address, Bed};
use crate::conformance::wire::{Answer, Wire, request};
use crate::edge::Cors;
use crate::server::Server;

const VERSION: &str = "\"4.8.3\"";

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance/socket.io-client")
}

async fn asked(address: Address<'_>, method: &str, path: &str, header: &str) -> Answer {
    let sent = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{header}\r\n\r\n");
    request(address, &sent).await
}

async fn start(bed: &Bed) -> Address<'_> {
    let builder = Server::builder().serve_client(package());
    let server = builder.cors(Cors::list(["https://a"])).build().expect("it is there");
    bed.serve(&server).await.address
}

pub(crate) async fn each_file_is_served_as_it_is(bed: &Bed) {
    let address = start(bed).await;
    for name in ["socket.io", "socket.io.min", "socket.io.msgpack.min", "socket.io.esm.min"] {
        for (end, kind) in [("js", "javascript"), ("js.map", "json")] {
            let file = format!("{name}.{end}");
            let expected = std::fs::read(package().join("dist").join(&file)).expect("it is there");
            // Any page may have a script, whoever may speak to the server.
            let path = format!("/socket.io/{file}?v=1");
            let answer = asked(address, "GET", &path, "origin: https://b").await;
            assert_eq!((answer.status, answer.bytes), (200, expected), "{file}");
            let content_type = format!("application/{kind}; charset=utf-8");
            let answer = asked(address, "GET", &path, "x: y").await;
            assert_eq!(answer.header("content-type"), Some(&*content_type));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=0"));
            assert_eq!(answer.header("etag"), Some(VERSION));
            assert_eq!(answer.headers("vary"), ["Accept-Encoding", "Origin"]);
        }
    }
}

pub(crate) async fn who_has_it_is_told_so(bed: &Bed) {
    let address = start(bed).await;
    for (tags, status) in [
        (VERSION.to_owned(), 304),
        (format!("W/{VERSION}"), 304),
        (format!("\"a\", {VERSION}"), 304),
        ("*".to_owned(), 304),
        ("\"4.8.2\"".to_owned(), 200),
        ("4.8.3".to_owned(), 200),
    ] {
        let header = format!("if-none-match: {tags}");
        let answer = asked(address, "GET", "/socket.io/socket.io.js", &header).await;
        assert_eq!((answer.status, answer.header("etag")), (status, Some(VERSION)), "{tags}");
        assert_eq!(answer.bytes.is_empty(), status == 304);
    }
}

pub(crate) async fn it_is_compressed_as_the_client_likes(bed: &Bed) {
    let address = start(bed).await;
    let path = "/socket.io/socket.io.min.js";
    let plain = asked(address, "GET", path, "x: y").await.body;
    for (header, coding) in
        [("accept-encoding: gzip", "gzip"), ("accept-encoding: deflate", "deflate")]
    {
        for _ in 0..2 {
            let answer = asked(address, "GET", path, header).await;
            assert_eq!(answer.header("content-encoding"), Some(coding));
            let mut read = String::new();
            let reading = match coding {
                "gzip" => GzDecoder::new(&*answer.bytes).read_to_string(&mut read),
                _ => ZlibDecoder::new(&*answer.bytes).read_to_string(&mut read),
            };
            reading.expect("it is what its head says");
            assert_eq!(read, plain);
        }
    }
}

pub(crate) async fn nothing_else_is_served(bed: &Bed) {
    let address = start(bed).await;
    for path in [
        "/socket.io/package.json",
        "/socket.io/../package.json",
        "/socket.io/%2e%2e/package.json",
        "/socket.io/dist/socket.io.js",
        "/socket.io/socket.io.slim.js",
        "/socket.io/socket.io.js/",
        "/socket.io//socket.io.js",
        "/socket.io.js",
        "/other/socket.io.js",
    ] {
        assert_eq!(asked(address, "GET", path, "x: y").await.status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        let answer = asked(address, method, "/socket.io/socket.io.js", "content-length: 0").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
    }
    let mut wire = Wire::open(address).await;
    wire.write("HEAD /socket.io/socket.io.js HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let answer = wire.answer_to_head().await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some(VERSION)));
    // Unless it is asked for, and if it cannot be had.
    let server = Server::new();
    let address = bed.serve(&server).await.address;
    assert_eq!(asked(address, "GET", "/socket.io/socket.io.js", "x: y").await.status, 404);
    let fault = Server::builder().serve_client(package().join("dist")).build();
    let fault = fault.expect_err("it is not the package");
    assert!(matches!(fault, ConfigError::ClientBundle { .. }), "{fault}");
}
