//! A runtime that leaves nothing to chance.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use klatch_core::Timestamp;
use parking_lot::Mutex;

use crate::runtime::{Runtime, Timer};

/// The first moment of 2026.
const NEW_YEAR: Duration = Duration::from_hours(490_896);

/// What a [`Known`] runtime takes its time and its ids from, and the case moves on.
#[derive(Clone, Default)]
pub(super) struct Fate(Arc<Mutex<Course>>);

#[derive(Default)]
struct Course {
    now: Duration,
    ids: u64,
    /// Of all timers that wait.
    wakers: Vec<Waker>,
}

impl Fate {
    /// Lets time pass.
    pub(super) fn advance(&self, duration: Duration) {
        let wakers = {
            let mut course = self.0.lock();
            course.now += duration;
            std::mem::take(&mut course.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn now(&self) -> Duration {
        self.0.lock().now
    }
}

/// A runtime on which time passes only when the case says so, and ids are counted.
#[derive(Clone)]
pub(super) struct Known<R> {
    runtime: R,
    fate: Fate,
}

impl<R> Known<R> {
    pub(super) fn new(runtime: R, fate: Fate) -> Self {
        Self { runtime, fate }
    }
}

impl<R: Runtime> Runtime for Known<R> {
    type Timer = KnownTimer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.fate.now())
    }

    fn timer(&self, deadline: Timestamp) -> KnownTimer {
        KnownTimer { fate: self.fate.clone(), deadline }
    }

    fn entropy(&self, bytes: &mut [u8]) {
        let mut course = self.fate.0.lock();
        course.ids += 1;
        let number = course.ids.to_be_bytes();
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *byte = *digit;
        }
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + NEW_YEAR + self.fate.now()
    }
}

pub(super) struct KnownTimer {
    fate: Fate,
    deadline: Timestamp,
}

impl Future for KnownTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut course = self.fate.0.lock();
        if course.now >= self.deadline.offset() {
            return Poll::Ready(());
        }
        course.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

impl Timer for KnownTimer {
    // Whoever sets a timer polls it then.
    fn reset(&mut self, deadline: Timestamp) {
        self.deadline = deadline;
    }
}
