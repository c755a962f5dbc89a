//! What is measured between the warm-up and the end.

use std::io;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::figures::Sample;
use crate::server::Server;

/// Reading the clock for each delivery would cost as much as the delivery.
const BETWEEN_LOOKS: u64 = 64;

/// Counts deliveries from when it is warm.
pub(crate) struct Watch<'a> {
    server: &'a Server,
    begin: Instant,
    measured: Duration,
    deliveries: u64,
    late: u64,
    /// What the server had used when counting began.
    cpu: Option<Duration>,
}

impl<'a> Watch<'a> {
    /// Warms up for a quarter of the time that is measured.
    pub(crate) fn new(server: &'a Server, measured: Duration) -> Self {
        let begin = Instant::now() + measured / 4;
        Self { server, begin, measured, deliveries: 0, late: 0, cpu: None }
    }

    /// When all is measured; not before deliveries count, however long the warm-up takes.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        let end = self.begin + self.measured;
        now >= end && (self.counts() || now >= end + PATIENCE)
    }

    /// Whether deliveries count already.
    pub(crate) fn counts(&self) -> bool {
        self.cpu.is_some()
    }

    /// One more delivery.
    pub(crate) fn delivered(&mut self, late: bool) -> io::Result<()> {
        self.deliveries += 1;
        self.late += u64::from(late);
        let look = self.cpu.is_none() && self.deliveries.is_multiple_of(BETWEEN_LOOKS);
        if look && Instant::now() >= self.begin {
            self.cpu = Some(self.server.cpu()?);
            self.begin = Instant::now();
            (self.deliveries, self.late) = (0, 0);
        }
        Ok(())
    }

    pub(crate) fn sample(&self) -> io::Result<Sample> {
        let before = self.cpu.ok_or_else(|| io::Error::other("nothing was delivered"))?;
        let (wall, cpu) = (self.begin.elapsed(), self.server.cpu()?.saturating_sub(before));
        // A server that stopped would divide by nothing.
        let deliveries = self.deliveries.max(1) as f64;
        Ok(Sample {
            rate: self.deliveries as f64 / wall.as_secs_f64(),
            cpu_micros: cpu.as_secs_f64() * 1e6 / deliveries,
            late: self.late as f64 / deliveries,
            ..Sample::default()
        })
    }
}
