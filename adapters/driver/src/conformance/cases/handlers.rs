//! When handlers start, and what ends them.

use klatch_core::CloseReason;

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::Gate;
use crate::socket::Socket;

pub(crate) async fn on_connect_has_run_before_the_first_event_though_it_awaits_later(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let (writer, passing) = (pen.clone(), gate.clone());
    namespace.on_connect(async move |_: Socket| {
        writer.write("connect");
        passing.passed().await;
        writer.write("the rest of connect");
    });
    namespace.on("event", async move |_: Socket, (): ()| pen.write("event"));
    let mut client = Client::connected(running.address).await;
    client.send("42[\"event\"]").await;
    log.expect(&["connect", "event"]).await;
    gate.open();
    log.expect(&["the rest of connect"]).await;
}

/// Invariant 37.
pub(crate) async fn a_socket_is_connected_in_its_room_and_told_so_before_on_connect(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let state = |socket: &Socket| {
        let in_own_room = socket.rooms().contains(&socket.id().to_string());
        let is_found = socket.namespace().socket(socket.id()).is_some();
        format!("{}, {in_own_room}, {is_found}", socket.is_connected())
    };
    for nth in 1..=2 {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            writer.write(format!("middleware {nth}: {}", state(&socket)));
            Ok(())
        });
    }
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        writer.write(format!("connect: {}", state(&socket)));
        socket.namespace().to(socket.id().as_str()).emit("behind the CONNECT", &())
    });
    namespace.on("event", async move |socket: Socket, (): ()| {
        pen.write(format!("event: {}", state(&socket)));
    });
    let mut client = Client::open(running.address).await;
    client.send("40").await;
    client.accepted("").await;
    client.expect(&[r#"42["behind the CONNECT"]"#]).await;
    client.send(r#"42["event"]"#).await;
    log.expect(&[
        "middleware 1: false, false, false",
        "middleware 2: false, false, false",
        "connect: true, true, true",
        "event: true, true, true",
    ])
    .await;
}

pub(crate) async fn events_start_in_order_of_arrival(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let passing = gate.clone();
    namespace.on("event", async move |_: Socket, n: usize| {
        pen.write(n.to_string());
        // Some of them go on in tasks of their own.
        if n.is_multiple_of(20) {
            passing.passed().await;
        }
    });
    let mut client = Client::connected(running.address).await;
    for n in 0..500 {
        client.send(&format!("42[\"event\",{n}]")).await;
    }
    for n in 0..500 {
        assert_eq!(log.next().await, n.to_string());
    }
    gate.open();
}

pub(crate) async fn a_pending_handler_outlives_its_connection(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let (writer, passing) = (pen.clone(), gate.clone());
    namespace.on("event", async move |socket: Socket, (): ()| {
        writer.write("began");
        passing.passed().await;
        writer.write(format!("ended; connected: {}", socket.is_connected()));
    });
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| pen.write("disconnect"));
    let mut client = Client::connected(running.address).await;
    client.send("42[\"event\"]").await;
    log.expect(&["began"]).await;
    drop(client);
    log.expect(&["disconnect"]).await;
    gate.open();
    log.expect(&["ended; connected: false"]).await;
}

pub(crate) async fn a_namespace_that_was_left_can_be_joined_again(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| pen.write("disconnect"));
    namespace.on("event", async |_: Socket, (): ()| "answered");
    let (mut client, first) = Client::connected_as(running.address).await;
    client.send("41").await;
    client.send("40").await;
    let second = client.accepted("").await;
    assert_ne!(first, second);
    log.expect(&["disconnect"]).await;
    client.send("420[\"event\"]").await;
    client.expect(&["430[\"answered\"]"]).await;
    assert_eq!(namespace.len(), 1);
}
