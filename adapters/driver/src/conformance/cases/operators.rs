//! Whom a socket or a namespace speaks to, and how.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use klatch_core::JoinError;
use serde::{Serialize, Serializer};

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

/// Invariant 30.
pub(crate) async fn what_is_sent_to_many_is_encoded_once(bed: &Bed) {
    #[derive(Clone, Default)]
    struct Large(Arc<AtomicUsize>);

    impl Serialize for Large {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            serializer.serialize_str("large")
        }
    }

    let (_server, namespace, running) = bed.serve_one().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(member(&namespace, running.address).await);
    }
    let (large, seen) = (Large::default(), Arc::new(AtomicUsize::new(0)));
    for round in 0..2 {
        namespace.emit("news", &large).expect("it is encoded");
        clients[0].1.broadcast().emit("others", &large).expect("it is encoded");
        let replies = namespace.timeout(SHORT).emit_with_ack::<u32>("question", &large);
        assert_eq!(large.0.swap(0, Ordering::Relaxed), 3, "round {round}");
        for (nth, (client, _)) in clients.iter_mut().enumerate() {
            client.expect(&["42[\"news\",\"large\"]"]).await;
            if nth > 0 {
                client.expect(&["42[\"others\",\"large\"]"]).await;
            }
            client.expect(&[&format!("42{round}[\"question\",\"large\"]")]).await;
        }
        assert!(bed.soon("the deadline", replies).await.is_ok());
        // Who sees what is sent sees what was encoded.
        let seeing = seen.clone();
        namespace.off_any_outgoing();
        namespace.on_any_outgoing(move |_, _, args| {
            let is_it = args.as_json() == "\"large\"";
            seeing.fetch_add(usize::from(is_it), Ordering::Relaxed);
        });
    }
    assert_eq!(seen.load(Ordering::Relaxed), 3 + 2 + 3);
}

/// Invariants 23, 24 and 25.
pub(crate) async fn an_id_is_of_one_namespace_and_the_name_of_a_room_there(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let elsewhere = server.namespace("/other");
    let mut client = Client::at(running.address, "EIO=4&transport=websocket").await;
    let opened = client.next().await;
    client.send("40").await;
    client.send("40/other,").await;
    let (here, there) = (client.accepted("").await, client.accepted("/other,").await);
    let ids = BTreeSet::from([here.as_str(), there.as_str()]);
    assert_eq!(ids.len(), 2, "one for each namespace");
    assert!(ids.iter().all(|id| id.len() == 20 && !opened.contains(id)), "{opened}");
    let _other = Client::connected(running.address).await;
    for (namespace, own, foreign) in [(&namespace, &here, &there), (&elsewhere, &there, &here)] {
        let meant = namespace.to(own).sockets();
        assert_eq!(
            meant.iter().map(|socket| socket.id().to_string()).collect::<Vec<_>>(),
            [own.as_str()]
        );
        assert!(is_meant(&namespace.to(foreign), &[]), "that is a stranger here");
    }
    let room = |namespace: &Namespace| namespace.to(["room", &here, &there]);
    elsewhere.everybody().sockets_join("room").expect("the name is short");
    room(&elsewhere).emit("there", &()).expect("a name is encoded");
    room(&namespace).emit("here", &()).expect("a name is encoded");
    client.expect(&["42/other,[\"there\"]", "42[\"here\"]"]).await;
    assert_eq!((namespace.room_len("room"), elsewhere.room_len("room")), (0, 1));
}
