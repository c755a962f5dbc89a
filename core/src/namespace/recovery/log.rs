//! What was said while somebody may have been away.

use std::collections::VecDeque;
use std::time::Duration;

use super::RecoveryLimits;
use super::sessions::Session;
use crate::namespace::target::Target;
use crate::offset::Offset;
use crate::{Outgoing, SocketId, Timestamp};

/// What an entry counts for beyond its packet and the names of its rooms: itself, and the counters
/// and headers of the memory that it holds.
const ENTRY_OVERHEAD: usize = 192;

/// Whom a packet was for.
pub(super) enum Addressees {
    One(SocketId),
    Many {
        target: Target,
        /// The sender by its id: it comes back under another key.
        without: Option<SocketId>,
    },
}

struct Entry {
    at: Timestamp,
    addressees: Addressees,
    packet: Outgoing,
}

/// The packets of a namespace in the order in which everybody saw them, as far back as somebody
/// may need them. An entry's offset is its place, so that it is found without a search.
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The offset of the first entry, or of the next packet if there is none.
    first: u64,
    bytes: usize,
    /// Packets before this offset were dropped before their time, which is over then: whoever
    /// lacks one cannot be brought up to date until then.
    dropped: Option<(u64, Timestamp)>,
    keep: Duration,
    max_packets: usize,
    max_bytes: usize,
}

