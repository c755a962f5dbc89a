//! What is told in an order: what happens to rooms, and what a client says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use klatch_core::{Payload, RoomEvent, SocketId};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::{Client, Transport};
use super::stage::{Stage, wait};
use crate::server::Server;
use crate::socket::Socket;

const ROOMS: [&str; 2] = ["red", "blue"];

/// What happens to rooms is told as it happens, by whichever thread, and all of it is told.
///
/// # Panics
///
/// If it is not.
pub fn rooms_change_on_three_threads_and_are_told_of_in_order() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    let (socket, ends) = stage.listener(Transport::WebSocket);
    let told = Arc::new(Mutex::new(Vec::new()));
    let writer = told.clone();
    namespace.on_room_event(move |_, event| {
        // Others go on meanwhile, and have something to tell.
        thread::yield_now();
        writer.lock().expect("nobody panics with it").push(event.clone());
    });
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let socket = namespace.socket(socket).expect("it is in");
            thread::spawn(move || {
                for _ in 0..3 {
                    let room = ROOMS[thread_rng().gen_range(0..ROOMS.len())];
                    match thread_rng().gen_range(0..2) {
                        0 => socket.join(room).expect("it may"),
                        _ => socket.leave(room),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let rooms = rooms_of(&told.lock().expect("nobody panics with it"));
    let known: BTreeSet<_> = namespace.rooms().into_iter().collect();
    let told_of = rooms.into_keys().collect::<BTreeSet<_>>();
    assert_eq!(told_of, known, "something is not told");
    stage.close([ends]);
}

/// Who is where after all that was told, each of which must be possible then.
fn rooms_of(told: &[RoomEvent]) -> BTreeMap<String, BTreeSet<SocketId>> {
    let mut rooms: BTreeMap<String, BTreeSet<SocketId>> = BTreeMap::new();
    for event in told {
        let is_possible = match event {
            RoomEvent::Created { room } => {
                rooms.insert(room.to_string(), BTreeSet::new()).is_none()
            }
            RoomEvent::Joined { room, socket } => {
                rooms.get_mut(&**room).is_some_and(|members| members.insert(*socket))
            }
            RoomEvent::Left { room, socket } => {
                rooms.get_mut(&**room).is_some_and(|members| members.remove(socket))
            }
            RoomEvent::Deleted { room } => {
                rooms.remove(&**room).is_some_and(|members| members.is_empty())
            }
        };
        assert!(is_possible, "{event:?} among {told:?}");
    }
    rooms
}

/// Middlewares come to an end on other threads, and a client's events reach their handlers in the order
/// in which they were sent all the same; it is let in by one as well.
///
/// # Panics
///
/// If they do not.
pub fn middlewares_end_on_other_threads_and_events_keep_their_order() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    namespace.middleware(async |_: Socket| {
        elsewhere().await;
        Ok(())
    });
    namespace.event_middleware(async |_: Socket, _, _: Payload| {
        if thread_rng().gen_bool(0.7) {
            elsewhere().await;
        }
        Ok(())
    });
    let heard = Arc::new(Mutex::new(Vec::new()));
    let writer = heard.clone();
    namespace.on("says", async move |socket: Socket, text: String| {
        let is_last = {
            let mut heard = writer.lock().expect("nobody panics with it");
            heard.push(text);
            heard.len() == 3
        };
        if is_last {
            socket.disconnect_all();
        }
    });
    let endpoint = stage.endpoint.clone();
    let client = shuttle::future::spawn(async move {
        let mut client = Client::open(&endpoint, Transport::WebSocket).await.expect("a place");
        client.send("40").await;
        let welcome = client.next().await.expect("it is let in");
        assert!(welcome.starts_with("40{"), "{welcome}");
        for text in ["one", "two", "three"] {
            client.send(format!(r#"42["says","{text}"]"#)).await;
        }
        while client.next().await.is_some() {}
    });
    wait(client).expect("no client panics");
    assert_eq!(*heard.lock().expect("nobody panics with it"), ["one", "two", "three"]);
    stage.close([]);
}

/// Something that another thread does.
async fn elsewhere() {
    let (done, is_done) = oneshot::channel();
    drop(thread::spawn(move || done.send(())));
    // Nobody drops the sender.
    let _ = is_done.await;
}
