//! What a client may cost.

use std::pin::pin;

use futures::FutureExt as _;
use klatch_core::{CloseReason, Config, JoinError, Limit};

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::Gate;
use crate::conformance::wire::{Wire, head, open, post, request};
use crate::error::{EmitError, ReplyError};
use crate::hooks::Forbidden;
use crate::reply::Reply;
use crate::server::Server;
use crate::socket::Socket;

pub(crate) async fn a_client_that_does_not_read_is_closed_and_others_notice_nothing(bed: &Bed) {
    let config = Config::new().max_payload(10_000);
    let builder = Server::builder().config(config).mailbox_budget(100_000);
    let server = builder.build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let (_slow, slow) = Client::connected_as(running.address).await;
    let mut quick = Client::connected(running.address).await;
    let sockets = namespace.sockets();
    let slow = sockets.iter().find(|socket| socket.id().as_str() == slow).expect("connected");
    let large = "x".repeat(40_000);
    let refused = loop {
        // The kernel's buffers take some megabytes first.
        if let Err(error) = slow.emit("large", &large) {
            break error;
        }
    };
    assert_eq!(refused, EmitError::SlowConsumer);
    log.expect(&["slow consumer"]).await;
    assert_eq!(slow.emit("late", &()), Err(EmitError::Closed));
    namespace.emit("news", &()).expect("a name is encoded");
    quick.expect(&["42[\"news\"]"]).await;
    assert_eq!(namespace.len(), 1);
}

pub(crate) async fn a_volatile_packet_is_dropped_behind_another(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    namespace.on("both", async |socket: Socket, (): ()| {
        socket.emit("first", &())?;
        socket.volatile().emit("volatile", &())?;
        let everybody = socket.namespace();
        everybody.volatile().emit("volatile", &())?;
        socket.emit("last", &())
    });
    namespace.on("alone", async |socket: Socket, (): ()| {
        socket.volatile().emit("volatile", &())?;
        socket.volatile().emit("volatile again", &())
    });
    let mut client = Client::connected(running.address).await;
    client.send("42[\"both\"]").await;
    client.expect(&["42[\"first\"]", "42[\"last\"]"]).await;
    client.send("420[\"alone\"]").await;
    client.expect(&["42[\"volatile\"]", "430[]"]).await;
}

/// As many handlers as may be under way at once.
const IN_FLIGHT: usize = 64;

pub(crate) async fn events_wait_while_many_handlers_do_but_answers_pass(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let passing = gate.clone();
    namespace.on("wait", async move |_: Socket, n: usize| {
        pen.write(n.to_string());
        passing.passed().await;
    });
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    for n in 0..IN_FLIGHT + 10 {
        client.send(&format!("42[\"wait\",{n}]")).await;
    }
    let reply: Reply<u32> = socket.emit_with_ack("question", &());
    client.expect(&["420[\"question\"]"]).await;
    client.send("430[42]").await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(42));
    assert_eq!(log.rest().len(), IN_FLIGHT);
    assert_eq!(server.snapshot().handlers, IN_FLIGHT);
    assert_eq!(server.snapshot().limits_hit.get(Limit::Handlers), 1);
    gate.open();
    for n in IN_FLIGHT..IN_FLIGHT + 10 {
        log.expect(&[&n.to_string()]).await;
    }
}

pub(crate) async fn events_that_wait_have_a_budget(bed: &Bed) {
    let server =
        Server::builder().config(Config::new().max_payload(10_000)).build().expect("it is valid");
    let namespace = server.namespace("/");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let passing = gate.clone();
    namespace.on("wait", async move |_: Socket, _: String| passing.passed().await);
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let mut client = Client::connected(running.address).await;
    let event = format!("42[\"wait\",\"{}\"]", "x".repeat(1000));
    for _ in 0..IN_FLIGHT + 10 {
        client.send(&event).await;
    }
    log.expect(&["forced close"]).await;
    assert_eq!(server.snapshot().limits_hit.get(Limit::Parked), 1);
    gate.open();
}

/// Much more is under way than the server reads before it has seen enough: closing the stream
/// with that unread would reset it, and the close frame could be lost.
pub(crate) async fn a_client_that_sends_too_much_hears_so(bed: &Bed) {
    let server =
        Server::builder().config(Config::new().max_payload(10_000)).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let mut client = Client::connected(running.address).await;
    client.send(&format!("42[\"{}\"]", "x".repeat(8_000_000))).await;
    assert_eq!(client.close_code().await, 1009);
    log.expect(&["transport error"]).await;
}

