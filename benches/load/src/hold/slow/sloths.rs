//! All slow connections, on a thread of their own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::LATE;
use super::sloth::{Deadlines, KINDS, Kind};
use crate::hold::http::{self, Answer};
use crate::hold::lane::Lane;
use crate::hold::peer;

/// Between two bytes of a connection.
const BYTE: Duration = Duration::from_secs(1);

/// The longest wait: connections are opened one after the other.
const TURN: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// All connections are where they are slow.
    AllThere,
}

/// When which kind was ended.
pub(crate) struct Shed(Vec<(Kind, Result<Duration, String>)>);

impl Shed {
    pub(crate) fn times(&self, kind: Kind) -> impl Iterator<Item = Duration> {
        self.0.iter().filter(move |(of, _)| *of == kind).filter_map(|(_, end)| end.clone().ok())
    }

    pub(crate) fn faults(&self, kind: Kind) -> impl Iterator<Item = String> {
        self.0.iter().filter(move |(of, _)| *of == kind).filter_map(|(_, end)| end.clone().err())
    }
}

struct Sloth {
    kind: Kind,
    lane: Option<Lane>,
    stage: Stage,
    /// Since when it is slow.
    since: Instant,
    /// What it sends, the last byte first.
    left: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The answer to what it began with is awaited.
    Beginning,
    Slow,
    Ended,
}

struct Sloths {
    address: SocketAddr,
    poll: Poll,
    crowd: Vec<Sloth>,
    /// Who sends the next byte when.
    agenda: BinaryHeap<Reverse<(Instant, usize)>>,
    slow: usize,
    ended: usize,
    shed: Vec<(Kind, Result<Duration, String>)>,
}

/// Opens so many, tells when all are slow, and returns when all were ended, or should have been.
pub(crate) fn run(
    address: SocketAddr,
    count: usize,
    deadlines: Deadlines,
    tell: &Sender<Phase>,
) -> io::Result<Shed> {
    let mut all = Sloths {
        address,
        poll: Poll::new()?,
        crowd: Vec::with_capacity(count),
        agenda: BinaryHeap::new(),
        slow: 0,
        ended: 0,
        shed: Vec::new(),
    };
    let (begin, mut events) = (Instant::now(), Events::with_capacity(1024));
    let mut scratch = vec![0; 16 * 1024];
    let mut told = false;
    let end = begin + deadlines.arrival() + deadlines.longest() + LATE;
    while all.ended < count && Instant::now() < end {
        let arrival = deadlines.arrival().as_millis() as usize;
        let due = count * begin.elapsed().as_millis() as usize / arrival;
        while all.crowd.len() < due.min(count) {
            all.open()?;
        }
        if !told && all.slow == count {
            told = true;
            // Nobody listens any more where something has failed.
            let _ = tell.send(Phase::AllThere);
        }
        all.dribble();
        match all.poll.poll(&mut events, Some(TURN)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => result?,
        }
        for event in &events {
            all.read(event.token().0, &mut scratch)?;
        }
    }
    for sloth in all.crowd.iter().filter(|sloth| sloth.stage != Stage::Ended) {
        all.shed.push((sloth.kind, Err(format!("still there after {:?}", sloth.since.elapsed()))));
    }
    Ok(Shed(all.shed))
}

impl Sloths {
    fn open(&mut self) -> io::Result<()> {
        let number = self.crowd.len();
        let kind = KINDS[number % KINDS.len()];
        let mut lane = Lane::open(self.address, self.poll.registry(), Token(number))?;
        let begins = kind.begins();
        if let Some(begins) = &begins {
            lane.send(begins.as_bytes())?;
        }
        self.crowd.push(Sloth {
            kind,
            lane: Some(lane),
            stage: Stage::Beginning,
            since: Instant::now(),
            left: Vec::new(),
        });
        if begins.is_none() {
            self.slow_down(number, "")?;
        }
        Ok(())
    }

    /// From now on it is slow.
    fn slow_down(&mut self, number: usize, sid: &str) -> io::Result<()> {
        let sloth = &mut self.crowd[number];
        let (at_once, mut left) = sloth.kind.goes_on(sid);
        if sloth.kind == Kind::Probe {
            // A connection of its own: that of the poll is none of the slow ones.
            let lane = Lane::open(self.address, self.poll.registry(), Token(number))?;
            sloth.lane = Some(lane);
        }
        if let Some(lane) = &mut sloth.lane
            && !at_once.is_empty()
        {
            lane.send(&at_once)?;
        }
        left.reverse();
        sloth.left = left;
        sloth.stage = Stage::Slow;
        sloth.since = Instant::now();
        self.slow += 1;
        if !sloth.left.is_empty() {
            self.agenda.push(Reverse((Instant::now() + BYTE, number)));
        }
        Ok(())
    }

    /// Has everybody send a byte whose time has come.
    fn dribble(&mut self) {
        while let Some(Reverse((at, number))) = self.agenda.peek().copied() {
            if at > Instant::now() {
                return;
            }
            self.agenda.pop();
            let sloth = &mut self.crowd[number];
            if let (Some(lane), Some(byte)) = (&mut sloth.lane, sloth.left.pop()) {
                // If it is over, the reader hears of it.
                let _ = lane.send(&[byte]);
                self.agenda.push(Reverse((at + BYTE, number)));
            }
        }
    }

    fn read(&mut self, number: usize, scratch: &mut [u8]) -> io::Result<()> {
        let sloth = &mut self.crowd[number];
        let Some(lane) = &mut sloth.lane else { return Ok(()) };
        // What cannot be written has something to be read.
        let _ = lane.flush();
        let filled = lane.fill(scratch);
        if sloth.stage == Stage::Beginning {
            match http::answer(&mut lane.unread) {
                Ok(Some(Answer { status: 200 | 101, body })) => {
                    return self.slow_down(number, peer::sid(&body));
                }
                Ok(Some(Answer { status, .. })) => {
                    self.end(number, Some(format!("status {status}")));
                }
                Ok(None) if matches!(filled, Ok(false)) => {}
                other => self.end(number, Some(format!("{other:?}, {filled:?}"))),
            }
            return Ok(());
        }
        if !matches!(filled, Ok(false)) || said_goodbye(&lane.unread) {
            self.end(number, None);
        }
        Ok(())
    }

    fn end(&mut self, number: usize, fault: Option<String>) {
        let sloth = &mut self.crowd[number];
        let end = match fault {
            None => Ok(sloth.since.elapsed()),
            Some(fault) => Err(fault),
        };
        sloth.stage = Stage::Ended;
        sloth.lane = None;
        self.ended += 1;
        self.shed.push((sloth.kind, end));
    }
}

/// Whether a close frame has come, to be answered before the server closes the connection.
fn said_goodbye(unread: &[u8]) -> bool {
    let end = unread.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
    let mut rest = &unread[end..];
    while let Some((kind, _)) = crate::wire::next_of_any_kind(&mut rest) {
        if kind == crate::wire::CLOSE {
            return true;
        }
    }
    false
}
