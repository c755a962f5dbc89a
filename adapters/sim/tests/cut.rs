//! A client whose bytes end at every offset, and an upgrade that is lost at every moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_core::{Args, CloseReason, Value};
use klatch_driver::{Namespace, Server, Socket};
use klatch_sim::{Host, Link, Sim, Transport};
use parking_lot::Mutex;

const MS: Duration = Duration::from_millis(1);

/// What handlers saw, in order.
type Seen = Arc<Mutex<Vec<String>>>;

fn serve(sim: &Sim) -> (Server, Namespace, SocketAddr, Seen) {
    let (server, seen) = (Server::new(), Seen::default());
    let chat = server.namespace("/");
    let log = seen.clone();
    chat.on_connect(async move |_: Socket| log.lock().push("connect".to_owned()));
    let log = seen.clone();
    chat.on_disconnect(async move |socket: Socket, reason: CloseReason| {
        let rooms = socket.rooms().len();
        log.lock().push(format!("disconnect: {reason}, {rooms} rooms"));
    });
    let log = seen.clone();
    chat.on("say", async move |socket: Socket, n: u64| {
        log.lock().push(n.to_string());
        socket.join("talkers")
    });
    let log = seen.clone();
    chat.on("file", async move |_: Socket, Args((n, bytes)): Args<(u64, Value)>| {
        let is_whole = bytes == Value::Binary(b"12345".to_vec().into());
        log.lock().push(if is_whole { n.to_string() } else { format!("{n} with {bytes:?}") });
    });
    let address = sim.serve(&server);
    (server, chat, address, seen)
}

/// How a client ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Reset,
}

