//! What clients must not send, by both transports; the names are rows of the list of hostile inputs.

use klatch_core::{CloseReason, Config, Payload};

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::Log;
use crate::conformance::wire::{head, open, post, request};
use crate::server::Server;
use crate::socket::Socket;

pub(super) const SID_UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// A server that writes down each event with its arguments, and why sockets end.
pub(super) async fn start(bed: &Bed, config: Config) -> (Server, Address<'_>, Log) {
    let server = Server::builder().config(config).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, log) = bed.log();
    let writer = pen.clone();
    namespace.on("event", async move |_: Socket, args: Payload| {
        let attachments =
            args.attachments().iter().map(|bytes| format!(" {:?}", &bytes.bytes()[..]));
        writer.write(format!("[{}]{}", args.as_json(), attachments.collect::<String>()));
    });
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    (server.clone(), bed.serve(&server).await.address, log)
}

/// A session in the namespace `/`, over polling.
pub(super) async fn joined(address: Address<'_>) -> String {
    let query = open(address).await;
    let answer = request(address, &post(&query, "40")).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    let answer = request(address, &head("GET", &query, &[])).await;
    assert!(answer.body.starts_with("40{\"sid\":"), "{answer:?}");
    query
}

/// The packets, one of which may be an attachment.
fn is_attachment(packet: &str) -> Option<&str> {
    packet.strip_prefix('\u{1}')
}

fn payload(packets: &[&str]) -> String {
    let polled = |packet: &&str| match is_attachment(packet) {
        // The four bytes that the rows use.
        Some("abcd") => "bYWJjZA==".to_owned(),
        Some(other) => panic!("{other} has no base64 here"),
        None => (*packet).to_owned(),
    };
    packets.iter().map(polled).collect::<Vec<_>>().join("\u{1e}")
}

async fn send(client: &mut Client, packets: &[&str]) {
    for packet in packets {
        match is_attachment(packet) {
            Some(bytes) => client.send_bytes(bytes.as_bytes()).await,
            None => client.send(packet).await,
        }
    }
}

/// Each row closes the connection as forced, by either transport, and nothing of it is heard.
async fn closes(bed: &Bed, rows: &[&[&str]]) {
    let (server, address, mut log) = start(bed, Config::new()).await;
    for row in rows {
        let query = joined(address).await;
        let answer = request(address, &post(&query, &payload(row))).await;
        assert_eq!((answer.status, &*answer.body), (200, "ok"), "{row:?}");
        log.expect(&["forced close"]).await;
        let answer = request(address, &head("GET", &query, &[])).await;
        assert_eq!((answer.status, &*answer.body), (200, "1"), "{row:?}: it is told");
        let answer = request(address, &head("GET", &query, &[])).await;
        assert_eq!((answer.status, &*answer.body), (400, SID_UNKNOWN), "{row:?}");

        let mut client = Client::connected(address).await;
        send(&mut client, row).await;
        assert_eq!(client.goodbye().await, None, "{row:?}");
        log.expect(&["forced close"]).await;
    }
    assert_eq!(log.rest(), [""; 0]);
    assert!(server.namespace("/").is_empty());
}

/// Each row is heard as it says, or not at all, by either transport, and the session goes on.
async fn is_heard(bed: &Bed, rows: &[(&[&str], Option<&str>)]) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let mut clients = Vec::new();
    for (row, heard) in rows {
        let query = joined(address).await;
        let mut client = Client::connected(address).await;
        let answer = request(address, &post(&query, &payload(row))).await;
        assert_eq!((answer.status, &*answer.body), (200, "ok"), "{row:?}");
        let more = "42[\"event\",\"more\"]";
        assert_eq!(request(address, &post(&query, more)).await.body, "ok", "{row:?}");
        let lines: Vec<_> = heard.iter().copied().chain(["[\"more\"]"]).collect();
        log.expect(&lines).await;
        send(&mut client, row).await;
        client.send(more).await;
        log.expect(&lines).await;
        clients.push(client);
    }
}

