//! Application code that panics, or does what it is not expected to.

use std::future::Ready;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use klatch::{CloseReason, Server, Socket};

use crate::serve_one;
use crate::support::websocket::Client;
use crate::support::{Log, Pen, Running, serve};

/// A server in whose namespace `/` much panics, and one that is well.
async fn faulty() -> (Server, Pen, Log, Running) {
    let server = Server::new();
    let (pen, log) = Log::new();
    let namespace = server.namespace("/");
    let writer = pen.clone();
    namespace.on_error(move |_, event, error| writer.write(format!("{event}: {error}")));
    namespace.on("panics", async |_: Socket, (): ()| -> () { panic!("on purpose") });
    namespace.on("panics later", async |_: Socket, (): ()| -> () {
        tokio::task::yield_now().await;
        panic!("on purpose")
    });
    namespace.on("well", async |_: Socket, (): ()| ());
    server.namespace("/well").on("well", async |_: Socket, (): ()| ());
    let running = serve(&server).await;
    (server, pen, log, running)
}

#[tokio::test]
async fn a_panic_disconnects_its_own_socket_and_no_other() {
    let (_server, _pen, mut log, running) = faulty().await;
    let mut other = Client::connected(running.address).await;
    for event in ["panics", "panics later"] {
        let mut client = Client::connected(running.address).await;
        client.send("40/well,").await;
        client.accepted("/well,").await;
        client.send(&format!("420[\"{event}\"]")).await;
        client.expect(&["41"]).await;
        log.expect(&[&format!("{event}: the handler panicked")]).await;
        client.send("42/well,0[\"well\"]").await;
        client.expect(&["43/well,0[]"]).await;
    }
    other.send("420[\"well\"]").await;
    other.expect(&["430[]"]).await;
}

#[tokio::test]
async fn a_connect_handler_may_panic_before_it_is_a_future() {
    let (server, _pen, mut log, running) = faulty().await;
    let namespace = server.namespace("/");
    namespace.on_connect(|_: Socket| -> Ready<()> { panic!("on purpose") });
    let mut client = Client::connected(running.address).await;
    client.expect(&["41"]).await;
    log.expect(&["connect: the handler panicked"]).await;
    assert!(namespace.is_empty());
}

#[tokio::test]
async fn a_disconnect_handler_may_panic_before_it_is_a_future() {
    let (server, pen, mut log, running) = faulty().await;
    let namespace = server.namespace("/");
    namespace.on_disconnecting(|_: Socket, _: CloseReason| -> Ready<()> { panic!("on purpose") });
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| pen.write("disconnect"));
    drop(Client::connected(running.address).await);
    log.expect(&["disconnecting: the handler panicked", "disconnect"]).await;
    assert!(namespace.is_empty());
}

#[tokio::test]
async fn an_error_hook_may_panic() {
    let (server, pen, mut log, running) = faulty().await;
    let namespace = server.namespace("/");
    namespace.on_error(move |_, _, _| {
        pen.write("hook");
        panic!("on purpose")
    });
    let mut client = Client::connected(running.address).await;
    client.send("40/well,").await;
    client.accepted("/well,").await;
    client.send("42[\"panics\"]").await;
    client.expect(&["41"]).await;
    log.expect(&["hook"]).await;
    client.send("42/well,0[\"well\"]").await;
    client.expect(&["43/well,0[]"]).await;
}

#[test]
fn a_runtime_that_ends_leaves_no_socket_behind() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let client = runtime.block_on(async {
        let running = serve(&server).await;
        Client::connected(running.address).await
    });
    assert_eq!(namespace.len(), 1);
    drop(runtime);
    assert!(namespace.is_empty());
    assert_eq!(server.clients_count(), 0);
    drop(client);
}

#[tokio::test]
async fn the_rooms_to_join_may_be_looked_up_while_joining() {
    let (_server, namespace, running) = serve_one().await;
    let _client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        let new = ["a", "b"].into_iter().filter(|room| !socket.is_in(room));
        socket.join_all(new).expect("the names are short");
        done.send(socket.rooms().len())
    });
    assert_eq!(is_done.recv_timeout(Duration::from_secs(10)), Ok(3), "no deadlock");
}
