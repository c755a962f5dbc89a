//! What the simulated network does with bytes.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Context;
use std::thread;
use std::time::Duration;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use futures::task::{ArcWake, waker};
use futures::{AsyncRead, FutureExt as _};
use klatch_driver::{Listener as _, Runtime as _};
use klatch_sim::{Host, Link, Listener, Sim, Stream};
use parking_lot::Mutex;

const MS: Duration = Duration::from_millis(1);

/// A listener that the test accepts from by itself.
fn listen(sim: &Sim) -> (Listener, SocketAddr) {
    let listener = sim.runtime().listen();
    let address = listener.local_addr().expect("it listens");
    (listener, address)
}

/// Both ends of a connection, the client's first.
fn connect(sim: &Sim, link: Link) -> (Host, Stream, Stream) {
    let (listener, address) = listen(sim);
    let host = sim.host(link);
    let (ours, theirs) = sim.block_on(async {
        let ours = host.connect(address).await.expect("somebody listens");
        (ours, listener.accept().await.expect("somebody connects").0)
    });
    (host, ours, theirs)
}

fn fixed(latency: Duration) -> Link {
    Link::new().latency(latency..=latency)
}

/// What can be read now.
fn arrived(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut buffer = [0; 100];
    match stream.read(&mut buffer).now_or_never() {
        Some(read) => buffer[..read.expect("it is whole")].to_vec(),
        None => Vec::new(),
    }
}

async fn failure(stream: &mut Stream) -> ErrorKind {
    stream.read(&mut [0; 100]).await.expect_err("it is broken").kind()
}

#[test]
fn bytes_take_their_time_and_keep_their_order() {
    let sim = Sim::new(1);
    let (_host, mut ours, mut theirs) = connect(&sim, fixed(20 * MS));
    let sent = sim.now();
    sim.block_on(ours.write_all(b"hello")).expect("it is open");
    sim.advance(19 * MS);
    assert_eq!(arrived(&mut theirs), b"");
    sim.advance(MS);
    assert_eq!(arrived(&mut theirs), b"hello");
    assert_eq!(sim.now() - sent, 20 * MS);

    let (_host, mut ours, mut theirs) = connect(&sim, Link::new().latency(MS..=100 * MS));
    let numbers: Vec<u8> = (0..200).collect();
    sim.block_on(async {
        for number in &numbers {
            ours.write_all(&[*number]).await.expect("it is open");
        }
        let mut read = vec![0; numbers.len()];
        theirs.read_exact(&mut read).await.expect("all of it comes");
        assert_eq!(read, numbers);
    });
}

#[test]
fn a_chunked_link_lets_its_reader_sleep_between_the_pieces() {
    let sim = Sim::new(1);
    let (_host, mut ours, mut theirs) = connect(&sim, fixed(MS).chunk(1));
    sim.block_on(ours.write_all(b"abc")).expect("it is open");
    sim.advance(MS);
    let pieces = [(); 6].map(|()| arrived(&mut theirs));
    assert_eq!(pieces, [b"a".to_vec(), vec![], b"b".to_vec(), vec![], b"c".to_vec(), vec![]]);
}

#[test]
fn who_writes_more_than_the_buffer_waits_for_the_reader() {
    let sim = Sim::new(1);
    let (_host, mut ours, mut theirs) = connect(&sim, fixed(MS).buffer(10));
    assert_eq!(sim.block_on(ours.write(&[1; 8])).expect("it is open"), 8);
    assert_eq!(sim.block_on(ours.write(&[2; 8])).expect("it is open"), 2);
    assert!(ours.write(&[3]).now_or_never().is_none());
    sim.advance(MS);
    assert_eq!(arrived(&mut theirs).len(), 8);
    assert_eq!(sim.block_on(ours.write(&[3; 20])).expect("it is open"), 8);
}

#[test]
fn what_was_written_before_a_close_arrives_and_then_the_end() {
    let sim = Sim::new(1);
    let (_host, mut ours, mut theirs) = connect(&sim, Link::new());
    let mut read = Vec::new();
    sim.block_on(async {
        ours.write_all(b"bye").await.expect("it is open");
        drop(ours);
        theirs.read_to_end(&mut read).await.expect("it ends well");
    });
    assert_eq!(read, b"bye");
}

