//! What a client and its server see when the network fails them.

use std::time::Duration;

use klatch_core::{CloseReason, Config, Limit};
use klatch_driver::{Recovery, Server};
use klatch_sim::{DisconnectReason, Link, Sim, Transport};

use crate::{SECOND, TRANSPORTS, serve};

#[test]
fn a_reset_ends_a_websocket_at_both_ends() {
    let sim = Sim::new(1);
    let (_server, _chat) = serve(&sim);
    let (ada, bob) = (sim.connect("/"), sim.connect("/"));
    sim.reset(&ada);
    assert_eq!(ada.expect_disconnect(), DisconnectReason::TransportError);
    let left: (String, String) = bob.expect("left");
    // As in Node, it is how a client goes away that had no time to say so.
    assert_eq!(left, (ada.id(), CloseReason::TransportClose.to_string()));
}

#[test]
fn what_is_said_during_a_partition_arrives_when_it_is_healed() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        sim.advance(SECOND);
        sim.partition(&ada);
        chat.emit("one", &1).expect("it is a number");
        ada.expect_nothing_for(10 * SECOND);
        sim.heal(&ada);
        assert_eq!(ada.expect::<u32>("one"), 1, "{transport:?}");
    }
}

#[test]
fn a_partition_that_lasts_is_a_ping_timeout_at_both_ends() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, _chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        let bob = sim.connect("/");
        sim.partition(&ada);
        let left: (String, String) = bob.expect("left");
        assert_eq!(left, (ada.id(), CloseReason::PingTimeout.to_string()), "{transport:?}");
        assert_eq!(ada.expect_disconnect(), DisconnectReason::PingTimeout);
    }
}

#[test]
fn a_session_that_is_not_opened_in_time_is_a_ping_timeout() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let _listener = sim.runtime().listen();
        let ada = sim.client().transport(transport).start("/");
        assert_eq!(ada.expect_disconnect(), DisconnectReason::PingTimeout, "{transport:?}");
        assert_eq!(sim.now().offset(), 20 * SECOND);
    }
}

#[test]
fn a_client_that_vanishes_is_missed_at_the_next_heartbeat() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (server, _chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        let bob = sim.connect("/");
        sim.advance(SECOND);
        sim.vanish(&ada);
        let id = ada.id();
        drop(ada);
        bob.expect_nothing_for(20 * SECOND);
        let left: (String, String) = bob.expect("left");
        assert_eq!(left, (id, CloseReason::PingTimeout.to_string()), "{transport:?}");
        sim.advance(SECOND);
        assert_eq!(server.clients_count(), 1);
    }
}

#[test]
fn a_client_that_stops_reading_is_a_slow_consumer() {
    for transport in [Transport::Polling, Transport::WebSocket] {
        let sim = Sim::new(1);
        let config = Config::new().max_payload(10_000);
        let builder = Server::builder().config(config).mailbox_budget(100_000);
        let server = builder.build().expect("it is valid");
        let chat = server.namespace("/");
        sim.serve(&server);
        let ada = sim.client().transport(transport).link(Link::new().buffer(1000)).connect("/");
        ada.stall();
        chat.emit("small", &"x".repeat(10_000)).expect("it is text");
        sim.advance(SECOND);
        ada.resume();
        assert_eq!(ada.expect::<String>("small").len(), 10_000);
        ada.stall();
        for _ in 0..20 {
            chat.emit("large", &"x".repeat(10_000)).expect("it is text");
        }
        sim.advance(SECOND);
        assert!(chat.is_empty(), "{transport:?}");
    }
}

#[test]
fn a_client_has_twenty_seconds_to_take_something() {
    let sim = Sim::new(1);
    let (server, chat) = serve(&sim);
    let ada =
        sim.client().transport(Transport::WebSocket).link(Link::new().buffer(1000)).connect("/");
    ada.stall();
    chat.emit("large", &"x".repeat(100_000)).expect("it is text");
    sim.advance(19 * SECOND);
    // It takes what is on its way, and begins anew.
    ada.resume();
    sim.advance(Duration::from_millis(1));
    ada.stall();
    sim.advance(19 * SECOND);
    assert_eq!(server.snapshot().limits_hit.get(Limit::WriteTime), 0);
    sim.advance(2 * SECOND);
    assert_eq!(server.snapshot().limits_hit.get(Limit::WriteTime), 1);
    assert!(chat.is_empty());
}

#[test]
fn an_upgrade_that_gets_nowhere_leaves_the_session_on_polling() {
    let sim = Sim::new(1);
    let config = Config::new().upgrade_timeout(Duration::from_millis(1));
    let server = Server::builder().config(config).build().expect("it is valid");
    let chat = server.namespace("/");
    sim.serve(&server);
    let ada = sim.client().transport(Transport::Upgrade).connect("/");
    sim.advance(SECOND);
    assert!(!ada.is_on_websocket());
    chat.emit("one", &1).expect("it is a number");
    assert_eq!(ada.expect::<u32>("one"), 1);
}

#[test]
fn a_client_comes_back_as_who_it_was_however_often_it_is_lost() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let server = Server::builder().recovery(Recovery::new()).build().expect("it is valid");
        let chat = server.namespace("/");
        sim.serve(&server);
        let mut ada = sim.client().transport(transport).connect("/");
        let id = ada.id();
        chat.emit("said", &0).expect("it is a number");
        assert_eq!(ada.expect::<u32>("said"), 0);
        for n in 1..4 {
            sim.reset(&ada);
            ada.expect_disconnect();
            // What it heard before it was lost twice counts still.
            let claim = ada.claim().expect("the server recovers");
            let lost = sim.client().transport(transport).auth(&claim).connect("/");
            sim.reset(&lost);
            lost.expect_disconnect();
            chat.emit("said", &n).expect("it is a number");
            let claim = lost.claim().expect("the server recovers");
            ada = sim.client().transport(transport).auth(&claim).connect("/");
            assert_eq!((ada.id(), ada.expect::<u32>("said")), (id.clone(), n), "{transport:?}");
        }
        ada.expect_nothing_for(SECOND);
        assert_eq!(
            sim.connect("/").claim().map(|claim| claim == ada.claim().unwrap()),
            Some(false)
        );
    }
}

#[test]
fn the_connection_that_was_opened_last_breaks_alone() {
    let sim = Sim::new(1);
    let (_server, chat) = serve(&sim);
    let link = Link::new().latency(Duration::from_millis(10)..=Duration::from_millis(10));
    let ada = sim.client().transport(Transport::Upgrade).link(link).connect("/");
    // Its WebSocket is on its way.
    sim.reset_newest(&ada);
    sim.advance(SECOND);
    assert!(!ada.is_on_websocket());
    chat.emit("one", &1).expect("it is a number");
    assert_eq!(ada.expect::<u32>("one"), 1);
}

#[test]
fn nothing_goes_on_when_everybody_has_gone() {
    let sim = Sim::new(1);
    assert_eq!(sim.tasks(), 0);
    let (server, chat) = serve(&sim);
    let before = sim.tasks();
    let clients = TRANSPORTS.map(|transport| sim.client().transport(transport).connect("/"));
    assert!(sim.tasks() > before);
    drop(clients);
    sim.advance(60 * SECOND);
    sim.block_on(server.close());
    drop((server, chat));
    sim.advance(60 * SECOND);
    assert_eq!(sim.tasks(), 0);
}
