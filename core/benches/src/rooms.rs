//! Joining rooms and leaving them.

use klatch_core::SocketKey;

use crate::crowd::{Crowd, scattered};
use crate::{Case, Work};

/// How many move in one run.
const MOVERS: usize = 1_000;
const BIG: &str = "big";
const MEMBERS: usize = 10_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("rooms", "join a room of one's own", MOVERS, || Movers::alone(Move::Join)),
        Case::new("rooms", "leave a room of one's own", MOVERS, || Movers::alone(Move::Leave)),
        Case::new("rooms", "join a room of 10,000", MOVERS, || Movers::big(Move::Join)),
        Case::new("rooms", "leave a room of 10,000", MOVERS, || Movers::big(Move::Leave)),
    ]
}

#[derive(Clone, Copy)]
enum Move {
    Join,
    Leave,
}

struct Movers {
    crowd: Crowd,
    act: Move,
    /// Who moves, and where to or from.
    moves: Vec<(SocketKey, String)>,
}

impl Movers {
    /// Each in a room that it is alone in: joining makes it, and leaving removes it.
    fn alone(act: Move) -> Self {
        let mut crowd = Crowd::new();
        // There is always a room, as there is on a server: the last one that goes takes the memory along.
        crowd.fill("other", [scattered(MOVERS)]);
        let sockets = &crowd.sockets;
        let moves = (0..MOVERS).map(|n| (sockets[scattered(n)], format!("room {n}"))).collect();
        Self { crowd, act, moves }
    }

    /// All in the same room, which has others, too.
    fn big(act: Move) -> Self {
        let mut crowd = Crowd::new();
        crowd.fill(BIG, (0..MEMBERS).map(scattered));
        let sockets = &crowd.sockets[..];
        let newcomer = |n| (sockets[scattered(MEMBERS + n)], BIG.to_owned());
        let moves = match act {
            Move::Join => (0..MOVERS).map(newcomer).collect(),
            Move::Leave => Vec::new(),
        };
        Self { crowd, act, moves }
    }

    fn join(&mut self) -> usize {
        let namespace = &mut self.crowd.namespace;
        self.moves.iter().filter(|(key, room)| namespace.join(*key, room) == Ok(true)).count()
    }

    fn leave(&mut self) -> usize {
        let namespace = &mut self.crowd.namespace;
        self.moves.iter().filter(|(key, room)| namespace.leave(*key, room)).count()
    }
}

impl Work for Movers {
    fn prepare(&mut self) {
        match self.act {
            Move::Join => {
                self.leave();
            }
            Move::Leave => {
                self.join();
                // Whoever has joined again stands at the end. Those who leave stand all over the room.
                let members: Vec<_> = self.crowd.namespace.members(BIG).collect();
                let leaving = members.into_iter().step_by(MEMBERS / MOVERS);
                if leaving.len() > 0 {
                    self.moves = leaving.map(|key| (key, BIG.to_owned())).collect();
                }
            }
        }
    }

    fn run(&mut self) {
        let moved = match self.act {
            Move::Join => self.join(),
            Move::Leave => self.leave(),
        };
        assert_eq!(moved, MOVERS);
    }
}
