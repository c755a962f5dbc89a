//! What is told of rooms.

use klatch_core::RoomEvent;

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::socket::Socket;

fn line(event: &RoomEvent) -> String {
    match event {
        RoomEvent::Created { room } => format!("created {room}"),
        RoomEvent::Joined { room, socket } => format!("{socket} in {room}"),
        RoomEvent::Left { room, socket } => format!("{socket} out of {room}"),
        RoomEvent::Deleted { room } => format!("deleted {room}"),
    }
}

pub(crate) async fn what_happens_is_told_in_its_order(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let elsewhere = server.namespace("/other");
    let (pen, mut log) = bed.log();
    for namespace in [&namespace, &elsewhere] {
        let pen = pen.clone();
        namespace.on_room_event(move |name, event| pen.write(format!("{name} {}", line(event))));
    }
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        writer.write("connect");
        socket.join("a")
    });
    let writer = pen.clone();
    namespace.on_disconnecting(async move |_: Socket, _| writer.write("disconnecting"));
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, _| writer.write("disconnect"));
    let (client, one) = Client::connected_as(running.address).await;
    log.expect(&[&format!("/ created {one}"), &format!("/ {one} in {one}"), "connect"]).await;
    log.expect(&["/ created a", &format!("/ {one} in a")]).await;

    let socket = namespace.sockets().remove(0);
    socket.join(["a", "b"]).expect("the names are short");
    assert!(socket.join(["c", &"x".repeat(257)]).is_err());
    socket.leave(["a", "c"]);
    namespace.everybody().sockets_join("d").expect("the name is short");
    namespace.to("d").sockets_leave("d");
    let (mut other, two) = Client::connected_as(running.address).await;
    namespace.except("a").sockets_leave("b");
    log.expect(&["/ created b", &format!("/ {one} in b")]).await;
    log.expect(&[&format!("/ {one} out of a"), "/ deleted a"]).await;
    log.expect(&["/ created d", &format!("/ {one} in d")]).await;
    log.expect(&[&format!("/ {one} out of d"), "/ deleted d"]).await;
    log.expect(&[&format!("/ created {two}"), &format!("/ {two} in {two}"), "connect"]).await;
    log.expect(&["/ created a", &format!("/ {two} in a")]).await;
    log.expect(&[&format!("/ {one} out of b"), "/ deleted b"]).await;

    drop(client);
    log.expect(&["disconnecting", &format!("/ {one} out of {one}")]).await;
    log.expect(&[&format!("/ deleted {one}"), "disconnect"]).await;
    other.send("40/other,").await;
    let there = other.accepted("/other,").await;
    log.expect(&[&format!("/other created {there}"), &format!("/other {there} in {there}")]).await;
    namespace.off_room_event();
    other.send("41").await;
    log.expect(&["disconnecting", "disconnect"]).await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn the_hook_may_look_and_change_and_panic(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let everybody = namespace.clone();
    namespace.on_room_event(move |_, event| {
        pen.write(format!("{}, {:?}", line(event), everybody.rooms()));
        match event {
            RoomEvent::Joined { room, socket } if **room == *"a" => {
                let socket = everybody.socket(*socket).expect("it is connected");
                // It is told of behind this.
                socket.join("b").expect("the name is short");
            }
            RoomEvent::Created { room } if **room == *"b" => panic!("on purpose"),
            RoomEvent::Joined { room, .. } if **room == *"b" => everybody.off_room_event(),
            _ => {}
        }
    });
    let (_client, id) = Client::connected_as(running.address).await;
    log.expect(&[&format!("created {id}, []"), &format!("{id} in {id}, []")]).await;
    namespace.sockets().remove(0).join(["a", "c"]).expect("the names are short");
    log.expect(&["created a, [\"a\", \"c\"]", &format!("{id} in a, [\"a\", \"c\"]")]).await;
    let all = "[\"a\", \"c\", \"b\"]";
    log.expect(&[&format!("created c, {all}"), &format!("{id} in c, {all}")]).await;
    log.expect(&[&format!("created b, {all}"), &format!("{id} in b, {all}")]).await;
    namespace.to("a").sockets_leave(["a", "b", "c"]);
    assert_eq!(log.rest(), [""; 0]);
}