/// A frame of a client's, whose mask changes nothing.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// What a client says over a WebSocket, each with what a handler sees of it once it is whole.
fn frames() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let file = br#"451-["file",2,{"_placeholder":true,"num":0}]"#;
    vec![
        (frame(1, b"40"), Some("connect")),
        (frame(1, br#"42["say",1]"#), Some("1")),
        (frame(1, file), None),
        (frame(2, b"12345"), Some("2")),
        (frame(1, br#"42["say",3]"#), Some("3")),
    ]
}

/// Sends this much over a stream of its own, and ends.
fn speak_and_end(sim: &Sim, host: &Host, address: SocketAddr, bytes: &[u8], end: End) {
    sim.block_on(async {
        let mut stream = host.connect(address).await.expect("it is served");
        stream.write_all(bytes).await.expect("it is open");
        sim.runtime().sleep(20 * MS).await;
        match end {
            End::Closed => drop(stream),
            End::Reset => host.reset(),
        }
    });
    sim.advance(Duration::from_mins(2));
}

/// Only what is whole is handled; then it is one disconnect, for what happened, and nothing is left.
fn expect(at: usize, end: End, seen: &Seen, whole: &[&str], reasons: [&str; 3]) {
    let seen = seen.lock();
    let (said, ends) = seen.split_at(whole.len().min(seen.len()));
    assert_eq!(said, whole, "cut at {at}, {end:?}: {seen:?}");
    match ends {
        [] => assert!(whole.is_empty(), "cut at {at}, {end:?}: it has not ended"),
        [only] => {
            let known = reasons.map(|reason| format!("disconnect: {reason}, 0 rooms"));
            assert!(known.contains(only), "cut at {at}, {end:?}: {only}");
        }
        _ => panic!("cut at {at}, {end:?}: {seen:?}"),
    }
}

#[test]
fn a_websocket_that_is_cut_at_any_byte_is_heard_as_far_as_it_was_whole() {
    let head = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: sim\r\nconnection: Upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    let frames = frames();
    let all: Vec<u8> =
        head.iter().copied().chain(frames.iter().flat_map(|(bytes, _)| bytes.clone())).collect();
    for at in 0..=all.len() {
        for end in [End::Closed, End::Reset] {
            let sim = Sim::new(at as u64);
            let (server, chat, address, seen) = serve(&sim);
            speak_and_end(&sim, &sim.host(Link::new()), address, &all[..at], end);
            let mut length = head.len();
            let whole: Vec<_> = frames
                .iter()
                .filter_map(|(bytes, seen)| {
                    length += bytes.len();
                    seen.filter(|_| length <= at)
                })
                .collect();
            let reasons = ["transport close", "transport error", "transport close"];
            expect(at, end, &seen, &whole, reasons);
            assert_eq!((server.clients_count(), chat.len(), chat.rooms().len()), (0, 0, 0));
        }
    }
}

#[test]
fn a_post_that_is_cut_at_any_byte_is_not_heard_at_all() {
    let body = "42[\"say\",1]\u{1e}42[\"say\",2]";
    for end in [End::Closed, End::Reset] {
        let mut at = 0;
        loop {
            let sim = Sim::new(at as u64);
            let (server, chat, address, seen) = serve(&sim);
            let host = sim.host(Link::new());
            let sid = open(&sim, &host, address);
            let post = format!(
                "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nhost: sim\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            speak_and_end(&sim, &host, address, &post.as_bytes()[..at], end);
            let whole: &[_] = if at == post.len() { &["connect", "1", "2"] } else { &["connect"] };
            // Where not even a head came, nothing came of this session any more.
            expect(at, end, &seen, whole, ["transport close", "transport error", "ping timeout"]);
            assert_eq!((server.clients_count(), chat.len(), chat.rooms().len()), (0, 0, 0));
            if at == post.len() {
                break;
            }
            at += 1;
        }
    }
}

/// Opens a session by polling, and joins `/`; its id.
fn open(sim: &Sim, host: &Host, address: SocketAddr) -> String {
    let exchange = |request: String| {
        sim.block_on(async {
            let mut stream = host.connect(address).await.expect("it is served");
            stream.write_all(request.as_bytes()).await.expect("it is open");
            let mut answer = vec![0; 1000];
            let length = stream.read(&mut answer).await.expect("it answers");
            String::from_utf8_lossy(&answer[..length]).into_owned()
        })
    };
    let query = "/socket.io/?EIO=4&transport=polling";
    let handshake = exchange(format!("GET {query} HTTP/1.1\r\nhost: sim\r\n\r\n"));
    let sid = handshake.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let sid = sid.expect("a handshake").to_owned();
    exchange(format!(
        "POST {query}&sid={sid} HTTP/1.1\r\nhost: sim\r\ncontent-length: 2\r\n\r\n40"
    ));
    sid
}

/// Events in both directions, each millisecond, while a client changes to a WebSocket that breaks after
/// this time. Whether its session goes on.
fn lose_upgrade(after: Duration) -> bool {
    let sim = Sim::new(1);
    let (server, seen) = (Server::new(), Arc::new(Mutex::new(Vec::new())));
    let chat = server.namespace("/");
    let heard = seen.clone();
    chat.on("up", async move |_: Socket, n: u64| heard.lock().push(n));
    sim.serve(&server);
    let link = Link::new().latency(5 * MS..=5 * MS);
    let client = sim.client().transport(Transport::Upgrade).link(link).connect("/");
    let began = sim.now();
    let (mut up, mut down, mut is_lost) = (0_usize, 0_usize, false);
    for _ in 0..160 {
        if client.is_connected() {
            client.emit("up", &(up as u64));
            up += 1;
        }
        chat.emit("down", &(down as u64)).expect("it is a number");
        down += 1;
        let next = sim.now() + MS;
        if !is_lost && began + after < next {
            sim.advance(began + after - sim.now());
            sim.reset_newest(&client);
            is_lost = true;
        }
        sim.advance(next - sim.now());
    }
    // Longer than a heartbeat: both ends agree then.
    sim.advance(Duration::from_mins(2));
    let came: Vec<u64> = client.received().iter().map(|event| event.decode()).collect();
    let whole = |count: usize| (0..count as u64).collect::<Vec<_>>();
    assert_eq!(came, whole(came.len()), "lost after {after:?}: none twice, none out of order");
    let heard = seen.lock().clone();
    assert_eq!(heard, whole(heard.len()), "lost after {after:?}");
    let goes_on = client.is_connected();
    assert_eq!(chat.len(), usize::from(goes_on), "lost after {after:?}");
    if goes_on {
        assert_eq!((came.len(), heard.len()), (down, up), "lost after {after:?}");
    }
    goes_on
}

/// The probe, its answer, the last word, or the WebSocket after it: whatever is lost, each event arrives
/// once or, with the session, never.
#[test]
fn an_upgrade_that_is_lost_at_any_moment_doubles_nothing() {
    let outcomes: Vec<_> = (0..400).map(|step| lose_upgrade(step * MS / 5)).collect();
    let survived = outcomes.iter().filter(|survived| **survived).count();
    assert!((10..390).contains(&survived), "{survived} of {} went on", outcomes.len());
}
