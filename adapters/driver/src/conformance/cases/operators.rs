//! Whom a socket or a namespace speaks to, and how.

use std::time::Duration;

use klatch_core::JoinError;

use crate::broadcast::Broadcast;
use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::error::ReplyError;
use crate::namespace::Namespace;
use crate::reply::{Answers, Reply};
use crate::socket::Socket;

const SHORT: Duration = Duration::from_millis(20);

/// A client and its socket.
async fn member(namespace: &Namespace, address: Address<'_>) -> (Client, Socket) {
    let (client, id) = Client::connected_as(address).await;
    let mut sockets = namespace.to(id).sockets();
    (client, sockets.remove(0))
}

fn is_meant(broadcast: &Broadcast, sockets: &[&Socket]) -> bool {
    let meant = broadcast.sockets();
    meant.len() == sockets.len() && sockets.iter().all(|socket| meant.contains(socket))
}

pub(crate) async fn flags_and_addressees_are_told_in_any_order(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut one, first) = member(&namespace, running.address).await;
    let (mut two, second) = member(&namespace, running.address).await;
    let (mut three, third) = member(&namespace, running.address).await;
    for member in [&first, &second] {
        member.join("room").expect("the name is short");
    }
    third.join("other").expect("the name is short");

    let room = [
        first.to("room").volatile().timeout(SHORT).local(),
        first.volatile().to("room").timeout(SHORT).local(),
        first.timeout(SHORT).local().volatile().broadcast().to("room"),
        first.local().to("room").volatile().timeout(SHORT),
        first.broadcast().timeout(SHORT).except("other").volatile().local(),
        first.except("other").local().timeout(SHORT).volatile(),
        first.volatile().except("other").timeout(SHORT).local(),
    ];
    for (nth, broadcast) in room.iter().enumerate() {
        assert!(is_meant(broadcast, &[&second]), "{nth}: {broadcast:?}");
        // What asks for answers is not volatile, and its time is that which was told.
        let replies = broadcast.emit_with_ack::<u32>("question", &nth);
        two.expect(&[&format!("42{nth}[\"question\",{nth}]")]).await;
        let answers = bed.soon("the deadline", replies).await.expect("it was sent");
        assert_eq!(answers.missing, [second.id()]);
    }
    let everybody = namespace.volatile().local().timeout(SHORT);
    assert!(is_meant(&everybody, &[&first, &second, &third]));
    assert!(is_meant(&namespace.local().to("room"), &[&first, &second]));
    let itself = first.local().volatile().timeout(SHORT);
    let reply: Reply<u32> = itself.emit_with_ack("question", &());
    one.expect(&["427[\"question\"]"]).await;
    assert_eq!(bed.soon("the deadline", reply).await, Err(ReplyError::TimedOut));
    first.local().emit("itself", &()).expect("it is connected");
    one.expect(&["42[\"itself\"]"]).await;
    namespace.emit("last", &()).expect("a name is encoded");
    three.expect(&["42[\"last\"]"]).await;
}

pub(crate) async fn an_operator_is_a_value_that_never_changes(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut one, first) = member(&namespace, running.address).await;
    let (_two, second) = member(&namespace, running.address).await;
    second.join("room").expect("the name is short");

    let (base, itself) = (first.broadcast(), first.timeout(Duration::MAX));
    let (narrow, nobody) = (base.clone().to("room"), base.clone().except("room"));
    let (hasty, away) = (itself.clone().timeout(SHORT), itself.clone().to("room"));
    for broadcast in [&base, &narrow, &away] {
        assert!(is_meant(broadcast, &[&second]));
    }
    assert!(is_meant(&nobody, &[]));
    second.leave("room");
    assert!(is_meant(&base, &[&second]), "its rooms are not looked up before something is sent");
    assert!(is_meant(&narrow, &[]));
    let (late, early): (Reply<u32>, Reply<u32>) =
        (itself.emit_with_ack("question", &1), hasty.emit_with_ack("question", &2));
    one.expect(&["420[\"question\",1]", "421[\"question\",2]"]).await;
    assert_eq!(bed.soon("the deadline", early).await, Err(ReplyError::TimedOut));
    one.send("430[1]").await;
    assert_eq!(bed.soon("the answer", late).await, Ok(1));
}

