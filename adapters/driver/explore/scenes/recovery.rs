//! A client is lost and comes back, while others speak.

use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use klatch_core::{CloseReason, SocketId};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::{Client, Transport};
use super::history::{Audience, History, NAMESPACE, What};
use super::stage::{Stage, Welcome, texts, wait};
use crate::endpoint::Endpoint;
use crate::namespace::Namespace;
use crate::recovery::Recovery;
use crate::server::Server;
use crate::socket::Socket;

const LOSSES: usize = 2;

/// Where the client tells who it is.
type Told = Arc<Mutex<Option<SocketId>>>;

/// A client that comes back, whether or not its loss was noticed, has heard all of it in the end: in
/// order, once, whether it was said to everybody, to its room or to it alone.
///
/// # Panics
///
/// If it has not.
pub fn a_client_is_lost_and_comes_back_while_others_speak() {
    let stage = Stage::new(Server::builder().recovery(Recovery::new()));
    let namespace = stage.server.namespace("/");
    // Under the lock of its namespace, before anybody knows of it: it is in from the start.
    namespace.middleware(async |socket: Socket| socket.join("red").map_err(|_| unreachable()));
    // It may be back while its loss is told of.
    namespace.on_disconnect(async |_: Socket, _: CloseReason| shuttle::thread::yield_now());
    let told = Told::default();
    // Whether the server closes only when it is back for the last time: it must get so far then.
    let (back, is_back) = oneshot::channel();
    let (back, is_back) =
        if thread_rng().gen_bool(0.5) { (Some(back), Some(is_back)) } else { (None, None) };
    let client = {
        let (endpoint, history) = (stage.endpoint.clone(), stage.history.clone());
        shuttle::future::spawn(returning(endpoint, history, told.clone(), back))
    };
    let speakers = ["a", "b"].map(|name| {
        let (namespace, history) = (namespace.clone(), stage.history.clone());
        let told = told.clone();
        thread::spawn(move || {
            for nth in 0..3 {
                let text = format!("{name}{nth}");
                let audience = Audience::room(if nth == 1 { "red" } else { NAMESPACE });
                let say = || match nth {
                    1 => namespace.to("red").emit("says", &text),
                    _ => namespace.emit("says", &text),
                };
                history.during(What::Emit(text.clone(), audience), say).expect("it is JSON");
                say_to_it(&namespace, &history, &told, &format!("{name}{nth} to you"));
            }
        })
    });
    for thread in speakers {
        thread.join().expect("no thread panics");
    }
    if let Some(is_back) = is_back {
        wait(is_back).expect("it is let in each time");
    }
    wait(stage.server.close());
    let id = wait(client).expect("no client panics");
    assert_eq!(stage.history.sockets(), usize::from(id.is_some()), "it was another one");
    stage.history.check();
    stage.is_empty();
}

/// Says something to the client alone, if it is there: what is not taken was not said.
fn say_to_it(namespace: &Namespace, history: &History, told: &Told, text: &str) {
    let id = *told.lock().expect("nobody panics with it");
    let Some(socket) = id.and_then(|id| namespace.socket(id)) else { return };
    let began = history.now();
    if socket.emit("says", &text).is_ok() {
        history.said(text, Audience::only(socket.id()), began);
    }
}

fn unreachable() -> klatch_core::ConnectError {
    klatch_core::ConnectError::new("a room that it may join")
}

/// Reads a little, and vanishes: it is to be who it was when it is back. If somebody waits for that, it
/// reads no more than what surely comes.
async fn returning(
    endpoint: Endpoint,
    history: History,
    told: Told,
    mut back: Option<oneshot::Sender<()>>,
) -> Option<SocketId> {
    let most = if back.is_some() { 1 } else { 3 };
    let mut known: Option<Welcome> = None;
    let mut offset: Option<String> = None;
    for life in 0..=LOSSES {
        let way = [Transport::WebSocket, Transport::Polling][thread_rng().gen_range(0..2)];
        // The server closes: it was heard to the end of what it could be told.
        let Some(mut client) = Client::open(&endpoint, way).await else {
            cut(&history, known.as_ref());
            break;
        };
        let since = history.now();
        client.send(claim(known.as_ref(), offset.as_deref())).await;
        let mut patience =
            if life == LOSSES { usize::MAX } else { thread_rng().gen_range(1..=most) };
        let mut is_in = false;
        while patience > 0 {
            patience -= 1;
            let Some(packet) = client.next().await else { break };
            if let Some(welcome) = Welcome::read(&packet) {
                is_in = true;
                if life == LOSSES
                    && let Some(back) = back.take()
                {
                    back.send(()).expect("somebody waits");
                }
                if let Some(known) = &known {
                    assert_eq!(welcome.id, known.id, "it is not who it was");
                    continue;
                }
                history.came(welcome.id, since, &[NAMESPACE, "red"]);
                *told.lock().expect("nobody panics with it") = Some(welcome.id);
                known = Some(welcome);
                continue;
            }
            let mut texts = texts(&packet).unwrap_or_else(|| panic!("{packet} is no event"));
            offset = texts.pop();
            let id = known.as_ref().expect("a CONNECT comes first").id;
            history.hears(id, &texts[0]);
        }
        if patience > 0 && !is_in {
            // It was too late to be told what it missed.
            cut(&history, known.as_ref());
        }
        if patience > 0 {
            break;
        }
        // Sometimes the server does not notice until it is back: nobody is told of what is read then.
        if matches!(way, Transport::Polling) || thread_rng().gen_bool(0.5) {
            drop(shuttle::future::spawn(async move { while client.next().await.is_some() {} }));
        }
    }
    known.map(|welcome| welcome.id)
}

fn cut(history: &History, known: Option<&Welcome>) {
    if let Some(welcome) = known {
        history.is_cut(welcome.id);
    }
}

/// The CONNECT of a client: with who it was and what it heard last, if it was somebody.
fn claim(known: Option<&Welcome>, offset: Option<&str>) -> String {
    let pid = known.and_then(|welcome| welcome.pid.as_deref());
    match (pid, offset) {
        (Some(pid), Some(offset)) => format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#),
        (Some(pid), None) => format!(r#"40{{"pid":"{pid}"}}"#),
        (None, _) => "40".to_owned(),
    }
}
