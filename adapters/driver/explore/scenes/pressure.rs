//! Clients that read slowly, and threads that wait for them.

use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::Transport;
use super::history::{Audience, What};
use super::stage::{Stage, wait};
use crate::error::EmitError;
use crate::server::Server;

/// Whoever waits for a client to read goes on when it has, or is gone.
///
/// # Panics
///
/// If somebody waits for ever, or the client misses something.
pub fn threads_wait_for_a_slow_client_that_may_go() {
    // One packet is more than it should have waiting.
    let stage = Stage::new(Server::builder().soft_mark(1));
    let namespace = stage.server.namespace("/");
    let (id, ends) = stage.listener(Transport::WebSocket);
    let socket = namespace.socket(id).expect("it is in");
    let goes = thread_rng().gen_bool(0.3);
    let threads: Vec<_> = ["a", "b"]
        .map(|name| {
            let (socket, history) = (socket.clone(), stage.history.clone());
            thread::spawn(move || {
                for nth in 0..3 {
                    let text = format!("{name}{nth}");
                    let audience = Audience::only(socket.id());
                    match wait(socket.ready()) {
                        Ok(()) => {}
                        Err(error) => return assert_eq!(error, EmitError::Closed),
                    }
                    let emit = history.begin(What::Emit(text.clone(), audience));
                    match socket.emit("says", &text) {
                        Ok(()) => history.end(emit),
                        Err(error) => return assert_eq!(error, EmitError::Closed),
                    }
                }
            })
        })
        .into_iter()
        .collect();
    if goes {
        let (socket, history) = (socket.clone(), stage.history.clone());
        let host = thread::spawn(move || {
            history.is_cut(socket.id());
            socket.close_connection();
        });
        host.join().expect("no thread panics");
    }
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let history = stage.history.clone();
    stage.close([ends]);
    history.check();
}

/// Mailboxes hold more than the server may keep: some are closed for it, on whichever thread fills them,
/// and what is counted in the end is nothing.
///
/// # Panics
///
/// If bytes stay counted, or somebody waits for ever.
pub fn mailboxes_are_closed_for_room_while_others_fill_them() {
    let stage = Stage::new(Server::builder().server_budget(64 << 10));
    let namespace = stage.server.namespace("/");
    let clients = [Transport::WebSocket, Transport::Polling].map(|way| stage.listener(way));
    for (id, _) in &clients {
        stage.history.is_cut(*id);
    }
    let padding = "x".repeat(20 << 10);
    let threads = ["a", "b", "c"].map(|name| {
        let (namespace, history) = (namespace.clone(), stage.history.clone());
        let padding = padding.clone();
        thread::spawn(move || {
            for nth in 0..2 {
                let text = format!("{name}{nth}");
                let what = What::Emit(text.clone(), Audience::everybody());
                let args = klatch_core::Args((&text, &padding));
                history.during(what, || namespace.emit("says", &args)).expect("it is JSON");
            }
        })
    });
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let history = stage.history.clone();
    stage.close(clients.map(|(_, ends)| ends));
    history.check();
}
