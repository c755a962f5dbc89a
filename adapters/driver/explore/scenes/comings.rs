//! Clients come and go, by themselves or because the server wants it, while others speak.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use klatch_core::{CloseReason, SocketId};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::{Client, Transport};
use super::history::{Audience, History, NAMESPACE, What};
use super::stage::{Stage, Welcome, message, wait};
use crate::endpoint::Endpoint;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

const VISITS: usize = 2;

/// What the handlers of a socket saw, in order.
#[derive(Clone, Default)]
struct Lives(Arc<Mutex<BTreeMap<SocketId, Vec<&'static str>>>>);

impl Lives {
    fn of(namespace: &Namespace) -> Self {
        let lives = Self::default();
        let (connected, disconnected) = (lives.clone(), lives.clone());
        namespace.on_connect(async move |socket: Socket| connected.note(&socket, "connect"));
        namespace.on_disconnect(async move |socket: Socket, _: CloseReason| {
            disconnected.note(&socket, "disconnect");
        });
        lives
    }

    fn note(&self, socket: &Socket, what: &'static str) {
        self.0.lock().expect("nobody panics with it").entry(socket.id()).or_default().push(what);
    }
}

/// A client hears what is said while it is in, and nothing before or after; its handlers run once
/// each; all is empty when all are gone.
///
/// # Panics
///
/// If that is not so.
pub fn clients_come_and_go_while_others_speak() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    let lives = Lives::of(&namespace);
    let clients = [Transport::WebSocket, Transport::Polling].map(|way| {
        let (endpoint, history) = (stage.endpoint.clone(), stage.history.clone());
        shuttle::future::spawn(visit(endpoint, history, way))
    });
    let speakers = ["a", "b"].map(|name| {
        let (namespace, history) = (namespace.clone(), stage.history.clone());
        thread::spawn(move || {
            for nth in 0..3 {
                let text = format!("{name}{nth}");
                let what = What::Emit(text.clone(), Audience::everybody());
                history.during(what, || namespace.emit("says", &text)).expect("it is JSON");
            }
        })
    });
    let host = {
        let (namespace, history) = (namespace.clone(), stage.history.clone());
        thread::spawn(move || (0..2).for_each(|_| show_somebody_out(&namespace, &history)))
    };
    for thread in speakers.into_iter().chain([host]) {
        thread.join().expect("no thread panics");
    }
    // Whoever is there now comes to no end by itself.
    wait(stage.server.close());
    for client in clients {
        wait(client).expect("no client panics");
    }
    stage.history.check();
    stage.is_empty();
    for (socket, life) in &*lives.0.lock().expect("nobody panics with it") {
        assert_eq!(life, &["connect", "disconnect"], "{socket}");
    }
}

/// Opens a connection, joins, and joins again when it is out, which it wants to be sometimes.
async fn visit(endpoint: Endpoint, history: History, way: Transport) {
    let Some(mut client) = Client::open(&endpoint, way).await else { return };
    let mut visits = 1;
    let mut patience = thread_rng().gen_range(0..6);
    let mut inside: Option<SocketId> = None;
    let mut leaving = None;
    let mut since = history.now();
    client.send("40").await;
    while let Some(packet) = client.next().await {
        if let Some(Welcome { id, .. }) = Welcome::read(&packet) {
            assert!(inside.is_none() || leaving.is_some(), "it is in already");
            if let Some(leaving) = leaving.take() {
                history.end(leaving);
            }
            inside = Some(id);
            history.came(id, since, &[NAMESPACE]);
        } else if packet == "41" {
            // Whoever was shown out of its connection may have come in again before it noticed.
            history.is_cut(inside.take().expect("a CONNECT comes before a DISCONNECT"));
        } else {
            let id = inside.unwrap_or_else(|| panic!("{packet} outside the namespace"));
            let text = message(&packet).unwrap_or_else(|| panic!("{packet} is no event"));
            history.hears(id, &text);
        }
        patience -= 1;
        if patience < 0
            && let (Some(id), None) = (inside, leaving)
        {
            // What is on its way to it comes still, until it is in again.
            leaving = Some(history.begin(What::Leave(id, NAMESPACE)));
            client.send("41").await;
        }
        let is_out = inside.is_none() || leaving.is_some();
        if is_out && visits < VISITS {
            visits += 1;
            since = history.now();
            client.send("40").await;
        }
    }
    if let Some(id) = inside {
        history.is_cut(id);
    }
}

fn show_somebody_out(namespace: &Namespace, history: &History) {
    let sockets = namespace.sockets();
    let Some(socket) = sockets.first() else { return };
    let leaving = history.begin(What::Leave(socket.id(), NAMESPACE));
    match thread_rng().gen_range(0..4) {
        0 => socket.disconnect(),
        1 => socket.disconnect_all(),
        2 => socket.close_connection(),
        _ => namespace.to(socket.id().as_str()).disconnect(),
    }
    // Not before its connect handler has run.
    if namespace.socket(socket.id()).is_none() {
        history.end(leaving);
    }
}
