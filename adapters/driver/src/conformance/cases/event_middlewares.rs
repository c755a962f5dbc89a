//! What an event must pass before it is handled.

use klatch_core::{CloseReason, Config, Payload};

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::log::{Gate, Yield};
use crate::error::{EventError, HandlerError};
use crate::namespace::Namespace;
use crate::reply::Reply;
use crate::server::Server;
use crate::socket::Socket;

/// Has events wait at a gate, but those that are to pass.
fn waits(namespace: &Namespace, gate: &Gate) {
    let gate = gate.clone();
    namespace.event_middleware(async move |_: Socket, event: String, _: Payload| {
        if event != "passes" {
            gate.passed().await;
        }
        Ok(())
    });
}

pub(crate) async fn they_are_asked_in_order_before_the_handler(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.event_middleware(async move |socket: Socket, event: String, args: Payload| {
        writer.write(format!("first: {} {event} {}", socket.is_connected(), args.as_json()));
        Yield::default().await;
        Ok(())
    });
    let writer = pen.clone();
    namespace.event_middleware(async move |_: Socket, event: String, _: Payload| {
        writer.write(format!("second: {event}"));
        Ok(())
    });
    let writer = pen.clone();
    namespace.on_any(move |_, event, _| writer.write(format!("any: {event}")));
    let writer = pen.clone();
    namespace.on("event", async move |_: Socket, n: u32| {
        writer.write("handler");
        n + 1
    });
    let mut client = Client::connected(running.address).await;
    client.send("420[\"event\",41]").await;
    client.expect(&["430[42]"]).await;
    log.expect(&["any: event", "first: true event 41", "second: event", "handler"]).await;
    // They see what nobody handles, too.
    client.send("42[\"unknown\"]").await;
    log.expect(&["any: unknown", "first: true unknown ", "second: unknown"]).await;
}

pub(crate) async fn one_that_refuses_ends_it_and_the_client_may_know(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.event_middleware(async |_: Socket, event: String, _: Payload| match &*event {
        "no" => Err(EventError::new("not allowed")),
        "never" => {
            Yield::default().await;
            Err(EventError::new("never").with_data(&("why", [1]))?)
        }
        "odd" => Err(EventError::new("odd").with_data(&Err::<(), _>(Unspeakable))?),
        _ => Ok(()),
    });
    let writer = pen.clone();
    namespace.event_middleware(async move |_: Socket, event: String, _: Payload| {
        writer.write(format!("second: {event}"));
        Ok(())
    });
    namespace.on_fallback(async |_: Socket, event, _: Payload, ack: crate::Ack| ack.send(&event));
    namespace.on_error(move |socket, event, error| {
        let HandlerError::Refused(error) = error else { panic!("{error}") };
        let data = error.data().map(|data| data.as_json().to_owned());
        pen.write(format!("{event}: {} {data:?}", error.message()));
        socket.emit("refused", error).expect("it is connected");
    });
    let mut client = Client::connected(running.address).await;
    for packet in ["420[\"no\"]", "42[\"no\"]", "421[\"never\"]", "422[\"odd\"]", "423[\"yes\"]"] {
        client.send(packet).await;
    }
    client
        .expect(&[
            "430[{\"error\":{\"message\":\"not allowed\"}}]",
            "42[\"refused\",{\"message\":\"not allowed\"}]",
            "42[\"refused\",{\"message\":\"not allowed\"}]",
            "431[{\"error\":{\"message\":\"never\",\"data\":[\"why\",[1]]}}]",
            "42[\"refused\",{\"message\":\"never\",\"data\":[\"why\",[1]]}]",
            "432[{\"error\":{\"message\":\"internal error\"}}]",
            "42[\"refused\",{\"message\":\"internal error\"}]",
            "433[\"yes\"]",
        ])
        .await;
    log.expect(&["no: not allowed None", "no: not allowed None"]).await;
    log.expect(&["never: never Some(\"[\\\"why\\\",[1]]\")", "odd: internal error None"]).await;
    log.expect(&["second: yes"]).await;
}

struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("on purpose"))
    }
}

pub(crate) async fn later_events_of_the_socket_wait_and_nothing_else(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let elsewhere = server.namespace("/other");
    elsewhere.on("echo", async |_: Socket, n: u32| n);
    waits(&namespace, &gate);
    for event in ["waits", "passes"] {
        let pen = pen.clone();
        namespace.on(event, async move |_: Socket, n: u32| pen.write(n.to_string()));
    }
    let mut client = Client::connected(running.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    let socket = namespace.sockets().remove(0);
    let reply: Reply<u32> = socket.emit_with_ack("question", &());
    client.expect(&["420[\"question\"]"]).await;
    for packet in ["42[\"passes\",1]", "42[\"waits\",2]", "42[\"passes\",3]", "42[\"waits\",4]"] {
        client.send(packet).await;
    }
    client.send("42[\"passes\",5]").await;
    client.send("430[42]").await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(42));
    client.send("42/other,0[\"echo\",6]").await;
    client.expect(&["43/other,0[6]"]).await;
    // Another client does not wait, either.
    let mut other = Client::connected(running.address).await;
    other.send("420[\"passes\",7]").await;
    other.expect(&["430[]"]).await;
    log.expect(&["1", "7"]).await;
    assert_eq!(log.rest(), [""; 0]);
    gate.open();
    log.expect(&["2", "3", "4", "5"]).await;
    client.send("420[\"passes\",8]").await;
    client.expect(&["430[]"]).await;
    log.expect(&["8"]).await;
}

