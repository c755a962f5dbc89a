//! What can happen, and how it is written.

use klatch_core::testing::{Aim, Member, Op, Person, Room, Sender};

use super::acts::{Act, NAMESPACES};

const PEOPLE: u8 = 4;
const NAMED: [&str; 5] = ["a", "b", "c", "", "longer than 20 bytes!"];

pub(super) enum Step {
    /// What the properties of rooms know, too.
    Plain(Act),
    /// As a socket that may come back when it is lost.
    Promise(Member),
    /// Something is said to one socket.
    Tell(Member),
    /// So many packets reach a client.
    Read(Member, usize),
    Lose(Member),
    Return(Member, Claim),
    /// Sockets are asked for an ack, within so many seconds.
    Ask(&'static str, Vec<Member>, u64),
    /// The question is counted back from the newest.
    Answer(Member, u64),
    Cancel(&'static str, u64),
    Wait(u64),
    /// Until the next deadline of a namespace.
    WaitForTimeout(&'static str),
    ForgetAway(&'static str),
    /// Everything that can be asked is compared.
    Look,
}

/// What somebody who comes back says to have read.
#[derive(Clone, Copy)]
pub(super) enum Claim {
    Honest,
    Nothing,
    /// An offset that nobody was ever told.
    Lie,
}

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Where it happens.
    at: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { rest: input, at: NAMESPACES[0] }
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        loop {
            return Some(match self.take()? {
                b'/' => {
                    self.at = NAMESPACES[0];
                    continue;
                }
                b'|' => {
                    self.at = NAMESPACES[1];
                    continue;
                }
                b'+' => Step::Promise(self.member()?),
                b'=' => Step::Plain(Act::Plain(Op::Connect(self.member()?))),
                b'-' => Step::Plain(Act::Plain(Op::Disconnect(self.member()?))),
                b'!' => Step::Plain(Act::Plain(Op::Close(self.member()?))),
                b'j' => Step::Plain(Act::Plain(Op::Join(self.member()?, self.room()?))),
                b'k' => Step::Plain(Act::Plain(Op::Leave(self.member()?, self.room()?))),
                b'v' => Step::Plain(Act::Plain(Op::LeaveAll(self.member()?))),
                b'J' => Step::Plain(Act::JoinAll(self.member()?, self.rooms(b"."))),
                b's' => Step::Plain(Act::Plain(Op::Emit(self.aim()?))),
                b'T' => Step::Tell(self.member()?),
                b'r' => Step::Read(self.member()?, self.number()? as usize),
                b'l' => Step::Lose(self.member()?),
                b'o' => Step::Return(self.member()?, Claim::Honest),
                b'n' => Step::Return(self.member()?, Claim::Nothing),
                b'z' => Step::Return(self.member()?, Claim::Lie),
                b'q' => {
                    let within = self.number()?;
                    Step::Ask(self.at, self.until(b".", Self::member), within)
                }
                b'w' => Step::Answer(self.member()?, self.number()?),
                b'x' => Step::Cancel(self.at, self.number()?),
                b',' => Step::Wait(1_000),
                b';' => Step::Wait(5_000),
                b't' => Step::WaitForTimeout(self.at),
                b'f' => Step::ForgetAway(self.at),
                b'?' => Step::Look,
                _ => continue,
            });
        }
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from(self.take()?.wrapping_sub(b'0') % 10))
    }

    fn member(&mut self) -> Option<Member> {
        Some(Person::nth(self.take()?.wrapping_sub(b'a') % PEOPLE).at(self.at))
    }

    /// `A` to `D` are the rooms of people's ids, `E` to `H` those of their ids in the other namespace,
    /// `v` to `z` have names.
    fn room(&mut self) -> Option<Room> {
        let letter = self.take()?;
        let of = |namespace| Room::Of(Person::nth((letter - b'A') % PEOPLE).at(namespace));
        let elsewhere = NAMESPACES[usize::from(self.at == NAMESPACES[0])];
        Some(match letter {
            b'A'..=b'D' => of(self.at),
            b'E'..=b'H' => of(elsewhere),
            other => Room::Named(NAMED[usize::from(b'z'.wrapping_sub(other)) % NAMED.len()]),
        })
    }

    fn rooms(&mut self, ends: &[u8]) -> Vec<Room> {
        self.until(ends, Self::room)
    }

    /// A list up to one of these, which is taken.
    fn until<T>(&mut self, ends: &[u8], one: fn(&mut Self) -> Option<T>) -> Vec<T> {
        let mut list = Vec::new();
        while let Some(next) = self.rest.first() {
            if ends.contains(next) {
                self.take();
                break;
            }
            list.extend(one(self));
        }
        list
    }

    /// From somebody, or from the server as `*`; to these rooms, and behind `^` except those.
    fn aim(&mut self) -> Option<Aim> {
        let from = if self.rest.first() == Some(&b'*') {
            self.take();
            Sender::Server(self.at)
        } else {
            Sender::Member(self.member()?)
        };
        let before = self.rest;
        let to = self.rooms(b"^.");
        let read = before.len() - self.rest.len();
        let ended_by = read.checked_sub(1).and_then(|last| before.get(last));
        let except = if ended_by == Some(&b'^') { self.rooms(b".") } else { Vec::new() };
        Some(Aim { from, to, except })
    }
}
