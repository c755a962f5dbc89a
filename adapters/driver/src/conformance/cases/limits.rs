//! What a client may cost.

use klatch_core::{CloseReason, Config};

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::Gate;
use crate::error::EmitError;
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
    let (_server, namespace, running) = bed.serve_one().await;
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
