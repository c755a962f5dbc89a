//! Engine.IO alone.

use std::future::pending;

use klatch_core::engine::Message;
use klatch_core::{CloseReason, Config, Limit};

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::{Gate, Pen};
use crate::conformance::wire::{head, open, request};
use crate::engine::{EngineServer, EngineSocket};

/// A server where the clients of the cases look for one.
fn server() -> EngineServer {
    EngineServer::builder().path("/socket.io/").build_engine().expect("it is valid")
}

fn shown(message: &Message) -> String {
    match message {
        Message::Text(text) => text.to_string(),
        Message::Binary(bytes) => format!("{:?}", &bytes[..]),
    }
}

/// Writes down each message, and what the request that carried it says.
fn show_requests(server: &EngineServer, pen: &Pen) {
    let writer = pen.clone();
    server.on_message_with_request(async move |_: EngineSocket, message, request| {
        let header = request.as_ref().map(|request| request.headers.get("x-test"));
        writer.write(format!("{} {header:?}", shown(&message)));
    });
}

fn post(query: &str, headers: &[&str], body: &str) -> String {
    let length = format!("content-length: {}", body.len());
    head("POST", query, &[headers, &[&*length]].concat()) + body
}

pub(crate) async fn a_handler_sees_the_request_that_carried_a_message(bed: &Bed) {
    let server = server();
    let (pen, mut log) = bed.log();
    show_requests(&server, &pen);
    let address = bed.serve_engine(&server).await.address;
    let query = open(address).await;
    for (headers, body) in
        [(&["x-test: 1"][..], "4a\u{1e}4b"), (&["x-test: 2"], "bAAE="), (&[], "4c")]
    {
        assert_eq!(request(address, &post(&query, headers, body)).await.status, 200);
    }
    log.expect(&[
        r#"a Some(Some("1"))"#,
        r#"b Some(Some("1"))"#,
        r#"[0, 1] Some(Some("2"))"#,
        "c Some(None)",
    ])
    .await;

    let mut client = Client::open(address).await;
    client.send("4by WebSocket").await;
    log.expect(&["by WebSocket None"]).await;

    let writer = pen.clone();
    server.on_message(async move |_: EngineSocket, message| writer.write(shown(&message)));
    assert_eq!(request(address, &post(&query, &["x-test: 3"], "4d")).await.status, 200);
    log.expect(&["d"]).await;
    show_requests(&server, &pen);
    assert_eq!(request(address, &post(&query, &["x-test: 4"], "4e")).await.status, 200);
    log.expect(&[r#"e Some(Some("4"))"#]).await;
}

pub(crate) async fn messages_wait_while_as_many_handlers_do_as_may(bed: &Bed) {
    let builder = EngineServer::builder().path("/socket.io/").max_handlers(2);
    let server = builder.build_engine().expect("it is valid");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let (writer, passing) = (pen.clone(), gate.clone());
    server.on_message(async move |_: EngineSocket, message| {
        writer.write(shown(&message));
        passing.passed().await;
    });
    server
        .on_close(async move |_: EngineSocket, reason: CloseReason| pen.write(reason.to_string()));
    let address = bed.serve_engine(&server).await.address;
    let query = open(address).await;
    let five = "4a\u{1e}4b\u{1e}4c\u{1e}4d\u{1e}4e";
    assert_eq!(request(address, &post(&query, &[], five)).await.body, "ok");
    log.expect(&["a", "b"]).await;
    assert_eq!(log.rest(), [""; 0]);
    let snapshot = server.snapshot();
    assert_eq!((snapshot.handlers, snapshot.limits_hit.get(Limit::Handlers)), (2, 1));
    // What it said before its end is handled before that.
    assert_eq!(request(address, &post(&query, &[], "1")).await.body, "ok");
    assert_eq!(log.rest(), [""; 0]);
    gate.open();
    log.expect(&["c", "d", "e", "transport close"]).await;
}

pub(crate) async fn a_client_is_not_heard_until_it_reads(bed: &Bed) {
    let builder = EngineServer::builder().path("/socket.io/").soft_mark(100);
    let server = builder.build_engine().expect("it is valid");
    let ((pen, mut log), (tell, mut told)) = (bed.log(), futures::channel::mpsc::unbounded());
    server.on_open(async move |socket: EngineSocket| {
        // The case may be over.
        let _ = tell.unbounded_send(socket);
    });
    server.on_message(async move |_: EngineSocket, message| pen.write(shown(&message)));
    let address = bed.serve_engine(&server).await.address;
    let query = open(address).await;
    let opened = futures::StreamExt::next(&mut told);
    let socket = bed.soon("a socket", opened).await.expect("the server tells");
    socket.send_text(&"x".repeat(35)).expect("it fits");
    assert!(socket.is_writable(), "at the mark");
    socket.send_text("").expect("it fits");
    assert!(!socket.is_writable());
    assert_eq!(request(address, &post(&query, &[], "4a")).await.body, "ok");
    assert_eq!(log.rest(), [""; 0]);
    let answer = request(address, &head("GET", &query, &[])).await;
    assert_eq!(answer.body, format!("4{}\u{1e}4", "x".repeat(35)));
    log.expect(&["a"]).await;
    bed.soon("room", socket.ready()).await.expect("it is open");
}

pub(crate) async fn messages_that_wait_have_a_budget(bed: &Bed) {
    let config = Config::new().max_payload(1_000);
    let builder = EngineServer::builder().path("/socket.io/").config(config).max_handlers(1);
    let server = builder.build_engine().expect("it is valid");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let passing = gate.clone();
    server.on_message(async move |_: EngineSocket, _| passing.passed().await);
    server
        .on_close(async move |_: EngineSocket, reason: CloseReason| pen.write(reason.to_string()));
    let address = bed.serve_engine(&server).await.address;
    let mut client = Client::open(address).await;
    for _ in 0..4 {
        client.send(&format!("4{}", "x".repeat(300))).await;
    }
    log.expect(&["forced close"]).await;
    assert_eq!(server.snapshot().limits_hit.get(Limit::Parked), 1);
    gate.open();
}

pub(crate) async fn the_requests_of_messages_that_wait_are_counted(bed: &Bed) {
    let config = Config::new().max_payload(20_000);
    let builder = EngineServer::builder().path("/socket.io/").config(config).max_handlers(1);
    let server = builder.build_engine().expect("it is valid");
    let (pen, mut log) = bed.log();
    server.on_message_with_request(async |_: EngineSocket, _, _| pending().await);
    server.on_close(async move |_: EngineSocket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve_engine(&server).await.address;
    let query = open(address).await;
    let header = format!("x-test: {}", "a".repeat(7000));
    // The first is under way; of the others, the messages are small. One head is one, whatever it brings.
    for body in ["4a", "4b\u{1e}4c\u{1e}4d", "4e"] {
        let answer = request(address, &post(&query, &[&header], body)).await;
        assert_eq!((answer.status, &*answer.body), (200, "ok"));
    }
    assert_eq!(log.rest(), [""; 0]);
    assert_eq!(request(address, &post(&query, &[&header], "4f")).await.status, 200);
    log.expect(&["forced close"]).await;
}
