//! Threads ask clients, which answer, go, or take too long.

use std::time::Duration;

use klatch_core::SocketId;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::{Client, Transport};
use super::stage::{Stage, Welcome, wait};
use crate::endpoint::Endpoint;
use crate::server::Server;
use crate::socket::Socket;

const CLIENTS: usize = 2;

/// Whoever asks hears when all have answered or cannot any more: of each client once, whether it
/// answered or not. Nobody waits for ever.
///
/// # Panics
///
/// If that is not so.
pub fn clients_are_asked_while_they_go() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|nth| {
            let way = [Transport::WebSocket, Transport::Polling][nth % 2];
            shuttle::future::spawn(answering(stage.endpoint.clone(), way))
        })
        .collect();
    let askers: Vec<_> = (0..2)
        .map(|_| {
            let namespace = namespace.clone();
            thread::spawn(move || {
                let everybody = namespace.timeout(Duration::from_secs(1));
                let answers = everybody.emit_with_ack::<String>("asks", &());
                let answers = wait(answers).expect("it is JSON");
                let mut all: Vec<SocketId> = answers.answers.iter().map(|(id, _)| *id).collect();
                let is_heard =
                    |answer: &Result<String, _>| matches!(answer, Ok(text) if text == "here");
                assert!(answers.answers.iter().all(|(_, answer)| is_heard(answer)));
                all.extend(&answers.missing);
                all.sort_unstable();
                let count = all.len();
                all.dedup();
                assert!(all.len() == count && count <= CLIENTS, "{all:?}");
            })
        })
        .collect();
    let host = {
        let (namespace, runtime) = (namespace.clone(), stage.runtime.clone());
        thread::spawn(move || match thread_rng().gen_range(0..3) {
            0 => namespace.sockets().iter().take(1).for_each(Socket::disconnect),
            // The time of whoever has not answered is up.
            1 => runtime.advance(1),
            _ => {}
        })
    };
    host.join().expect("no thread panics");
    for asker in askers {
        asker.join().expect("no thread panics");
    }
    stage.close(clients);
}

/// Answers what it is asked, unless it does not feel like it: then it leaves.
async fn answering(endpoint: Endpoint, way: Transport) {
    let Some(mut client) = Client::open(&endpoint, way).await else { return };
    client.send("40").await;
    while let Some(packet) = client.next().await {
        if Welcome::read(&packet).is_some() || packet == "41" {
            continue;
        }
        let id: String = packet[2..].chars().take_while(char::is_ascii_digit).collect();
        assert!(!id.is_empty(), "{packet} asks for nothing");
        if thread_rng().gen_bool(0.8) {
            client.send(format!(r#"43{id}["here"]"#)).await;
        } else {
            client.send("41").await;
        }
    }
}
