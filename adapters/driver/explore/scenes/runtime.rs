//! A runtime whose tasks are the explorer's, and whose clock is told the time.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klatch_core::Timestamp;

use crate::runtime::{Runtime, Timer};

/// What is in it is nobody's choice: these locks and atomics are not the explorer's.
#[derive(Clone, Debug, Default)]
pub(super) struct Explored(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seconds: AtomicU64,
    /// Who wants to be woken when time passes.
    waiting: Mutex<VecDeque<Waker>>,
    entropy: AtomicU64,
}

impl Explored {
    /// Lets time pass.
    pub(super) fn advance(&self, seconds: u64) {
        self.0.seconds.fetch_add(seconds, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.0.waiting.lock().expect("nobody panics with it"));
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Runtime for Explored {
    type Timer = Alarm;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(shuttle::future::spawn(task));
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_offset(Duration::from_secs(self.0.seconds.load(Ordering::SeqCst)))
    }

    fn timer(&self, deadline: Timestamp) -> Alarm {
        Alarm { runtime: self.clone(), deadline }
    }

    /// Never the same twice, and the same in each run.
    fn entropy(&self, bytes: &mut [u8]) {
        let number = self.0.entropy.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = number[at % number.len()];
        }
    }

    fn time_of_day(&self) -> SystemTime {
        UNIX_EPOCH
    }
}

#[derive(Debug)]
pub(super) struct Alarm {
    runtime: Explored,
    deadline: Timestamp,
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.runtime.now() >= self.deadline {
            return Poll::Ready(());
        }
        let mut waiting = self.runtime.0.waiting.lock().expect("nobody panics with it");
        waiting.push_back(cx.waker().clone());
        Poll::Pending
    }
}

impl Timer for Alarm {
    fn reset(&mut self, deadline: Timestamp) {
        self.deadline = deadline;
    }
}
