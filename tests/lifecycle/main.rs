//! What happens to a socket between its connect and its disconnect, over real connections.

mod answers;
mod closing;
mod ends;
mod faults;
mod handlers;
mod limits;
#[allow(dead_code, reason = "each test uses its part of it")]
#[path = "../support/mod.rs"]
mod support;

use klatch::{Namespace, Server};

use self::support::{Running, serve};

/// A server with nothing but the namespace `/`.
async fn serve_one() -> (Server, Namespace, Running) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let running = serve(&server).await;
    (server, namespace, running)
}
