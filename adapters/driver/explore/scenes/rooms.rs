//! Three threads send, join and leave at once.

use std::sync::Arc;

use klatch_core::SocketId;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::client::Transport;
use super::history::{Audience, History, What};
use super::stage::Stage;
use crate::namespace::Namespace;
use crate::recovery::Recovery;
use crate::server::Server;

const ROOMS: [&str; 2] = ["red", "blue"];
const THREADS: usize = 3;
const ACTS: usize = 4;

/// Whoever joined before something is sent hears it, whoever left before does not; all hear it once,
/// and in one order.
///
/// # Panics
///
/// If they do not.
pub fn three_threads_send_join_and_leave() {
    let recovers = thread_rng().gen_bool(0.5);
    let builder = Server::builder();
    let stage = Stage::new(if recovers { builder.recovery(Recovery::new()) } else { builder });
    let namespace = stage.server.namespace("/");
    let clients = [Transport::WebSocket, Transport::Polling].map(|way| stage.listener(way));
    let sockets = Arc::new(clients.each_ref().map(|(socket, _)| *socket));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (namespace, history) = (namespace.clone(), stage.history.clone());
            let sockets = sockets.clone();
            thread::spawn(move || {
                for nth in 0..ACTS {
                    act(&namespace, &history, &*sockets, &format!("{thread}-{nth}"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let history = stage.history.clone();
    stage.close(clients.map(|(_, ends)| ends));
    history.check();
}

fn act(namespace: &Namespace, history: &History, sockets: &[SocketId], text: &str) {
    let mut lots = thread_rng();
    let id = sockets[lots.gen_range(0..sockets.len())];
    let socket = namespace.socket(id).expect("nobody disconnects");
    let room = ROOMS[lots.gen_range(0..ROOMS.len())];
    let say = |audience| What::Emit(text.to_owned(), audience);
    match lots.gen_range(0..9) {
        0..=2 => history.during(What::Enter(id, room), || socket.join(room).expect("it may")),
        3 => history.during(What::Leave(id, room), || socket.leave(room)),
        4 => {
            let audience = Audience::everybody();
            history.during(say(audience), || namespace.emit("says", text)).expect("it is JSON");
        }
        5 => {
            let audience = Audience { rooms: ROOMS.to_vec(), ..Audience::default() };
            let act = || namespace.to(ROOMS).emit("says", text);
            history.during(say(audience), act).expect("it is JSON");
        }
        6 => {
            let audience = Audience { except: Some(room), ..Audience::everybody() };
            let act = || namespace.except(room).emit("says", text);
            history.during(say(audience), act).expect("it is JSON");
        }
        7 => {
            let audience = Audience { without: Some(id), ..Audience::room(room) };
            let act = || socket.to(room).emit("says", text);
            history.during(say(audience), act).expect("it is JSON");
        }
        _ => {
            let audience = Audience::only(id);
            history.during(say(audience), || socket.emit("says", text)).expect("it is there");
        }
    }
}
