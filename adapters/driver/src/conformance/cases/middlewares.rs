//! What a client must pass before it is let in.

use std::time::Duration;

use klatch_core::{CloseReason, Config, ConnectError};

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Gate, Log, Pen};
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

struct Guarded<'b> {
    bed: &'b Bed,
    server: Server,
    namespace: Namespace,
    address: Address<'b>,
    pen: Pen,
    log: Log,
}

async fn guarded(bed: &Bed, config: Config, guard: impl FnOnce(&Namespace, &Pen)) -> Guarded<'_> {
    let server = Server::builder().config(config).build().expect("it is valid");
    server.namespace("/other");
    let namespace = server.namespace("/");
    let (pen, log) = bed.log();
    guard(&namespace, &pen);
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        writer.write(format!("connect: {:?}", socket.data::<Vec<u8>>()));
    });
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        writer.write(format!("disconnect: {reason}"));
    });
    namespace.on("rooms", async |socket: Socket, (): ()| socket.rooms()[1..].to_vec());
    let address = bed.serve(&server).await.address;
    Guarded { bed, server, namespace, address, pen, log }
}

impl Guarded<'_> {
    async fn end(mut self) {
        self.bed.close(&self.server).await;
        assert!(self.namespace.is_empty() && self.namespace.rooms().is_empty());
        drop(self.pen);
        assert_eq!(self.log.rest(), [""; 0]);
    }
}

async fn knocking(address: Address<'_>) -> Client {
    let mut client = Client::open(address).await;
    client.send("40").await;
    client
}

pub(crate) async fn they_are_asked_in_order_and_leave_data(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            writer.write(format!("first: {}, {:?}", socket.is_connected(), socket.rooms()));
            socket.set_data(vec![1_u8]);
            passed.passed().await;
            Ok(())
        });
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            writer.write(format!("second: {:?}", socket.auth::<[u8; 1]>()));
            let mut data = socket.data::<Vec<u8>>().map(|data| data.to_vec()).unwrap_or_default();
            data.push(2);
            socket.set_data(data);
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = Client::open(guarded.address).await;
    client.send("40{}").await;
    guarded.log.expect(&["first: false, []"]).await;
    gate.open();
    assert!(guarded.log.next().await.starts_with("second: Err("), "an object is no list");
    client.accepted("").await;
    guarded.log.expect(&["connect: Some([1, 2])"]).await;
    drop(client);
    guarded.log.expect(&["disconnect: transport close"]).await;
    guarded.end().await;
}

