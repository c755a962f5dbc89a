//! Clients that come, one group after the other, and have to arrive.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use super::fleet::{Fleet, PeerId};
use super::ledger::Ledger;
use super::peer::{News, Way};
use super::words::{self, Heard};
use crate::PATIENCE;

/// Connections that are opened at a time: below the shortest queue that a listener has by default.
const OPENING: usize = 100;

/// How long one turn of waiting takes at most.
pub(crate) const TURN: Duration = Duration::from_millis(50);

/// A client that has come.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) peer: PeerId,
    /// The id of its socket.
    pub(crate) socket: String,
}

/// Opens so many connections, and waits until all are in the namespace.
pub(crate) fn gather(
    fleet: &mut Fleet,
    count: usize,
    way: impl Fn(usize) -> Way,
) -> io::Result<Vec<Guest>> {
    let mut opened = Vec::new();
    let mut sockets = BTreeMap::new();
    let end = Instant::now() + PATIENCE + PATIENCE;
    while sockets.len() < count {
        while opened.len() < count.min(sockets.len() + OPENING) {
            opened.push(fleet.open(way(opened.len()))?);
        }
        if Instant::now() > end {
            return Err(io::Error::other(format!("{} of {count} clients came", sockets.len())));
        }
        for (peer, news) in fleet.turn(TURN)? {
            match news {
                News::Joined(socket) => drop(sockets.insert(peer, socket)),
                other => return Err(io::Error::other(format!("a client that comes: {other:?}"))),
            }
        }
    }
    let guest = |peer| sockets.get(&peer).map(|socket| Guest { peer, socket: socket.clone() });
    Ok(opened.into_iter().filter_map(guest).collect())
}

/// Has clients join a room each, and waits until all have.
pub(crate) fn seat(
    fleet: &mut Fleet,
    ledger: &mut Ledger,
    guests: &[Guest],
    room: impl Fn(usize) -> usize,
) -> io::Result<()> {
    let rooms: BTreeMap<PeerId, usize> =
        guests.iter().enumerate().map(|(at, guest)| (guest.peer, room(at))).collect();
    for (peer, room) in &rooms {
        ledger.joins(*peer, *room);
        fleet.say(*peer, &words::join(0, *room))?;
    }
    let mut seated = 0;
    let end = Instant::now() + PATIENCE;
    while seated < rooms.len() {
        if Instant::now() > end {
            return Err(io::Error::other(format!("{seated} of {} clients joined", rooms.len())));
        }
        for (peer, news) in fleet.turn(TURN)? {
            let answered = match &news {
                News::Packet(packet) => words::read(packet),
                _ => None,
            };
            match (answered, rooms.get(&peer)) {
                (Some(Heard::Answer { ack: 0, well: true }), Some(room)) => {
                    ledger.joined(peer, *room);
                    seated += 1;
                }
                _ => return Err(io::Error::other(format!("a client that joins: {news:?}"))),
            }
        }
    }
    Ok(())
}
