//! hyper's timer on whatever runtime there is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::Sleep;
use klatch_core::Timestamp;

use crate::runtime::{Host, Timer};

/// The runtime's clock as hyper sees it. Without a timer hyper waits for ever for the head of a
/// request.
#[derive(Clone)]
pub(super) struct HyperTimer {
    host: Arc<dyn Host>,
    /// Stands for the origin of the runtime's clock, which then moves hyper's as well.
    origin: Instant,
}

impl HyperTimer {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        let now = Instant::now();
        let origin = now.checked_sub(host.now().offset()).unwrap_or(now);
        Self { host, origin }
    }

    fn timestamp(&self, instant: Instant) -> Timestamp {
        Timestamp::from_offset(instant.saturating_duration_since(self.origin))
    }
}

impl hyper::rt::Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(self.host.timer(self.host.now() + duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(self.host.timer(self.timestamp(deadline))))
    }

    fn now(&self) -> Instant {
        self.origin + self.host.now().offset()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(sleep) => sleep.get_mut().0.reset(self.timestamp(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

struct HyperSleep(Box<dyn Timer>);

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for HyperSleep {}
