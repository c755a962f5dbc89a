//! Clients that were lost, and are back.

use std::time::Duration;

use klatch_core::{Args, CloseReason, Config, FromPayload, Payload};
use serde::Deserialize;

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Log, Pen};
use crate::namespace::Namespace;
use crate::recovery::Recovery;
use crate::server::Server;
use crate::socket::Socket;

/// What a client is told when it is let in.
#[derive(Deserialize)]
struct Welcome {
    sid: String,
    pid: String,
}

/// A server that keeps what is said, and writes down who comes and who goes.
struct Kept<'b> {
    bed: &'b Bed,
    server: Server,
    namespace: Namespace,
    address: Address<'b>,
    log: Log,
}

async fn kept(bed: &Bed, recovery: Recovery) -> Kept<'_> {
    let config = Config::new().ping_interval(Duration::from_mins(10));
    let server = Server::builder().config(config).recovery(recovery).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, log) = bed.log();
    watch(&namespace, &pen);
    namespace.on("join", async |socket: Socket, room: String| socket.join(room));
    namespace
        .on("say", async |socket: Socket, text: String| socket.broadcast().emit("said", &text));
    namespace.on("leave", async |socket: Socket, (): ()| socket.disconnect());
    let address = bed.serve(&server).await.address;
    Kept { bed, server, namespace, address, log }
}

fn watch(namespace: &Namespace, pen: &Pen) {
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        let rooms = socket.rooms().len();
        writer.write(format!("connect: recovered {}, {rooms} rooms", socket.recovered()));
    });
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        writer.write(format!("disconnect: {reason}"));
    });
    let writer = pen.clone();
    namespace.on_expired(move |_| writer.write("expired".to_owned()));
}

/// Joins `/` with this `auth`.
async fn enter(address: Address<'_>, auth: &str) -> (Client, Welcome) {
    let mut client = Client::open(address).await;
    client.send(&format!("40{auth}")).await;
    let packet = client.next().await;
    let welcome = packet.strip_prefix("40").map(|json| format!("[{json}]")).and_then(read);
    (client, welcome.unwrap_or_else(|| panic!("not let in: {packet}")))
}

fn claim(pid: &str, offset: Option<&str>) -> String {
    match offset {
        Some(offset) => format!(r#"{{"pid":"{pid}","offset":"{offset}","token":1}}"#),
        None => format!(r#"{{"pid":"{pid}"}}"#),
    }
}

/// Reads an event with one text as its argument, for the text and the offset.
async fn said(client: &mut Client) -> (String, String) {
    let packet = client.next().await;
    let args = packet.strip_prefix("42").map(str::to_owned).and_then(read);
    let Args((_, text, offset)): Args<(String, String, String)> =
        args.unwrap_or_else(|| panic!("no event with an offset: {packet}"));
    (text, offset)
}

fn read<T: FromPayload>(array: String) -> Option<T> {
    Payload::from_json(array, Vec::new()).ok()?.decode().ok()
}

pub(crate) async fn a_lost_client_is_back_with_what_it_missed(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new()).await;
    let (mut alice, welcome) = enter(kept.address, "").await;
    kept.log.expect(&["connect: recovered false, 1 rooms"]).await;
    alice.send(r#"420["join","room"]"#).await;
    alice.expect(&["430[]"]).await;
    kept.namespace.emit("said", "heard").expect("it is JSON");
    let (text, offset) = said(&mut alice).await;
    assert_eq!(text, "heard");
    let socket = kept.namespace.sockets().remove(0);
    drop(alice);
    kept.log.expect(&["disconnect: transport close"]).await;

    kept.namespace.emit("said", "to all").expect("it is JSON");
    kept.namespace.to("room").emit("said", "to the room").expect("it is JSON");
    kept.namespace.to("elsewhere").emit("said", "to others").expect("it is JSON");
    kept.namespace.except("room").emit("said", "but the room").expect("it is JSON");
    kept.namespace.volatile().emit("said", "or never").expect("it is JSON");
    assert!(socket.emit("said", "to nobody").is_err(), "it is not connected");
    let (mut alice, again) = enter(kept.address, &claim(&welcome.pid, Some(&offset))).await;
    assert_eq!((&again.sid, &again.pid), (&welcome.sid, &welcome.pid));
    kept.log.expect(&["connect: recovered true, 2 rooms"]).await;
    assert_eq!(said(&mut alice).await.0, "to all");
    assert_eq!(said(&mut alice).await.0, "to the room");

    // As if nothing had happened.
    let _reply = kept.namespace.to("room").emit_with_ack::<()>("asked", "now");
    alice.expect(&[r#"420["asked","now"]"#]).await;
    kept.namespace.to(&again.sid).emit("said", "to you").expect("it is JSON");
    assert_eq!(said(&mut alice).await.0, "to you");
    kept.end().await;
}

pub(crate) async fn a_client_that_read_nothing_yet_is_back_too(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new()).await;
    kept.namespace.emit("said", "before its time").expect("it is JSON");
    let (alice, welcome) = enter(kept.address, "").await;
    drop(alice);
    let gone = ["connect: recovered false, 1 rooms", "disconnect: transport close"];
    kept.log.expect(&gone).await;
    kept.namespace.emit("said", "missed").expect("it is JSON");
    let (mut alice, _) = enter(kept.address, &claim(&welcome.pid, None)).await;
    assert_eq!(said(&mut alice).await.0, "missed");
    kept.end().await;
}

pub(crate) async fn a_client_that_is_back_before_it_was_missed_takes_its_place(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new()).await;
    let (mut old, welcome) = enter(kept.address, "").await;
    let (mut new, again) = enter(kept.address, &claim(&welcome.pid, None)).await;
    assert_eq!(welcome.sid, again.sid);
    assert_eq!(old.rest().await, [""; 0], "the connection that was lost is closed");
    kept.log
        .expect(&[
            "connect: recovered false, 1 rooms",
            "disconnect: transport close",
            "connect: recovered true, 1 rooms",
        ])
        .await;
    kept.namespace.emit("said", "once").expect("it is JSON");
    assert_eq!(said(&mut new).await.0, "once");
    assert_eq!(kept.namespace.len(), 1);
    kept.end().await;
}

pub(crate) async fn who_left_or_was_sent_away_does_not_come_back(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new()).await;
    for goodbye in ["41", r#"42["leave"]"#, "nonsense"] {
        let (mut alice, welcome) = enter(kept.address, "").await;
        alice.send(goodbye).await;
        kept.log.next().await;
        assert!(kept.log.next().await.starts_with("disconnect: "));
        let (alice, again) = enter(kept.address, &claim(&welcome.pid, None)).await;
        assert_ne!((welcome.sid, welcome.pid), (again.sid, again.pid), "{goodbye}");
        drop(alice);
        let gone = ["connect: recovered false, 1 rooms", "disconnect: transport close"];
        kept.log.expect(&gone).await;
    }
    kept.end().await;
}

/// HARDENING S23.
pub(crate) async fn s23_a_claim_that_makes_no_sense_is_none(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new()).await;
    for auth in [
        r#"{"pid":1,"offset":"--------"}"#.to_owned(),
        r#"{"pid":"short","offset":null}"#.to_owned(),
        r#"{"pid":null}"#.to_owned(),
        claim("AAAAAAAAAAAAAAAAAAAA", Some("--------")),
    ] {
        let (client, _) = enter(kept.address, &auth).await;
        drop(client);
        let gone = ["connect: recovered false, 1 rooms", "disconnect: transport close"];
        kept.log.expect(&gone).await;
    }
    kept.end().await;
}

