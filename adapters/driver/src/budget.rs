//! What may wait in mailboxes, in one and in all of a server.

use std::sync::OnceLock;
use std::task::Waker;

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Mailboxes ask for this many bytes at a time, and hold as many without asking: most never hold more,
/// and have nothing in common that processors could fight for.
pub(crate) const CHUNK: usize = 16 << 10;

/// The most that one mailbox counts.
const MOST: usize = u32::MAX as usize;

/// What all mailboxes of a server may hold, and what each of them may. It counts whole chunks, when a
/// mailbox has grown or shrunk by one.
///
/// Aligned apart from what is beside it: what mailboxes only read is on another line than what they
/// change.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Budget {
    mailbox: u32,
    soft_mark: u32,
    mailboxes: usize,
    /// Makes room when woken.
    shedder: OnceLock<Waker>,
    held: Held,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Held(AtomicUsize);

/// So many chunks of a mailbox are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chunks(u16);

impl Chunks {
    /// Those of so many bytes, beside the one that is free.
    pub(crate) fn of(bytes: u32) -> Self {
        let chunks = (bytes.saturating_sub(1)) / CHUNK as u32;
        Self(u16::try_from(chunks).unwrap_or(u16::MAX))
    }

    /// The bytes that a mailbox may hold until it needs another.
    fn bytes(self) -> u32 {
        (u32::from(self.0) + 1).saturating_mul(CHUNK as u32)
    }
}

impl Budget {
    /// Sizes in bytes: of one mailbox, of the mark above which its client is not heard, of all.
    pub(crate) fn new(mailbox: usize, soft_mark: usize, mailboxes: usize) -> Self {
        Self {
            mailbox: narrow(mailbox),
            soft_mark: narrow(soft_mark),
            mailboxes,
            shedder: OnceLock::new(),
            held: Held::default(),
        }
    }

    /// Says what to wake when mailboxes hold too much, on the thread that noticed, with no lock held.
    pub(crate) fn shed_by(&self, shedder: Waker) {
        // There is one hub, which says it once.
        let _ = self.shedder.set(shedder);
    }

    /// Bytes that may wait for one client.
    pub(crate) fn mailbox(&self) -> u32 {
        self.mailbox
    }

    /// Bytes from which on a client should read before it is heard.
    pub(crate) fn soft_mark(&self) -> u32 {
        self.soft_mark
    }

    /// The bytes up to which a mailbox that holds `bytes` need not ask for anything.
    pub(crate) fn quiet(&self, chunks: Chunks, bytes: u32) -> u32 {
        let mark = if bytes > self.soft_mark { self.mailbox } else { self.soft_mark };
        chunks.bytes().min(mark).min(self.mailbox)
    }

    /// Counts a mailbox that grew; what to wake if that is too much.
    pub(crate) fn grow(&self, from: Chunks, to: Chunks) -> Option<&Waker> {
        let more = usize::from(to.0.saturating_sub(from.0)) * CHUNK;
        let held = self.held.0.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if held > self.mailboxes { self.shedder.get() } else { None }
    }

    /// Counts a mailbox that shrank.
    pub(crate) fn shrink(&self, from: Chunks, to: Chunks) {
        let less = usize::from(from.0.saturating_sub(to.0)) * CHUNK;
        self.held.0.fetch_sub(less, Ordering::Relaxed);
    }

    /// Whether too much is held.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.held() > self.mailboxes
    }

    /// Whether an eighth is free: whoever makes room should not have to again at once.
    pub(crate) fn has_room(&self) -> bool {
        self.held() <= self.mailboxes - self.mailboxes / 8
    }

    /// Bytes that are counted.
    pub(crate) fn held(&self) -> usize {
        self.held.0.load(Ordering::Relaxed)
    }
}

/// As many bytes as a mailbox can count.
pub(crate) fn narrow(bytes: usize) -> u32 {
    bytes.min(MOST) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_chunk_is_free_and_each_further_one_is_counted() {
        let chunk = CHUNK as u32;
        for (bytes, chunks) in [(0, 0), (chunk, 0), (chunk + 1, 1), (2 * chunk, 1), (3 * chunk, 2)]
        {
            assert_eq!(Chunks::of(bytes), Chunks(chunks), "{bytes}");
        }
        assert_eq!(Chunks::of(u32::MAX), Chunks(u16::MAX));
    }

    #[test]
    fn a_mailbox_asks_at_the_next_thing_that_matters() {
        let budget = Budget::new(1_000_000, 20_000, 10_000_000);
        assert_eq!(budget.quiet(Chunks(0), 0), CHUNK as u32, "another chunk");
        assert_eq!(budget.quiet(Chunks(1), 20_000), 20_000, "the mark");
        assert_eq!(budget.quiet(Chunks(1), 20_001), 2 * CHUNK as u32, "which is behind it");
        assert_eq!(budget.quiet(Chunks(70), 900_000), 1_000_000, "its own budget");
    }
}
