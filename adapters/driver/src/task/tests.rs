//! The task of a connection over a stream that is played by hand.

use std::collections::VecDeque;
use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use futures::io::{AsyncRead, AsyncWrite};
use futures::task::ArcWake;
use klatch_core::Timestamp;
use klatch_core::engine::Transport;
use parking_lot::Mutex;

use super::*;
use crate::application::Application as _;
use crate::connection::SocketIo;
use crate::handshake::Handshake;
use crate::runtime::by_hand::ByHand;
use crate::server::Server;
use crate::socket::Socket;
use crate::stream::any;

/// What the client sent, and what was written to it, write by write.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Both>>);

#[derive(Default)]
struct Both {
    incoming: VecDeque<Vec<u8>>,
    reader: Option<Waker>,
    written: Vec<Vec<u8>>,
    /// It takes nothing.
    full: bool,
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut both = self.0.lock();
        let Some(bytes) = both.incoming.pop_front() else {
            both.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        buf[..bytes.len()].copy_from_slice(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut both = self.0.lock();
        if both.full {
            return Poll::Pending;
        }
        both.written.push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Whether a task was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.store(true, Ordering::SeqCst);
    }
}

/// A client in `/`, and its task.
struct Rig {
    task: Task<ByHand, SocketIo>,
    wire: Wire,
    woken: Arc<Woken>,
}

impl Rig {
    fn joined(server: &Server) -> Self {
        let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
        let sid = Sid::from_entropy([0; 15]);
        let client = server.client(sid, Transport::WebSocket, handshake, Timestamp::ZERO);
        let inbox = Arc::new(Inbox::new(1, client.load()));
        let wire = Wire::default();
        let websocket = WebSocket::framed(any(wire.clone()), Vec::new(), 1000);
        let ground = Ground { runtime: ByHand::default(), hub: server.hub().clone() };
        let task = Task::new(Arc::new(ground), Span::none(), sid, inbox, client, Some(websocket));
        let mut rig = Self { task, wire, woken: Arc::default() };
        rig.send(&["40"]);
        while rig.turn() {}
        rig.wire.0.lock().written.clear();
        rush::end();
        rig
    }

