//! Who may come back to one namespace and with what, by a list of all that was ever said to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use klatch_core::testing::{Aim, Member, Model, Room, Sender};
use klatch_core::{Luggage, NamespaceEvent, NotRecovered, Pid, RecoveryLimits, Timestamp};

const MAX_PACKETS: usize = 16;
const MAX_AWAY: usize = 2;
const MAX_DISCONNECTION: Duration = Duration::from_secs(10);
const NOTICE: Duration = Duration::from_secs(5);
/// A client that joined and left more often than this may be beyond help.
const MAX_LEFT: usize = 128;

/// Limits that are met.
pub(super) fn limits() -> RecoveryLimits {
    RecoveryLimits::default()
        .packets(MAX_PACKETS)
        .sessions(MAX_AWAY)
        .max_disconnection(MAX_DISCONNECTION)
        .notice(NOTICE)
}

/// A packet that is for somebody: its place among all of the namespace, its offset, when it was said.
type Due = (usize, String, Timestamp);

struct Guest {
    pid: Pid,
    /// How much had been said when it connected.
    since: usize,
    /// All that was for it, there or not.
    due: Vec<Due>,
    /// What was sent to it, and how much of that it has read.
    sent: Vec<(usize, String)>,
    read: usize,
    /// How often it left a room.
    left: usize,
    away: Option<Away>,
}

struct Away {
    rooms: BTreeSet<Room>,
    until: Timestamp,
    luggage: Luggage,
}

#[derive(Default)]
pub(super) struct Absences {
    guests: BTreeMap<Member, Guest>,
    /// Packets of the namespace so far.
    said: usize,
    /// What there is to tell.
    pub(super) events: Vec<NamespaceEvent>,
}

impl Absences {
    pub(super) fn promise(&mut self, who: Member, pid: Pid) {
        let (since, left, read) = (self.said, 0, 0);
        let (due, sent, away) = (Vec::new(), Vec::new(), None);
        self.guests.insert(who, Guest { pid, since, due, sent, read, left, away });
    }

    pub(super) fn pid(&self, who: Member) -> Option<Pid> {
        self.guests.get(&who).map(|guest| guest.pid)
    }

    pub(super) fn is_away(&self, who: Member) -> bool {
        self.guests.get(&who).is_some_and(|guest| guest.away.is_some())
    }

    pub(super) fn away(&self) -> usize {
        self.guests.values().filter(|guest| guest.away.is_some()).count()
    }

