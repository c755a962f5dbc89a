//! A client on a WebSocket, in one namespace.

use bytes::Bytes;
use klatch_core::engine::{Frame, Input, Transport};
use klatch_core::{Config, Connection, ENTROPY_BYTES, Event, Outgoing, Sid, SocketId, Timestamp};

/// One that has just joined the namespace `/` and has nothing to read.
pub(crate) fn joined(now: Timestamp) -> Connection {
    let sid = Sid::from_entropy([7; ENTROPY_BYTES]);
    let mut connection = Connection::new(&Config::default(), sid, Transport::WebSocket, now);
    connection.handle(now, text(&Bytes::from_static(b"40")));
    let Some(Event::Connect { slot, .. }) = connection.poll_event() else {
        panic!("it asks to join");
    };
    connection.accept(slot).expect("it still waits");
    connection.send(Outgoing::connect("/", &SocketId::from_entropy([5; ENTROPY_BYTES]), None));
    while connection.poll_transmit().is_some() {}
    connection.shrink_to_fit();
    connection
}

/// A frame that arrives.
pub(crate) fn text(bytes: &Bytes) -> Input {
    Input::Frame(Frame::Text(bytes.clone()))
}
