//! Engine.IO alone.

use klatch_core::engine::Message;

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::Pen;
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
