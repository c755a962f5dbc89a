//! What a way through the network is like.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The way between a client and the server, the same in both directions.
///
/// The default is a good one: 1 to 5 ms, whole writes, 64 KiB under way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a link is what a client is connected by"]
pub struct Link {
    latency: RangeInclusive<Duration>,
    chunk: Option<usize>,
    buffer: usize,
}

impl Link {
    /// A good one.
    pub fn new() -> Self {
        let latency = Duration::from_millis(1)..=Duration::from_millis(5);
        Self { latency, chunk: None, buffer: 64 * 1024 }
    }

    /// How long bytes are under way: each write takes its own time, drawn from the range, and none
    /// overtakes another.
    pub fn latency(mut self, range: RangeInclusive<Duration>) -> Self {
        self.latency = range;
        self
    }

    /// Breaks writes into pieces of 1 to `bytes` bytes, which arrive one at a time: the reader
    /// goes back to sleep between them. `chunk(1)` is byte by byte.
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub fn chunk(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "a piece has at least one byte");
        self.chunk = Some(bytes);
        self
    }

    /// How many bytes that nobody has read may be under way: who writes more waits.
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub fn buffer(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "nothing goes through a link without a buffer");
        self.buffer = bytes;
        self
    }

    pub(crate) fn capacity(&self) -> usize {
        self.buffer
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.chunk.is_some()
    }

    /// How long a write is under way, if `below` draws a number.
    pub(crate) fn delay(&self, below: impl FnOnce(u64) -> u64) -> Duration {
        let (least, most) = (*self.latency.start(), *self.latency.end());
        let range = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX - 1);
        least + Duration::from_micros(if range == 0 { 0 } else { below(range + 1) })
    }

    /// The length of the next piece of a write that has `left` bytes.
    pub(crate) fn piece(&self, left: usize, below: impl FnOnce(u64) -> u64) -> usize {
        match self.chunk {
            None => left,
            Some(1) => 1,
            Some(most) => (below(most as u64) as usize + 1).min(left),
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}