#[test]
fn who_leaves_something_unread_resets_the_connection() {
    let sim = Sim::new(1);
    let (_host, ours, mut theirs) = connect(&sim, Link::new());
    sim.block_on(theirs.write_all(b"unread")).expect("it is open");
    sim.advance(10 * MS);
    drop(ours);
    assert_eq!(sim.block_on(failure(&mut theirs)), ErrorKind::ConnectionReset);

    let (_host, ours, mut theirs) = connect(&sim, Link::new());
    drop(ours);
    sim.block_on(theirs.write_all(b"too late")).expect("nobody knows yet");
    sim.advance(20 * MS);
    let error = sim.block_on(theirs.write(b"again")).expect_err("it is known now");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_reset_loses_what_is_under_way_and_tells_both_ends() {
    let sim = Sim::new(1);
    let (host, mut ours, mut theirs) = connect(&sim, fixed(10 * MS));
    sim.block_on(ours.write_all(b"lost")).expect("it is open");
    host.reset();
    assert_eq!(sim.block_on(failure(&mut theirs)), ErrorKind::ConnectionReset);
    assert_eq!(sim.block_on(failure(&mut ours)), ErrorKind::ConnectionReset);
}

#[test]
fn a_partition_holds_everything_back_until_it_is_healed() {
    let sim = Sim::new(1);
    let (host, mut ours, mut theirs) = connect(&sim, fixed(MS).buffer(10));
    host.partition();
    assert_eq!(sim.block_on(ours.write(&[1; 20])).expect("it is open"), 10);
    sim.advance(Duration::from_hours(1));
    assert_eq!(arrived(&mut theirs), b"");
    assert!(ours.write(&[2]).now_or_never().is_none());
    host.heal();
    assert_eq!(arrived(&mut theirs), [1; 10]);
    assert_eq!(sim.block_on(ours.write(&[2])).expect("it is open"), 1);
}

/// Reads as soon as it is woken, and not in a turn of its own.
struct Impatient(Mutex<Stream>);

impl ArcWake for Impatient {
    fn wake_by_ref(reader: &Arc<Self>) {
        assert_eq!(arrived(&mut *reader.0.lock()), b"hello");
    }
}

#[test]
fn who_is_woken_by_a_healed_partition_may_read_at_once() {
    // In a thread, so that a lock which is held over the call fails the test and does not stop it.
    let (done, healed) = mpsc::channel();
    thread::spawn(move || {
        let sim = Sim::new(1);
        let (host, mut ours, theirs) = connect(&sim, fixed(MS));
        host.partition();
        sim.block_on(ours.write_all(b"hello")).expect("it is open");
        sim.advance(MS);
        let reader = Arc::new(Impatient(Mutex::new(theirs)));
        let waker = waker(reader.clone());
        let mut cx = Context::from_waker(&waker);
        let polled = Pin::new(&mut *reader.0.lock()).poll_read(&mut cx, &mut [0; 10]);
        assert!(polled.is_pending(), "it is cut off");
        host.heal();
        assert_eq!(arrived(&mut *reader.0.lock()), b"", "it has read");
        done.send(()).expect("the test waits");
    });
    healed.recv_timeout(Duration::from_secs(20)).expect("no panic, and no deadlock");
}

#[test]
fn who_is_cut_off_connects_when_it_is_healed() {
    let sim = Sim::new(1);
    let (_listener, address) = listen(&sim);
    let host = sim.host(Link::new());
    host.partition();
    let (runtime, healer) = (sim.runtime(), host.clone());
    sim.runtime().spawn(async move {
        runtime.sleep(Duration::from_secs(5)).await;
        healer.heal();
    });
    sim.block_on(host.connect(address)).expect("somebody listens");
    assert_eq!(sim.now().offset(), Duration::from_secs(5));
}

#[test]
fn nothing_is_ever_heard_of_a_host_that_vanished() {
    let sim = Sim::new(1);
    let (host, mut ours, mut theirs) = connect(&sim, fixed(MS));
    sim.block_on(ours.write_all(b"lost")).expect("it is open");
    host.vanish();
    drop(ours);
    host.heal();
    sim.block_on(theirs.write_all(b"hello?")).expect("it looks open");
    sim.advance(Duration::from_hours(1));
    assert!(theirs.read(&mut [0; 10]).now_or_never().is_none());
}

#[test]
fn nobody_listens_any_more_when_the_listener_is_dropped() {
    let sim = Sim::new(1);
    let (listener, address) = listen(&sim);
    let mut waiting = sim.open(address).expect("it listens");
    drop(listener);
    assert_eq!(sim.block_on(waiting.read(&mut [0; 10])).expect("an end"), 0);
    let error = sim.open(address).expect_err("it does not listen");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// What a panic said.
fn panic_of(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it panics");
    *panic.downcast::<String>().expect("panics speak")
}

#[test]
fn there_are_as_many_listeners_and_hosts_as_there_are_addresses() {
    let sim = Sim::new(1);
    for _ in 0..u8::MAX {
        sim.runtime().listen();
    }
    let said = panic_of(|| drop(sim.runtime().listen()));
    assert!(said.contains("at most 255 listeners"), "{said}");
    for number in 1..=u16::MAX {
        assert_eq!(sim.host(Link::new()).number(), number);
    }
    let said = panic_of(|| drop(sim.host(Link::new())));
    assert!(said.contains("at most 65,535 hosts"), "{said}");
}

#[test]
fn a_host_connects_as_often_as_it_likes() {
    let sim = Sim::new(1);
    let (listener, address) = listen(&sim);
    let host = sim.host(fixed(MS));
    sim.block_on(async {
        for _ in 0..70_000 {
            drop(host.connect(address).await.expect("somebody listens"));
            let (_, from) = listener.accept().await.expect("somebody connects");
            assert!(from.port() >= 49_152);
        }
    });
}
