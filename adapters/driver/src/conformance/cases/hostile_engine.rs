//! What clients must not send to Engine.IO, by both transports; the names are rows of the list of
//! hostile inputs.

use std::pin::pin;
use std::time::Duration;

use klatch_core::{Config, Limit};

use super::hostile::{SID_UNKNOWN, joined, start};
use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::Log;
use crate::conformance::wire::{Wire, head, open, post, request};
use crate::server::Server;

const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

/// What a browser sends to open a WebSocket.
const UPGRADE: [&str; 4] = [
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A body ends the session for this reason, with this answer.
async fn body_ends(
    address: Address<'_>,
    log: &mut Log,
    body: &[u8],
    answer: (u16, &str),
    reason: &str,
) {
    let query = joined(address).await;
    let mut wire = Wire::open(address).await;
    let length = format!("content-length: {}", body.len());
    wire.write(&head("POST", &query, &[&length])).await;
    wire.write_bytes(body).await;
    let answered = wire.answer().await;
    assert_eq!((answered.status, &*answered.body), answer, "{body:?}");
    log.expect(&[reason]).await;
    let answer = request(address, &head("GET", &query, &[])).await;
    assert_eq!((answer.status, &*answer.body), (400, SID_UNKNOWN), "{body:?}");
}

pub(crate) async fn e6_a_body_that_is_no_payload(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    for body in ["", "\u{1e}", "abc", "7:42[\"a\"]", "d=42[\"a\"]"] {
        body_ends(address, &mut log, body.as_bytes(), (400, ""), "parse error").await;
    }
}

pub(crate) async fn e7_a_packet_before_garbage(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let body = "42[\"event\",1]\u{1e}garbage\u{1e}42[\"event\",2]";
    assert_eq!(request(address, &post(&query, body)).await.status, 400);
    log.expect(&["[1]", "parse error"]).await;
    let mut client = Client::connected(address).await;
    for packet in ["42[\"event\",1]", "garbage", "42[\"event\",2]"] {
        client.send(packet).await;
    }
    log.expect(&["[1]", "parse error"]).await;
    assert_eq!(client.goodbye().await, None);
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn e8_more_packets_than_a_payload_may_have(bed: &Bed) {
    let (server, address, mut log) = start(bed, Config::new()).await;
    let packets = |count: usize| vec!["3"; count].join("\u{1e}");
    let query = joined(address).await;
    assert_eq!(request(address, &post(&query, &packets(1024))).await.body, "ok");
    let body = packets(1025);
    body_ends(address, &mut log, body.as_bytes(), (400, ""), "parse error").await;
    assert_eq!(server.snapshot().limits_hit.get(Limit::Packets), 1);
}

pub(crate) async fn e9_base64_that_is_none(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    body_ends(address, &mut log, b"b@@@@", (400, ""), "parse error").await;
}

pub(crate) async fn e10_a_body_that_is_not_utf8(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    body_ends(address, &mut log, b"42[\"event\",\"\xff\"]", (400, ""), "parse error").await;
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn e11_a_ping_of_the_clients(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    body_ends(address, &mut log, b"2", (200, "ok"), "transport error").await;
    let mut client = Client::connected(address).await;
    client.send("2").await;
    assert_eq!(client.goodbye().await, None);
    log.expect(&["transport error"]).await;
}

pub(crate) async fn e13_packets_that_mean_nothing_here(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let mut client = Client::connected(address).await;
    let query = joined(address).await;
    for packet in ["0{}", "5", "6"] {
        client.send(packet).await;
        client.send("42[\"event\"]").await;
        log.expect(&["[]"]).await;
        let body = format!("{packet}\u{1e}42[\"event\"]");
        assert_eq!(request(address, &post(&query, &body)).await.body, "ok", "{packet}");
        log.expect(&["[]"]).await;
    }
    client.send("1").await;
    assert_eq!(client.goodbye().await, None);
    log.expect(&["transport close"]).await;
    body_ends(address, &mut log, b"1", (200, "ok"), "transport close").await;
}

pub(crate) async fn e14_a_frame_that_is_no_packet(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    for packet in ["", "7", "x"] {
        let mut client = Client::connected(address).await;
        client.send(packet).await;
        assert_eq!(client.goodbye().await, None, "{packet}");
        log.expect(&["parse error"]).await;
    }
}

pub(crate) async fn e15_a_message_that_is_too_long(bed: &Bed) {
    let (server, address, mut log) = start(bed, Config::new().max_payload(1_000)).await;
    let event = |bytes: usize| {
        let frame = "42[\"event\",\"\"]".len();
        format!("42[\"event\",\"{}\"]", "x".repeat(bytes - frame))
    };
    let mut client = Client::connected(address).await;
    client.send(&event(1_000)).await;
    assert_eq!(log.next().await.len(), 1_000 - "42\"event\",".len());
    client.send(&event(1_001)).await;
    assert_eq!(client.goodbye().await, Some(1009));
    log.expect(&["transport error"]).await;
    assert_eq!(server.snapshot().limits_hit.get(Limit::Payload), 1);
}

/// A WebSocket in the namespace `/`, frame by frame.
async fn raw(address: Address<'_>) -> Wire {
    let mut wire = Wire::open(address).await;
    wire.write(&head("GET", "EIO=4&transport=websocket", &UPGRADE)).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-extensions"), None, "nothing is compressed");
    wire.write_bytes(&frame(0x81, b"40")).await;
    for begin in [&b"0{"[..], b"40{"] {
        let length = usize::from(wire.read(2).await[1]);
        assert!(wire.read(length).await.starts_with(begin));
    }
    wire
}

/// A masked frame, whose payload is short.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = 0x80 | u8::try_from(payload.len()).expect("it is short");
    [&[first, length, 0, 0, 0, 0], payload].concat()
}

/// These bytes are answered by a close frame of this code, and the session ends.
async fn is_closed_with(address: Address<'_>, log: &mut Log, bytes: &[u8], code: u16) {
    let mut wire = raw(address).await;
    wire.write_bytes(bytes).await;
    let [high, low] = code.to_be_bytes();
    assert_eq!(wire.read(4).await, [0x88, 2, high, low], "{bytes:?}");
    log.expect(&["transport error"]).await;
}

pub(crate) async fn e16_frames_that_break_the_rules(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let unmasked = [0x81, 2, b'4', b'2'];
    let within = [frame(0x01, b"42"), frame(0x81, b"42")].concat();
    for bytes in [
        frame(0xa1, b"42"),
        frame(0xc1, b"42"),
        unmasked.to_vec(),
        frame(0x83, b"42"),
        frame(0x80, b"42"),
        within,
        frame(0x09, b""),
        frame(0x88, b"\x03"),
        // 1005 and 999.
        frame(0x88, b"\x03\xed"),
        frame(0x88, b"\x03\xe7"),
        [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat(),
    ] {
        is_closed_with(address, &mut log, &bytes, 1002).await;
    }
}

pub(crate) async fn e17_text_that_is_not_utf8(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    is_closed_with(address, &mut log, &frame(0x81, b"42[\"\xff\"]"), 1007).await;
    is_closed_with(address, &mut log, &frame(0x88, b"\x03\xe8\xff"), 1007).await;
}

pub(crate) async fn e20_an_upgrade_that_begins_wrongly(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let upgrade = query.replace("polling", "websocket");
    for packets in [&["garbage"][..], &["42[\"event\"]"], &["2probe", "42[\"event\"]"], &["5"]] {
        let mut client = Client::at(address, &upgrade).await;
        for packet in packets {
            client.send(packet).await;
        }
        assert_eq!(client.goodbye().await, None, "{packets:?}");
        assert_eq!(request(address, &post(&query, "42[\"event\",1]")).await.body, "ok");
        log.expect(&["[1]"]).await;
    }
}

/// By the row of its own: an upgrade that no probe came before.
pub(crate) async fn e21_an_upgrade_without_a_probe(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let mut client = Client::at(address, &query.replace("polling", "websocket")).await;
    client.send("5").await;
    assert_eq!(client.rest().await, [""; 0]);
    assert_eq!(request(address, &post(&query, "42[\"event\",1]")).await.body, "ok");
    log.expect(&["[1]"]).await;
}

pub(crate) async fn e23_a_probe_and_then_silence(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let address = bed.serve_known(&server).await.address;
    let query = joined(address).await;
    let mut client = Client::at(address, &query.replace("polling", "websocket")).await;
    client.send("2probe").await;
    client.expect(&["3probe"]).await;
    bed.advance(Duration::from_secs(10));
    assert_eq!(client.goodbye().await, None);
    namespace.emit("by polling", &()).expect("a name is encoded");
    assert_eq!(request(address, &head("GET", &query, &[])).await.body, "42[\"by polling\"]");
}

pub(crate) async fn e24_a_probe_that_breaks_off(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let upgrade = query.replace("polling", "websocket");
    let mut client = Client::at(address, &upgrade).await;
    client.send("2probe").await;
    client.expect(&["3probe"]).await;
    drop(client);
    assert_eq!(request(address, &post(&query, "42[\"event\",1]")).await.body, "ok");
    log.expect(&["[1]"]).await;
}

pub(crate) async fn e26_an_upgrade_of_another_version(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let upgrade = query.replace("polling", "websocket").replace("EIO=4", "EIO=3");
    let answer = request(address, &head("GET", &upgrade, &UPGRADE)).await;
    assert_eq!((answer.status, &*answer.body), (400, BAD_REQUEST));
    assert_eq!(request(address, &post(&query, "42[\"event\",1]")).await.body, "ok");
    log.expect(&["[1]"]).await;
}

pub(crate) async fn e27_a_client_that_never_pongs(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_, reason: klatch_core::CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve_known(&server).await.address;
    let query = joined(address).await;
    let mut client = Client::connected(address).await;
    client.alive = false;
    for _ in 0..2 {
        assert_eq!(bed.while_time_passes(pin!(Box::pin(log.next()))).await, "ping timeout");
    }
    assert_eq!(client.rest().await, [""; 0]);
    let answer = request(address, &head("GET", &query, &[])).await;
    assert_eq!((answer.status, &*answer.body), (400, SID_UNKNOWN));
}

pub(crate) async fn e28_a_client_that_joins_nothing(bed: &Bed) {
    let server = Server::new();
    let _namespace = server.namespace("/");
    let address = bed.serve_known(&server).await.address;
    let query = open(address).await;
    let mut client = Client::open(address).await;
    // It pings at 25 seconds, which the client answers; 45 is the time to join.
    assert_eq!(bed.while_time_passes(pin!(Box::pin(client.rest()))).await, [""; 0]);
    let answer = request(address, &head("GET", &query, &[])).await;
    assert_eq!((answer.status, &*answer.body), (400, SID_UNKNOWN), "nor does it poll");
    // A client sees the end of its stream before its task has ended.
    bed.until("the end of both", || server.clients_count() == 0).await;
}

pub(crate) async fn e29_a_client_that_compresses(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let mut wire = Wire::open(address).await;
    let offer = ["sec-websocket-extensions: permessage-deflate; client_max_window_bits"];
    let asked = [&UPGRADE[..], &offer].concat();
    wire.write(&head("GET", "EIO=4&transport=websocket", &asked)).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.header("sec-websocket-extensions")), (101, None));
    // A frame that says it is compressed.
    is_closed_with(address, &mut log, &frame(0xc1, b"42"), 1002).await;
}

pub(crate) async fn e30_a_session_id_from_elsewhere(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let length = "content-length: 13";
    for agent in ["user-agent: one", "user-agent: another"] {
        let sent = head("POST", &query, &[agent, length]) + "42[\"event\",1]";
        // Each on a connection of its own: whoever has the id has the session.
        assert_eq!(request(address, &sent).await.body, "ok");
        log.expect(&["[1]"]).await;
    }
}
