//! hyper's timer on whatever runtime there is.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::Sleep;
use klatch_core::Timestamp;

use crate::runtime::{Runtime, Timer as _};

/// The runtime's clock as hyper sees it. Without a timer hyper waits for ever for the head of a
/// request.
#[derive(Clone)]
pub(super) struct HyperTimer<R: Runtime> {
    runtime: R,
    /// Stands for the origin of the runtime's clock, which then moves hyper's as well.
    origin: Instant,
}

impl<R: Runtime> HyperTimer<R> {
    pub(super) fn new(runtime: R) -> Self {
        let now = Instant::now();
        let origin = now.checked_sub(runtime.now().offset()).unwrap_or(now);
        Self { runtime, origin }
    }

    fn timestamp(&self, instant: Instant) -> Timestamp {
        Timestamp::from_offset(instant.saturating_duration_since(self.origin))
    }
}

impl<R: Runtime> hyper::rt::Timer for HyperTimer<R> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(self.runtime.timer(self.runtime.now() + duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(self.runtime.timer(self.timestamp(deadline))))
    }

    fn now(&self) -> Instant {
        self.origin + self.runtime.now().offset()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep<R::Timer>>() {
            Some(sleep) => sleep.get_mut().0.reset(self.timestamp(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

struct HyperSleep<T>(T);

impl<T: Future<Output = ()> + Unpin> Future for HyperSleep<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T: Future<Output = ()> + Send + Sync + Unpin> Sleep for HyperSleep<T> {}
