//! A client in its task, without a task: what the task does, step by step.

mod desk;

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use klatch_core::Config;
use klatch_core::engine::Frame;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};

use super::*;
use crate::application::Application as _;
use crate::desk::pass_on;
use crate::namespace::Namespace;
use crate::recovery::Recovery;
use crate::runtime::by_hand::ByHand;
use crate::server::Server;

/// Waits until it is polled again.
async fn once_more() {
    let mut was_polled = false;
    poll_fn(
        |_| if std::mem::replace(&mut was_polled, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

/// What handlers write down.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn write(&self, note: &impl ToString) {
        self.0.lock().push(note.to_string());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }

    /// Writes down what becomes of sockets.
    fn of(namespace: &Namespace) -> Self {
        let notes = Self::default();
        let writer = notes.clone();
        namespace.on_disconnect(async move |_: Socket, reason: CloseReason| writer.write(&reason));
        let writer = notes.clone();
        namespace.on("event", async move |_: Socket, text: String| writer.write(&text.len()));
        notes
    }
}

fn text(next: Next) -> String {
    match next {
        Next::Packet(packet) => {
            String::from_utf8(packet.text().to_vec()).expect("packets are text")
        }
        Next::Transmit(Transmit::Frame(Frame::Text(text))) => {
            String::from_utf8(text.into()).expect("packets are text")
        }
        other @ Next::Transmit(_) => format!("{other:?}"),
    }
}

/// A WebSocket client. Without a runtime its handlers run where they are called: none of them awaits
/// anything.
struct Rig {
    client: SocketIo,
    /// What was to leave before all else, and is not written yet.
    said: Vec<String>,
}

impl Rig {
    fn new(server: &Server) -> Self {
        let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
        let sid = Sid::from_entropy([0; 15]);
        let client = server.client(sid, Transport::WebSocket, handshake, Timestamp::ZERO);
        Self { client, said: Vec::new() }
    }

    /// A turn in which these frames are read; what it writes.
    fn turn(&mut self, frames: &[&str]) -> Vec<String> {
        for frame in frames {
            self.read(frame);
        }
        self.write()
    }

    fn read(&mut self, frame: &str) {
        match self.client.hear(frame.as_bytes(), true) {
            Heard::Answered => {
                pass_on(|said| self.said.push(String::from_utf8_lossy(said).into_owned()));
            }
            Heard::Silently => {}
            Heard::Not => {
                let frame = Frame::Text(frame.as_bytes().to_vec().into());
                self.client.receive(Timestamp::ZERO, frame);
            }
        }
    }

    fn write(&mut self) -> Vec<String> {
        let now = Timestamp::ZERO;
        self.client.take_orders(now);
        self.client.take_events(now);
        let said = std::mem::take(&mut self.said);
        let rest = std::iter::from_fn(|| self.client.next_transmit(now)).map(text);
        said.into_iter().chain(rest).collect()
    }

    /// Ends a turn; `false` if there is to be another one.
    fn rests(&mut self) -> bool {
        let readiness = self.client.readiness();
        self.client.settle(readiness, Waker::noop())
    }

    /// The connection is gone.
    fn lose(&mut self) {
        self.client.handle(Timestamp::ZERO, Input::WebSocketClosed);
        self.client.take_events(Timestamp::ZERO);
    }
}

#[test]
fn a_client_that_is_put_out_may_be_back_before_the_next_turn_looks_for_orders() {
    let server = Server::new();
    let namespace = server.namespace("/");
    namespace.on("put me out", async |socket: Socket, (): ()| socket.disconnect());
    let mut rig = Rig::new(&server);
    let first = rig.turn(&["40"]);
    assert!(first[0].starts_with("0{") && first[1].starts_with("40{"), "{first:?}");
    assert_eq!(rig.turn(&[r#"42["put me out"]"#]), ["41"]);
    let again = rig.turn(&["40"]);
    assert!(again[0].starts_with("40{"), "{again:?}");
    assert_ne!(again[0], first[1]);
    assert_eq!(namespace.len(), 1);
}

#[test]
fn a_verdict_that_comes_while_another_is_acted_on_is_not_slept_through() {
    let server = Server::new();
    let hand = ByHand::serving(&server);
    for name in ["/first", "/second"] {
        server.namespace(name).middleware(async |_: Socket| {
            once_more().await;
            Ok(())
        });
    }
    let mut rig = Rig::new(&server);
    // The second is asked for first, and comes to no end before the first one is in.
    rig.turn(&["40/second,"]);
    let others = std::mem::take(&mut *hand.tasks.lock());
    rig.turn(&["40/first,"]);
    assert!(rig.rests(), "nothing is decided");
    hand.run();
    let (others, elsewhere) = (Mutex::new(Some(others)), hand.clone());
    let others = Arc::new(others);
    server.namespace("/first").on_connect(async move |_: Socket| {
        // What another thread does at this moment.
        elsewhere.tasks.lock().extend(others.lock().take().into_iter().flatten());
        elsewhere.run();
    });
    let first = rig.turn(&[]);
    assert!(first.len() == 1 && first[0].starts_with("40/first,"), "{first:?}");
    assert!(!rig.rests(), "the second one is decided, too");
    let second = rig.turn(&[]);
    assert!(second.len() == 1 && second[0].starts_with("40/second,"), "{second:?}");
    assert!(rig.rests());
}

#[test]
fn what_a_client_did_that_does_not_read_is_handled_when_it_is_gone() {
    let server = Server::builder().soft_mark(0).build().expect("it is valid");
    let namespace = server.namespace("/");
    let notes = Notes::of(&namespace);
    let mut rig = Rig::new(&server);
    rig.turn(&["40"]);
    rig.rests();
    namespace.emit("unread", &()).expect("it is JSON");
    rig.read(r#"42["event","abc"]"#);
    assert_eq!(notes.take(), [""; 0], "it is to read first");
    rig.lose();
    assert_eq!(notes.take(), ["3", "transport close"]);
    assert!(rig.client.is_finished() && namespace.is_empty());
}

#[test]
fn who_reads_again_is_not_closed_for_what_waited_meanwhile() {
    let config = Config::new().max_payload(1_000);
    let server = Server::builder().config(config).soft_mark(0).build().expect("it is valid");
    let hand = ByHand::serving(&server);
    let namespace = server.namespace("/");
    let notes = Notes::of(&namespace);
    namespace.event_middleware(async |_: Socket, _, _: Payload| {
        once_more().await;
        Ok(())
    });
    let mut rig = Rig::new(&server);
    rig.turn(&["40"]);
    rig.rests();
    namespace.emit("unread", &()).expect("it is JSON");
    for length in [10, 900] {
        assert!(!rig.client.is_paused(false));
        rig.read(&format!(r#"42["event","{}"]"#, "x".repeat(length)));
    }
    assert!(rig.client.is_paused(false), "enough waits");
    assert_eq!(rig.turn(&[]), [r#"42["unread"]"#]);
    assert!(!rig.rests(), "what waited may go on");
    for _ in 0..3 {
        assert_eq!(rig.turn(&[]), [""; 0]);
        hand.run();
    }
    assert_eq!(notes.take(), ["10", "900"]);
    assert!(!rig.client.is_closed() && !rig.client.is_paused(true));
}

#[test]
fn a_hook_that_disconnects_the_socket_is_the_last_to_see_its_event() {
    let server = Server::new();
    let namespace = server.namespace("/");
    let notes = Notes::of(&namespace);
    namespace.on_any(|socket, _, _| socket.disconnect());
    let mut rig = Rig::new(&server);
    rig.turn(&["40"]);
    assert_eq!(rig.turn(&[r#"42["event","abc"]"#]), ["41"]);
    assert_eq!(notes.take(), ["server namespace disconnect"]);
    let writer = notes.clone();
    namespace.event_middleware(async move |_: Socket, _, _: Payload| {
        writer.write(&"a middleware");
        Ok(())
    });
    rig.turn(&["40"]);
    assert_eq!(rig.turn(&[r#"42["event","abc"]"#]), ["41"]);
    assert_eq!(notes.take(), ["server namespace disconnect"]);
}

#[test]
fn a_child_that_ended_keeps_nothing_that_its_handlers_captured() {
    let server = Server::new();
    server.namespaces_matching("^/").expect("a pattern");
    let held = Arc::new(());
    let for_children = held.clone();
    let notes = Notes::default();
    let writer = notes.clone();
    server.on_new_namespace(move |namespace| {
        let captured = (namespace.clone(), for_children.clone());
        namespace.on("event", async move |_: Socket, (): ()| {
            let (namespace, _held) = captured;
            namespace.emit("event", &())
        });
        let (captured, writer) = (namespace.clone(), writer.clone());
        namespace.on_disconnect(async move |_: Socket, _: CloseReason| {
            writer.write(&captured.is_closed());
        });
    });
    let mut rig = Rig::new(&server);
    rig.turn(&["40/x,", r#"42/x,["event"]"#, "41/x,"]);
    assert_eq!(Arc::strong_count(&held), 2, "that of the hook, and this one");
    rig.turn(&["40/x,"]);
    server.namespace("/x").close();
    assert_eq!(Arc::strong_count(&held), 2);
    server.namespace("/empty").close();
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!(notes.take(), ["true", "true"], "each was told");
}

/// What an application keeps with a socket, whose end is its own code.
struct Kept(Namespace);

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.len();
    }
}

#[test]
fn what_was_kept_with_a_socket_that_is_lost_may_look_back_as_it_goes() {
    in_time(|| {
        let server = Server::builder().recovery(Recovery::new()).build().expect("it is valid");
        let namespace = server.namespace("/");
        namespace.on_connect(async |socket: Socket| socket.set_data(Kept(socket.namespace())));
        let mut rig = Rig::new(&server);
        rig.turn(&["40"]);
        rig.lose();
        namespace.close();
    });
}

#[test]
fn what_was_kept_with_a_socket_that_is_back_may_look_back_when_it_is_replaced() {
    in_time(|| {
        let server = Server::builder().recovery(Recovery::new()).build().expect("it is valid");
        let namespace = server.namespace("/");
        namespace.middleware(async |socket: Socket| {
            socket.set_data(Kept(socket.namespace()));
            Ok(())
        });
        let mut rig = Rig::new(&server);
        let welcome = rig.turn(&["40"]).pop().expect("it is let in");
        rig.lose();
        drop(rig);
        let claim: String = welcome.chars().skip_while(|&c| c != ',').skip(1).collect();
        let again = Rig::new(&server).turn(&[&format!("40{{{claim}")]);
        assert_eq!(again.last(), Some(&welcome), "it is who it was");
        namespace.close();
    });
}

#[test]
fn who_is_back_while_handlers_hear_of_its_loss_is_who_it_was() {
    let server = Server::builder().recovery(Recovery::new()).build().expect("it is valid");
    let namespace = server.namespace("/");
    let mut rig = Rig::new(&server);
    let welcome = rig.turn(&["40"]).pop().expect("it is let in");
    let claim: String = welcome.chars().skip_while(|&c| c != ',').skip(1).collect();
    let back = Arc::new(Mutex::new(Rig::new(&server)));
    let (elsewhere, notes) = (back.clone(), Notes::default());
    let writer = notes.clone();
    namespace.on_disconnecting(async move |_: Socket, _: CloseReason| {
        // What another thread does at this moment.
        let written = elsewhere.lock().turn(&[&format!("40{{{claim}")]);
        writer.write(&written.len());
    });
    let writer = notes.clone();
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| writer.write(&"disconnect"));
    let writer = notes.clone();
    namespace.on_connect(async move |socket: Socket| writer.write(&socket.recovered()));
    rig.lose();
    assert_eq!(notes.take(), ["1", "disconnect"], "a handshake is all that it has yet");
    let mut back = back.lock();
    assert!(!back.rests(), "it is told");
    assert_eq!(back.turn(&[]), [welcome]);
    assert_eq!(notes.take(), ["true"]);
    assert_eq!(namespace.len(), 1);
}

#[test]
fn what_was_missed_in_several_namespaces_leaves_room_for_what_comes() {
    let config = Config::new().max_payload(1000);
    let builder = Server::builder().config(config).recovery(Recovery::new());
    let server = builder.mailbox_budget(8192).build().expect("it is valid");
    let namespaces = ["/", "/a", "/b"].map(|name| server.namespace(name));
    let notes = namespaces.each_ref().map(Notes::of);
    let mut rig = Rig::new(&server);
    let welcomes = rig.turn(&["40", "40/a,", "40/b,"]).split_off(1);
    rig.lose();
    for namespace in &namespaces {
        for _ in 0..3 {
            namespace.emit("event", &"x".repeat(1000)).expect("it is JSON");
        }
    }
    let mut back = Rig::new(&server);
    for claim in &welcomes {
        back.read(claim);
    }
    for namespace in &namespaces {
        namespace.emit("event", "new").expect("it is JSON");
    }
    let written = back.write().split_off(1);
    assert_eq!(written.len(), 3 + 3 + 3, "{written:?}");
    assert!(written.contains(&welcomes[0]), "what fits in half of its mailbox is made up for");
    assert!(!written.contains(&welcomes[1]) && !written.contains(&welcomes[2]));
    assert_eq!(notes.map(|notes| notes.take()), [["transport close"]; 3]);
    for namespace in &namespaces {
        namespace.close();
    }
}

/// In a thread, so that a lock which is held over what the application does fails the test and does
/// not stop it.
fn in_time(act: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        act();
        done.send(()).expect("the test waits");
    });
    is_done.recv_timeout(Duration::from_secs(20)).expect("no deadlock");
}

/// What every turn looks at of the machine are its first 120 bytes: they end with the third line. Where the
/// first begins, a test of the task's says.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_every_turn_looks_at_is_on_three_lines() {
    assert_eq!(std::mem::offset_of!(SocketIo, machine) + 120, 3 * 64);
}
