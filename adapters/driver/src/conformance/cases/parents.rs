//! Which namespaces clients can have made, and who is in them.

use klatch_core::{CloseReason, Payload};
use serde::Deserialize;

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Gate, Yield};
use crate::error::EmitError;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

/// A client in a namespace that is not `/`.
pub(super) async fn inside(address: Address<'_>, name: &str) -> Client {
    let mut client = Client::open(address).await;
    enter(&mut client, name).await;
    client
}

pub(super) async fn enter(client: &mut Client, name: &str) {
    client.send(&format!("40{name},")).await;
    client.accepted(&format!("{name},")).await;
}

/// Asks to be let in, and is not.
pub(super) async fn turned_away(client: &mut Client, name: &str) {
    client.send(&format!("40{name},")).await;
    let refusal = format!(r#"44{name},{{"message":"Invalid namespace"}}"#);
    client.expect(&[&refusal]).await;
}

pub(super) fn names(server: &Server) -> Vec<String> {
    let name = |namespace: &Namespace| namespace.name().to_owned();
    server.namespaces().iter().map(name).collect()
}

pub(crate) async fn what_a_pattern_captured_is_for_handlers_to_read(bed: &Bed) {
    let server = Server::new();
    let pattern = r"^/(?<kind>\w+)-(?<id>\d+)(-x)?$";
    let games = server.namespaces_matching(pattern).expect("it is a pattern");
    games.on("which", async |socket: Socket, (): ()| {
        let namespace = socket.namespace();
        let named =
            ["kind", "id", "other"].map(|group| namespace.captured(group).map(str::to_owned));
        let all: Vec<_> = namespace.captures().map(|it| it.map(str::to_owned)).collect();
        (named, all)
    });
    let address = bed.serve(&server).await.address;
    let mut client = inside(address, "/chess-17").await;
    client.send(r#"42/chess-17,0["which"]"#).await;
    client
        .expect(&[r#"43/chess-17,0[[["chess","17",null],["/chess-17","chess","17",null]]]"#])
        .await;
    turned_away(&mut client, "/chess-x").await;
    assert_eq!(server.namespace("/other").captures().count(), 0);
    assert_eq!(server.namespaces_matching("(").map(|_| ()).map_err(|_| ()), Err(()));
}

/// Invariant 45.
pub(crate) async fn what_exists_is_before_parents_and_these_come_in_order(bed: &Bed) {
    let server = Server::new();
    let (pen, mut log) = bed.log();
    let watch = |namespace: &crate::handler::Handlers, who: &'static str| {
        let pen = pen.clone();
        namespace.on_connect(async move |_: Socket| pen.write(who));
    };
    watch(&server.namespaces_matching("^/a").expect("a pattern"), "a");
    watch(&server.namespaces_where(async |name: String, _| name.ends_with('z')), "z");
    watch(&server.namespaces_matching("^/").expect("a pattern"), "any");
    // Whatever order they come in: it matches, and is not made by its parent.
    let early = Server::new();
    watch(&early.namespace("/abc"), "static");
    watch(&early.namespaces_matching("^/abc").expect("a pattern"), "pattern");
    let address = bed.serve(&server).await.address;
    for (name, who) in [("/abz", "a"), ("/bz", "z"), ("/b", "any"), ("/ab", "a")] {
        let _client = inside(address, name).await;
        log.expect(&[who]).await;
    }
    let address = bed.serve(&early).await.address;
    let _client = inside(address, "/abc").await;
    log.expect(&["static"]).await;
}

#[derive(Deserialize)]
struct Auth {
    token: u32,
}

pub(crate) async fn a_predicate_decides_by_name_and_by_what_is_presented(bed: &Bed) {
    let server = Server::new();
    let (pen, mut log) = bed.log();
    server.namespaces_where(async move |name: String, auth: Payload| {
        pen.write(format!("{name}: {}", auth.as_json()));
        Yield::default().await;
        auth.decode::<Auth>().is_ok_and(|auth| auth.token == 7)
    });
    let address = bed.serve(&server).await.address;
    let mut client = Client::open(address).await;
    for auth in ["", r#"{"token":8}"#] {
        client.send(&format!("40/x,{auth}")).await;
        client.expect(&[r#"44/x,{"message":"Invalid namespace"}"#]).await;
    }
    assert_eq!(names(&server), [""; 0]);
    client.send(r#"40/x,{"token":7}"#).await;
    client.accepted("/x,").await;
    log.expect(&["/x: ", r#"/x: {"token":8}"#, r#"/x: {"token":7}"#]).await;
    // It exists: who may come in is for a middleware to say.
    let _other = inside(address, "/x").await;
    assert_eq!(log.rest(), [""; 0]);
}

/// Invariant 42.
pub(crate) async fn a_name_that_nobody_knows_leaves_nothing_behind(bed: &Bed) {
    let server = Server::new();
    let root = server.namespace("/");
    server.namespaces_matching("^/known").expect("a pattern");
    let (_, mut log) = bed.log();
    let address = bed.serve(&server).await.address;
    let mut client = Client::connected(address).await;
    for name in ["/unknown", "//", "/_0", "/__proto__"] {
        turned_away(&mut client, name).await;
    }
    root.emit("once", &()).expect("it is JSON");
    client.expect(&[r#"42["once"]"#]).await;
    assert_eq!(names(&server), ["/"]);
    assert!(log.rest().is_empty());
}

pub(crate) async fn a_predicate_that_panics_says_no(bed: &Bed) {
    let server = Server::new();
    server.namespaces_where(async |name: String, _| match &*name {
        "/late" => {
            Yield::default().await;
            panic!("on purpose");
        }
        "/now" => panic!("on purpose"),
        _ => false,
    });
    let address = bed.serve(&server).await.address;
    let mut client = Client::open(address).await;
    turned_away(&mut client, "/now").await;
    turned_away(&mut client, "/late").await;
    // Who is asked after it may know better.
    server.namespaces_matching("^/(now|late)$").expect("a pattern");
    enter(&mut client, "/now").await;
    enter(&mut client, "/late").await;
}

pub(crate) async fn a_predicate_that_waits_holds_up_nobody_else(bed: &Bed) {
    let server = Server::new();
    server.namespace("/");
    let gate = Gate::default();
    let passed = gate.clone();
    server.namespaces_where(async move |name: String, _| {
        if name == "/slow" {
            passed.passed().await;
        }
        true
    });
    let address = bed.serve(&server).await.address;
    let mut client = Client::open(address).await;
    client.send("40/slow,").await;
    client.send("40").await;
    client.accepted("").await;
    enter(&mut client, "/fast").await;
    assert_eq!(names(&server), ["/", "/fast"]);
    gate.open();
    client.accepted("/slow,").await;
}

pub(crate) async fn a_client_that_goes_meanwhile_leaves_no_child(bed: &Bed) {
    let server = Server::new();
    let gate = Gate::default();
    let (pen, mut log) = bed.log();
    let (passed, writer) = (gate.clone(), pen.clone());
    let waiting = server.namespaces_where(async move |_, _| {
        writer.write("asked");
        passed.passed().await;
        writer.write("says yes");
        true
    });
    let writer = pen.clone();
    waiting.on_connect(async move |_: Socket| writer.write("connect"));
    let writer = pen.clone();
    server.on_new_namespace(move |namespace| writer.write(namespace.name()));
    server.namespace("/").on_disconnect(async move |_: Socket, _: CloseReason| pen.write("gone"));
    log.expect(&["/"]).await;
    let address = bed.serve(&server).await.address;
    let mut client = Client::connected(address).await;
    client.send("40/x,").await;
    log.expect(&["asked"]).await;
    drop(client);
    log.expect(&["gone"]).await;
    gate.open();
    log.expect(&["says yes"]).await;
    bed.close(&server).await;
    assert_eq!(names(&server), ["/"]);
    assert_eq!(log.rest(), [""; 0]);
}

/// Invariant 45.
pub(crate) async fn two_who_ask_at_once_are_in_one_child(bed: &Bed) {
    let server = Server::new();
    let gate = Gate::default();
    let (pen, mut log) = bed.log();
    let (passed, writer) = (gate.clone(), pen.clone());
    let parent = server.namespaces_where(async move |_, _| {
        writer.write("asked");
        passed.passed().await;
        true
    });
    server.on_new_namespace(move |namespace| pen.write(namespace.name()));
    let address = bed.serve(&server).await.address;
    let [mut one, mut other] = [Client::open(address).await, Client::open(address).await];
    one.send("40/x,").await;
    other.send("40/x,").await;
    log.expect(&["asked", "asked"]).await;
    gate.open();
    one.accepted("/x,").await;
    other.accepted("/x,").await;
    log.expect(&["/x"]).await;
    assert_eq!(log.rest(), [""; 0]);
    assert_eq!(parent.children().len(), 1);
    assert_eq!(parent.children()[0].len(), 2);
}

/// Invariant 45.
pub(crate) async fn a_child_has_what_its_parent_had_when_it_was_made(bed: &Bed) {
    let server = Server::new();
    let parent = server.namespaces_matching("^/").expect("a pattern");
    parent.middleware(async |socket: Socket| {
        socket.set_data(vec![1]);
        Ok(())
    });
    parent
        .on("data", async |socket: Socket, (): ()| socket.data::<Vec<i32>>().map(|it| it.to_vec()));
    parent.on("old", async |_: Socket, (): ()| "old");
    let address = bed.serve(&server).await.address;
    let mut first = inside(address, "/1").await;
    parent.middleware(async |socket: Socket| {
        socket.set_data(vec![1, 2]);
        Ok(())
    });
    parent.on("old", async |_: Socket, (): ()| "new");
    parent.on("later", async |_: Socket, (): ()| ());
    server.namespace("/1").on("own", async |_: Socket, (): ()| "own");
    let mut second = inside(address, "/2").await;
    let mut third = inside(address, "/1").await;
    for (client, name, data, old) in [
        (&mut first, "/1", "[1]", "old"),
        (&mut second, "/2", "[1,2]", "new"),
        (&mut third, "/1", "[1]", "old"),
    ] {
        for (id, event) in ["data", "old", "own", "later", "data"].into_iter().enumerate() {
            client.send(&format!(r#"42{name},{id}["{event}"]"#)).await;
        }
        let own = format!(r#"43{name},2["own"]"#);
        let later = format!("43{name},3[]");
        client
            .expect(&[
                &format!("43{name},0[{data}]"),
                &format!(r#"43{name},1["{old}"]"#),
                if name == "/1" { &own } else { &later },
                &format!("43{name},4[{data}]"),
            ])
            .await;
    }
}

/// Invariant 47.
pub(crate) async fn a_parent_reaches_each_socket_of_each_child_once(bed: &Bed) {
    let server = Server::new();
    server.namespace("/other");
    let parent = server.namespaces_matching(r"^/\d$").expect("a pattern");
    parent.on_connect(async |socket: Socket| {
        let _ = socket.join(["a", "b"]);
    });
    parent.on("leave", async |socket: Socket, room: String| socket.leave(room));
    let address = bed.serve(&server).await.address;
    let mut both = inside(address, "/1").await;
    enter(&mut both, "/2").await;
    let mut one = inside(address, "/2").await;
    let mut none = inside(address, "/other").await;
    one.send(r#"42/2,0["leave","a"]"#).await;
    one.expect(&["43/2,0[]"]).await;

    let everybody = parent.everybody();
    let sent = [
        parent.emit("all", &1),
        parent.to("a").to("b").emit("some", &2),
        parent.to(["a", "b"]).emit("some", &3),
        parent.to("b").except("a").emit("few", &4),
        parent.except("a").emit("few", &5),
        everybody.to("a").emit("a", &6),
        parent.to("nobody").emit("none", &7),
        parent.volatile().local().compress(false).emit("all", &8),
    ];
    assert_eq!(sent, [const { Ok::<(), EmitError>(()) }; 8]);
    server.namespace("/other").emit("end", &()).expect("it is JSON");
    both.expect(&[r#"42/1,["all",1]"#, r#"42/2,["all",1]"#]).await;
    both.expect(&[r#"42/1,["some",2]"#, r#"42/2,["some",2]"#]).await;
    both.expect(&[r#"42/1,["some",3]"#, r#"42/2,["some",3]"#]).await;
    both.expect(&[r#"42/1,["a",6]"#, r#"42/2,["a",6]"#]).await;
    one.expect(&[r#"42/2,["all",1]"#, r#"42/2,["some",2]"#, r#"42/2,["some",3]"#]).await;
    one.expect(&[r#"42/2,["few",4]"#, r#"42/2,["few",5]"#]).await;
    none.expect(&[r#"42/other,["end"]"#]).await;
}

pub(crate) async fn new_namespaces_are_told_of_before_anybody_is_let_in(bed: &Bed) {
    let server = Server::new();
    server.namespace("/before");
    server.namespaces_matching("^/(child|bad)$").expect("a pattern");
    let (pen, mut log) = bed.log();
    server.on_new_namespace(move |namespace| {
        assert_ne!(namespace.name(), "/bad", "on purpose");
        pen.write(format!("{}, {}", namespace.name(), namespace.len()));
        namespace.on("from the hook", async |_: Socket, (): ()| ());
    });
    server.namespace("/before");
    server.namespace("/after");
    server.namespace("/after");
    let address = bed.serve(&server).await.address;
    let mut client = inside(address, "/child").await;
    client.send(r#"42/child,0["from the hook"]"#).await;
    client.expect(&["43/child,0[]"]).await;
    log.expect(&["/after, 0", "/child, 0"]).await;
    // What it was to do there is half done.
    turned_away(&mut client, "/bad").await;
    assert_eq!(names(&server), ["/before", "/after", "/child"]);
    assert_eq!(log.rest(), [""; 0]);
}
