//! What a handler says first leaves past the mailbox, and in its order all the same.

use std::panic::{AssertUnwindSafe, catch_unwind};

use klatch_core::Limit;

use super::*;
use crate::ack::Ack;
use crate::desk::hear;
use crate::error::EmitError;

/// A client in `/`, whose CONNECT is written.
fn joined(server: &Server) -> Rig {
    let mut rig = Rig::new(server);
    rig.turn(&["40"]);
    assert!(rig.rests());
    rig
}

/// What the frames bring that leaves at once, frame by frame, and what the turn writes after it.
fn told(rig: &mut Rig, frames: &[&str]) -> (Vec<String>, Vec<String>) {
    for frame in frames {
        rig.read(frame);
    }
    let at_once = std::mem::take(&mut rig.said);
    (at_once, rig.write())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!(r#"42["{text}"]"#)).collect()
}

#[test]
fn the_first_word_leaves_at_once_and_the_others_follow_it() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let everybody = namespace.clone();
    namespace.on("three", async move |socket: Socket, (): ()| {
        socket.emit("first", &())?;
        everybody.emit("second", &()).expect("it has a JSON");
        socket.emit("third", &())
    });
    namespace.on("one", async |socket: Socket, (): ()| socket.emit("fourth", &()));
    namespace.on("asked", async |_: Socket, (): ()| 5);
    let mut rig = joined(&server);
    assert_eq!(told(&mut rig, &[r#"42["one"]"#]), (texts(&["fourth"]), vec![]));
    assert_eq!(told(&mut rig, &[r#"427["asked"]"#]), (vec!["437[5]".to_owned()], vec![]));
    let mixed = told(&mut rig, &[r#"42["three"]"#, r#"42["one"]"#]);
    // What the second event is answered with is behind what lies in the mailbox.
    assert_eq!(mixed, (texts(&["first"]), texts(&["second", "third", "fourth"])));
    assert_eq!(told(&mut rig, &[r#"42["one"]"#]), (texts(&["fourth"]), vec![]));
}

#[test]
fn it_passes_nothing_by_that_was_sent_before() {
    let server = Server::new();
    let namespace = server.namespace("/");
    namespace.on("one", async |socket: Socket, (): ()| socket.emit("second", &()));
    let mut rig = joined(&server);
    namespace.emit("first", &()).expect("it has a JSON");
    let (at_once, then) = told(&mut rig, &[r#"42["one"]"#]);
    assert_eq!((at_once, then), (vec![], texts(&["first", "second"])));
    // Taken from the mailbox, and not written yet.
    namespace.emit("first", &()).expect("it has a JSON");
    namespace.emit("first", &()).expect("it has a JSON");
    let Some(Next::Packet(_)) = rig.client.next_transmit(Timestamp::ZERO) else {
        panic!("one of them is");
    };
    let (at_once, then) = told(&mut rig, &[r#"42["one"]"#]);
    assert_eq!((at_once, then), (vec![], texts(&["first", "second"])));
}

#[test]
fn where_there_is_no_room_it_waits_with_the_others() {
    let server = Server::new();
    server.namespace("/").on("one", async |socket: Socket, _: u32| socket.emit("first", &()));
    let mut rig = joined(&server);
    let heard = rig.client.hear(br#"42["one",1]"#, false);
    assert_eq!(heard, Heard::Silently);
    assert_eq!(rig.write(), texts(&["first"]));
}

#[test]
fn who_is_disconnected_is_told_what_was_said_before_and_nothing_after() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (told_late, late) = mpsc::channel();
    namespace.on("out", async move |socket: Socket, (): ()| {
        socket.emit("first", &())?;
        socket.disconnect();
        let _ = told_late.send(socket.emit("second", &()));
        Ok::<_, EmitError>(())
    });
    namespace.on("gone", async move |socket: Socket, (): ()| {
        socket.disconnect();
        socket.emit("second", &())
    });
    let mut rig = joined(&server);
    let (at_once, then) = told(&mut rig, &[r#"42["out"]"#]);
    assert_eq!((at_once, then), (texts(&["first"]), vec!["41".to_owned()]));
    assert!(matches!(late.recv(), Ok(Err(EmitError::Closed))));
    rig.turn(&["40"]);
    let (at_once, then) = told(&mut rig, &[r#"42["gone"]"#]);
    assert_eq!((at_once, then), (vec![], vec!["41".to_owned()]));
}

#[test]
fn what_is_volatile_does_not_pass_it_by() {
    let server = Server::new();
    server.namespace("/").on("both", async |socket: Socket, (): ()| {
        socket.emit("first", &())?;
        socket.volatile().emit("dropped", &())?;
        let everybody = socket.namespace();
        everybody.volatile().emit("dropped", &())
    });
    let mut rig = joined(&server);
    let (at_once, then) = told(&mut rig, &[r#"42["both"]"#]);
    assert_eq!((at_once, then), (texts(&["first"]), vec![]));
    assert_eq!(server.snapshot().limits_hit.get(Limit::Volatile), 2);
}

#[test]
fn it_is_for_the_socket_whose_event_it_is_and_for_no_other() {
    let server = Server::new();
    let (one, other) = (server.namespace("/"), server.namespace("/other"));
    let others = Arc::new(Mutex::new(None));
    let known = others.clone();
    other.on_connect(async move |socket: Socket| *known.lock() = Some(socket));
    one.on("both", async move |socket: Socket, (): ()| {
        let other = others.lock().clone().expect("it is connected");
        other.emit("first", &())?;
        socket.emit("second", &())
    });
    let mut rig = joined(&server);
    rig.turn(&["40/other,"]);
    let (at_once, then) = told(&mut rig, &[r#"42["both"]"#]);
    assert_eq!(at_once, Vec::<String>::new());
    assert_eq!(then, [r#"42/other,["first"]"#, r#"42["second"]"#]);
}

#[test]
fn attachments_and_what_is_said_after_an_await_go_through_the_mailbox() {
    let server = Server::new();
    let hand = ByHand::serving(&server);
    let namespace = server.namespace("/");
    namespace.on("later", async |_: Socket, (): (), ack: Ack| {
        once_more().await;
        ack.send(&1)
    });
    namespace.on("bytes", async |socket: Socket, (): ()| {
        socket.emit("bytes", &bytes::Bytes::from_static(b"1"))
    });
    let mut rig = joined(&server);
    assert_eq!(told(&mut rig, &[r#"427["later"]"#]), (vec![], vec![]));
    hand.run();
    assert_eq!(rig.write(), ["437[1]"]);
    let (at_once, then) = told(&mut rig, &[r#"42["bytes"]"#]);
    assert_eq!((at_once.len(), then.len()), (0, 2));
}

#[test]
fn a_handler_that_drives_another_client_says_what_it_says_to_its_own() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let inner = Arc::new(Mutex::new(None));
    let driven = inner.clone();
    namespace.on("outer", async move |socket: Socket, (): ()| {
        let rig: Option<Rig> = driven.lock().take();
        let mut rig = rig.expect("it is there");
        assert_eq!(told(&mut rig, &[r#"42["inner"]"#]), (texts(&["inner"]), vec![]));
        socket.emit("first", &())?;
        // There is one place, where the first word of this one lies.
        assert_eq!(told(&mut rig, &[r#"42["inner"]"#]), (vec![], texts(&["inner"])));
        socket.emit("second", &())
    });
    namespace.on("inner", async |socket: Socket, (): ()| socket.emit("inner", &()));
    let mut rig = joined(&server);
    *inner.lock() = Some(joined(&server));
    let (at_once, then) = told(&mut rig, &[r#"42["outer"]"#]);
    assert_eq!((at_once, then), (texts(&["first"]), texts(&["second"])));
}

#[test]
fn whoever_missed_something_hears_nothing_after_it() {
    let config = Config::new().max_payload(9_000);
    let builder = Server::builder().config(config).mailbox_budget(10_000);
    let server = builder.build().expect("it is valid");
    let namespace = server.namespace("/");
    let (tell, told_so) = mpsc::channel();
    namespace.on("one", async move |socket: Socket, (): ()| {
        let _ = tell.send(socket.emit("second", &()));
    });
    let mut rig = joined(&server);
    let long = "x".repeat(6_000);
    namespace.emit("first", &long).expect("it has a JSON");
    let Some(Next::Packet(_)) = rig.client.next_transmit(Timestamp::ZERO) else {
        panic!("it is written");
    };
    assert!(rig.client.next_transmit(Timestamp::ZERO).is_none());
    // The turn has not ended: there is no room for this one.
    namespace.emit("missed", &long).expect("it has a JSON");
    rig.read(r#"42["one"]"#);
    assert_eq!(rig.said, Vec::<String>::new());
    assert!(matches!(told_so.recv(), Ok(Err(EmitError::SlowConsumer))));
}

#[test]
fn a_panic_that_nobody_caught_leaves_the_place_as_it_was() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let connected = Arc::new(Mutex::new(None));
    let keep = connected.clone();
    namespace.on_connect(async move |socket: Socket| *keep.lock() = Some(socket));
    namespace.on("one", async |socket: Socket, (): ()| socket.emit("first", &()));
    let mut rig = joined(&server);
    let socket = connected.lock().take().expect("it is connected");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        hear(&socket, || {
            socket.emit("lost", &()).expect("it is connected");
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    // It sits there no more, and nothing is left.
    socket.emit("before", &()).expect("it is connected");
    assert_eq!(rig.write(), texts(&["before"]));
    assert_eq!(told(&mut rig, &[r#"42["one"]"#]), (texts(&["first"]), vec![]));
    // Nor does a host that panics as it is told something keep it taken.
    assert_eq!(rig.client.hear(br#"42["one"]"#, true), Heard::Answered);
    let panicked = catch_unwind(|| pass_on(|_| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!(told(&mut rig, &[r#"42["one"]"#]), (texts(&["first"]), vec![]));
}
