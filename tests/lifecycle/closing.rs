//! The end of a server.

use std::thread;

use klatch::{Args, CloseReason, Server, Socket};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::support::websocket::Client;
use crate::support::{Log, http, serve, soon};

#[tokio::test]
async fn sockets_end_and_clients_are_not_told_to_stay_away() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (pen, mut log) = Log::new();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = serve(&server).await;
    let mut client = Client::connected(running.address).await;
    namespace.emit("last", &()).expect("a name is encoded");
    soon("the server's end", server.close()).await;
    assert_eq!(client.rest().await, ["42[\"last\"]"], "no 41");
    log.expect(&["server shutting down"]).await;
    soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
    assert_eq!((server.clients_count(), namespace.len()), (0, 0));
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn a_poll_that_waits_is_answered() {
    let server = Server::new();
    let _namespace = server.namespace("/");
    let running = serve(&server).await;
    let query = http::open(running.address).await;
    let mut wire = http::Wire::open(running.address).await;
    wire.write(&http::head("GET", &query, &[])).await;
    let closing = tokio::spawn(async move { server.close().await });
    let answer = wire.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "1"));
    soon("the server's end", closing).await.expect("no panic");
    wire.closed().await;
}

/// A process ends when `serve` returns.
#[tokio::test]
async fn what_was_queued_is_written_before_serve_returns() {
    // More than the buffers of the kernel take, so that some of it waits at the end, too.
    const EVENTS: usize = 320;
    let server = Server::builder().mailbox_budget(64 << 20).build();
    let namespace = server.namespace("/");
    let (address, is_bound) = oneshot::channel();
    let its_own = server.clone();
    let serving = thread::spawn(move || {
        let runtime = Runtime::new().expect("threads");
        runtime.block_on(async {
            let running = serve(&its_own).await;
            address.send(running.address).expect("the test waits");
            running.serving.await.expect("no panic").expect("no error");
        });
    });
    let address = is_bound.await.expect("it is bound");
    let mut client = Client::connected_with_little_room(address).await;
    let socket = namespace.sockets().remove(0);
    let large = "x".repeat(50_000);
    for n in 0..EVENTS {
        socket.emit("event", &Args((n, &large))).expect("there is room");
    }
    let closing = tokio::spawn(async move { server.close().await });
    assert_eq!(client.rest().await.len(), EVENTS, "all that was queued");
    drop(client);
    soon("the server's end", closing).await.expect("no panic");
    tokio::task::spawn_blocking(|| serving.join()).await.expect("it ran").expect("no panic");
}
