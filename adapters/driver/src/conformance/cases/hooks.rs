//! Hooks that see all events, and events that nobody handles.

use klatch_core::{Args, Payload};

use crate::ack::Ack;
use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::Pen;
use crate::namespace::Namespace;
use crate::reply::{Answers, Reply};
use crate::socket::Socket;

/// A hook that writes down what it sees, behind its name.
fn writes(pen: &Pen, name: &'static str) -> impl Fn(&Socket, &str, &Payload) + 'static {
    let pen = pen.clone();
    move |_, event, args| pen.write(format!("{name}: {event} {}", args.as_json()))
}

/// As [`writes`], with the place that the socket has among all.
fn writes_for_whom(pen: &Pen, namespace: &Namespace) -> impl Fn(&Socket, &str, &Payload) + 'static {
    let (pen, namespace) = (pen.clone(), namespace.clone());
    move |socket, event, args| {
        let nth = namespace.sockets().iter().position(|other| other == socket);
        let nth = nth.expect("it is connected");
        pen.write(format!("{nth}: {event} {}", args.as_json()));
    }
}

pub(crate) async fn every_event_is_seen_before_its_handler(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    server.namespace("/other").on("known", async |_: Socket, (): ()| ());
    let (pen, mut log) = bed.log();
    namespace.on_any(writes(&pen, "second"));
    namespace.on_any(|_, _, _| panic!("on purpose"));
    namespace.on_any(writes(&pen, "third"));
    namespace.prepend_any(writes(&pen, "first"));
    let writer = pen.clone();
    namespace.on("known", async move |_: Socket, n: Option<u32>| writer.write(format!("{n:?}")));
    let mut client = Client::connected(running.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    let reply: Reply<u32> = namespace.sockets().remove(0).emit_with_ack("question", &());
    client.expect(&["420[\"question\"]"]).await;

    client.send("42/other,0[\"known\"]").await;
    client.send("42[\"unknown\",1,\"2\"]").await;
    client.send("430[42]").await;
    client.send("421[\"known\",3,4]").await;
    client.expect(&["43/other,0[]", "431[]"]).await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(42));
    for event in ["unknown 1,\"2\"", "known 3,4"] {
        for name in ["first", "second", "third"] {
            log.expect(&[&format!("{name}: {event}")]).await;
        }
    }
    log.expect(&["Some(3)"]).await;
    namespace.off_any();
    client.send("422[\"known\"]").await;
    client.expect(&["432[]"]).await;
    log.expect(&["None"]).await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn what_is_sent_is_seen_once_for_each_whom_it_reaches(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let elsewhere = server.namespace("/other");
    let (pen, mut log) = bed.log();
    let mut clients = [
        Client::connected(running.address).await,
        Client::connected(running.address).await,
        Client::connected(running.address).await,
    ];
    let sockets = namespace.sockets();
    for socket in &sockets[..2] {
        socket.join(["a", "b"]).expect("the names are short");
    }
    namespace.on_any_outgoing(writes_for_whom(&pen, &namespace));
    namespace.on_any_outgoing(|_, _, _| panic!("on purpose"));
    namespace.prepend_any_outgoing(writes(&pen, "first"));

    sockets[2].emit("one", &Args((1, "2"))).expect("it is connected");
    log.expect(&["first: one 1,\"2\"", "2: one 1,\"2\""]).await;
    namespace.to("a").to("b").emit("many", &()).expect("a name is encoded");
    log.expect(&["first: many ", "0: many ", "first: many ", "1: many "]).await;
    sockets[0].to("a").emit("others", &[1]).expect("a list is encoded");
    log.expect(&["first: others [1]", "1: others [1]"]).await;
    // Nobody hears this.
    namespace.to("nowhere").emit("nobody", &()).expect("a name is encoded");
    elsewhere.emit("elsewhere", &()).expect("a name is encoded");

    let reply: Reply<u32> = sockets[2].emit_with_ack("question", &3);
    log.expect(&["first: question 3", "2: question 3"]).await;
    let replies = namespace.to("a").emit_with_ack("questions", &4);
    log.expect(&["first: questions 4", "0: questions 4"]).await;
    log.expect(&["first: questions 4", "1: questions 4"]).await;
    for (client, packets) in clients.iter_mut().zip([
        &["42[\"many\"]", "421[\"questions\",4]"][..],
        &["42[\"many\"]", "42[\"others\",[1]]", "421[\"questions\",4]"],
        &["42[\"one\",1,\"2\"]", "420[\"question\",3]"],
    ]) {
        client.expect(packets).await;
    }
    clients[2].send("430[5]").await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(5));
    for client in &mut clients[..2] {
        client.send("431[6]").await;
    }
    let answers: Answers<u32> = bed.soon("the answers", replies).await.expect("it was sent");
    assert!(answers.is_complete());

    namespace.off_any_outgoing();
    namespace.emit("last", &()).expect("a name is encoded");
    clients[0].expect(&["42[\"last\"]"]).await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn what_is_dropped_is_not_seen(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.on_any_outgoing(writes(&pen, "sent"));
    namespace.on("both", async |socket: Socket, (): ()| {
        socket.emit("first", &())?;
        socket.volatile().emit("volatile", &())?;
        socket.namespace().volatile().emit("volatile", &())?;
        socket.emit("last", &())
    });
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    client.send("420[\"both\"]").await;
    client.expect(&["42[\"first\"]", "42[\"last\"]", "430[]"]).await;
    log.expect(&["sent: first ", "sent: last "]).await;
    socket.disconnect();
    assert!(socket.emit("late", &()).is_err());
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn a_hook_may_change_who_is_where_and_say_more(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let mut one = Client::connected(running.address).await;
    let mut two = Client::connected(running.address).await;
    for socket in namespace.sockets() {
        socket.join("room").expect("the name is short");
    }
    let everybody = namespace.clone();
    namespace.on_any_outgoing(move |socket, event, _| {
        if event == "news" {
            // Whom it reaches is known by now.
            everybody.to("room").sockets_leave("room");
            socket.emit("more", &()).expect("it is connected");
        }
    });
    namespace.to("room").emit("news", &()).expect("a name is encoded");
    for client in [&mut one, &mut two] {
        client.expect(&["42[\"news\"]", "42[\"more\"]"]).await;
    }
    assert_eq!(namespace.room_len("room"), 0);
}

pub(crate) async fn what_nobody_handles_goes_to_the_fallback(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.on_error(move |_, event, error| writer.write(format!("{event}: {error}")));
    namespace.on("known", async |_: Socket, (): ()| "handled");
    namespace.on_fallback(async |_: Socket, event: String, args: Payload, ack: Ack| {
        if args.is_empty() {
            return Err("no arguments");
        }
        ack.send(&Args((event, args.decode::<u32>().ok()))).map_err(|_| "the client is gone")
    });
    let mut client = Client::connected(running.address).await;
    client.send("420[\"known\"]").await;
    client.send("421[\"unknown\",42]").await;
    client.send("422[\"empty\"]").await;
    client.send("423[\"known\"]").await;
    client.expect(&["430[\"handled\"]", "431[\"unknown\",42]", "433[\"handled\"]"]).await;
    log.expect(&["empty: the handler failed"]).await;

    namespace.off("known");
    client.send("424[\"known\",1]").await;
    client.expect(&["434[\"known\",1]"]).await;
    namespace.off_fallback();
    namespace.on("last", async |_: Socket, (): ()| ());
    for packet in ["425[\"known\",1]", "426[\"unknown\",1]", "427[\"last\"]"] {
        client.send(packet).await;
    }
    client.expect(&["437[]"]).await;
}

pub(crate) async fn what_is_removed_is_called_no_more(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.on_connect(async move |_: Socket| writer.write("connect"));
    let writer = pen.clone();
    namespace.on_disconnecting(async move |_: Socket, _| writer.write("disconnecting"));
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, _| writer.write("disconnect"));
    let writer = pen.clone();
    namespace.on_error(move |_, _, _| writer.write("error"));
    namespace.on("fails", async |_: Socket, (): ()| Err::<(), _>(()));
    let mut client = Client::connected(running.address).await;
    client.send("420[\"fails\"]").await;
    client.expect(&["430[{\"error\":null}]"]).await;
    client.send("41").await;
    log.expect(&["connect", "error", "disconnecting", "disconnect"]).await;

    namespace.off_connect();
    namespace.off_disconnecting();
    namespace.off_error();
    client.send("40").await;
    client.accepted("").await;
    client.send("420[\"fails\"]").await;
    client.expect(&["430[{\"error\":null}]"]).await;
    client.send("41").await;
    log.expect(&["disconnect"]).await;
    namespace.off_disconnect();
    client.send("40").await;
    client.accepted("").await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
    assert_eq!(log.rest(), [""; 0]);
}