    /// Frames that come by one read.
    fn send(&mut self, frames: &[&str]) {
        let mut bytes = Vec::new();
        for frame in frames {
            // A mask of zeros is one, too.
            bytes.extend([0x81, 0x80 | frame.len() as u8, 0, 0, 0, 0]);
            bytes.extend(frame.as_bytes());
        }
        let mut both = self.wire.0.lock();
        both.incoming.push_back(bytes);
        let reader = both.reader.take();
        drop(both);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Polls the task; whether it is to be polled again.
    fn turn(&mut self) -> bool {
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = task::waker(self.woken.clone());
        let polled = Pin::new(&mut self.task).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Polls the task to its end, which needs nothing else.
    fn end(&mut self) {
        let waker = task::waker(self.woken.clone());
        let mut cx = Context::from_waker(&waker);
        while Pin::new(&mut self.task).poll(&mut cx).is_pending() {
            assert!(self.woken.0.swap(false, Ordering::SeqCst), "it ends by itself");
        }
    }

    /// What each write carried, as text.
    fn written(&mut self) -> Vec<Vec<String>> {
        let written = std::mem::take(&mut self.wire.0.lock().written);
        let frames = |mut bytes: &[u8]| {
            let mut frames = Vec::new();
            while let [0x81, length, rest @ ..] = bytes {
                let (frame, rest) = rest.split_at(usize::from(*length));
                frames.push(String::from_utf8_lossy(frame).into_owned());
                bytes = rest;
            }
            frames
        };
        written.iter().map(|bytes| frames(bytes)).collect()
    }
}

fn echoing() -> Server {
    let server = Server::new();
    server.namespace("/").on("echo", async |socket: Socket, n: u32| socket.emit("echo", &n));
    server
}

#[test]
fn what_one_frame_is_answered_with_is_written_at_once() {
    let mut rig = Rig::joined(&echoing());
    rig.send(&[r#"42["echo",1]"#]);
    assert!(!rig.turn());
    assert_eq!(rig.written(), [[r#"42["echo",1]"#]]);
}

#[test]
fn it_is_written_when_those_are_heard_who_wait_for_that() {
    let server = echoing();
    let [mut first, mut second] = [(); 2].map(|()| Rig::joined(&server));
    first.send(&[r#"42["echo",1]"#]);
    second.send(&[r#"42["echo",2]"#]);
    assert!(first.turn(), "it is to go on by itself");
    assert_eq!(first.written(), [[""; 0]; 0]);
    assert!(!second.turn(), "nobody else waits");
    assert_eq!(second.written(), [[r#"42["echo",2]"#]]);
    assert!(!first.turn());
    assert_eq!(first.written(), [[r#"42["echo",1]"#]]);
}

#[test]
fn what_several_are_is_written_at_once_when_others_had_their_turn() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    rig.send(&[r#"42["echo",1]"#, r#"42["echo",2]"#, r#"42["echo",3]"#]);
    assert!(rig.turn(), "it is to go on by itself");
    assert_eq!(rig.written(), [[""; 0]; 0]);
    // What others say meanwhile goes with it, and what is volatile is not refused for it.
    server.namespace("/").volatile().emit("news", &4).expect("it has a JSON");
    server.namespace("/").emit("news", &5).expect("it has a JSON");
    assert!(!rig.turn());
    let all = [
        r#"42["echo",1]"#,
        r#"42["echo",2]"#,
        r#"42["echo",3]"#,
        r#"42["news",4]"#,
        r#"42["news",5]"#,
    ];
    assert_eq!(rig.written(), [all]);
}

#[test]
fn it_waits_for_one_turn_of_others_whatever_comes_then() {
    let mut rig = Rig::joined(&echoing());
    rig.send(&[r#"42["echo",6]"#, r#"42["echo",7]"#]);
    assert!(rig.turn());
    rig.send(&[r#"42["echo",8]"#, r#"42["echo",9]"#]);
    assert!(!rig.turn());
    let all = [6, 7, 8, 9].map(|n| format!(r#"42["echo",{n}]"#));
    assert_eq!(rig.written(), [all]);
}

#[test]
fn what_others_say_is_written_at_once_if_nothing_was_heard() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    server.namespace("/").emit("news", &1).expect("it has a JSON");
    assert!(!rig.turn());
    assert_eq!(rig.written(), [[r#"42["news",1]"#]]);
}

#[test]
fn who_only_writes_asks_nobody_for_the_time() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    let asked = rig.task.ground.runtime.asked();
    for n in [1, 2] {
        server.namespace("/").emit("news", &n).expect("it has a JSON");
    }
    assert!(!rig.turn());
    assert_eq!(rig.written(), [[r#"42["news",1]"#, r#"42["news",2]"#]]);
    assert_eq!(rig.task.ground.runtime.asked(), asked);
}

#[test]
fn what_is_to_be_written_does_not_hide_that_it_is_time() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    server.namespace("/").emit("news", &1).expect("it has a JSON");
    rig.task.ground.runtime.advance(Duration::from_secs(25));
    while rig.turn() {}
    let mut written = rig.written().concat();
    written.sort_unstable();
    assert_eq!(written, ["2", r#"42["news",1]"#], "a ping is due");
}

#[test]
fn what_is_more_than_one_frame_is_whole_and_in_its_place() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    let news = server.namespace("/");
    news.emit("news", &1).expect("it has a JSON");
    news.emit("news", &bytes::Bytes::from_static(&[7])).expect("it has a JSON");
    news.emit("news", &2).expect("it has a JSON");
    while rig.turn() {}
    let written = rig.wire.0.lock().written.concat();
    let text = |text: &str| [&[0x81, text.len() as u8], text.as_bytes()].concat();
    let first = text(r#"42["news",1]"#);
    let second = text(r#"451-["news",{"_placeholder":true,"num":0}]"#);
    let last = text(r#"42["news",2]"#);
    assert_eq!(written, [first, second, vec![0x82, 1, 7], last].concat());
}

#[test]
fn what_is_much_does_not_wait() {
    let server = Server::new();
    let much = "x".repeat(70_000);
    server.namespace("/").on("much", async move |socket: Socket, (): ()| {
        let answer = much;
        socket.emit("much", &answer)
    });
    let mut rig = Rig::joined(&server);
    rig.send(&[r#"42["much"]"#]);
    rig.turn();
    rig.wire.0.lock().written.clear();
    rig.send(&[r#"42["much"]"#, r#"42["none"]"#]);
    assert!(!rig.turn());
    assert!(!rig.written().is_empty());
}

#[test]
fn who_takes_nothing_gets_nothing_that_is_volatile_however_much_it_sends() {
    let server = echoing();
    let mut rig = Rig::joined(&server);
    rig.wire.0.lock().full = true;
    rig.send(&[r#"42["echo",1]"#]);
    while rig.turn() {}
    rig.send(&[r#"42["echo",2]"#, r#"42["echo",3]"#]);
    assert!(!rig.turn());
    server.namespace("/").volatile().emit("news", &4).expect("it has a JSON");
    rig.wire.0.lock().full = false;
    rig.turn();
    let all = [1, 2, 3].map(|n| format!(r#"42["echo",{n}]"#));
    assert_eq!(rig.written().concat(), all);
}

#[test]
fn what_a_client_that_goes_is_told_is_written_before_its_end() {
    let server = echoing();
    server.namespace("/").on("bye", async |socket: Socket, (): ()| socket.disconnect_all());
    let mut rig = Rig::joined(&server);
    rig.send(&[r#"42["echo",1]"#, r#"42["bye"]"#]);
    rig.end();
    // It leaves with the goodbye, which is another task's.
    rig.task.ground.runtime.run();
    assert_eq!(rig.written().concat(), [r#"42["echo",1]"#, "41"]);
}

#[test]
fn who_is_being_ended_elsewhere_is_told_before_the_connection_closes() {
    let server = Server::new();
    let meeting = Arc::new(Barrier::new(2));
    server.namespace("/").on_disconnecting({
        let meeting = meeting.clone();
        async move |_: Socket, _| {
            meeting.wait();
            meeting.wait();
        }
    });
    let mut rig = Rig::joined(&server);
    let [socket] = &server.namespace("/").everybody().sockets()[..] else {
        panic!("one is connected")
    };
    let elsewhere = thread::spawn({
        let socket = socket.clone();
        move || socket.disconnect()
    });
    meeting.wait();
    socket.disconnect_all();
    rig.end();
    rig.task.ground.runtime.run();
    assert_eq!(rig.written().concat(), ["41"]);
    meeting.wait();
    elsewhere.join().expect("it ends as always");
}

#[test]
fn what_arrives_beside_frames_is_not_forgotten() {
    let mut rig = Rig::joined(&echoing());
    assert!(rig.task.inbox.push(Arrival::Cut).is_ok());
    rig.send(&[r#"42["echo",1]"#, r#"42["echo",2]"#]);
    rig.end();
}

#[test]
fn an_order_comes_before_what_the_client_says_meanwhile() {
    let server = Server::new();
    let heard = Arc::new(AtomicBool::new(false));
    server.namespace("/").on("late", {
        let heard = heard.clone();
        async move |_: Socket, (): ()| heard.store(true, Ordering::SeqCst)
    });
    let mut rig = Rig::joined(&server);
    // More than a mailbox takes: it is to be closed.
    let much = "x".repeat(100_000);
    while !rig.task.client.begin_turn() {
        server.namespace("/").emit("much", &much).expect("it has a JSON");
    }
    rig.send(&[r#"42["late"]"#, r#"42["late"]"#]);
    rig.end();
    assert!(!heard.load(Ordering::SeqCst), "a slow consumer is heard no more");
}

#[test]
fn a_handler_that_is_removed_while_a_turn_waits_is_freed_at_once() {
    let (server, held) = (Server::new(), Arc::new(()));
    server.namespace("/").on("echo", {
        let held = held.clone();
        async move |socket: Socket, n: u32| {
            drop(held);
            socket.emit("echo", &n)
        }
    });
    let mut rig = Rig::joined(&server);
    rig.send(&[r#"42["echo",1]"#, r#"42["echo",2]"#]);
    assert!(rig.turn());
    server.namespace("/").off("echo");
    assert_eq!(Arc::strong_count(&held), 1);
}

/// Behind the 56 bytes that tokio has before a task, each of these begins where a line of the cache does.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_every_turn_looks_at_is_on_few_lines() {
    use std::mem::offset_of;

    type Served = Task<ByHand, SocketIo>;
    let lines = [
        offset_of!(Served, waker),
        offset_of!(Served, websocket),
        // Two lines on: of those of the WebSocket, writing needs the first.
        offset_of!(Served, client),
    ];
    assert_eq!(lines.map(|offset| (offset - 8) / 64), [0, 1, 4]);
    assert_eq!(lines.map(|offset| (offset - 8) % 64), [0; 3]);
}
