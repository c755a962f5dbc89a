//! How sockets end: `disconnecting` sees the rooms, `disconnect` does not, each once.

use std::time::Duration;

use klatch_core::{CloseReason, Config};

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Log, Pen};
use crate::error::EmitError;
use crate::handler::Handlers;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

/// A server whose handlers write down how its sockets end.
pub(super) struct Watched<'b> {
    bed: &'b Bed,
    pub(super) server: Server,
    pub(super) namespace: Namespace,
    pub(super) address: Address<'b>,
    pub(super) pen: Pen,
    pub(super) log: Log,
}

pub(super) async fn watch(bed: &Bed, config: Config) -> Watched<'_> {
    let server = Server::builder().config(config).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, log) = bed.log();
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
    let address = bed.serve(&server).await.address;
    Watched { bed, server, namespace, address, pen, log }
}

impl Watched<'_> {
    /// The two lines, and nothing after them even when the server has closed.
    pub(super) async fn ended(mut self, reason: &str) {
        let before = format!("disconnecting: {reason}; 1 own, 1 other");
        let after = format!("disconnect: {reason}; 0 own, 0 other");
        self.log.expect(&[&before, &after]).await;
        self.bed.close(&self.server).await;
        assert_eq!(self.log.rest(), [""; 0], "each handler runs once");
        assert!(self.namespace.is_empty() && self.namespace.rooms().is_empty());
        assert_eq!(self.server.clients_count(), 0);
    }
}

pub(crate) async fn the_client_leaves_the_namespace(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    client.send("41").await;
    watched.ended("client namespace disconnect").await;
}

pub(crate) async fn the_server_disconnects_the_socket(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    client.send("42[\"end\"]").await;
    client.expect(&["41"]).await;
    watched.ended("server namespace disconnect").await;
}

pub(crate) async fn the_server_disconnects_the_client(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    client.send("42[\"end all\"]").await;
    assert_eq!(client.rest().await, ["41"]);
    watched.ended("server namespace disconnect").await;
}

pub(crate) async fn the_server_closes_the_connection(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    client.send("42[\"close\"]").await;
    assert_eq!(client.rest().await, [""; 0], "the client is to come back");
    watched.ended("forced close").await;
}

pub(crate) async fn the_client_goes_away(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    drop(Client::connected(watched.address).await);
    watched.ended("transport close").await;
}

pub(crate) async fn the_client_says_nothing_that_makes_sense(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    client.send("42{}").await;
    watched.ended("forced close").await;
}

pub(crate) async fn the_client_answers_no_ping(bed: &Bed) {
    // By the runtime's own timer, which must fire again when it has been set again. Before that the
    // server has to take the `40` in, on however slow a machine.
    let short = Duration::from_millis(400);
    let config = Config::new().ping_interval(short).ping_timeout(short);
    let watched = watch(bed, config).await;
    let mut client = Client::open(watched.address).await;
    client.alive = false;
    client.send("40").await;
    client.rest().await;
    watched.ended("ping timeout").await;
}

pub(crate) async fn the_connect_handler_disconnects_the_socket(bed: &Bed) {
    let mut watched = watch(bed, Config::new()).await;
    let pen = watched.pen.clone();
    watched.namespace.on_connect(async move |socket: Socket| {
        socket.join("room").expect("the name is short");
        socket.disconnect();
        socket.emit("still there", &()).expect("it is connected until this returns");
        pen.write("connect");
    });
    let mut client = Client::connected(watched.address).await;
    client.expect(&["42[\"still there\"]", "41"]).await;
    watched.log.expect(&["connect"]).await;
    watched.ended("server namespace disconnect").await;
}

pub(crate) async fn nothing_of_a_namespace_follows_the_client_out_of_it(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    watched.namespace.on_disconnecting(async |socket: Socket, _: CloseReason| {
        socket.namespace().emit("goodbye", &())
    });
    let mut client = Client::connected(watched.address).await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
}

/// Invariant 9.
pub(crate) async fn what_is_done_to_a_socket_that_is_gone_does_nothing(bed: &Bed) {
    let watched = watch(bed, Config::new()).await;
    let mut client = Client::connected(watched.address).await;
    let socket = watched.namespace.sockets().remove(0);
    let fetched = watched.namespace.fetch_sockets().await.remove(0);
    client.send("42[\"end\"]").await;
    client.expect(&["41"]).await;
    socket.join("late").expect("a name is a name");
    fetched.join(["late", "too late"]).expect("a name is a name");
    socket.join(socket.id()).expect("it is its own");
    socket.leave(["late", "room"]);
    socket.leave_all();
    socket.disconnect();
    assert_eq!(socket.rooms(), [""; 0]);
    assert!(!socket.is_in(socket.id()) && !socket.is_connected());
    assert!(watched.namespace.to(socket.id()).to("late").sockets().is_empty());
    assert_eq!(socket.emit("late", &()), Err(EmitError::Closed));
    assert_eq!(socket.volatile().emit("late", &()), Err(EmitError::Closed));
    // It is nobody, and so nobody is left out for it.
    let (_other, id) = Client::connected_as(watched.address).await;
    let others = socket.broadcast().sockets();
    assert_eq!(others.iter().map(|other| other.id().to_string()).collect::<Vec<_>>(), [id]);
    watched.namespace.everybody().disconnect();
    drop(client);
    assert!(watched.namespace.is_empty() && watched.namespace.rooms().is_empty());
}

/// Invariant 39.
pub(crate) async fn one_namespace_ends_alone_and_a_connection_ends_them_all(bed: &Bed) {
    let server = Server::new();
    let parent = server.namespaces_matching("^/child-.$").expect("a pattern");
    let (pen, mut log) = bed.log();
    let register = |handlers: &Handlers| {
        let writer = pen.clone();
        handlers.on_disconnect(async move |socket: Socket, reason: CloseReason| {
            writer.write(format!("{}: {reason}", socket.namespace().name()));
        });
        handlers.on("end", async |socket: Socket, (): ()| socket.disconnect());
        handlers.on("alive", async |_: Socket, (): ()| true);
    };
    register(&server.namespace("/"));
    register(&server.namespace("/static"));
    register(&parent);
    let address = bed.serve(&server).await.address;
    let mut client = Client::connected(address).await;
    for name in ["/static", "/child-1", "/child-2", "/child-3"] {
        client.send(&format!("40{name},")).await;
        client.accepted(&format!("{name},")).await;
    }
    client.send("41/child-1,").await;
    log.expect(&["/child-1: client namespace disconnect"]).await;
    client.send(r#"42["end"]"#).await;
    client.expect(&["41"]).await;
    log.expect(&["/: server namespace disconnect"]).await;
    for name in ["/static", "/child-2", "/child-3"] {
        client.send(&format!(r#"42{name},0["alive"]"#)).await;
        client.expect(&[&format!("43{name},0[true]")]).await;
    }
    drop(client);
    let mut ended = [log.next().await, log.next().await, log.next().await];
    ended.sort();
    let close = ["/child-2", "/child-3", "/static"].map(|name| format!("{name}: transport close"));
    assert_eq!(ended, close);
    assert!(parent.children().is_empty());
}
