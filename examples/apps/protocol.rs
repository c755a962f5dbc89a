//! For the official test suites of the Engine.IO and the Socket.IO protocol.

use std::time::Duration;

use klatch::{Ack, Config, EmitError, EngineServer, Payload, Server, Socket};
use serde::Serialize;

use crate::run::{Either, Place, port};

fn config() -> Config {
    Config::new()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000)
}

pub(crate) fn servers() -> Vec<Place> {
    vec![
        Place { port: port("ENGINE_PORT", 4100), server: Either::Engine(engine()) },
        Place { port: port("SIO_PORT", 4101), server: Either::Socket(socket()) },
    ]
}

/// Sends every message back as it came.
fn engine() -> EngineServer {
    let server = EngineServer::with_config(config(), "/engine.io/").expect("it is valid");
    server.on_message(async |socket, message| {
        // A client that left meanwhile has no use for it.
        let _ = socket.send_message(message);
    });
    server
}

fn socket() -> Server {
    let config = config().connect_timeout(Duration::from_secs(1));
    let server = Server::builder().config(config).build().expect("it is valid");
    for name in ["/", "/custom"] {
        let namespace = server.namespace(name);
        namespace.on_connect(async |socket: Socket| {
            // The suite awaits one frame at a time, with a WebSocket library that hands out all
            // frames of one read at once: `auth` in the same read as CONNECT would be missed.
            smol::Timer::after(Duration::from_millis(5)).await;
            greet(&socket)
        });
        namespace.on("message", async |socket: Socket, arguments: Payload| {
            socket.emit("message-back", &arguments)
        });
        namespace.on("message-with-ack", async |_: Socket, arguments: Payload, ack: Ack| {
            ack.send(&arguments)
        });
    }
    server
}

/// Shows the client what it presented.
fn greet(socket: &Socket) -> Result<(), EmitError> {
    #[derive(Serialize)]
    struct Nothing {}

    let auth: Payload = socket.auth().unwrap_or_default();
    if auth.is_empty() { socket.emit("auth", &Nothing {}) } else { socket.emit("auth", &auth) }
}
