//! What clients and the application do.

use klatch_driver::{Namespace, Socket};

use super::ledger::Room;
use super::person::{Person, Seat, Stage, namespace};
use super::server::{Book, MS, Manner, ROOMS, Served, broadcast, kick, numbered, poll};
use super::trouble::Trouble;

fn room(stage: &Stage<'_>) -> u8 {
    stage.below(ROOMS.into()) as u8
}

fn rooms(stage: &Stage<'_>, most: usize) -> Vec<u8> {
    (0..stage.below(most + 1)).map(|_| room(stage)).collect()
}

fn manner(stage: &Stage<'_>) -> Manner {
    let attachments = if stage.one_in(6) { 1 + stage.below(3) as u8 } else { 0 };
    let bytes = if stage.one_in(50) { 6_000 } else { stage.below(40) as u16 };
    Manner { volatile: stage.one_in(8), attachments, bytes }
}

/// Somebody does something, if it is in.
pub(crate) fn act(person: &mut Person, stage: &mut Stage<'_>) {
    if person.is_away() {
        return;
    }
    let nth = stage.below(person.seats.len());
    if !person.seats[nth].is_in() {
        return;
    }
    match stage.below(200) {
        0..4 => person.join(stage, namespace(stage)),
        4..7 => {
            stage.ledger.lock().befall(person.life, Trouble::Left);
            stage.tally.disconnects += 1;
            let seat = &mut person.seats[nth];
            seat.is_left = true;
            seat.client.disconnect();
        }
        7 => {
            stage.ledger.lock().befall(person.life, Trouble::Kicked);
            stage.tally.mischief += 1;
            let seat = &mut person.seats[nth];
            let by = seat.stamp();
            seat.client.emit("panic", &(by, ()));
        }
        _ => speak(&mut person.seats[nth], stage),
    }
}

fn speak(seat: &mut Seat, stage: &mut Stage<'_>) {
    match stage.below(100) {
        0..22 => {
            stage.tally.joins += 1;
            let (by, room) = (seat.stamp(), room(stage));
            seat.client.emit("join", &(by, room));
        }
        22..34 => {
            stage.tally.leaves += 1;
            let (by, room) = (seat.stamp(), room(stage));
            seat.client.emit("leave", &(by, room));
        }
        34 => {
            stage.tally.leaves += 1;
            let by = seat.stamp();
            seat.client.emit("leave all", &(by, ()));
        }
        35..50 => {
            stage.tally.questions += 1;
            let (by, number) = (seat.stamp(), stage.below(1_000) as u64);
            let question = seat.client.ask_later("ask", &(by, number));
            seat.awaits(question, number + 1);
        }
        50..54 => {
            stage.tally.questions += 1;
            let (by, room) = (seat.stamp(), room(stage));
            seat.client.emit("poll", &(by, room));
        }
        54 => {
            stage.tally.joins += 1;
            let (by, room) = (seat.stamp(), room(stage));
            seat.client.emit("dawdle", &(by, room));
        }
        // No handler has arguments of this type, and nobody is harmed by it.
        55 => {
            stage.tally.mischief += 1;
            seat.client.emit("join", "nonsense");
        }
        56 if stage.one_in(20) => {
            stage.tally.mischief += 1;
            let (by, room) = (seat.stamp(), room(stage));
            seat.client.emit("clear", &(by, room));
        }
        _ => {
            stage.tally.emits += 1;
            // To everybody is much: to some rooms mostly.
            let to = if stage.one_in(30) { Vec::new() } else { rooms_of_some(stage) };
            let (by, except) =
                (seat.stamp(), if stage.one_in(3) { rooms(stage, 2) } else { Vec::new() });
            seat.client.emit("say", &(by, (to, except, manner(stage))));
        }
    }
}

/// One room at least.
fn rooms_of_some(stage: &Stage<'_>) -> Vec<u8> {
    let mut some = rooms(stage, 2);
    some.push(room(stage));
    some
}

/// Somebody who is connected.
fn somebody(stage: &Stage<'_>, served: &Served) -> Option<Socket> {
    let mut ledger = stage.ledger.lock();
    let (namespace, id) = ledger.somebody(|count| stage.below(count))?;
    let namespace = served.server.find_namespace(namespace);
    let socket = namespace.and_then(|namespace| namespace.socket(id));
    if socket.is_none() {
        ledger.violate(format!("{id} is in, and the server does not know it"));
    }
    socket
}

/// A namespace in which there may be somebody.
fn somewhere(stage: &Stage<'_>, served: &Served) -> Namespace {
    let all = served.server.namespaces();
    all[stage.below(all.len())].clone()
}