/// Events that a client sends before it goes, while one handler is all that may be under way.
async fn gone_with_events_that_wait(
    bed: &Bed,
    known: bool,
) -> (Server, Gate, crate::conformance::log::Log) {
    let server = Server::builder().max_handlers(1).build().expect("it is valid");
    let namespace = server.namespace("/");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let (writer, passing) = (pen.clone(), gate.clone());
    namespace.on("wait", async move |_: Socket, n: usize| {
        writer.write(n.to_string());
        passing.passed().await;
    });
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = if known { bed.serve_known(&server).await } else { bed.serve(&server).await };
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    for n in 1..=3 {
        client.send(&format!("42[\"wait\",{n}]")).await;
    }
    log.expect(&["1"]).await;
    drop(client);
    // When the server has heard of it, nothing reaches the client any more.
    bed.until("the end", || socket.emit("anything", &()).is_err()).await;
    assert!(socket.is_connected(), "its end waits for what is before it");
    (server, gate, log)
}

pub(crate) async fn what_a_client_did_is_handled_before_its_end(bed: &Bed) {
    let (server, gate, mut log) = gone_with_events_that_wait(bed, false).await;
    gate.open();
    log.expect(&["2", "3", "transport close"]).await;
    bed.close(&server).await;
    assert_eq!((log.rest(), server.clients_count()), (vec![], 0));
}

pub(crate) async fn an_end_waits_for_events_as_long_as_for_a_pong(bed: &Bed) {
    let (server, gate, mut log) = gone_with_events_that_wait(bed, true).await;
    let line = bed.while_time_passes(pin!(Box::pin(log.next()))).await;
    assert_eq!(line, "transport close");
    gate.open();
    bed.close(&server).await;
    assert_eq!((log.rest(), server.clients_count()), (vec![], 0));
}

const UPGRADE: [&str; 4] = [
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];

