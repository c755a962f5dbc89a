//! A client in its task, without a task: what the task does, step by step.

use std::time::UNIX_EPOCH;

use klatch_core::engine::Frame;

use super::*;
use crate::application::Application as _;
use crate::server::Server;

/// A WebSocket client whose handlers run where they are called: none of them awaits anything.
struct Rig {
    client: SocketIo,
}

impl Rig {
    fn new(server: &Server) -> Self {
        let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
        let sid = Sid::from_entropy([0; 15]);
        let client = server.client(sid, Transport::WebSocket, handshake, Timestamp::ZERO);
        Self { client }
    }

    /// A turn in which these frames are read; what it writes.
    fn turn(&mut self, frames: &[&'static str]) -> Vec<String> {
        let now = Timestamp::ZERO;
        for frame in frames {
            self.client.handle(now, Input::Frame(Frame::Text(frame.as_bytes().into())));
        }
        self.client.take_orders(now);
        self.client.take_events(now);
        std::iter::from_fn(|| self.client.next_transmit(now))
            .map(|transmit| match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    String::from_utf8(text.into()).expect("packets are text")
                }
                other => format!("{other:?}"),
            })
            .collect()
    }
}

#[test]
fn a_client_that_is_put_out_may_be_back_before_the_next_turn_looks_for_orders() {
    let server = Server::new();
    let namespace = server.namespace("/");
    namespace.on("put me out", async |socket: Socket, (): ()| socket.disconnect());
    let mut rig = Rig::new(&server);
    let first = rig.turn(&["40"]);
    assert!(first[0].starts_with("0{") && first[1].starts_with("40{"), "{first:?}");
    assert_eq!(rig.turn(&[r#"42["put me out"]"#]), ["41"]);
    let again = rig.turn(&["40"]);
    assert!(again[0].starts_with("40{"), "{again:?}");
    assert_ne!(again[0], first[1]);
    assert_eq!(namespace.len(), 1);
}