/// The application does something by itself.
pub(crate) fn serve(served: &Served, book: &Book, stage: &mut Stage<'_>) {
    match stage.below(100) {
        0..40 => {
            stage.tally.emits += 1;
            let all = somewhere(stage, served);
            let to = numbered(&rooms_of_some(stage));
            let to = (!stage.one_in(10)).then_some(&to[..]);
            let except = if stage.one_in(3) { numbered(&rooms(stage, 2)) } else { Vec::new() };
            let manner = manner(stage);
            broadcast(stage.ledger, all.name(), all.everybody(), None, to, &except, manner);
        }
        40..65 => to_one(served, stage),
        65..80 => in_bulk(served, stage),
        80..88 => {
            stage.tally.questions += 1;
            let (all, book) = (somewhere(stage, served), book.clone());
            let room = Room::Numbered(room(stage));
            let asked = all.to(room.name());
            klatch_driver::Runtime::spawn(&stage.sim.runtime(), async move {
                poll(&book.ledger, all.name(), asked, None, &[room]).await;
            });
        }
        88..92 => to_all_children(served, stage),
        92..94 => throw_out(served, stage),
        _ => fetch(served, stage),
    }
}

fn to_one(served: &Served, stage: &mut Stage<'_>) {
    let Some(socket) = somebody(stage, served) else { return };
    stage.tally.emits += 1;
    let (namespace, manner) = (socket.namespace(), manner(stage));
    let own = [Room::Of(socket.id())];
    broadcast(stage.ledger, namespace.name(), namespace.everybody(), None, Some(&own), &[], manner);
}

/// Everybody in one room joins another, or leaves it.
fn in_bulk(served: &Served, stage: &mut Stage<'_>) {
    let all = somewhere(stage, served);
    let (here, there) = (Room::Numbered(room(stage)), Room::Numbered(room(stage)));
    let meant = {
        let mut ledger = stage.ledger.lock();
        let meant = ledger.reach(all.name(), None, Some(&[here]), &[]);
        ledger.connected_of(all.name(), &meant)
    };
    let is_join = stage.one_in(2);
    if is_join {
        stage.tally.joins += 1;
        all.to(here.name()).sockets_join(there.name()).expect("there is room");
    } else {
        stage.tally.leaves += 1;
        all.to(here.name()).sockets_leave(there.name());
    }
    let mut ledger = stage.ledger.lock();
    for id in meant {
        if is_join {
            ledger.join(all.name(), id, there);
        } else {
            ledger.leave(all.name(), id, there);
        }
    }
}

/// One message for everybody in all namespaces of the parent.
fn to_all_children(served: &Served, stage: &mut Stage<'_>) {
    stage.tally.emits += 1;
    let manner = Manner { volatile: false, attachments: 0, bytes: 5 };
    let children = served.parent.children();
    let names: Vec<_> = children.iter().map(|child| child.name().to_owned()).collect();
    let number = stage.ledger.lock().send_to_all(&names, manner.bytes.into());
    let content = super::server::content(number, manner);
    served.parent.emit("said", &(number, manner, content)).expect("it can be encoded");
}

fn throw_out(served: &Served, stage: &mut Stage<'_>) {
    let Some(socket) = somebody(stage, served) else { return };
    stage.tally.mischief += 1;
    let life = stage.ledger.lock().life_of(socket.namespace().name(), socket.id());
    if let Some(life) = life {
        stage.ledger.lock().befall(life, Trouble::Kicked);
    }
    match stage.below(12) {
        0 => {
            let all = socket.namespace();
            let room = Room::Numbered(room(stage));
            kick(stage.ledger, all.name(), None, Some(&[room]));
            all.to(room.name()).disconnect();
        }
        1..4 => socket.disconnect_all(),
        _ => socket.disconnect(),
    }
}

/// Who is fetched is who would be reached.
fn fetch(served: &Served, stage: &mut Stage<'_>) {
    let all = somewhere(stage, served);
    let room = Room::Numbered(room(stage));
    let mut found: Vec<_> = all.to(room.name()).sockets().iter().map(Socket::id).collect();
    found.sort_unstable();
    let mut ledger = stage.ledger.lock();
    let meant = ledger.reach(all.name(), None, Some(&[room]), &[]);
    let meant = ledger.connected_of(all.name(), &meant);
    if found != meant {
        ledger.violate(format!("{found:?} are in {room:?} of {}, not {meant:?}", all.name()));
    }
}

/// How long until the next thing happens.
pub(crate) fn pause(stage: &Stage<'_>) -> std::time::Duration {
    stage.below(30) as u32 * MS
}