pub(crate) async fn sessions_have_a_number_and_one_more_is_to_come_later(bed: &Bed) {
    let (pen, mut log) = bed.log();
    let builder = Server::builder().max_sessions(2);
    let builder = builder.allow_request(async move |_, _| {
        pen.write("asked");
        Ok(())
    });
    let server = builder.build().expect("it is valid");
    let namespace = server.namespace("/");
    let address = bed.serve(&server).await.address;
    let client = Client::connected(address).await;
    let _query = open(address).await;
    log.expect(&["asked", "asked"]).await;
    let by_polling = head("GET", "EIO=4&transport=polling", &[]);
    let by_websocket = head("GET", "EIO=4&transport=websocket", &UPGRADE);
    for sent in [&by_polling, &by_websocket] {
        let answer = request(address, sent).await;
        assert_eq!((answer.status, &*answer.body), (503, ""));
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    assert_eq!(log.rest(), [""; 0], "before anything is asked");
    let snapshot = server.snapshot();
    assert_eq!((snapshot.sessions, snapshot.limits_hit.get(Limit::Sessions)), (2, 2));
    namespace.sockets()[0].close_connection();
    drop(client);
    bed.until("a place", || server.clients_count() < 2).await;
    Client::connected(address).await;
}

pub(crate) async fn whoever_is_not_let_in_takes_no_place(bed: &Bed) {
    let builder = Server::builder().max_sessions(1);
    let builder = builder.allow_request(async |request: http::request::Parts, _| {
        if request.headers.contains_key("x-friend") { Ok(()) } else { Err(Forbidden::new()) }
    });
    let server = builder.build().expect("it is valid");
    let address = bed.serve(&server).await.address;
    let by_polling = head("GET", "EIO=4&transport=polling", &[]);
    let by_websocket = head("GET", "EIO=4&transport=websocket", &UPGRADE);
    for sent in [&by_polling, &by_websocket, &by_polling] {
        assert_eq!(request(address, sent).await.status, 403);
    }
    let friend = head("GET", "EIO=4&transport=polling", &["x-friend: 1"]);
    assert_eq!(request(address, &friend).await.status, 200);
}

pub(crate) async fn t3_rooms_of_a_socket_have_a_number_and_their_names_a_length(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.middleware(async move |socket: Socket| {
        let rooms: Vec<_> = (0..1025).map(|n| format!("promised {n}")).collect();
        pen.write(format!("{:?}", socket.join(&rooms).err()));
        pen.write(format!("{:?}", socket.join(&rooms[..1024]).err()));
        socket.leave(&rooms);
        Ok(())
    });
    let _client = Client::connected(running.address).await;
    let too_many = JoinError::TooManyRooms { limit: 1024 };
    log.expect(&[&format!("{:?}", Some(&too_many)), "None"]).await;
    let socket = namespace.sockets().remove(0);
    for n in 0..1024 {
        assert_eq!(socket.join(format!("room {n}")), Ok(()));
    }
    assert_eq!(socket.join("one more"), Err(too_many));
    socket.leave("room 0");
    assert_eq!(socket.join("x".repeat(256)), Ok(()));
    let too_long = Err(JoinError::NameTooLong { limit: 256 });
    assert_eq!(socket.join("x".repeat(257)), too_long);
    assert_eq!(namespace.to("room 1").sockets_join("x".repeat(257)), too_long);
    let snapshot = server.snapshot();
    assert_eq!(snapshot.namespaces[0].rooms, 1024);
    let hits = snapshot.limits_hit;
    assert_eq!((hits.get(Limit::Rooms), hits.get(Limit::RoomName)), (2, 2));
}

pub(crate) async fn t4_acks_that_a_socket_owes_have_a_number_and_a_time(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let address = bed.serve_known(&server).await.address;
    let query = open(address).await;
    assert_eq!(request(address, &post(&query, "40")).await.body, "ok");
    let socket = namespace.sockets().remove(0);
    let mut owed: Vec<Reply<u32>> =
        (0..1024).map(|_| socket.emit_with_ack("question", &())).collect();
    let refused: Reply<u32> = socket.emit_with_ack("question", &());
    let refused = bed.soon("the refusal", refused).await;
    assert_eq!(refused, Err(ReplyError::Emit(EmitError::TooManyAcks)));
    assert_eq!(server.snapshot().limits_hit.get(Limit::Acks), 1);
    bed.advance(std::time::Duration::from_secs(29));
    let last = owed.pop().expect("there are many");
    let mut last = pin!(last);
    assert!(last.as_mut().now_or_never().is_none(), "half a minute is not over");
    assert_eq!(bed.while_time_passes(last).await, Err(ReplyError::TimedOut));
}

pub(crate) async fn t5_nothing_is_left_of_clients_that_come_and_go(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    namespace.on_connect(async |socket: Socket| socket.join("room"));
    for _ in 0..20 {
        let client = Client::connected(running.address).await;
        let query = open(running.address).await;
        assert_eq!(request(running.address, &post(&query, "40")).await.body, "ok");
        assert_eq!(request(running.address, &post(&query, "41\u{1e}1")).await.body, "ok");
        drop(client);
    }
    bed.until("the end of all", || server.clients_count() == 0).await;
    let snapshot = server.snapshot();
    assert_eq!((snapshot.sessions, snapshot.queued_bytes, snapshot.handlers), (0, 0, 0));
    assert_eq!((snapshot.namespaces[0].sockets, snapshot.namespaces[0].rooms), (0, 0));
    assert_eq!(snapshot.limits_hit.total(), 0);
}

/// More than any system's buffers take.
const MUCH: usize = 24 << 20;

pub(crate) async fn t6_a_client_that_takes_nothing_is_given_up(bed: &Bed) {
    let server = Server::builder().mailbox_budget(2 * MUCH).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve_known(&server).await.address;
    let _websocket = Client::connected(address).await;
    let much = "x".repeat(MUCH);
    namespace.emit("much", &much).expect("it fits");
    bed.until("it is written", || server.snapshot().queued_bytes == 0).await;
    let query = open(address).await;
    assert_eq!(request(address, &post(&query, "40")).await.body, "ok");
    namespace.sockets()[1].emit("much", &much).expect("it fits");
    let mut polling = Wire::open(address).await;
    polling.write(&head("GET", &query, &[])).await;
    assert_eq!(polling.read(15).await, b"HTTP/1.1 200 OK");
    // The WebSocket's session ends for it. Of the other, only the connection does: it did read.
    assert_eq!(bed.while_time_passes(pin!(Box::pin(log.next()))).await, "slow consumer");
    let both = bed.until("the other", || server.snapshot().limits_hit.get(Limit::WriteTime) == 2);
    bed.while_time_passes(pin!(both)).await;
}
