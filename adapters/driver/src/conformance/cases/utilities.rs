//! What a server does with many sockets at once.

use std::collections::BTreeSet;

use klatch_core::{DecodeError, JoinError, Payload};
use serde::{Deserialize, Serialize, Serializer};

use crate::broadcast::Broadcast;
use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::namespace::Namespace;
use crate::remote::RemoteSocket;
use crate::reply::Reply;
use crate::socket::Socket;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

struct Unspeakable;

impl Serialize for Unspeakable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("on purpose"))
    }
}

pub(crate) async fn a_socket_that_is_fetched_shows_what_it_is(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    assert!(namespace.fetch_sockets().await.is_empty());
    let query = "EIO=4&transport=websocket&token=abc";
    let mut client = Client::at(running.address, query).await;
    client.next().await;
    client.send("40{\"name\":\"ann\"}").await;
    let id = client.accepted("").await;
    let socket = namespace.sockets().remove(0);

    let fetched = namespace.fetch_sockets().await.remove(0);
    assert_eq!(fetched.id().as_str(), id);
    assert_eq!(fetched.rooms(), [id.as_str()]);
    assert_eq!(fetched.auth(), Ok(User { name: "ann".to_owned() }));
    assert_eq!(fetched.handshake().query(), query);
    assert_eq!(fetched.handshake().header("upgrade"), Some("websocket"));
    assert_eq!(fetched.data::<User>(), Err(DecodeError::MissingArgument));
    assert_eq!(fetched.data::<Option<User>>(), Ok(None));

    socket.join(["a", "b"]).expect("the names are short");
    socket.set_data(User { name: "bob".to_owned() });
    let later = namespace.to("a").fetch_sockets().await.remove(0);
    assert_eq!(later.rooms(), [id.as_str(), "a", "b"]);
    assert_eq!(later.data(), Ok(User { name: "bob".to_owned() }));
    let payload: Payload = later.data().expect("it is shown as it is");
    assert_eq!(payload.as_json(), "{\"name\":\"bob\"}");
    assert_eq!(fetched.rooms(), [id.as_str()], "what was found is of its moment");
    socket.set_data(Unspeakable);
    let odd = namespace.fetch_sockets().await.remove(0);
    assert!(matches!(odd.data::<User>(), Err(DecodeError::Mismatch(_))), "{odd:?}");
    assert!(namespace.to("nowhere").fetch_sockets().await.is_empty());
}

pub(crate) async fn what_is_done_to_a_fetched_socket_is_done_to_it(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    server.namespace("/other");
    let mut client = Client::connected(running.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    let socket = namespace.sockets().remove(0);
    let fetched = namespace.fetch_sockets().await.remove(0);
    fetched.emit("news", &1).expect("it is connected");
    let reply: Reply<u32> = fetched.emit_with_ack("question", &());
    client.expect(&["42[\"news\",1]", "420[\"question\"]"]).await;
    client.send("430[42]").await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(42));
    fetched.join(["a", "b"]).expect("the names are short");
    fetched.leave("a");
    assert_eq!(socket.rooms()[1..], ["b"]);
    assert!(matches!(fetched.join("x".repeat(257)), Err(JoinError::NameTooLong { .. })));
    fetched.disconnect();
    client.expect(&["41"]).await;
    assert!(!socket.is_connected() && namespace.is_empty());
    let other = server.namespace("/other").fetch_sockets().await.remove(0);
    other.disconnect_all();
    client.expect(&["41/other,"]).await;
    assert_eq!(client.next_if_open().await, None);
}

/// Whom an event reaches, by their places among `clients`.
async fn reached(
    clients: &mut [Client],
    namespace: &Namespace,
    whom: &Broadcast,
) -> BTreeSet<usize> {
    whom.emit("this", &()).expect("a name is encoded");
    namespace.emit("next", &()).expect("a name is encoded");
    let mut reached = BTreeSet::new();
    for (nth, client) in clients.iter_mut().enumerate() {
        match &*client.next().await {
            "42[\"this\"]" => assert!(reached.insert(nth)),
            other => {
                assert_eq!(other, "42[\"next\"]");
                continue;
            }
        }
        client.expect(&["42[\"next\"]"]).await;
    }
    reached
}

fn places(all: &[Socket], some: impl Iterator<Item = klatch_core::SocketId>) -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    for id in some {
        let nth = all.iter().position(|socket| socket.id() == id).expect("it is one of them");
        assert!(places.insert(nth), "{nth} stands there twice");
    }
    places
}

/// Sockets of which the first two are in `a`, the second and the third in `b`, the fourth in none.
async fn four(namespace: &Namespace, address: Address<'_>) -> (Vec<Client>, Vec<Socket>) {
    let (mut clients, mut sockets) = (Vec::new(), Vec::new());
    for rooms in [&["a"][..], &["a", "b"], &["b"], &[]] {
        let (client, id) = Client::connected_as(address).await;
        let socket = namespace.to(id).sockets().remove(0);
        socket.join(rooms).expect("the names are short");
        clients.push(client);
        sockets.push(socket);
    }
    (clients, sockets)
}

