//! What an upgrade and a request mean to each other depends on which came first, and nothing else.

mod seeds;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_core::Timestamp;
use klatch_driver::{Bound, Runtime as _, Server, Socket};
use klatch_sim::{Link, Runtime, Sim, Stream, Timer, Transport};
use parking_lot::Mutex;

use crate::seeds::seeds;

const MS: Duration = Duration::from_millis(1);

/// A runtime that writes down which task runs, by the order in which they were spawned.
#[derive(Clone)]
struct Watched {
    runtime: Runtime,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    spawned: usize,
    polls: Vec<usize>,
}

impl klatch_driver::Runtime for Watched {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let log = self.log.clone();
        let number = log.lock().spawned;
        log.lock().spawned += 1;
        let mut task = Box::pin(task);
        self.runtime.spawn(poll_fn(move |cx| {
            log.lock().polls.push(number);
            task.as_mut().poll(cx)
        }));
    }

    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        self.runtime.timer(deadline)
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.runtime.entropy(bytes);
    }

    fn time_of_day(&self) -> SystemTime {
        self.runtime.time_of_day()
    }
}

// The tasks of a server, in the order in which this test has them spawned: its housekeeper, the
// connection that opens the session, the session, the connection that becomes a WebSocket, then these.
const SESSION: usize = 2;
const POLLING: usize = 4;
/// What waits for hyper to give the stream back, and hands the WebSocket to the session.
const HANDOVER: usize = 5;

/// A frame of text from a client, whose mask changes nothing.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

fn get(query: &str, headers: &str) -> Vec<u8> {
    format!("GET /socket.io/?EIO=4&{query} HTTP/1.1\r\nhost: sim\r\n{headers}\r\n").into_bytes()
}

/// What arrives at once.
async fn read(stream: &mut Stream) -> String {
    let mut bytes = vec![0; 1000];
    let length = stream.read(&mut bytes).await.expect("the server answers");
    bytes.truncate(length);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// In one moment an upgrade arrives, with all that makes it complete behind it, and a poll. The
/// poll's answer, and how the tasks ran that brought them to the session.
fn race(seed: u64) -> (String, Vec<usize>) {
    let sim = Sim::new(seed);
    let log = Arc::new(Mutex::new(Log::default()));
    let listener = sim.runtime().listen();
    let watched = Watched { runtime: sim.runtime(), log: log.clone() };
    let bound = Bound::new(watched, listener);
    let address: SocketAddr = bound.local_addr().expect("it listens");
    let server = Server::new();
    let serving = bound.serve(server);
    sim.runtime().spawn(async move { serving.await.expect("it only ends well") });

    let host = sim.host(Link::new().latency(MS..=MS));
    let connect = || sim.block_on(host.connect(address)).expect("it is served");
    let mut opening = connect();
    let sid = sim.block_on(async {
        opening.write_all(&get("transport=polling", "")).await.expect("it is open");
        let answer = read(&mut opening).await;
        let sid = answer.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
        sid.expect("a handshake").to_owned()
    });
    let (mut upgrading, mut polling) = (connect(), connect());
    sim.advance(Duration::from_secs(1));
    log.lock().polls.clear();

    let upgrade = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let mut request = get(&format!("transport=websocket&sid={sid}"), upgrade);
    request.extend([frame("2probe"), frame("5")].concat());
    let answer = sim.block_on(async {
        upgrading.write_all(&request).await.expect("it is open");
        let poll = get(&format!("transport=polling&sid={sid}"), "");
        polling.write_all(&poll).await.expect("it is open");
        read(&mut polling).await
    });
    let polls = log.lock().polls.clone();
    (answer, polls)
}

#[test]
fn a_request_behind_an_upgrade_comes_after_what_the_websocket_brought() {
    let mut behind = 0;
    // Fewer do not bring every order.
    for seed in 0..seeds(200).max(200) {
        let (answer, polls) = race(seed);
        let last = |task| polls.iter().rposition(|polled| *polled == task);
        let first = |task| polls.iter().position(|polled| *polled == task);
        let arrivals = (last(HANDOVER), first(POLLING), first(SESSION));
        let (Some(upgrade), Some(poll), Some(session)) = arrivals else { continue };
        if upgrade < poll && poll < session {
            // Both were there when the session looked. With its probe and its end the upgrade was
            // complete before the poll came, which then had no transport any more.
            assert!(answer.starts_with("HTTP/1.1 400"), "seed {seed}: {answer}");
            behind += 1;
        } else if poll < upgrade.min(session) {
            // The poll was first: the upgrade ended it.
            assert!(answer.ends_with("\r\n\r\n6"), "seed {seed}: {answer}");
        }
    }
    assert!(behind > 10, "only {behind} seeds brought the poll right behind the upgrade");
}

/// Events in both directions while the transport changes, by a link that the seed chooses.
fn talk_through_an_upgrade(seed: u64) {
    let sim = Sim::new(seed);
    let server = Server::new();
    let chat = server.namespace("/");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = heard.clone();
    chat.on("up", async move |socket: Socket, n: u64| {
        hearing.lock().push(n);
        socket.emit("down", &n)
    });
    sim.serve(&server);
    let below = |limit| sim.runtime().below(limit);
    let link = match below(4) {
        0 => Link::new().latency(Duration::ZERO..=60 * MS),
        1 => Link::new().chunk(1 + below(20) as usize),
        2 => Link::new().latency(MS..=MS).buffer(1 + below(300) as usize),
        _ => Link::new(),
    };
    let client = sim.client().transport(Transport::Upgrade).link(link).connect("/");
    for n in 0..200 {
        client.emit("up", &n);
        if below(3) == 0 {
            sim.advance(below(30) as u32 * MS);
        }
        if below(100) == 0 {
            sim.partition(&client);
            sim.advance(below(400) as u32 * MS);
            sim.heal(&client);
        }
    }
    for n in 0..200 {
        assert_eq!(client.expect::<u64>("down"), n, "seed {seed}");
    }
    assert_eq!(*heard.lock(), (0..200).collect::<Vec<_>>(), "seed {seed}");
    sim.advance(Duration::from_secs(1));
    assert!(client.is_on_websocket(), "seed {seed}");
}

#[test]
fn an_upgrade_loses_nothing_and_keeps_the_order_both_ways() {
    (0..seeds(50)).for_each(talk_through_an_upgrade);
}
