//! Threads beside the runtime's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::thread;

use futures::future::join_all;
use klatch_core::{Args, CloseReason, Config, RoomEvent, SocketId, Value};
use parking_lot::Mutex;

use super::ends::watch;
use super::order::Random;
use crate::conformance::bed::{Bed, in_thread};
use crate::conformance::client::Client;
use crate::server::Server;
use crate::socket::Socket;

pub(crate) async fn another_thread_disconnects_the_socket_while_it_connects(bed: &Bed) {
    let mut watched = watch(bed, Config::new()).await;
    let pen = watched.pen.clone();
    watched.namespace.on_connect(async move |socket: Socket| {
        socket.join("room").expect("the name is short");
        let others = socket.namespace();
        thread::spawn(move || others.everybody().disconnect()).join().expect("it does not fail");
        pen.write("connect");
    });
    let mut client = Client::connected(watched.address).await;
    client.expect(&["41"]).await;
    watched.log.expect(&["connect"]).await;
    watched.ended("server namespace disconnect").await;
}

pub(crate) async fn everybody_ends_a_socket_at_once_and_it_ends_once(bed: &Bed) {
    let mut watched = watch(bed, Config::new()).await;
    for _ in 0..50 {
        let mut client = Client::connected(watched.address).await;
        let (start, is_time) = mpsc::channel::<()>();
        let everybody = watched.namespace.everybody();
        let ending = in_thread(move || {
            // Ends when the sender is dropped.
            let _ = is_time.recv();
            everybody.disconnect();
        });
        client.send("42[\"end\"]").await;
        drop(start);
        drop(client);
        bed.soon("the end of the thread", ending).await.expect("no panic");
        let before = watched.log.next().await;
        assert!(before.starts_with("disconnecting") && before.ends_with("1 own, 1 other"));
        let after = watched.log.next().await;
        assert!(after.starts_with("disconnect:") && after.ends_with("0 own, 0 other"));
    }
    bed.close(&watched.server).await;
    assert_eq!(watched.log.rest(), [""; 0]);
    assert!(watched.namespace.is_empty());
}

pub(crate) async fn a_late_farewell_is_not_for_the_socket_that_comes_next(bed: &Bed) {
    let mut watched = watch(bed, Config::new()).await;
    let (over, is_over) = mpsc::channel::<()>();
    let is_over = Arc::new(Mutex::new(is_over));
    let pen = watched.pen.clone();
    watched.namespace.on_disconnecting(async move |_: Socket, _: CloseReason| {
        pen.write("disconnecting");
        // Ends when the sender is dropped.
        let _ = is_over.lock().recv();
    });
    watched.namespace.on("event", async |_: Socket, (): ()| ());
    let mut client = Client::connected(watched.address).await;
    let socket = watched.namespace.sockets().remove(0);
    let ending = in_thread(move || socket.disconnect());
    watched.log.expect(&["disconnecting"]).await;
    client.send("41").await;
    client.send("40").await;
    client.accepted("").await;
    drop(over);
    bed.soon("the end of the thread", ending).await.expect("no panic");
    client.send("420[\"event\"]").await;
    client.expect(&["430[]"]).await;
}

pub(crate) async fn the_rooms_to_join_may_be_looked_up_while_joining(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let _client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let joining = in_thread(move || {
        let new = ["a", "b"].into_iter().filter(|room| !socket.is_in(room));
        socket.join(new).expect("the names are short");
        socket.rooms().len()
    });
    assert_eq!(bed.soon("the end of the lock", joining).await, Ok(3));
}

/// Joins and leaves at random.
fn wander(thread: usize, sockets: &[Socket]) {
    let mut random = Random::of(thread);
    for _ in 0..3_000 {
        let socket = &sockets[random.below(sockets.len() as u64) as usize];
        let room = ["a", "b", "c"][random.below(3) as usize];
        match random.below(8) {
            0 => socket.leave_all(),
            1 => socket.join([socket.id().as_str(), "a", "c"]).expect("the names are short"),
            2..5 => socket.leave(room),
            _ => socket.join(room).expect("the name is short"),
        }
    }
}

