//! When namespaces that clients had made end.

use std::time::Duration;

use klatch_core::{CloseReason, Config, ConnectError};

use super::parents::{enter, inside, names, turned_away};
use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Gate, Log};
use crate::handler::Handlers;
use crate::parent::ParentNamespace;
use crate::recovery::Recovery;
use crate::server::Server;
use crate::socket::Socket;

/// A server with a parent for all names, whose children write down who comes and goes.
struct Family<'b> {
    server: Server,
    parent: ParentNamespace,
    address: Address<'b>,
    log: Log,
}

async fn family(bed: &Bed, server: Server) -> Family<'_> {
    let parent = server.namespaces_matching("^/").expect("a pattern");
    let (pen, log) = bed.log();
    let writer = pen.clone();
    server.on_new_namespace(move |namespace| writer.write(format!("{} is new", namespace.name())));
    let writer = pen.clone();
    parent.on_connect(async move |socket: Socket| {
        let first = socket.namespace().len() == 1;
        writer.write(if first { "connect" } else { "connect, too" });
    });
    let writer = pen.clone();
    parent.on_disconnect(async move |_: Socket, _: CloseReason| writer.write("disconnect"));
    parent.on_expired(move |_| pen.write("expired"));
    let address = bed.serve(&server).await.address;
    Family { server, parent, address, log }
}