/// Invariants 15 to 19, 48 and 51.
pub(crate) async fn they_reach_whom_a_broadcast_does_and_each_once(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut clients, sockets) = four(&namespace, running.address).await;
    let whom = [
        (namespace.everybody(), vec![0, 1, 2, 3]),
        (namespace.to(["a", "b", "a"]), vec![0, 1, 2]),
        (namespace.to("a").except("b"), vec![0]),
        (namespace.except(sockets[3].id()), vec![0, 1, 2]),
        (sockets[1].broadcast(), vec![0, 2, 3]),
        (sockets[1].to("a").to(sockets[3].id()), vec![0, 3]),
        (sockets[1].to("a").except("a"), vec![]),
        (namespace.to("nowhere"), vec![]),
    ];
    for (nth, (whom, expected)) in whom.into_iter().enumerate() {
        let expected = BTreeSet::from_iter(expected);
        assert_eq!(reached(&mut clients, &namespace, &whom).await, expected, "{whom:?}");
        // (51) One node is all there is.
        let local = whom.clone().local();
        assert_eq!(reached(&mut clients, &namespace, &local).await, expected, "{whom:?}");
        let listed = whom.sockets();
        assert_eq!(places(&sockets, listed.iter().map(Socket::id)), expected, "{whom:?}");
        let fetched = whom.fetch_sockets().await;
        assert_eq!(places(&sockets, fetched.iter().map(RemoteSocket::id)), expected, "{whom:?}");
        let mark = format!("mark {nth}");
        whom.sockets_join(["everywhere", &mark]).expect("the names are short");
        let members = namespace.to(&mark).sockets();
        assert_eq!(places(&sockets, members.iter().map(Socket::id)), expected, "{whom:?}");
        whom.sockets_leave(["everywhere", &mark]);
        assert_eq!(namespace.room_len(&mark), 0, "{whom:?}");
    }
    assert_eq!(namespace.room_len("everywhere"), 0);
    namespace.to("a").disconnect();
    for (nth, client) in clients.iter_mut().enumerate() {
        if nth < 2 {
            client.expect(&["41"]).await;
        }
        assert_eq!(sockets[nth].is_connected(), nth >= 2);
    }
}

/// Invariant 49.
pub(crate) async fn a_filter_may_be_what_is_joined_or_left(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (_clients, sockets) = four(&namespace, running.address).await;
    let members =
        |room: &str| places(&sockets, namespace.to(room).sockets().iter().map(Socket::id));
    namespace.to("a").sockets_join("a").expect("the name is short");
    assert_eq!(members("a"), BTreeSet::from([0, 1]));
    namespace.to(["a", "b"]).sockets_join(["b", "a"]).expect("the names are short");
    assert_eq!(members("a"), BTreeSet::from([0, 1, 2]));
    assert_eq!(members("b"), BTreeSet::from([0, 1, 2]));
    namespace.except("a").sockets_join("a").expect("the name is short");
    assert_eq!(members("a"), BTreeSet::from([0, 1, 2, 3]));
    namespace.to("a").except("b").sockets_leave("a");
    assert_eq!(members("a"), BTreeSet::from([0, 1, 2]));
    namespace.to("a").sockets_leave("a");
    assert_eq!(members("a"), BTreeSet::new());
    assert_eq!(members("b"), BTreeSet::from([0, 1, 2]));
}

/// Invariant 50.
pub(crate) async fn each_connection_is_closed_once(bed: &Bed) {
    let (server, namespace, running) = bed.serve_one().await;
    let elsewhere = server.namespace("/other");
    let (pen, mut log) = bed.log();
    for namespace in [&namespace, &elsewhere] {
        let (pen, name) = (pen.clone(), namespace.name().to_owned());
        namespace
            .on_disconnect(async move |_: Socket, reason| pen.write(format!("{name} {reason}")));
    }
    let mut client = Client::connected(running.address).await;
    client.send("40/other,").await;
    client.accepted("/other,").await;
    let mut other = Client::open(running.address).await;
    other.send("40/other,").await;
    other.accepted("/other,").await;
    elsewhere.everybody().sockets_join("room").expect("the name is short");

    namespace.everybody().disconnect_all();
    elsewhere.to("room").disconnect_all();
    let mut rest = client.rest().await;
    rest.sort();
    assert_eq!(rest, ["41", "41/other,"]);
    assert_eq!(other.rest().await, ["41/other,"]);
    let mut ends = [log.next().await, log.next().await, log.next().await];
    ends.sort();
    let reason = "server namespace disconnect";
    assert_eq!(ends, ["/", "/other", "/other"].map(|name| format!("{name} {reason}")));
    assert_eq!(log.rest(), [""; 0]);
}
