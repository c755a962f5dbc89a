//! What happened, so that two runs can be compared and a failed one read.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};

use klatch_core::{HashKey, KeyedHasher, Timestamp};

/// Lines that are kept unless somebody asks for a number.
const KEPT: usize = 1000;

/// The last lines, which a test that fails prints unless somebody asks for a number.
const REPORTED: usize = 60;

/// Bytes of a line that are kept; all of it counts for the hash.
const MAX_LINE: usize = 300;

/// What happened in a simulation: every connection, every message of a client's in both directions,
/// every fault.
///
/// Two traces are equal if all that ever happened was the same, and not only the last lines, which
/// are all that is kept: beside the lines it counts which task ran when, to the nanosecond, and what
/// was written to each connection, byte for byte. Of the frames that a [`Client`](crate::Client)
/// sends over a WebSocket only the length counts, as they are masked at random; their messages are
/// lines.
#[derive(Clone)]
pub struct Trace {
    lines: VecDeque<String>,
    /// How many lines were asked for.
    asked: Option<usize>,
    written: u64,
    steps: u64,
    hasher: KeyedHasher,
}

impl Trace {
    /// The last lines, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.lines.iter().map(String::as_str)
    }

    /// How many lines there were.
    pub fn len(&self) -> u64 {
        self.written
    }

    /// Whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// How often a task has run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A hash of all that happened.
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn keep(&mut self, lines: usize) {
        self.asked = Some(lines);
        self.forget();
    }

    /// The lines for whoever reads of a test that failed.
    pub(crate) fn reported(&self) -> impl Iterator<Item = &str> {
        let reported = self.asked.unwrap_or(REPORTED);
        self.lines().skip(self.lines.len().saturating_sub(reported))
    }

    /// Drops the first lines, if there are more than are kept.
    fn forget(&mut self) {
        let kept = self.asked.unwrap_or(KEPT);
        self.lines.drain(..self.lines.len().saturating_sub(kept));
    }

    pub(crate) fn note(&mut self, now: Timestamp, line: fmt::Arguments<'_>) {
        let (seconds, rest) = (now.offset().as_secs(), now.offset().subsec_micros() / 100);
        let mut line = format!("{seconds:5}.{rest:04}s  {line}");
        self.count(Kind::Line, now, line.len());
        self.hasher.write(line.as_bytes());
        if line.len() > MAX_LINE {
            line.truncate(line.floor_char_boundary(MAX_LINE));
            line.push('…');
        }
        self.lines.push_back(line);
        self.written += 1;
        self.forget();
    }

    pub(crate) fn step(&mut self, now: Timestamp, task: u64) {
        self.steps += 1;
        self.count(Kind::Step, now, task);
    }

    /// Bytes are written to a connection; they themselves are `None` if they are no affair of the
    /// seed's.
    pub(crate) fn write(&mut self, now: Timestamp, length: usize, bytes: Option<&[u8]>) {
        let kind = if bytes.is_some() { Kind::Bytes } else { Kind::Masked };
        self.count(kind, now, length);
        self.hasher.write(bytes.unwrap_or_default());
    }

    /// A connection is closed from one end.
    pub(crate) fn close(&mut self, now: Timestamp, side: usize) {
        self.count(Kind::Close, now, side);
    }

    /// Begins something in the hash, of a kind and with a number that tell where it ends.
    fn count(&mut self, kind: Kind, now: Timestamp, number: impl TryInto<u64>) {
        let number = number.try_into().unwrap_or(u64::MAX);
        self.hasher.write_u8(kind as u8);
        self.hasher.write(&now.offset().as_nanos().to_le_bytes());
        self.hasher.write(&number.to_le_bytes());
    }
}

/// What counts for the hash.
#[derive(Clone, Copy)]
enum Kind {
    Line,
    Step,
    Bytes,
    Masked,
    Close,
}

impl Default for Trace {
    fn default() -> Self {
        // Always the same key: a hash is to be compared with that of another process.
        let hasher = HashKey::from_entropy([0; 16]).build_hasher();
        Self { lines: VecDeque::new(), asked: None, written: 0, steps: 0, hasher }
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        (self.written, self.steps, self.hash()) == (other.written, other.steps, other.hash())
    }
}

impl Eq for Trace {}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({} lines, {} steps, {:016x})", self.written, self.steps, self.hash())
    }
}

/// The lines that are kept, one below the other.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