pub(crate) async fn order_is_kept_however_long_they_take(bed: &Bed) {
    const EVENTS: usize = 200;
    let (server, namespace, running) = bed.serve_one().await;
    let elsewhere = server.namespace("/other");
    for namespace in [&namespace, &elsewhere] {
        namespace.event_middleware(async |_: Socket, _: String, args: Payload| {
            let n: usize = args.decode().map_err(|_| EventError::new("no number"))?;
            for _ in 0..n * 7 % 5 {
                Yield::default().await;
            }
            Ok(())
        });
        // Its first turn is at once, the rest some other time: more are under way than may be.
        namespace.on("event", async |socket: Socket, n: usize| {
            socket.emit("started", &n)?;
            for _ in 0..n * 3 % 11 {
                Yield::default().await;
            }
            Ok::<_, crate::EmitError>(())
        });
    }
    let mut client = Client::connected(running.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    for n in 0..EVENTS {
        client.send(&format!("42[\"event\",{n}]")).await;
        client.send(&format!("42/other,[\"event\",{n}]")).await;
    }
    let (mut here, mut there) = (0, 0);
    while here + there < 2 * EVENTS {
        let packet = client.next().await;
        let (prefix, next) = match packet.strip_prefix("42/other,") {
            Some(_) => ("42/other,", &mut there),
            None => ("42", &mut here),
        };
        assert_eq!(packet, format!("{prefix}[\"started\",{next}]"));
        *next += 1;
    }
}

pub(crate) async fn what_waits_has_a_budget(bed: &Bed) {
    let server =
        Server::builder().config(Config::new().max_payload(10_000)).build().expect("it is valid");
    let namespace = server.namespace("/");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    waits(&namespace, &gate);
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let mut client = Client::connected(running.address).await;
    let event = format!("42[\"waits\",\"{}\"]", "x".repeat(1000));
    for _ in 0..12 {
        client.send(&event).await;
    }
    log.expect(&["forced close"]).await;
    gate.open();

    // What has waited is not counted any more.
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    namespace.on("last", async |_: Socket, n: u32| n);
    for round in 0..4 {
        let gate = Gate::default();
        waits(&namespace, &gate);
        for _ in 0..7 {
            client.send(&event).await;
        }
        client.send(&format!("42{round}[\"last\",{round}]")).await;
        // An answer passes them by: when it is there, so are they.
        let reply: Reply<u32> = socket.emit_with_ack("question", &());
        client.expect(&[&format!("42{round}[\"question\"]")]).await;
        client.send(&format!("43{round}[42]")).await;
        assert_eq!(bed.soon("the answer", reply).await, Ok(42));
        gate.open();
        client.expect(&[&format!("43{round}[{round}]")]).await;
    }
}

pub(crate) async fn what_waits_goes_with_its_socket(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    waits(&namespace, &gate);
    for event in ["waits", "passes"] {
        let pen = pen.clone();
        namespace.on(event, async move |_: Socket, n: u32| pen.write(n.to_string()));
    }
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        writer.write(reason.to_string());
    });
    let mut client = Client::connected(running.address).await;
    for packet in ["42[\"waits\",1]", "42[\"passes\",2]", "41", "40"] {
        client.send(packet).await;
    }
    log.expect(&["client namespace disconnect"]).await;
    client.accepted("").await;
    // The new socket has nothing to wait for.
    client.send("420[\"passes\",3]").await;
    client.expect(&["430[]"]).await;
    log.expect(&["3"]).await;

    client.send("42[\"waits\",4]").await;
    client.send("42[\"passes\",5]").await;
    client.send("420[\"passes\",6]").await;
    namespace.sockets().remove(0).disconnect();
    client.expect(&["41"]).await;
    log.expect(&["server namespace disconnect"]).await;
    gate.open();
    client.send("40").await;
    client.accepted("").await;
    client.send("420[\"waits\",7]").await;
    client.expect(&["430[]"]).await;
    log.expect(&["7"]).await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn a_panic_refuses_the_event_and_disconnects_the_socket(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.event_middleware(async |_: Socket, event: String, _: Payload| match &*event {
        "at once" => panic!("on purpose"),
        "later" => {
            Yield::default().await;
            panic!("on purpose")
        }
        _ => Ok(()),
    });
    let writer = pen.clone();
    namespace.on_error(move |_, event, error| writer.write(format!("{event}: {error}")));
    namespace.on_fallback(async move |_: Socket, event, _: Payload, ack: crate::Ack| {
        pen.write(format!("handler of {event}"));
        ack.send(&())
    });
    for event in ["at once", "later"] {
        let mut client = Client::connected(running.address).await;
        client.send(&format!("420[\"{event}\"]")).await;
        client.expect(&["41"]).await;
        log.expect(&[&format!("{event}: the handler panicked")]).await;
    }
    let mut client = Client::connected(running.address).await;
    client.send("420[\"well\"]").await;
    client.expect(&["430[]"]).await;
    log.expect(&["handler of well"]).await;
}