pub(crate) async fn s1_a_packet_of_no_type(bed: &Bed) {
    closes(bed, &[&["4"], &["49"], &["4x"], &["4-1"]]).await;
}

pub(crate) async fn s2_an_event_that_is_none(bed: &Bed) {
    closes(
        bed,
        &[
            &["42{}"],
            &["42[]"],
            &["42[null]"],
            &["42[{}]"],
            &[r#"42[{"toString":"foo"}]"#],
            &[r#"42"s""#],
            &["42null"],
            &[r#"42["event""#],
            &[r#"42["event"]x"#],
        ],
    )
    .await;
}

pub(crate) async fn s3_an_event_without_a_payload(bed: &Bed) {
    closes(bed, &[&["42"]]).await;
}

pub(crate) async fn s4_an_event_that_is_named_by_a_number(bed: &Bed) {
    is_heard(bed, &[(&[r#"42[1,"x"]"#], None), (&[r#"42["event",1]"#], Some("[1]"))]).await;
}

pub(crate) async fn s5_a_name_that_is_the_librarys(bed: &Bed) {
    closes(
        bed,
        &[
            &[r#"42["connect"]"#],
            &[r#"42["connect_error"]"#],
            &[r#"42["disconnect"]"#],
            &[r#"42["disconnecting"]"#],
        ],
    )
    .await;
}

pub(crate) async fn s8_an_ack_id_that_is_none(bed: &Bed) {
    closes(bed, &[&[r#"42-1["event"]"#], &[r#"421.5["event"]"#], &[r#"421e3["event"]"#]]).await;
}

pub(crate) async fn s9_an_event_where_the_client_is_not(bed: &Bed) {
    closes(bed, &[&[r#"42/elsewhere,["event"]"#], &["42/elsewhere"], &["41/elsewhere,"]]).await;
    // Before it is anywhere.
    let (server, address, _log) = start(bed, Config::new()).await;
    let query = open(address).await;
    assert_eq!(request(address, &post(&query, "42[\"event\"]")).await.body, "ok");
    assert_eq!(request(address, &head("GET", &query, &[])).await.body, "1");
    let mut client = Client::open(address).await;
    client.send("42[\"event\"]").await;
    assert_eq!(client.goodbye().await, None);
    bed.close(&server).await;
    assert_eq!(server.clients_count(), 0);
}

pub(crate) async fn s10_a_second_connect(bed: &Bed) {
    closes(bed, &[&["40"], &["40{}"]]).await;
}

pub(crate) async fn s12_an_event_behind_a_disconnect(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let both = "41\u{1e}42[\"event\"]";
    assert_eq!(request(address, &post(&query, both)).await.body, "ok");
    log.expect(&["client namespace disconnect"]).await;
    // It is in no namespace any more: a second one closes the connection.
    let mut client = Client::connected(address).await;
    client.send("41").await;
    client.send("42[\"event\"]").await;
    log.expect(&["client namespace disconnect"]).await;
    assert_eq!(client.goodbye().await, None);
    assert_eq!(log.rest(), [""; 0]);
}

pub(crate) async fn s13_a_client_that_leaves_and_comes_again(bed: &Bed) {
    let (server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    assert_eq!(request(address, &post(&query, "41\u{1e}40")).await.body, "ok");
    log.expect(&["client namespace disconnect"]).await;
    assert!(request(address, &head("GET", &query, &[])).await.body.starts_with("40{\"sid\":"));
    let mut client = Client::connected(address).await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
    log.expect(&["client namespace disconnect"]).await;
    assert_eq!(server.namespace("/").len(), 2);
}

pub(crate) async fn s15_a_namespace_that_there_is_not(bed: &Bed) {
    let (_server, address, mut log) = start(bed, Config::new()).await;
    let query = joined(address).await;
    let mut client = Client::connected(address).await;
    for name in ["/no", "//", "/_0", "/__proto__", "/a?token=1"] {
        let refused = format!(r#"44{name},{{"message":"Invalid namespace"}}"#);
        assert_eq!(request(address, &post(&query, &format!("40{name},"))).await.body, "ok");
        assert_eq!(request(address, &head("GET", &query, &[])).await.body, refused);
        client.send(&format!("40{name},")).await;
        client.expect(&[&refused]).await;
    }
    // Five are survived, and no more.
    let refused = r#"44/six,{"message":"Invalid namespace"}"#;
    assert_eq!(request(address, &post(&query, "40/six,")).await.body, "ok");
    assert_eq!(request(address, &head("GET", &query, &[])).await.body, refused);
    log.expect(&["forced close"]).await;
    client.send("40/six,").await;
    client.expect(&[refused]).await;
    assert_eq!(client.goodbye().await, None);
    log.expect(&["forced close"]).await;
    let endless = format!("40/{},", "x".repeat(10_000));
    closes(bed, &[&[&endless]]).await;
}

pub(crate) async fn s16_a_namespace_without_a_slash(bed: &Bed) {
    closes(bed, &[&["40,"], &["40a,"]]).await;
}

pub(crate) async fn s18_what_only_a_server_says(bed: &Bed) {
    closes(bed, &[&["44"], &[r#"44{"message":"no"}"#]]).await;
}

pub(crate) async fn s19_a_payload_that_does_not_fit(bed: &Bed) {
    closes(bed, &[&["41{}"], &["430{}"]]).await;
}

pub(crate) async fn s20_an_answer_to_nothing(bed: &Bed) {
    is_heard(bed, &[(&["437[]"], None), (&["43[]"], None), (&["43"], None), (&["437"], None)])
        .await;
}

pub(crate) async fn s22_more_namespaces_than_one_client_may_have(bed: &Bed) {
    let (server, address, _log) = start(bed, Config::new().max_namespaces(2)).await;
    server.namespace("/two");
    server.namespace("/three");
    let refused = r#"44/three,{"message":"Too many namespaces"}"#;
    let mut client = Client::connected(address).await;
    client.send("40/two,").await;
    client.accepted("/two,").await;
    client.send("40/three,").await;
    client.expect(&[refused]).await;
    let query = joined(address).await;
    assert_eq!(request(address, &post(&query, "40/two,\u{1e}40/three,")).await.body, "ok");
    let answer = request(address, &head("GET", &query, &[])).await.body;
    // A refusal belongs to no socket: it need not wait for what is told to others.
    let (told, in_two) = answer.split_once('\u{1e}').expect("two packets");
    assert!(told == refused && in_two.starts_with("40/two,{"), "{answer}");
}

pub(crate) async fn s24_json_that_nests_too_deep(bed: &Bed) {
    let nested =
        |depth: usize| format!(r#"42["event",{}{}]"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    closes(bed, &[&[&nested(129)], &[&nested(2_000)], &[&nested(9_000)]]).await;
    let heard = format!("[{}{}]", "[".repeat(127), "]".repeat(127));
    is_heard(bed, &[(&[&nested(128)], Some(&heard))]).await;
}

pub(crate) async fn s25_whatever_json_allows(bed: &Bed) {
    let arguments =
        [r#"{"b":1,"b":2}"#, "1e999", "99999999999999999999", r#""\ud800""#, r#""\u0000""#];
    let events = arguments.map(|argument| format!(r#"42["event",{argument}]"#));
    let heard = arguments.map(|argument| format!("[{argument}]"));
    for (event, heard) in events.iter().zip(&heard) {
        is_heard(bed, &[(&[event], Some(heard))]).await;
    }
}

pub(crate) async fn s26_a_crowd_of_empty_arrays(bed: &Bed) {
    let many = format!("[{}[]]", "[],".repeat(100_000));
    let event = format!(r#"42["event",{many}]"#);
    is_heard(bed, &[(&[&event], Some(&format!("[{many}]")))]).await;
}

/// Of one attachment.
const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

pub(crate) async fn b1_a_count_of_attachments_that_is_none(bed: &Bed) {
    closes(
        bed,
        &[
            &[r#"45["event"]"#],
            &[r#"45-["event"]"#],
            &[r#"45-1-["event"]"#],
            &[r#"451.5-["event"]"#],
        ],
    )
    .await;
}

pub(crate) async fn b2_more_attachments_than_ten(bed: &Bed) {
    closes(bed, &[&[r#"4511-["event"]"#], &[r#"45999999999-["event"]"#]]).await;
    let ten = [r#"4510-["event"]"#].into_iter().chain(["\u{1}abcd"; 10]).collect::<Vec<_>>();
    let heard = format!("[]{}", " [97, 98, 99, 100]".repeat(10));
    is_heard(bed, &[(&ten, Some(&heard))]).await;
}

pub(crate) async fn b3_a_count_with_an_exponent(bed: &Bed) {
    closes(bed, &[&[r#"451e1-["event"]"#]]).await;
}

pub(crate) async fn b5_a_placeholder_without_its_attachment(bed: &Bed) {
    closes(
        bed,
        &[
            &[r#"451-["event",{"_placeholder":true,"num":0.5}]"#],
            &[r#"451-["event",{"_placeholder":true,"num":1}]"#],
            &[r#"451-["event",{"_placeholder":true,"num":"splice"}]"#],
        ],
    )
    .await;
}

pub(crate) async fn b6_attachments_that_are_used_twice_or_never(bed: &Bed) {
    let twice = format!(r#"452-["event",{PLACEHOLDER},{PLACEHOLDER}]"#);
    let heard = format!("[{PLACEHOLDER},{PLACEHOLDER}] [97, 98, 99, 100] [97, 98, 99, 100]");
    is_heard(bed, &[(&[&twice, "\u{1}abcd", "\u{1}abcd"], Some(&heard))]).await;
}

pub(crate) async fn b7_a_placeholder_as_the_name(bed: &Bed) {
    closes(bed, &[&[&format!("451-[{PLACEHOLDER}]")]]).await;
}

pub(crate) async fn b10_attachments_that_are_too_large_together(bed: &Bed) {
    let config = Config::new().max_payload(1_000);
    let (_server, address, mut log) = start(bed, config).await;
    let mut client = Client::connected(address).await;
    let text = format!(r#"452-["event",{PLACEHOLDER}]"#);
    // The text counts without Engine.IO's `4`.
    let rest = 1_000 - (text.len() - 1);
    for (second, fits) in [(rest - 500, true), (rest - 499, false)] {
        client.send(&text).await;
        client.send_bytes(&[0; 500]).await;
        client.send_bytes(&vec![0; second]).await;
        let line = log.next().await;
        assert_eq!(line == "forced close", !fits, "{line}");
    }
    assert_eq!(client.goodbye().await, None);
    // A body holds them as base64, which is longer: by polling the whole is refused before.
    let query = joined(address).await;
    let body = format!("{text}\u{1e}b{}", "A".repeat(1_000));
    assert_eq!(request(address, &post(&query, &body)).await.status, 413);
}

pub(crate) async fn b11_placeholders_in_a_plain_event(bed: &Bed) {
    let event = format!(r#"42["event",{PLACEHOLDER}]"#);
    is_heard(bed, &[(&[&event], Some(&format!("[{PLACEHOLDER}]")))]).await;
}

pub(crate) async fn b12_an_answer_in_parts_to_nothing(bed: &Bed) {
    let answer = format!("461-7[{PLACEHOLDER}]");
    is_heard(bed, &[(&[&answer, "\u{1}abcd"], None)]).await;
}