/// Who is where, by what was told: each event must make sense where it stands.
fn replay(events: &[RoomEvent]) -> BTreeMap<String, BTreeSet<SocketId>> {
    let mut rooms = BTreeMap::new();
    for (nth, event) in events.iter().enumerate() {
        let makes_sense = match event {
            RoomEvent::Created { room } => {
                rooms.insert(room.to_string(), BTreeSet::new()).is_none()
            }
            RoomEvent::Joined { room, socket } => {
                rooms.get_mut(&**room).is_some_and(|members| members.insert(*socket))
            }
            RoomEvent::Left { room, socket } => {
                rooms.get_mut(&**room).is_some_and(|members| members.remove(socket))
            }
            RoomEvent::Deleted { room } => rooms.remove(&**room) == Some(BTreeSet::new()),
        };
        assert!(makes_sense, "{nth}: {event:?}");
    }
    rooms
}

pub(crate) async fn what_happens_to_rooms_is_told_in_its_order_across_threads(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listing = told.clone();
    namespace.on_room_event(move |_, event| listing.lock().push(event.clone()));
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::connected(running.address).await);
    }
    let sockets = namespace.sockets();
    let threads = (0..3).map(|thread| {
        let sockets = sockets.clone();
        in_thread(move || wander(thread, &sockets))
    });
    let threads: Vec<_> = threads.collect();
    for ended in bed.soon("the end of the threads", join_all(threads)).await {
        ended.expect("nothing fails");
    }
    let mut rooms: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for socket in &sockets {
        for room in socket.rooms() {
            rooms.entry(room).or_default().insert(socket.id());
        }
    }
    let events = told.lock().clone();
    assert!(events.len() > 3_000, "much happened: {}", events.len());
    assert_eq!(replay(&events), rooms);
    namespace.everybody().disconnect();
    let events = told.lock().clone();
    assert_eq!(replay(&events), BTreeMap::new());
}

/// Invariant 28.
pub(crate) async fn attachments_follow_their_packet_whoever_else_sends(bed: &Bed) {
    const PACKETS: usize = 400;
    let (_server, namespace, running) = bed.serve_one().await;
    let mut client = Client::connected(running.address).await;
    let threads = (0..3_usize).map(|thread| {
        let namespace = namespace.clone();
        in_thread(move || {
            let own = namespace.sockets().remove(0);
            for n in 0..PACKETS {
                let binary = |nth: u8| Value::Binary(vec![thread as u8, n as u8, nth].into());
                let args = Args((thread, n, binary(0), [binary(1)]));
                let sent = if n % 2 == 0 {
                    namespace.emit("binary", &args)
                } else {
                    own.emit("binary", &args)
                };
                sent.expect("there is room");
                namespace.emit("text", &Args((thread, n))).expect("there is room");
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    let mut next = [0; 3];
    while next != [2 * PACKETS; 3] {
        let text = client.next().await;
        let (attachments, args) = match text.strip_prefix("452-[\"binary\",") {
            Some(args) => (2, args),
            None => (0, text.strip_prefix("42[\"text\",").expect("nothing else is sent")),
        };
        let mut numbers = args.split([',', ']']).map(str::parse::<usize>);
        let mut number = || numbers.next().and_then(Result::ok).expect("a number");
        let (thread, n) = (number(), number());
        assert_eq!(next[thread], 2 * n + usize::from(attachments == 0), "{text}");
        next[thread] += 1;
        for nth in 0..attachments {
            assert_eq!(client.binary().await, [thread as u8, n as u8, nth], "{text}");
        }
    }
    for ended in bed.soon("the end of the threads", join_all(threads)).await {
        ended.expect("nothing fails");
    }
}

/// A process ends when `serve` returns.
pub(crate) async fn what_was_queued_is_written_before_serve_returns(bed: &Bed) {
    // More than the buffers of the kernel take, so that some of it waits at the end, too.
    const EVENTS: usize = 320;
    let server = Server::builder().mailbox_budget(64 << 20).build().expect("it is valid");
    let namespace = server.namespace("/");
    let running = bed.serve_in_thread(&server).await;
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let large = "x".repeat(50_000);
    for n in 0..EVENTS {
        socket.emit("event", &Args((n, &large))).expect("there is room");
    }
    let closing = bed.spawn(async move { server.close().await });
    assert_eq!(client.rest().await.len(), EVENTS, "all that was queued");
    drop(client);
    bed.soon("the server's end", closing).await.expect("no panic");
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
}
