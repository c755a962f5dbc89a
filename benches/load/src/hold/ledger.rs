//! Who said what to which room, and who must have heard it.
//!
//! Everything is seen from the clients. A message was sent before it was accepted, which the ack says; a
//! client was a member from the answer to its join until it asked to leave, and none before it asked to
//! join nor after the answer to its leaving. What happens in between may go either way.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::fleet::PeerId;

/// Nobody hears anything of someone who is gone for so long: what it said is forgotten then.
const FORGOTTEN: Duration = Duration::from_mins(2);

/// What was promised and is not so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Rooms, by number.
pub(crate) struct Ledger(Vec<Room>);

#[derive(Default)]
struct Room {
    speakers: BTreeMap<PeerId, Said>,
    members: BTreeMap<PeerId, Member>,
}

/// The messages of one speaker to one room, which are numbered from 0 on.
#[derive(Clone, Copy, Default)]
struct Said {
    sent: u64,
    accepted: u64,
    gone: Option<Instant>,
}

#[derive(Default)]
struct Member {
    /// Its join was answered.
    joined: bool,
    ears: BTreeMap<PeerId, Ear>,
}

/// What a member hears of a speaker.
#[derive(Clone, Copy)]
enum Ear {
    /// Nothing yet: the first may be this one, or any before it.
    Open(u64),
    /// The next is this one.
    Next(u64),
}

/// What a member must have heard when it is answered; see [`Ledger::owed`].
#[derive(Default)]
pub(crate) struct Owed(Vec<(PeerId, u64)>);

impl Ledger {
    pub(crate) fn new(rooms: usize) -> Self {
        Self((0..rooms).map(|_| Room::default()).collect())
    }

    pub(crate) fn rooms(&self) -> usize {
        self.0.len()
    }

    /// Somebody says something to a room; which of its messages it is.
    pub(crate) fn says(&mut self, speaker: PeerId, room: usize) -> u64 {
        let said = self.0[room].speakers.entry(speaker).or_default();
        said.sent += 1;
        said.sent - 1
    }

    /// A message was acknowledged: it has gone to all who were there.
    pub(crate) fn accepted(
        &mut self,
        speaker: PeerId,
        room: usize,
        number: u64,
    ) -> Result<(), Violation> {
        let Some(said) = self.0[room].speakers.get_mut(&speaker) else { return Ok(()) };
        if said.accepted != number {
            let expected = said.accepted;
            return Err(Violation(format!("{number} was acknowledged before {expected}")));
        }
        said.accepted += 1;
        Ok(())
    }

    /// Somebody asks to join a room that it is not in.
    pub(crate) fn joins(&mut self, member: PeerId, room: usize) {
        self.0[room].members.insert(member, Member::default());
    }

    /// Its join was answered: what is sent from now on is for it.
    pub(crate) fn joined(&mut self, member: PeerId, room: usize) {
        let Room { speakers, members } = &mut self.0[room];
        let Some(member) = members.get_mut(&member) else { return };
        member.joined = true;
        for (speaker, said) in speakers {
            member.ears.entry(*speaker).or_insert(Ear::Open(said.sent));
        }
    }

    /// What a member must have heard before a question that it asks now is answered.
    pub(crate) fn owed(&self, member: PeerId, room: usize) -> Owed {
        let Room { speakers, members } = &self.0[room];
        if !members.get(&member).is_some_and(|member| member.joined) {
            return Owed::default();
        }
        let others = speakers.iter().filter(|(speaker, _)| **speaker != member);
        Owed(others.map(|(speaker, said)| (*speaker, said.accepted)).collect())
    }

