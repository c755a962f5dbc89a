//! The end of a server.

use std::time::Duration;

use klatch_core::CloseReason;
use klatch_core::engine::Message;

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::wire::{Wire, head, open, post, request};
use crate::drain::{Drain, DrainReport};
use crate::engine::{EngineServer, EngineSocket};
use crate::error::EmitError;
use crate::server::Server;
use crate::socket::Socket;

/// No batches, and more time than a test has.
fn patient() -> Drain {
    Drain::new().deadline(Duration::from_mins(1))
}

fn counts(report: DrainReport) -> [usize; 4] {
    [report.told, report.flushed, report.gone, report.cut]
}

pub(crate) async fn sockets_end_and_clients_are_not_told_to_stay_away(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let mut client = Client::connected(running.address).await;
    namespace.emit("last", &()).expect("a name is encoded");
    let ending = server.clone();
    let ended = bed.spawn(async move { ending.shutdown(patient()).await });
    assert_eq!(client.rest().await, ["42[\"last\"]"], "no 41");
    drop(client);
    let report = bed.soon("the server's end", ended).await.expect("no panic");
    assert_eq!(counts(report), [1, 1, 0, 0]);
    log.expect(&["server shutting down"]).await;
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
    assert_eq!((server.clients_count(), namespace.len()), (0, 0));
}

pub(crate) async fn a_poll_that_waits_is_answered(bed: &Bed) {
    let server = Server::new();
    let _namespace = server.namespace("/");
    let running = bed.serve(&server).await;
    // The same connection: the server knows it, and so will not close it before its poll.
    let mut wire = Wire::open(running.address).await;
    wire.write(&head("GET", "EIO=4&transport=polling", &[])).await;
    let query = format!("EIO=4&transport=polling&sid={}", wire.answer().await.sid());
    wire.write(&head("GET", &query, &[])).await;
    let closing = bed.spawn(async move { server.close().await });
    let answer = wire.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "1"));
    bed.soon("the server's end", closing).await.expect("no panic");
    wire.closed().await;
}

pub(crate) async fn who_polls_comes_back_for_what_waits_while_nobody_else_is_let_in(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let query = joined(running.address).await;
    namespace.emit("last", &()).expect("a name is encoded");
    let ending = server.clone();
    let ended = bed.spawn(async move { ending.shutdown(patient()).await });
    log.expect(&["server shutting down"]).await;
    // Each request has a connection of its own.
    for (transport, headers) in [("polling", &[][..]), ("websocket", UPGRADE)] {
        let asking = head("GET", &format!("EIO=4&transport={transport}"), headers);
        let answer = request(running.address, &asking).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{transport}");
    }
    let poll = head("GET", &query, &[]);
    assert_eq!(request(running.address, &poll).await.body, "42[\"last\"]");
    assert_eq!(request(running.address, &poll).await.body, "1");
    let report = bed.soon("the server's end", ended).await.expect("no panic");
    assert_eq!(counts(report), [1, 1, 0, 0]);
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
    assert!(running.address.connect().await.is_err(), "nobody listens any more");
}

const UPGRADE: &[&str] = &[
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A session over polling that is in `/` and has read so.
async fn joined(address: Address<'_>) -> String {
    let query = open(address).await;
    assert_eq!(request(address, &post(&query, "40")).await.body, "ok");
    assert!(request(address, &head("GET", &query, &[])).await.body.starts_with("40{"));
    query
}

pub(crate) async fn who_does_not_take_what_waits_is_cut_off(bed: &Bed) {
    let server = Server::builder().mailbox_budget(64 << 20).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let stalled = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let large = "x".repeat(50_000);
    // More than the buffers of the kernel take.
    for _ in 0..320 {
        socket.emit("event", &large).expect("there is room");
    }
    let _never_polls = joined(running.address).await;
    let mut reader = Client::connected(running.address).await;
    let ending = server.clone();
    let drain = Drain::new().deadline(Duration::from_millis(500));
    let ended = bed.spawn(async move { ending.shutdown(drain).await });
    assert_eq!(reader.rest().await, [""; 0]);
    drop(reader);
    let report = bed.soon("the server's end", ended).await.expect("no panic");
    assert_eq!(counts(report), [3, 1, 0, 2]);
    assert!(report.took >= Duration::from_millis(500), "{report}");
    log.expect(&["server shutting down"; 3]).await;
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
    assert_eq!((server.clients_count(), namespace.len()), (0, 0));
    assert_eq!(socket.emit("event", &()), Err(EmitError::Closed));
    drop(stalled);
}

pub(crate) async fn an_engine_ends_as_well(bed: &Bed) {
    let server = EngineServer::new();
    let (pen, mut log) = bed.log();
    server.on_message(async |socket: EngineSocket, message: Message| {
        socket.send_message(message).expect("it is open");
    });
    server
        .on_close(async move |_: EngineSocket, reason: CloseReason| pen.write(reason.to_string()));
    let running = bed.serve_engine(&server).await;
    let ask = async |asked: String| {
        request(running.address, &asked.replace("/socket.io/", "/engine.io/")).await
    };
    let opened = ask(head("GET", "EIO=4&transport=polling", &[])).await;
    let query = format!("EIO=4&transport=polling&sid={}", opened.sid());
    assert_eq!(ask(post(&query, "4last")).await.body, "ok");
    let ending = server.clone();
    let ended = bed.spawn(async move { ending.shutdown(patient()).await });
    log.expect(&["server shutting down"]).await;
    assert_eq!(ask(head("GET", &query, &[])).await.body, "4last");
    assert_eq!(ask(head("GET", &query, &[])).await.body, "1");
    let report = bed.soon("the server's end", ended).await.expect("no panic");
    assert_eq!(counts(report), [1, 1, 0, 0]);
}
