//! How clients come and go.

use klatch_core::CloseReason;
use klatch_driver::{Server, Socket};
use klatch_sim::{DisconnectReason, Link, Sim, Transport};
use serde_json::{Value, json};

use crate::{SECOND, TRANSPORTS, panic_of, serve};

#[test]
fn a_client_connects_by_every_transport() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        sim.advance(SECOND);
        let sockets = chat.sockets();
        assert_eq!(sockets.len(), 1);
        assert_eq!(sockets[0].id().as_str(), ada.id());
        assert!(ada.is_connected());
        assert_eq!(ada.is_on_websocket(), transport != Transport::Polling, "{transport:?}");
        let spoken = sockets[0].transport().as_str();
        assert_eq!(spoken == "websocket", ada.is_on_websocket(), "{transport:?}");
    }
}

#[test]
fn a_session_lives_on_for_as_long_as_pings_are_answered() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, chat) = serve(&sim);
        let ada = sim.client().transport(transport).link(Link::new().chunk(3)).connect("/");
        sim.advance(600 * SECOND);
        assert!(ada.is_connected());
        assert_eq!(chat.len(), 1);
    }
}

#[test]
fn what_a_client_presents_arrives() {
    let sim = Sim::new(1);
    let server = Server::new();
    let vip = server.namespace("/vip");
    vip.on_connect(async |socket: Socket| {
        let auth: Value = socket.auth().expect("there is some");
        let handshake = socket.handshake();
        let query = handshake.query().to_owned();
        let agent = handshake.header("user-agent").expect("it is sent").to_owned();
        socket.emit("seen", &(auth, query, agent))
    });
    sim.serve(&server);
    let ada = sim
        .client()
        .auth(&json!({"token": "secret"}))
        .query("lang", "en")
        .header("user-agent", "sim")
        .connect("/vip");
    let seen: (Value, String, String) = ada.expect("seen");
    let query = "EIO=4&transport=websocket&lang=en".to_owned();
    let expected = (json!({"token": "secret"}), query, "sim".to_owned());
    assert_eq!(seen, expected);

    server.namespace("/room").on_connect(async |socket: Socket| {
        socket.emit("seen", &socket.auth::<Value>().expect("there is some"))
    });
    let also_ada = ada.connect_with("/room", &json!({"key": 7}));
    assert_eq!(also_ada.expect::<Value>("seen"), json!({"key": 7}));
}

#[test]
fn a_namespace_that_nobody_made_refuses() {
    let sim = Sim::new(1);
    let (_server, _chat) = serve(&sim);
    let refusal = sim.client().refused("/nowhere");
    assert_eq!(refusal.message(), "Invalid namespace");
    assert_eq!(refusal.data::<Option<u32>>(), None);
    assert!(panic_of(|| sim.connect("/nowhere")).contains("was not let in: Invalid namespace"));
    assert!(panic_of(|| sim.client().refused("/")).contains("was not refused"));
}

#[test]
fn one_connection_carries_several_namespaces() {
    let sim = Sim::new(1);
    let (server, chat) = serve(&sim);
    let news = server.namespace("/news");
    let ada = sim.connect("/");
    let reader = ada.connect("/news");
    assert_ne!(ada.id(), reader.id());
    assert_eq!(server.clients_count(), 1);
    chat.emit("one", &1).expect("it is a number");
    news.emit("two", &2).expect("it is a number");
    assert_eq!(reader.expect::<u32>("two"), 2);
    assert_eq!(ada.expect::<u32>("one"), 1);

    ada.disconnect();
    assert_eq!(ada.expect_disconnect(), DisconnectReason::ClientDisconnect);
    sim.advance(SECOND);
    news.emit("three", &3).expect("it is a number");
    assert_eq!(reader.expect::<u32>("three"), 3);
    assert_eq!((chat.len(), news.len()), (0, 1));
}

#[test]
fn what_was_under_way_to_a_client_that_left_is_not_for_it_when_it_comes_back() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (server, _chat) = serve(&sim);
        let news = server.namespace("/news");
        news.on("ask", async |_: Socket, n: u32| n + 1);
        let ada = sim.client().transport(transport).connect("/");
        let mut reader = ada.connect("/news");
        sim.advance(SECOND);
        news.emit("old", &1).expect("it is a number");
        reader.disconnect();
        reader = ada.connect("/news");
        assert_eq!(reader.ask::<u32>("ask", &1), 2, "{transport:?}");
        news.emit("new", &2).expect("it is a number");
        assert_eq!(reader.expect::<u32>("new"), 2, "{transport:?}");

        // Both end the same life at the same time.
        news.sockets()[0].disconnect();
        reader.disconnect();
        reader = ada.connect("/news");
        reader.expect_nothing_for(SECOND);
        assert_eq!((reader.is_connected(), news.len()), (true, 1), "{transport:?}");
    }
}

#[test]
fn who_leaves_its_last_namespace_closes_the_connection() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (server, _chat) = serve(&sim);
        let (ada, bob) = (sim.client().transport(transport).connect("/"), sim.connect("/"));
        sim.advance(SECOND);
        let id = ada.id();
        ada.disconnect();
        let left: (String, String) = bob.expect("left");
        assert_eq!(left, (id, CloseReason::ClientNamespaceDisconnect.to_string()));
        sim.advance(SECOND);
        assert_eq!(server.clients_count(), 1, "{transport:?}");
    }
}

#[test]
fn a_client_that_is_dropped_is_gone() {
    let sim = Sim::new(1);
    let (server, _chat) = serve(&sim);
    let (ada, bob) = (sim.connect("/"), sim.connect("/"));
    let also_ada = ada.clone();
    drop(ada);
    bob.expect_nothing_for(SECOND);
    drop(also_ada);
    let left: (String, String) = bob.expect("left");
    assert_eq!(left.1, CloseReason::TransportClose.to_string());
    assert_eq!(server.clients_count(), 1);
}

#[test]
fn a_client_hears_why_the_server_lets_it_go() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (server, chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        let bob = sim.client().transport(transport).connect("/");
        sim.advance(SECOND);
        let socket = |id: String| chat.sockets().into_iter().find(|s| s.id().as_str() == id);
        socket(ada.id()).expect("it is in").disconnect();
        assert_eq!(ada.expect_disconnect(), DisconnectReason::ServerDisconnect);
        assert!(!ada.is_connected());
        let _: (String, String) = bob.expect("left");
        sim.advance(SECOND);
        sim.block_on(server.close());
        assert_eq!(bob.expect_disconnect(), DisconnectReason::TransportClose, "{transport:?}");
        assert!(panic_of(|| bob.emit("say", "hi")).contains("is not connected"));
    }
}

#[test]
fn two_servers_are_told_apart_by_their_addresses() {
    let sim = Sim::new(1);
    let (_first, chat) = serve(&sim);
    let second = Server::builder().path("/other/").build().expect("it is valid");
    let other = second.namespace("/");
    let address = sim.serve(&second);
    let ada = sim.client().server(address).path("/other/").connect("/");
    assert_eq!((chat.len(), other.len()), (0, 1));
    drop(ada);
}
