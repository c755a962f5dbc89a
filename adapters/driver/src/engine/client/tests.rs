//! A client in its task, without a task.

use std::time::UNIX_EPOCH;

use klatch_core::Sid;
use klatch_core::engine::Transport;
use parking_lot::Mutex;

use super::*;
use crate::application::Application as _;
use crate::engine::EngineServer;
use crate::handshake::Handshake;

#[test]
fn what_a_client_said_that_does_not_read_is_handled_when_it_is_gone() {
    let now = Timestamp::ZERO;
    let server = EngineServer::builder().soft_mark(0).build_engine().expect("it is valid");
    let notes = Arc::new(Mutex::new(Vec::new()));
    let writer = notes.clone();
    server.on_message(async move |socket: EngineSocket, message| {
        let Message::Text(text) = message else { panic!("{message:?}") };
        writer.lock().push(text.to_string());
        let _ = socket.send_text("an answer");
    });
    let writer = notes.clone();
    server.on_close(async move |_: EngineSocket, reason: CloseReason| {
        writer.lock().push(reason.to_string());
    });
    let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
    let sid = Sid::from_entropy([0; 15]);
    let mut client = server.client(sid, Transport::WebSocket, handshake, now);
    client.take_orders(now);
    while client.next_transmit(now).is_some() {}
    // The answer to the first is not read.
    for message in ["4a", "4b"] {
        client.receive(now, Frame::Text(message.into()));
    }
    assert_eq!(*notes.lock(), ["a"]);
    client.handle(now, Input::WebSocketClosed);
    client.take_events(now);
    assert_eq!(*notes.lock(), ["a", "b", "transport close"]);
    assert!(client.is_finished());
}