pub(crate) async fn who_is_away_for_too_long_is_told_of(bed: &Bed) {
    let mut kept = kept(bed, Recovery::new().max_disconnection(Duration::from_millis(20))).await;
    drop(enter(kept.address, "").await);
    kept.log
        .expect(&["connect: recovered false, 1 rooms", "disconnect: transport close", "expired"])
        .await;
    kept.end().await;
}

pub(crate) async fn more_than_fits_a_mailbox_is_not_made_up_for(bed: &Bed) {
    let config = Config::new().max_payload(1000);
    let builder = Server::builder().config(config).mailbox_budget(4096);
    let server = builder.recovery(Recovery::new()).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    watch(&namespace, &pen);
    let address = bed.serve(&server).await.address;
    let (alice, welcome) = enter(address, "").await;
    drop(alice);
    log.expect(&["connect: recovered false, 1 rooms", "disconnect: transport close"]).await;
    for _ in 0..5 {
        namespace.emit("said", &"x".repeat(1000)).expect("it is JSON");
    }
    let (mut alice, again) = enter(address, &claim(&welcome.pid, None)).await;
    assert_ne!(welcome.sid, again.sid);
    log.expect(&["expired", "connect: recovered false, 1 rooms"]).await;
    namespace.emit("said", "new").expect("it is JSON");
    assert_eq!(said(&mut alice).await.0, "new");
    bed.close(&server).await;
}

pub(crate) async fn data_comes_back_and_middlewares_are_asked_again(bed: &Bed) {
    let seen = seen_again(bed, Recovery::new()).await;
    assert_eq!(seen, ["asked", "connect: [1]", "asked", "connect: [1]"]);
}

pub(crate) async fn middlewares_may_be_skipped(bed: &Bed) {
    let seen = seen_again(bed, Recovery::new().skip_middlewares(true)).await;
    assert_eq!(seen, ["asked", "connect: [1]", "connect: [1]"]);
}

/// What is heard of a client that is lost and comes back.
async fn seen_again(bed: &Bed, recovery: Recovery) -> Vec<String> {
    let server = Server::builder().recovery(recovery).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.middleware(async move |_| {
        writer.write("asked");
        Ok(())
    });
    let writer = pen.clone();
    namespace.on_connect(async move |socket: Socket| {
        if !socket.recovered() {
            socket.set_data(vec![1]);
        }
        writer.write(format!("connect: {:?}", socket.data::<Vec<i32>>().unwrap_or_default()));
    });
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| writer.write("disconnect"));
    let address = bed.serve(&server).await.address;
    let (alice, welcome) = enter(address, "").await;
    drop(alice);
    let mut seen = Vec::new();
    loop {
        match log.next().await {
            line if line == "disconnect" => break,
            line => seen.push(line),
        }
    }
    let (_alice, again) = enter(address, &claim(&welcome.pid, None)).await;
    assert_eq!(welcome.sid, again.sid);
    bed.close(&server).await;
    seen.extend(log.rest().into_iter().filter(|line| line != "disconnect"));
    seen
}

impl Kept<'_> {
    async fn end(self) {
        self.bed.close(&self.server).await;
        assert!(self.namespace.is_empty() && self.namespace.rooms().is_empty());
    }
}