/// HARDENING S22, invariant 46.
pub(crate) async fn a_child_ends_with_its_last_socket(bed: &Bed) {
    let mut family = family(bed, Server::new()).await;
    let mut one = inside(family.address, "/x").await;
    let mut other = inside(family.address, "/x").await;
    family.log.expect(&["/x is new", "connect", "connect, too"]).await;
    let old = family.server.find_namespace("x").expect("it exists");
    one.send("41/x,").await;
    family.log.expect(&["disconnect"]).await;
    assert_eq!((names(&family.server), old.is_closed()), (vec!["/x".to_owned()], false));
    other.send("41/x,").await;
    family.log.expect(&["disconnect"]).await;
    assert!(names(&family.server).is_empty() && family.parent.children().is_empty());

    // A handle to it does no harm, and is not one to the next.
    assert!(old.is_closed() && old.is_empty());
    old.emit("lost", &()).expect("it is JSON");
    old.on("lost", async |_: Socket, (): ()| ());
    enter(&mut one, "/x").await;
    family.log.expect(&["/x is new", "connect"]).await;
    old.close();
    assert!(old.is_empty());
    family.parent.emit("found", &()).expect("it is JSON");
    one.expect(&[r#"42/x,["found"]"#]).await;
    drop(one);
    family.log.expect(&["disconnect"]).await;
    assert!(names(&family.server).is_empty());
}

/// Invariant 46.
pub(crate) async fn a_child_lives_while_one_is_refused_and_another_waits(bed: &Bed) {
    let mut family = family(bed, Server::new()).await;
    let gate = Gate::default();
    let passed = gate.clone();
    family.parent.middleware(async move |socket: Socket| {
        if socket.handshake().query().contains("patient") {
            passed.passed().await;
            return Ok(());
        }
        Err(ConnectError::new("no"))
    });
    let mut patient = Client::at(family.address, "EIO=4&transport=websocket&patient").await;
    assert!(patient.next().await.starts_with("0{"));
    patient.send("40/x,").await;
    family.log.expect(&["/x is new"]).await;
    let mut refused = Client::open(family.address).await;
    refused.send("40/x,").await;
    refused.expect(&[r#"44/x,{"message":"no"}"#]).await;
    assert_eq!(names(&family.server), ["/x"]);
    gate.open();
    patient.accepted("/x,").await;
    family.log.expect(&["connect"]).await;
    drop(patient);
    family.log.expect(&["disconnect"]).await;
    assert!(names(&family.server).is_empty());

    // If the one who is refused is the only one, nothing is left.
    refused.send("40/x,").await;
    refused.expect(&[r#"44/x,{"message":"no"}"#]).await;
    family.log.expect(&["/x is new"]).await;
    assert!(names(&family.server).is_empty());
}

pub(crate) async fn a_client_that_goes_before_a_middleware_takes_the_child_with_it(bed: &Bed) {
    let mut family = family(bed, Server::new()).await;
    let gate = Gate::default();
    let passed = gate.clone();
    family.parent.middleware(async move |_| {
        passed.passed().await;
        Ok(())
    });
    let mut client = Client::open(family.address).await;
    client.send("40/x,").await;
    family.log.expect(&["/x is new"]).await;
    drop(client);
    let server = family.server.clone();
    bed.until("the child's end", || server.namespaces().is_empty()).await;
    gate.open();
    bed.close(&family.server).await;
    assert_eq!(family.log.rest(), [""; 0]);
}

pub(crate) async fn a_child_waits_for_those_who_may_come_back(bed: &Bed) {
    let config = Config::new().ping_interval(Duration::from_mins(10));
    let recovery = Recovery::new().max_disconnection(Duration::from_secs(30));
    let server = Server::builder().config(config).recovery(recovery).build().expect("it can work");
    let parent = server.namespaces_matching("^/").expect("a pattern");
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    parent.on_connect(async move |socket: Socket| {
        writer.write(format!("connect: {}", socket.recovered()));
    });
    let writer = pen.clone();
    parent.on_disconnect(async move |_: Socket, _: CloseReason| writer.write("disconnect"));
    parent.on_expired(move |_| pen.write("expired"));
    let address = bed.serve_known(&server).await.address;
    let mut client = Client::open(address).await;
    client.send("40/x,").await;
    let welcome = client.next().await;
    let pid = welcome.split(r#""pid":""#).nth(1).and_then(|rest| rest.split('"').next());
    let pid = pid.expect("there is a pid");
    drop(client);
    log.expect(&["connect: false", "disconnect"]).await;
    let child = server.find_namespace("/x").expect("it waits");
    child.emit("missed", &()).expect("it is JSON");

    let mut client = Client::open(address).await;
    client.send(&format!(r#"40/x,{{"pid":"{pid}"}}"#)).await;
    assert_eq!(client.next().await, welcome);
    assert!(client.next().await.starts_with(r#"42/x,["missed","#));
    log.expect(&["connect: true"]).await;
    assert_eq!((server.namespaces().len(), child.is_closed()), (1, false));
    drop(client);
    log.expect(&["disconnect"]).await;
    assert_eq!(server.namespaces().len(), 1);
    assert_eq!(bed.while_time_passes(Box::pin(log.next())).await, "expired");
    bed.until("the child's end", || server.namespaces().is_empty()).await;
    assert!(child.is_closed());

    // Whoever left for good is not waited for.
    let mut client = Client::open(address).await;
    client.send("40/x,").await;
    client.next().await;
    client.send("41/x,").await;
    log.expect(&["connect: false", "disconnect"]).await;
    assert!(server.namespaces().is_empty());
}

pub(crate) async fn one_that_the_application_asked_for_stays(bed: &Bed) {
    let mut family = family(bed, Server::new()).await;
    let early = family.server.namespace("/early");
    assert_eq!(early.captures().collect::<Vec<_>>(), [Some("/")], "it is a child");
    let mut client = inside(family.address, "/early").await;
    enter(&mut client, "/late").await;
    family.log.expect(&["/early is new", "connect", "/late is new", "connect"]).await;
    let late = family.server.namespace("/late");
    drop(client);
    family.log.expect(&["disconnect", "disconnect"]).await;
    assert_eq!(names(&family.server), ["/early", "/late"]);
    assert_eq!(family.parent.children().len(), 2);
    late.close();
    early.close();
    assert!(family.server.namespaces().is_empty() && family.parent.children().is_empty());
}

pub(crate) async fn children_stay_where_they_are_told_to(bed: &Bed) {
    let server = Server::builder().cleanup_empty_child_namespaces(false).build();
    let mut family = family(bed, server.expect("it can work")).await;
    drop(inside(family.address, "/x").await);
    family.log.expect(&["/x is new", "connect", "disconnect"]).await;
    assert_eq!(names(&family.server), ["/x"]);
    drop(inside(family.address, "/x").await);
    family.log.expect(&["connect", "disconnect"]).await;
    assert_eq!(names(&family.server), ["/x"]);
}

/// Invariant 53.
pub(crate) async fn nothing_is_left_when_all_have_gone(bed: &Bed) {
    const CLIENTS: usize = 20;
    const EACH: usize = 16;
    let server = Server::new();
    server.namespace("/stays");
    let parents = [
        server.namespaces_matching(r"^/p").expect("a pattern"),
        server.namespaces_where(async |_, _| true),
    ];
    for parent in &parents {
        parent.on_connect(async |socket: Socket| {
            let _ = socket.join("room");
        });
    }
    let address = bed.serve(&server).await.address;
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let mut wire = Client::open(address).await;
        for name in 0..EACH {
            // Some of them are for two.
            let kind = ["p", "q"][name % 2];
            wire.send(&format!("40/{kind}{},", client / 2 * EACH + name)).await;
        }
        for _ in 0..EACH {
            assert!(wire.next().await.starts_with("40/"));
        }
        clients.push(wire);
    }
    assert_eq!(server.namespaces().len(), 1 + CLIENTS / 2 * EACH);
    assert_eq!(parents.each_ref().map(|parent| parent.children().len()), [80, 80]);
    let old = server.namespaces();
    drop(clients);
    bed.until("the end of all", || server.namespaces().len() == 1).await;
    assert_eq!(parents.map(|parent| parent.children().len()), [0, 0]);
    for namespace in &old[1..] {
        assert!(namespace.is_closed() && namespace.is_empty() && namespace.rooms().is_empty());
    }
    bed.until("the end of all sessions", || server.clients_count() == 0).await;
}

pub(crate) async fn one_that_is_closed_disconnects_its_sockets_and_is_not_found(bed: &Bed) {
    let server = Server::new();
    let (root, doomed) = (server.namespace("/"), server.namespace("/doomed"));
    let (pen, mut log) = bed.log();
    doomed.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let mut clients = [inside(address, "/doomed").await, inside(address, "/doomed").await];
    clients[0].send("40").await;
    clients[0].accepted("").await;
    doomed.close();
    doomed.close();
    log.expect(&["server namespace disconnect", "server namespace disconnect"]).await;
    assert!(doomed.is_closed() && doomed.is_empty());
    for client in &mut clients {
        client.expect(&["41/doomed,"]).await;
        turned_away(client, "/doomed").await;
    }
    // All else goes on.
    root.emit("still", &()).expect("it is JSON");
    clients[0].expect(&[r#"42["still"]"#]).await;
    assert_eq!(names(&server), ["/"]);

    // One of that name that comes later is another.
    server.namespace("/doomed").on("new", async |_: Socket, (): ()| ());
    enter(&mut clients[1], "/doomed").await;
    clients[1].send(r#"42/doomed,0["new"]"#).await;
    clients[1].expect(&["43/doomed,0[]"]).await;
    doomed.close();
    clients[1].send(r#"42/doomed,1["new"]"#).await;
    clients[1].expect(&["43/doomed,1[]"]).await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn handlers_may_close_their_own_namespace(bed: &Bed) {
    let server = Server::new();
    let register = |handlers: &Handlers| {
        handlers.on_connect(async |socket: Socket| {
            if socket.handshake().query().contains("at-once") {
                socket.namespace().close();
            }
        });
        handlers.on("close", async |socket: Socket, (): ()| socket.namespace().close());
        handlers.on_disconnecting(async |socket: Socket, _: CloseReason| {
            socket.namespace().close();
        });
        handlers.on_disconnect(async |socket: Socket, _: CloseReason| socket.namespace().close());
    };
    register(&server.namespaces_matching("^/child").expect("a pattern"));
    let address = bed.serve(&server).await.address;
    for name in ["/static", "/child"] {
        if name == "/static" {
            register(&server.namespace(name));
        }
        let mut client = inside(address, name).await;
        client.send(&format!(r#"42{name},["close"]"#)).await;
        client.expect(&[&format!("41{name},")]).await;
        assert!(server.find_namespace(name).is_none());

        if name == "/static" {
            register(&server.namespace(name));
        }
        let mut client = Client::at(address, "EIO=4&transport=websocket&at-once").await;
        assert!(client.next().await.starts_with("0{"));
        enter(&mut client, name).await;
        client.expect(&[&format!("41{name},")]).await;
        assert!(server.find_namespace(name).is_none());

        if name == "/static" {
            register(&server.namespace(name));
        }
        let leaves = inside(address, name).await;
        let mut stays = inside(address, name).await;
        drop(leaves);
        stays.expect(&[&format!("41{name},")]).await;
        bed.until("its end", || server.find_namespace(name).is_none()).await;
    }
}

pub(crate) async fn whoever_waits_for_a_middleware_is_refused_when_it_is_closed(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/x");
    let gate = Gate::default();
    let (pen, mut log) = bed.log();
    let passed = gate.clone();
    namespace.middleware(async move |_| {
        pen.write("waits");
        passed.passed().await;
        Ok(())
    });
    let address = bed.serve(&server).await.address;
    let mut client = Client::open(address).await;
    client.send("40/x,").await;
    log.expect(&["waits"]).await;
    namespace.close();
    gate.open();
    client.expect(&[r#"44/x,{"message":"Invalid namespace"}"#]).await;
    assert!(namespace.is_empty() && server.namespaces().is_empty());
}

pub(crate) async fn a_parent_that_is_closed_takes_its_children_with_it(bed: &Bed) {
    let server = Server::new();
    let gate = Gate::default();
    let passed = gate.clone();
    let (pen, mut log) = bed.log();
    let parent = server.namespaces_where(async move |name: String, _| {
        if name == "/slow" {
            pen.write("asked");
            passed.passed().await;
        }
        true
    });
    server.namespace("/mine");
    let address = bed.serve(&server).await.address;
    let mut client = inside(address, "/1").await;
    enter(&mut client, "/2").await;
    enter(&mut client, "/mine").await;
    client.send("40/slow,").await;
    log.expect(&["asked"]).await;
    parent.close();
    client.expect(&["41/1,", "41/2,"]).await;
    gate.open();
    client.expect(&[r#"44/slow,{"message":"Invalid namespace"}"#]).await;
    turned_away(&mut client, "/3").await;
    assert_eq!(names(&server), ["/mine"]);
    parent.emit("nobody", &()).expect("there is nothing to encode");
    parent.close();
    assert!(parent.children().is_empty());
}

pub(crate) async fn sockets_that_are_away_do_not_outlast_their_namespace(bed: &Bed) {
    let config = Config::new().ping_interval(Duration::from_mins(10));
    let server = Server::builder().config(config).recovery(Recovery::new()).build();
    let mut family = family(bed, server.expect("it can work")).await;
    let mut client = Client::open(family.address).await;
    client.send("40/x,").await;
    client.next().await;
    drop(client);
    family.log.expect(&["/x is new", "connect", "disconnect"]).await;
    family.server.find_namespace("/x").expect("it waits").close();
    family.log.expect(&["expired"]).await;
    assert!(family.server.namespaces().is_empty());
}