pub(crate) async fn a_flag_is_for_what_is_sent_with_it(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    namespace.on("both", async |socket: Socket, (): ()| {
        socket.volatile().emit("volatile", &1)?;
        // Behind the first, what is volatile would be dropped.
        socket.emit("regular", &2)?;
        socket.namespace().volatile().emit("volatile", &3)?;
        socket.namespace().emit("regular", &4)
    });
    let mut client = Client::connected(running.address).await;
    client.send("420[\"both\"]").await;
    client.expect(&["42[\"volatile\",1]", "42[\"regular\",2]", "42[\"regular\",4]"]).await;
    client.expect(&["430[]"]).await;
}

pub(crate) async fn a_sender_is_left_out_in_its_own_room_and_out_of_it(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut one, first) = member(&namespace, running.address).await;
    let (mut two, second) = member(&namespace, running.address).await;
    for member in [&first, &second] {
        member.join("room").expect("the name is short");
    }
    for round in ["in its own room", "out of it"] {
        for broadcast in [first.broadcast(), first.to("room"), first.except("elsewhere")] {
            assert!(is_meant(&broadcast, &[&second]), "{round}: {broadcast:?}");
            broadcast.emit("news", &round).expect("a text is encoded");
            two.expect(&[&format!("42[\"news\",\"{round}\"]")]).await;
        }
        assert!(is_meant(&first.to(first.id()), &[]), "{round}");
        assert!(is_meant(&first.to(second.id()), &[&second]), "{round}");
        assert!(is_meant(&namespace.to("room"), &[&first, &second]), "{round}");
        assert_eq!(is_meant(&namespace.to(first.id()), &[&first]), first.is_in(first.id()));
        first.leave(first.id());
    }
    first.emit("last", &()).expect("it is connected");
    one.expect(&["42[\"last\"]"]).await;
}

pub(crate) async fn several_rooms_are_as_one_after_the_other(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut one, first) = member(&namespace, running.address).await;
    let (_two, second) = member(&namespace, running.address).await;
    let (_three, third) = member(&namespace, running.address).await;
    first.join(["a", "b", "a"]).expect("the names are short");
    second.join(vec!["b".to_owned(), "c".to_owned()]).expect("the names are short");
    assert_eq!(first.rooms()[1..], ["a", "b"]);
    for broadcast in [namespace.to(["a", "b"]), namespace.to("b").to("a"), namespace.to(["b", "a"])]
    {
        assert!(is_meant(&broadcast, &[&first, &second]), "{broadcast:?}");
        broadcast.emit("news", &()).expect("a name is encoded");
        one.expect(&["42[\"news\"]"]).await;
    }
    for broadcast in [namespace.except(["a", "c"]), namespace.except("c").except("a")] {
        assert!(is_meant(&broadcast, &[&third]), "{broadcast:?}");
    }
    first.leave(["a", "b", "elsewhere"]);
    assert_eq!(first.rooms(), [first.id().as_str()]);
    first.emit("last", &()).expect("it is connected");
    one.expect(&["42[\"last\"]"]).await;
}

pub(crate) async fn no_rooms_are_nobody(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut one, first) = member(&namespace, running.address).await;
    let none: [&str; 0] = [];
    for broadcast in [namespace.to(none), namespace.to("unknown"), namespace.to(none).to("unknown")]
    {
        assert!(is_meant(&broadcast, &[]), "{broadcast:?}");
        broadcast.emit("news", &()).expect("a name is encoded");
        let replies = broadcast.emit_with_ack::<u32>("question", &());
        let answers: Answers<u32> = bed.soon("no answers", replies).await.expect("it is encoded");
        assert!(answers.is_complete() && answers.answers.is_empty(), "{answers:?}");
    }
    assert!(is_meant(&namespace.except(none).except("unknown"), &[&first]));
    first.emit("last", &()).expect("it is connected");
    one.expect(&["42[\"last\"]"]).await;
}

pub(crate) async fn a_socket_is_put_into_all_rooms_or_none(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (_one, first) = member(&namespace, running.address).await;
    let (_two, second) = member(&namespace, running.address).await;
    first.join("room").expect("the name is short");
    // The filter is what is joined and left: who is meant is known before.
    namespace.to("room").sockets_join(["room", "new"]).expect("the names are short");
    assert!(is_meant(&namespace.to("new"), &[&first]));
    namespace.except("new").sockets_join("new").expect("the name is short");
    assert!(is_meant(&namespace.to("new"), &[&first, &second]));
    namespace.to(["room", "new"]).sockets_leave(["room", "new"]);
    assert!(is_meant(&namespace.to(["room", "new"]), &[]));

    let long = "x".repeat(257);
    let refused = namespace.everybody().sockets_join(["room", &long]);
    assert!(matches!(refused, Err(JoinError::NameTooLong { .. })));
    assert_eq!(namespace.room_len("room"), 0, "all rooms or none");
}
