//! Clients that come to the same namespaces and go at once, in tasks on several threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use parking_lot::Mutex;

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

const CLIENTS: usize = 8;
const ROUNDS: usize = 100;

/// What became of a client's turn, with the client.
async fn join(mut client: Client, name: String) -> Client {
    client.send(&format!("40{name},")).await;
    client.accepted(&format!("{name},")).await;
    client
}

/// Invariant 45.
pub(crate) async fn those_who_ask_at_once_are_in_one_child(bed: &Bed) {
    let server = Server::new();
    server.namespaces_matching(r"^/\d+$").expect("a pattern");
    let made = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let count = made.clone();
    server.on_new_namespace(move |namespace: &Namespace| {
        *count.lock().entry(namespace.name().to_owned()).or_default() += 1;
    });
    let address = bed.serve(&server).await.address;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::open(address).await);
    }
    for round in 0..ROUNDS {
        let name = format!("/{round}");
        let joining: Vec<_> =
            clients.into_iter().map(|client| bed.spawn(join(client, name.clone()))).collect();
        clients = Vec::new();
        for joined in join_all(joining).await {
            clients.push(joined.expect("it is let in"));
        }
        let child = server.find_namespace(&name).expect("they are there");
        assert_eq!(child.len(), CLIENTS);
        child.everybody().disconnect();
        for client in &mut clients {
            client.expect(&[&format!("41{name},")]).await;
        }
    }
    bed.until("the end of all children", || server.namespaces().is_empty()).await;
    let made = made.lock();
    assert_eq!((made.len(), made.values().sum()), (ROUNDS, ROUNDS), "each was made once: {made:?}");
}

/// Comes to one of a few namespaces, asks where it is, and goes; again and again.
async fn come_and_go(mut client: Client, number: usize) {
    for round in 0..ROUNDS {
        let name = format!("/{}", (number + round * (number + 1)) % 3);
        client = join(client, name.clone()).await;
        client.send(&format!(r#"42{name},0["is it here"]"#)).await;
        client.expect(&[&format!("43{name},0[true]")]).await;
        if round % 8 == 0 {
            client.send(&format!("41{name},")).await;
        } else {
            client.send(&format!(r#"42{name},["leave"]"#)).await;
            client.expect(&[&format!("41{name},")]).await;
        }
    }
}

/// Invariant 46.
pub(crate) async fn a_child_exists_as_long_as_somebody_is_there(bed: &Bed) {
    let server = Server::new();
    let parent = server.namespaces_matching(r"^/\d+$").expect("a pattern");
    let directory = server.clone();
    parent.on("is it here", async move |socket: Socket, (): ()| {
        let here = socket.namespace();
        let found = directory.find_namespace(here.name());
        let is_in = found.and_then(|found| found.socket(socket.id()));
        !here.is_closed() && is_in == Some(socket)
    });
    parent.on("leave", async |socket: Socket, (): ()| socket.disconnect());
    let address = bed.serve(&server).await.address;
    let mut coming = Vec::new();
    for number in 0..CLIENTS {
        coming.push(bed.spawn(come_and_go(Client::open(address).await, number)));
    }
    for ended in join_all(coming).await {
        ended.expect("it was always here");
    }
    bed.until("the end of all children", || server.namespaces().is_empty()).await;
    assert!(parent.children().is_empty());
}