    /// When the first who is away cannot come back any more.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.guests.values().filter_map(|guest| Some(guest.away.as_ref()?.until)).min()
    }

    /// Somebody who is there left rooms, or went for good.
    pub(super) fn left(&mut self, who: Member, rooms: usize, model: &Model) {
        if let Some(guest) = self.guests.get_mut(&who)
            && guest.away.is_none()
        {
            guest.left += rooms;
            if !model.is_connected(who) {
                self.guests.remove(&who);
            }
        }
    }

    /// Something was said under this offset, to those who are connected and were `reached`.
    pub(super) fn say(
        &mut self,
        now: Timestamp,
        aim: &Aim,
        reached: &BTreeSet<Member>,
        offset: &str,
    ) {
        self.record(now, offset, |who, guest| match &guest.away {
            None => reached.contains(&who),
            Some(Away { rooms, .. }) => {
                let is_meant = aim.to.is_empty() || aim.to.iter().any(|room| rooms.contains(room));
                let is_excepted = aim.except.iter().any(|room| rooms.contains(room));
                is_meant && !is_excepted && aim.from != Sender::Member(who)
            }
        });
    }

    /// Something was said to one who is there.
    pub(super) fn tell(&mut self, now: Timestamp, whom: Member, offset: &str) {
        self.record(now, offset, |who, guest| who == whom && guest.away.is_none());
    }

    fn record(&mut self, now: Timestamp, offset: &str, is_for: impl Fn(Member, &Guest) -> bool) {
        self.said += 1;
        for (who, guest) in &mut self.guests {
            if is_for(*who, guest) {
                guest.due.push((self.said, offset.to_owned(), now));
                if guest.away.is_none() {
                    guest.sent.push((self.said, offset.to_owned()));
                }
            }
        }
    }

    pub(super) fn read(&mut self, who: Member, packets: usize) {
        if let Some(guest) = self.guests.get_mut(&who) {
            guest.read = guest.sent.len().min(guest.read + packets);
        }
    }

    /// Somebody was lost, with this luggage.
    pub(super) fn lose(&mut self, now: Timestamp, who: Member, rooms: BTreeSet<Room>) -> Luggage {
        let luggage = Luggage::new(Arc::new(self.said));
        if let Some(guest) = self.guests.get_mut(&who) {
            guest.sent.truncate(guest.read);
            let until = now + MAX_DISCONNECTION;
            guest.away = Some(Away { rooms, until, luggage: luggage.clone() });
        }
        if self.away() > MAX_AWAY {
            self.expire_first();
        }
        luggage
    }

    fn first(&self) -> Option<Member> {
        let away = self
            .guests
            .iter()
            .filter_map(|(who, guest)| Some(((guest.away.as_ref()?.until, guest.pid), *who)));
        away.min_by_key(|(order, _)| *order).map(|(_, who)| who)
    }

    fn expire_first(&mut self) {
        if let Some(first) = self.first() {
            self.expire(first);
        }
    }

    fn expire(&mut self, who: Member) {
        let guest = self.guests.remove(&who);
        let luggage = guest.and_then(|guest| guest.away).map(|away| away.luggage);
        self.events.push(NamespaceEvent::Expired { id: who.id(), luggage });
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.expire_first();
        }
    }

    pub(super) fn forget_away(&mut self) {
        while self.away() > 0 {
            self.expire_first();
        }
    }

    /// What a client of this socket would say to have read.
    pub(super) fn last_read(&self, who: Member) -> Option<String> {
        self.guests.get(&who)?.sent.last().map(|(_, offset)| offset.clone())
    }

    /// Somebody tried to come back, and got this. Whoever did is there again, in these rooms.
    pub(super) fn come_back(
        &mut self,
        now: Timestamp,
        who: Member,
        offset: Option<&str>,
        outcome: &Result<Vec<String>, NotRecovered>,
    ) -> Option<BTreeSet<Room>> {
        self.handle_timeout(now);
        let said = self.said;
        let Some(guest) = self.guests.get_mut(&who).filter(|guest| guest.away.is_some()) else {
            assert_eq!(outcome, &Err(NotRecovered::Unknown));
            return None;
        };
        let read = offset.map_or(Some(guest.since), |offset| {
            let read = guest.sent.iter().find(|(_, sent)| sent == offset);
            read.map(|(place, _)| *place)
        });
        let Ok(missed) = outcome else {
            assert_eq!(outcome, &Err(NotRecovered::Incomplete));
            let is_beyond_help = |read| said - read > MAX_PACKETS || guest.left > MAX_LEFT;
            assert!(read.is_none_or(is_beyond_help), "all that it missed was there");
            self.expire(who);
            return None;
        };
        let read = read.expect("nobody comes back with a lie");
        guest.check(now, read, missed);
        let now_sent = guest.due.iter().filter(|(_, offset, _)| missed.contains(offset));
        guest.sent.extend(now_sent.map(|(place, offset, _)| (*place, offset.clone())));
        guest.away.take().map(|away| away.rooms)
    }
}

impl Guest {
    /// All that was for it since then comes in order and once, but for what is too old for a client that
    /// lived when it was lost.
    fn check(&self, now: Timestamp, read: usize, missed: &[String]) {
        let is_missing = |(place, ..): &&Due| *place > read;
        let due: Vec<_> = self.due.iter().filter(is_missing).collect();
        let lost = due.len().checked_sub(missed.len()).expect("nothing is made up");
        assert!(due[lost..].iter().map(|(_, offset, _)| offset).eq(missed));
        let is_old = |(_, _, at): &&Due| now - *at >= MAX_DISCONNECTION + NOTICE;
        assert!(due[..lost].iter().all(is_old), "it is brought up to date, or not at all");
    }
}
