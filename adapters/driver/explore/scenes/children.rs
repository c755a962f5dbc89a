//! A namespace that ends with the last who is in it, while others are on their way into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use klatch_core::CloseReason;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::{Client, Transport};
use super::stage::{Stage, Welcome, wait};
use crate::endpoint::Endpoint;
use crate::server::Server;
use crate::socket::Socket;

const CLIENTS: usize = 3;
const VISITS: usize = 2;

/// Whoever asks for a child is let in, there is never more than one of a name, and none is left when
/// all are gone.
///
/// # Panics
///
/// If that is not so.
pub fn a_child_ends_while_others_ask_for_it() {
    let stage = Stage::new(Server::builder());
    let parent = if thread_rng().gen_bool(0.5) {
        stage.server.namespaces_matching("^/child$").expect("a pattern")
    } else {
        stage.server.namespaces_where(async |name: String, _| name == "/child")
    };
    let (inside, visits) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, left) = ((inside.clone(), visits.clone()), inside.clone());
    parent.on_connect(async move |_: Socket| {
        entered.0.fetch_add(1, Ordering::SeqCst);
        entered.1.fetch_add(1, Ordering::SeqCst);
    });
    parent.on_disconnect(async move |_: Socket, _: CloseReason| {
        left.fetch_sub(1, Ordering::SeqCst);
    });
    let family = parent.clone();
    stage.server.on_new_namespace(move |_| assert!(family.children().len() <= 1));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|nth| {
            let way = [Transport::WebSocket, Transport::Polling][nth % 2];
            shuttle::future::spawn(visit(stage.endpoint.clone(), way))
        })
        .collect();
    let speaker = {
        let parent = parent.clone();
        thread::spawn(move || parent.emit("says", "to all children").expect("it is JSON"))
    };
    speaker.join().expect("no thread panics");
    let arrivals: usize = clients.into_iter().map(|client| wait(client).expect("no panic")).sum();
    wait(stage.server.close());
    assert_eq!(visits.load(Ordering::SeqCst), arrivals);
    assert_eq!(inside.load(Ordering::SeqCst), 0);
    assert!(parent.children().is_empty(), "a child that nobody is in");
    stage.is_empty();
}

/// Joins the child and leaves it, a few times; how often it was let in.
async fn visit(endpoint: Endpoint, way: Transport) -> usize {
    let mut client = Client::open(&endpoint, way).await.expect("there is a place");
    for _ in 0..VISITS {
        client.send("40/child,").await;
        loop {
            let packet = client.next().await.expect("nobody ends the session");
            assert!(!packet.starts_with("44"), "turned away: {packet}");
            if Welcome::read(&packet).is_some() {
                break;
            }
        }
        client.send("41/child,").await;
    }
    client.send("1").await;
    while client.next().await.is_some() {}
    VISITS
}