impl Log {
    pub(super) fn new(limits: &RecoveryLimits) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 1,
            bytes: 0,
            dropped: None,
            keep: limits.max_disconnection.saturating_add(limits.notice),
            max_packets: limits.packets,
            max_bytes: limits.bytes,
        }
    }

    /// The offset of the first packet that is there.
    pub(super) fn first(&self) -> Offset {
        Offset::new(self.first)
    }

    /// The offset that the next packet gets.
    pub(super) fn next(&self) -> Offset {
        Offset::new(self.first + self.entries.len() as u64)
    }

    /// Skips an offset: its packet is not kept, as there is nobody who could ask for it.
    pub(super) fn skip(&mut self) {
        self.clear();
        self.first += 1;
    }

    pub(super) fn push(&mut self, at: Timestamp, addressees: Addressees, packet: Outgoing) {
        self.expire(at);
        let entry = Entry { at, addressees, packet };
        self.bytes += entry.charge();
        self.entries.push_back(entry);
        while self.entries.len() > self.max_packets || self.bytes > self.max_bytes {
            let until = self.entries[0].at + self.keep;
            self.drop_first();
            self.dropped = Some((self.first, until));
        }
    }

    /// Takes back what was pushed last: its offset is the next packet's. What was skipped is not there.
    pub(super) fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_back() {
            self.bytes -= entry.charge();
        }
    }

    /// Forgets what is older than anybody could need.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while self.entries.front().is_some_and(|entry| now - entry.at >= self.keep) {
            self.drop_first();
        }
        if self.entries.capacity() > 32 && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.capacity() / 2);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.bytes = 0;
        self.entries = VecDeque::new();
    }

    /// When [`expire`](Self::expire) is worth a call: later than it has something to do, as most
    /// entries go when another comes.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.entries.front().map(|entry| entry.at + self.keep + self.keep / 8)
    }

    /// What a session missed behind `offset`, in order; `None` if something of it may be gone.
    pub(super) fn missed<'a>(
        &'a self,
        now: Timestamp,
        offset: Offset,
        session: &'a Session,
    ) -> Option<impl Iterator<Item = &'a Outgoing>> {
        let from = offset.get() + 1;
        let dropped = self.dropped.is_some_and(|(before, until)| from < before && now < until);
        if dropped || offset >= self.next() {
            return None;
        }
        // What is older than the log was with the client before it was lost: see `notice`.
        let from = from.max(self.first);
        let rest = self.entries.range((from - self.first) as usize..);
        let rest = (from..).map(Offset::new).zip(rest);
        let missed = rest.filter(|(offset, entry)| entry.is_for(session, *offset));
        Some(missed.map(|(_, entry)| &entry.packet))
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.charge();
            self.first += 1;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    /// The memory that it accounts for. Whoever shares the packet goes sooner or later; the log
    /// is who keeps it.
    fn charge(&self) -> usize {
        let names = match &self.addressees {
            Addressees::One(_) => 0,
            Addressees::Many { target, .. } => target.bytes(),
        };
        ENTRY_OVERHEAD + names + self.packet.len()
    }

    fn is_for(&self, session: &Session, offset: Offset) -> bool {
        match &self.addressees {
            Addressees::One(id) => *id == session.id,
            Addressees::Many { target, without } => {
                *without != Some(session.id) && target.covers(|room| session.was_in(room, offset))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ENTROPY_BYTES;

    fn packet() -> Outgoing {
        Outgoing::event("/", "e", &(), None).expect("it is JSON")
    }

    fn one() -> Addressees {
        Addressees::One(SocketId::from_entropy([1; ENTROPY_BYTES]))
    }

    /// A log with so many packets, all of the first moment.
    fn log(limits: &RecoveryLimits, packets: usize) -> Log {
        let mut log = Log::new(limits);
        for _ in 0..packets {
            log.push(Timestamp::ZERO, one(), packet());
        }
        log
    }

    #[test]
    fn a_packet_counts_with_the_names_of_its_rooms() {
        let bare = Entry { at: Timestamp::ZERO, addressees: one(), packet: packet() };
        assert_eq!(bare.charge(), 192 + packet().len());
        let target = Target::rooms(["red"]).except("blue");
        let addressees = Addressees::Many { target, without: None };
        let named = Entry { addressees, ..bare };
        assert_eq!(named.charge(), 192 + packet().len() + 2 * size_of::<Box<str>>() + 7);
    }

    #[test]
    fn as_much_is_kept_as_is_allowed_and_no_more() {
        let three = 3 * (192 + packet().len());
        for (limits, kept) in [
            (RecoveryLimits::default().bytes(three), 3),
            (RecoveryLimits::default().bytes(three - 1), 2),
            (RecoveryLimits::default().packets(3), 3),
            (RecoveryLimits::default().packets(2), 2),
        ] {
            let log = log(&limits, 3);
            assert_eq!((log.len(), log.first, log.next()), (kept, 4 - kept as u64, Offset::new(4)));
            assert_eq!(log.bytes, kept * (192 + packet().len()));
        }
    }

    #[test]
    fn what_is_taken_back_counts_no_more_and_leaves_its_offset_to_the_next() {
        let mut log = log(&RecoveryLimits::default(), 2);
        log.pop();
        assert_eq!((log.len(), log.bytes, log.next()), (1, 192 + packet().len(), Offset::new(2)));
        log.skip();
        log.pop();
        assert_eq!((log.len(), log.bytes, log.next()), (0, 0, Offset::new(3)));
    }

    #[test]
    fn a_packet_is_kept_for_as_long_as_somebody_may_need_it() {
        let limits = RecoveryLimits::default()
            .max_disconnection(Duration::from_secs(70))
            .notice(Duration::from_secs(10));
        let mut log = log(&limits, 1);
        assert_eq!(log.poll_timeout(), Some(Timestamp::from_millis(90_000)));
        log.expire(Timestamp::from_millis(79_999));
        assert_eq!(log.len(), 1);
        log.expire(Timestamp::from_millis(80_000));
        assert_eq!((log.len(), log.bytes, log.poll_timeout()), (0, 0, None));
        assert_eq!((log.first(), log.next()), (Offset::new(2), Offset::new(2)));
    }

    #[test]
    fn the_memory_of_a_burst_is_given_back_by_halves() {
        let mut log = log(&RecoveryLimits::default(), 1_000);
        assert_eq!(log.entries.capacity(), 1_024);
        log.entries.truncate(256);
        log.expire(Timestamp::ZERO);
        assert_eq!(log.entries.capacity(), 1_024);
        log.entries.truncate(255);
        log.expire(Timestamp::ZERO);
        assert_eq!(log.entries.capacity(), 512);
        log.entries.clear();
        for capacity in [256, 128, 64, 32, 32] {
            log.expire(Timestamp::ZERO);
            assert_eq!(log.entries.capacity(), capacity);
        }
    }
}
