//! How sockets end: `disconnecting` sees the rooms, `disconnect` does not, each once.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use klatch::{CloseReason, Config, Namespace, Server, Socket};
use parking_lot::Mutex;

use crate::support::websocket::Client;
use crate::support::{Log, Pen, Running, serve, soon};

/// A server whose handlers write down how its sockets end.
async fn watched(config: Config) -> (Server, Namespace, Running, Pen, Log) {
    let server = Server::builder().config(config).build();
    let namespace = server.namespace("/");
    let (pen, log) = Log::new();
    let rooms = |socket: &Socket| {
        let rooms = socket.rooms();
        let own = rooms.iter().filter(|room| **room == *socket.id().as_str()).count();
        let others = rooms.iter().filter(|room| *room == "room").count();
        format!("{own} own, {others} other")
    };
    let writer = pen.clone();
    namespace.on_disconnecting(async move |socket: Socket, reason: CloseReason| {
        writer.write(format!("disconnecting: {reason}; {}", rooms(&socket)));
    });
    let writer = pen.clone();
    namespace.on_disconnect(async move |socket: Socket, reason: CloseReason| {
        writer.write(format!("disconnect: {reason}; {}", rooms(&socket)));
    });
    namespace.on_connect(async |socket: Socket| socket.join("room"));
    namespace.on("end", async |socket: Socket, (): ()| socket.disconnect());
    namespace.on("end all", async |socket: Socket, (): ()| socket.disconnect_all());
    namespace.on("close", async |socket: Socket, (): ()| socket.close_connection());
    let running = serve(&server).await;
    (server, namespace, running, pen, log)
}

/// The two lines, and nothing after them even when the server has closed.
async fn ended(server: &Server, namespace: &Namespace, log: &mut Log, reason: &str) {
    let before = format!("disconnecting: {reason}; 1 own, 1 other");
    let after = format!("disconnect: {reason}; 0 own, 0 other");
    log.expect(&[&before, &after]).await;
    soon("the server's end", server.close()).await;
    assert_eq!(log.rest(), [""; 0], "each handler runs once");
    assert!(namespace.is_empty() && namespace.rooms().is_empty());
    assert_eq!(server.clients_count(), 0);
}

#[tokio::test]
async fn the_client_leaves_the_namespace() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    let mut client = Client::connected(running.address).await;
    client.send("41").await;
    ended(&server, &namespace, &mut log, "client namespace disconnect").await;
}

#[tokio::test]
async fn the_server_disconnects_the_socket() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    let mut client = Client::connected(running.address).await;
    client.send("42[\"end\"]").await;
    client.expect(&["41"]).await;
    ended(&server, &namespace, &mut log, "server namespace disconnect").await;
}

#[tokio::test]
async fn the_server_disconnects_the_client() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    let mut client = Client::connected(running.address).await;
    client.send("42[\"end all\"]").await;
    assert_eq!(client.rest().await, ["41"]);
    ended(&server, &namespace, &mut log, "server namespace disconnect").await;
}

#[tokio::test]
async fn the_server_closes_the_connection() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    let mut client = Client::connected(running.address).await;
    client.send("42[\"close\"]").await;
    assert_eq!(client.rest().await, [""; 0], "the client is to come back");
    ended(&server, &namespace, &mut log, "forced close").await;
}

#[tokio::test]
async fn the_client_goes_away() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    drop(Client::connected(running.address).await);
    ended(&server, &namespace, &mut log, "transport close").await;
}

#[tokio::test]
async fn the_client_says_nothing_that_makes_sense() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    let mut client = Client::connected(running.address).await;
    client.send("42{}").await;
    ended(&server, &namespace, &mut log, "forced close").await;
}

#[tokio::test]
async fn the_client_answers_no_ping() {
    let short = Duration::from_millis(20);
    let config = Config::new().ping_interval(short).ping_timeout(short);
    let (server, namespace, running, _, mut log) = watched(config).await;
    let mut client = Client::open(running.address).await;
    client.alive = false;
    client.send("40").await;
    client.rest().await;
    ended(&server, &namespace, &mut log, "ping timeout").await;
}

#[tokio::test]
async fn the_connect_handler_disconnects_the_socket() {
    let (server, namespace, running, pen, mut log) = watched(Config::new()).await;
    namespace.on_connect(async move |socket: Socket| {
        socket.join("room").expect("the name is short");
        socket.disconnect();
        socket.emit("still there", &()).expect("it is connected until this returns");
        pen.write("connect");
    });
    let mut client = Client::connected(running.address).await;
    client.expect(&["42[\"still there\"]", "41"]).await;
    log.expect(&["connect"]).await;
    ended(&server, &namespace, &mut log, "server namespace disconnect").await;
}

#[tokio::test]
async fn another_thread_disconnects_the_socket_while_it_connects() {
    let (server, namespace, running, pen, mut log) = watched(Config::new()).await;
    namespace.on_connect(async move |socket: Socket| {
        socket.join("room").expect("the name is short");
        let others = socket.namespace();
        thread::spawn(move || others.everybody().disconnect()).join().expect("it does not fail");
        pen.write("connect");
    });
    let mut client = Client::connected(running.address).await;
    client.expect(&["41"]).await;
    log.expect(&["connect"]).await;
    ended(&server, &namespace, &mut log, "server namespace disconnect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_ends_a_socket_at_once_and_it_ends_once() {
    let (server, namespace, running, _, mut log) = watched(Config::new()).await;
    for _ in 0..50 {
        let mut client = Client::connected(running.address).await;
        let (start, is_time) = mpsc::channel::<()>();
        let everybody = namespace.everybody();
        let thread = thread::spawn(move || {
            // Ends when the sender is dropped.
            let _ = is_time.recv();
            everybody.disconnect();
        });
        client.send("42[\"end\"]").await;
        drop(start);
        drop(client);
        tokio::task::spawn_blocking(|| thread.join()).await.expect("it ran").expect("no panic");
        let before = log.next().await;
        assert!(before.starts_with("disconnecting") && before.ends_with("1 own, 1 other"));
        let after = log.next().await;
        assert!(after.starts_with("disconnect:") && after.ends_with("0 own, 0 other"));
    }
    soon("the server's end", server.close()).await;
    assert_eq!(log.rest(), [""; 0]);
    assert!(namespace.is_empty());
}

#[tokio::test]
async fn nothing_of_a_namespace_follows_the_client_out_of_it() {
    let (_server, namespace, running, _, _log) = watched(Config::new()).await;
    namespace.on_disconnecting(async |socket: Socket, _: CloseReason| {
        socket.namespace().emit("goodbye", &())
    });
    let mut client = Client::connected(running.address).await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
}

#[tokio::test]
async fn a_late_farewell_is_not_for_the_socket_that_comes_next() {
    let (_server, namespace, running, pen, mut log) = watched(Config::new()).await;
    let (over, is_over) = mpsc::channel::<()>();
    let is_over = Arc::new(Mutex::new(is_over));
    namespace.on_disconnecting(async move |_: Socket, _: CloseReason| {
        pen.write("disconnecting");
        // Ends when the sender is dropped.
        let _ = is_over.lock().recv();
    });
    namespace.on("event", async |_: Socket, (): ()| ());
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let ending = thread::spawn(move || socket.disconnect());
    log.expect(&["disconnecting"]).await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
    drop(over);
    tokio::task::spawn_blocking(|| ending.join()).await.expect("it ran").expect("no panic");
    client.send("420[\"event\"]").await;
    client.expect(&["430[]"]).await;
}