    /// Its question was answered.
    pub(crate) fn settled(
        &mut self,
        member: PeerId,
        room: usize,
        owed: &Owed,
    ) -> Result<(), Violation> {
        let Room { speakers, members } = &mut self.0[room];
        let Some(ears) = members.get_mut(&member).map(|member| &mut member.ears) else {
            return Ok(());
        };
        for (speaker, accepted) in &owed.0 {
            let (heard, needed) = match ears.get(speaker) {
                Some(Ear::Next(next)) => (*next, true),
                Some(Ear::Open(first)) => (0, accepted > first),
                // Whoever was forgotten since is gone from the ears, too.
                None => (0, *accepted > 0 && speakers.contains_key(speaker)),
            };
            if needed && heard < *accepted {
                let speaker = speaker.number();
                return Err(Violation(format!(
                    "{heard} messages of {speaker} to room {room} came, {accepted} were accepted"
                )));
            }
        }
        // Of whoever is gone and forgotten, nothing can come.
        ears.retain(|speaker, _| speakers.contains_key(speaker));
        Ok(())
    }

    /// A member has heard a message.
    pub(crate) fn heard(
        &mut self,
        listener: PeerId,
        room: usize,
        speaker: PeerId,
        number: u64,
    ) -> Result<(), Violation> {
        let violation = |why: String| {
            let speaker = speaker.number();
            Err(Violation(format!("message {number} of {speaker} to room {room} {why}")))
        };
        let Some(Room { speakers, members }) = self.0.get_mut(room) else {
            return violation("came, which there is not".to_owned());
        };
        let Some(member) = members.get_mut(&listener) else {
            return violation("came to somebody who is no member".to_owned());
        };
        if speaker == listener {
            return violation("came to who had sent it".to_owned());
        }
        if speakers.get(&speaker).is_none_or(|said| number >= said.sent) {
            return violation("came, and was never sent".to_owned());
        }
        // Whoever speaks up after the join is heard from the first message on.
        let unheard = if member.joined { Ear::Open(0) } else { Ear::Open(u64::MAX) };
        let ear = member.ears.entry(speaker).or_insert(unheard);
        let as_it_should = match ear {
            Ear::Open(first) => number <= *first,
            Ear::Next(next) => number == *next,
        };
        if !as_it_should {
            let expected = match ear {
                Ear::Open(first) => format!("{first} or one before"),
                Ear::Next(next) => next.to_string(),
            };
            return violation(format!("came where {expected} was to come"));
        }
        *ear = Ear::Next(number + 1);
        Ok(())
    }

    /// Its leaving was answered.
    pub(crate) fn left(&mut self, member: PeerId, room: usize) {
        self.0[room].members.remove(&member);
    }

    /// It is gone from all rooms; what it said may still be heard.
    pub(crate) fn gone(&mut self, peer: PeerId, now: Instant) {
        for room in &mut self.0 {
            room.members.remove(&peer);
            if let Some(said) = room.speakers.get_mut(&peer) {
                said.gone = Some(now);
            }
        }
    }

