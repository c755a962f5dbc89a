//! A server closes while clients come, speak and are spoken to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use klatch_core::SocketId;
use shuttle::thread;

use super::client::{Client, Transport};
use super::stage::{Stage, Welcome, wait};
use crate::endpoint::Endpoint;
use crate::server::Server;

/// Whoever came is told what was said before and then that it is over; nobody is left, and closing comes to
/// an end.
///
/// # Panics
///
/// If that is not so.
pub fn a_server_closes_while_clients_come() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    let is_closed = Arc::new(AtomicBool::new(false));
    let clients = [Transport::WebSocket, Transport::Polling, Transport::WebSocket]
        .map(|way| shuttle::future::spawn(come(stage.endpoint.clone(), is_closed.clone(), way)));
    let speaker = {
        let namespace = namespace.clone();
        thread::spawn(move || namespace.emit("says", "something").expect("it is JSON"))
    };
    let closers = [(), ()].map(|()| {
        let server = stage.server.clone();
        thread::spawn(move || wait(server.close()))
    });
    for thread in closers {
        thread.join().expect("no thread panics");
    }
    is_closed.store(true, Ordering::SeqCst);
    speaker.join().expect("no thread panics");
    for client in clients {
        wait(client).expect("no client panics");
    }
    stage.is_empty();
}

async fn come(endpoint: Endpoint, is_closed: Arc<AtomicBool>, way: Transport) {
    let is_late = is_closed.load(Ordering::SeqCst);
    let Some(mut client) = Client::open(&endpoint, way).await else { return };
    assert!(!is_late, "a server that is closed takes nobody in");
    client.send("40").await;
    let mut id: Option<SocketId> = None;
    while let Some(packet) = client.next().await {
        if let Some(welcome) = Welcome::read(&packet) {
            assert!(id.replace(welcome.id).is_none(), "it is let in once");
        } else {
            assert_eq!(packet, r#"42["says","something"]"#);
            assert!(id.is_some(), "{packet} before a CONNECT");
        }
    }
}
