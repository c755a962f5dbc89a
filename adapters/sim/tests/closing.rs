//! The end of a server, whatever its clients are about to do at that moment.

mod seeds;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use klatch_core::CloseReason;
use klatch_driver::{Runtime as _, Server, Socket};
use klatch_sim::{DisconnectReason, Sim, Transport};
use parking_lot::Mutex;

use crate::seeds::seeds;

const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

#[test]
fn whoever_is_between_two_polls_is_told_everything_before_a_server_has_closed() {
    for seed in 0..seeds(100) {
        let sim = Sim::new(seed);
        let server = Server::new();
        let chat = server.namespace("/");
        let reasons = Arc::new(Mutex::new(Vec::new()));
        let ended = reasons.clone();
        chat.on_disconnect(async move |_: Socket, reason: CloseReason| ended.lock().push(reason));
        sim.serve(&server);
        let connect = |transport| sim.client().transport(transport).connect("/");
        let clients: Vec<_> = TRANSPORTS.into_iter().cycle().take(12).map(connect).collect();
        sim.advance(Duration::from_secs(1));
        chat.emit("first", &1).expect("it is a number");
        // About a round trip: some have polled again by then, some have not.
        sim.advance(Duration::from_millis(sim.runtime().below(12)));
        chat.emit("last", &2).expect("it is a number");
        let began = sim.now();
        sim.block_on(server.close());
        let took = sim.now() - began;
        assert!(took < Duration::from_millis(100), "seed {seed}: {took:?}");
        for client in clients {
            assert_eq!(client.expect::<u32>("first"), 1, "seed {seed}");
            assert_eq!(client.expect::<u32>("last"), 2, "seed {seed}");
            assert_eq!(client.expect_disconnect(), DisconnectReason::TransportClose);
        }
        assert_eq!(server.clients_count(), 0);
        assert_eq!(*reasons.lock(), [CloseReason::ServerShuttingDown; 12]);
    }
}

#[test]
fn nobody_listens_where_a_server_has_closed() {
    let sim = Sim::new(1);
    let server = Server::new();
    let bound = sim.bind();
    let address = bound.local_addr().expect("it listens");
    let closing = server.clone();
    let runtime = sim.runtime();
    sim.runtime().spawn(async move {
        runtime.sleep(Duration::from_secs(1)).await;
        closing.close().await;
    });
    sim.block_on(bound.serve(server)).expect("it ends well");
    let error = sim.open(address).expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