pub(crate) async fn the_first_that_refuses_ends_it(bed: &Bed) {
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            socket.join("room").expect("a room is a room");
            writer.write("first");
            Err(ConnectError::new("unauthorized").with_data(&[401])?)
        });
        let writer = pen.clone();
        namespace.middleware(async move |_| {
            writer.write("second");
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    client.expect(&[r#"44{"message":"unauthorized","data":[401]}"#]).await;
    guarded.log.expect(&["first"]).await;
    // The connection lives, for other namespaces and for another try.
    client.send("40").await;
    client.expect(&[r#"44{"message":"unauthorized","data":[401]}"#]).await;
    guarded.log.expect(&["first"]).await;
    drop(client);
    guarded.end().await;
}

pub(crate) async fn a_middleware_that_panics_keeps_the_client_out(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, _| {
        namespace.middleware(async move |socket: Socket| {
            if socket.handshake().query().contains("later") {
                passed.passed().await;
            }
            panic!("on purpose");
        });
    });
    let guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    client.expect(&[r#"44{"message":"internal error"}"#]).await;
    let mut later = Client::at(guarded.address, "EIO=4&transport=websocket&later").await;
    assert!(later.next().await.starts_with("0{"));
    later.send("40").await;
    gate.open();
    later.expect(&[r#"44{"message":"internal error"}"#]).await;
    drop((client, later));
    guarded.end().await;
}

pub(crate) async fn rooms_joined_there_count_once_the_socket_is_connected(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            socket.join(["a", "b", "c", "a"]).expect("rooms are rooms");
            socket.leave("b");
            let too_long = socket.join("x".repeat(257)).is_err();
            let rooms = (socket.rooms(), socket.namespace().room_len("a"));
            writer.write(format!("{rooms:?}, {too_long}"));
            passed.passed().await;
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    guarded.log.expect(&["([\"a\", \"c\"], 0), true"]).await;
    gate.open();
    client.accepted("").await;
    guarded.log.expect(&["connect: None"]).await;
    client.send(r#"420["rooms"]"#).await;
    client.expect(&[r#"430[["a","c"]]"#]).await;
    assert_eq!(guarded.namespace.room_len("a"), 1);
    drop(client);
    guarded.log.expect(&["disconnect: transport close"]).await;
    guarded.end().await;
}

/// Invariant 11.
pub(crate) async fn one_who_is_not_connected_is_reached_by_nothing(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            socket.join("room").expect("a room is a room");
            let sent = socket.emit("early", &()).is_err();
            socket.disconnect();
            writer.write(format!("waits, {sent}"));
            passed.passed().await;
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    guarded.log.expect(&["waits, true"]).await;
    guarded.namespace.emit("to all", &()).expect("it is JSON");
    guarded.namespace.to("room").emit("to the room", &()).expect("it is JSON");
    assert!(guarded.namespace.is_empty());
    gate.open();
    client.accepted("").await;
    guarded.log.expect(&["connect: None"]).await;
    guarded.namespace.to("room").emit("now", &()).expect("it is JSON");
    client.expect(&[r#"42["now"]"#]).await;
    drop(client);
    guarded.log.expect(&["disconnect: transport close"]).await;
    guarded.end().await;
}

/// Invariant 43.
pub(crate) async fn a_client_that_goes_meanwhile_is_heard_of_no_more(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |socket: Socket| {
            socket.join("room").expect("a room is a room");
            writer.write("waits");
            passed.passed().await;
            writer.write("goes on");
            Ok(())
        });
        let writer = pen.clone();
        namespace.middleware(async move |_| {
            writer.write("not asked");
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let writer = guarded.pen.clone();
    guarded.server.namespace("/other").on_disconnect(async move |_: Socket, _: CloseReason| {
        writer.write("gone");
    });
    let mut client = knocking(guarded.address).await;
    guarded.log.expect(&["waits"]).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    drop(client);
    guarded.log.expect(&["gone"]).await;
    gate.open();
    guarded.log.expect(&["goes on"]).await;
    guarded.end().await;
}

/// HARDENING S11.
pub(crate) async fn a_second_connect_meanwhile_closes_the_connection(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, pen| {
        let writer = pen.clone();
        namespace.middleware(async move |_| {
            writer.write("waits");
            passed.passed().await;
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    client.send("40").await;
    guarded.log.expect(&["waits"]).await;
    assert_eq!(client.rest().await, [""; 0]);
    gate.open();
    guarded.end().await;
}

pub(crate) async fn other_namespaces_do_not_wait(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let guarded = guarded(bed, Config::new(), |namespace, _| {
        namespace.middleware(async move |_| {
            passed.passed().await;
            Ok(())
        });
    });
    let mut guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    gate.open();
    client.accepted("").await;
    guarded.log.expect(&["connect: None"]).await;
    drop(client);
    guarded.log.expect(&["disconnect: transport close"]).await;
    guarded.end().await;
}

/// Invariant 44.
pub(crate) async fn a_client_that_waits_too_long_is_closed(bed: &Bed) {
    let gate = Gate::default();
    let passed = gate.clone();
    let config = Config::new().connect_timeout(Duration::from_millis(200));
    let guarded = guarded(bed, config, |namespace, _| {
        namespace.middleware(async move |_| {
            passed.passed().await;
            Ok(())
        });
    });
    let guarded = guarded.await;
    let mut client = knocking(guarded.address).await;
    assert_eq!(client.rest().await, [""; 0]);
    gate.open();
    guarded.end().await;
}