    /// Forgets who is gone for long.
    pub(crate) fn tidy(&mut self, now: Instant) {
        for room in &mut self.0 {
            room.speakers.retain(|_, said| {
                said.gone.is_none_or(|gone| now.saturating_duration_since(gone) < FORGOTTEN)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{FORGOTTEN, Ledger};
    use crate::hold::fleet::PeerId;

    const ANN: PeerId = PeerId::numbered(1);
    const BOB: PeerId = PeerId::numbered(2);

    /// Ann speaks, Bob listens.
    fn room() -> Ledger {
        let mut ledger = Ledger::new(1);
        ledger.joins(ANN, 0);
        ledger.joined(ANN, 0);
        ledger
    }

    fn say(ledger: &mut Ledger) -> u64 {
        let number = ledger.says(ANN, 0);
        ledger.accepted(ANN, 0, number).expect("in order");
        number
    }

    #[test]
    fn a_member_hears_all_in_order_and_once() {
        let mut ledger = room();
        ledger.joins(BOB, 0);
        ledger.joined(BOB, 0);
        for _ in 0..3 {
            say(&mut ledger);
        }
        let owed = ledger.owed(BOB, 0);
        assert!(ledger.settled(BOB, 0, &owed).is_err(), "nothing came");
        assert!(ledger.heard(BOB, 0, ANN, 1).is_err(), "not the first");
        assert_eq!(ledger.heard(BOB, 0, ANN, 0), Ok(()));
        assert!(ledger.heard(BOB, 0, ANN, 0).is_err(), "twice");
        assert!(ledger.heard(BOB, 0, ANN, 2).is_err(), "one is missing");
        assert_eq!(ledger.heard(BOB, 0, ANN, 1), Ok(()));
        assert!(ledger.settled(BOB, 0, &owed).is_err(), "the last is missing");
        assert_eq!(ledger.heard(BOB, 0, ANN, 2), Ok(()));
        assert_eq!(ledger.settled(BOB, 0, &owed), Ok(()));
        assert!(ledger.heard(BOB, 0, ANN, 3).is_err(), "never sent");
    }

    #[test]
    fn what_was_under_way_at_a_join_may_come_or_not() {
        for first in 0..3 {
            let mut ledger = room();
            say(&mut ledger);
            ledger.joins(BOB, 0);
            say(&mut ledger);
            ledger.joined(BOB, 0);
            say(&mut ledger);
            for number in first..3 {
                assert_eq!(ledger.heard(BOB, 0, ANN, number), Ok(()), "from {first} on");
            }
            let owed = ledger.owed(BOB, 0);
            assert_eq!(ledger.settled(BOB, 0, &owed), Ok(()));
        }
        let mut ledger = room();
        say(&mut ledger);
        ledger.joins(BOB, 0);
        ledger.joined(BOB, 0);
        assert_eq!(ledger.settled(BOB, 0, &ledger.owed(BOB, 0)), Ok(()), "it came too late for it");
        say(&mut ledger);
        say(&mut ledger);
        assert!(ledger.heard(BOB, 0, ANN, 2).is_err(), "the one before was for it");
    }

    #[test]
    fn members_alone_hear_and_not_themselves() {
        let mut ledger = room();
        say(&mut ledger);
        assert!(ledger.heard(BOB, 0, ANN, 0).is_err(), "no member");
        assert!(ledger.heard(ANN, 0, ANN, 0).is_err(), "itself");
        assert!(ledger.heard(BOB, 7, ANN, 0).is_err(), "no room");
        ledger.joins(BOB, 0);
        assert_eq!(ledger.heard(BOB, 0, ANN, 0), Ok(()), "it may be ahead of the answer");
        ledger.left(BOB, 0);
        say(&mut ledger);
        assert!(ledger.heard(BOB, 0, ANN, 1).is_err(), "no member any more");
    }

    #[test]
    fn what_somebody_said_outlives_them_for_a_while() {
        let mut ledger = room();
        ledger.joins(BOB, 0);
        ledger.joined(BOB, 0);
        say(&mut ledger);
        let now = Instant::now();
        ledger.gone(ANN, now);
        ledger.tidy(now);
        let owed = ledger.owed(BOB, 0);
        assert!(ledger.settled(BOB, 0, &owed).is_err(), "it was accepted");
        assert_eq!(ledger.heard(BOB, 0, ANN, 0), Ok(()));
        // Of two questions, one is answered when she is forgotten, the other after that.
        let (first, second) = (ledger.owed(BOB, 0), ledger.owed(BOB, 0));
        ledger.tidy(now + FORGOTTEN);
        assert_eq!(ledger.settled(BOB, 0, &first), Ok(()));
        assert_eq!(ledger.settled(BOB, 0, &second), Ok(()));
        assert!(ledger.heard(BOB, 0, ANN, 1).is_err(), "forgotten");
        assert!(ledger.accepted(BOB, 0, 0).is_ok(), "of whom nothing is known");
    }

    #[test]
    fn acknowledgements_come_in_order() {
        let mut ledger = room();
        ledger.says(ANN, 0);
        ledger.says(ANN, 0);
        assert!(ledger.accepted(ANN, 0, 1).is_err());
    }
}
