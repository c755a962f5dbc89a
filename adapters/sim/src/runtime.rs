//! The simulation as klatch's runtime.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures::task::{ArcWake, waker};
use klatch_core::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::executor::{Executor, Key, Stopped};
use crate::network::Network;

/// The time of day at the start of every simulation, from the first second of 1970: New Year 2026.
const EPOCH: Duration = Duration::from_hours(490_896);

/// How long a future may take in [`Runtime::block_on`]: heartbeats alone would go on for ever.
const PATIENCE: Duration = Duration::from_hours(1);

/// The simulation as klatch's runtime. Cheap to clone.
///
/// Everything that would be left to chance is drawn from the seed: which task runs next, the ids
/// of sessions, how long a byte is under way.
#[derive(Clone)]
pub struct Runtime {
    executor: Executor,
    network: Arc<Mutex<Network>>,
}

impl Runtime {
    pub(crate) fn new(seed: u64) -> Self {
        Self { executor: Executor::new(seed), network: Arc::default() }
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock()
    }

    /// The seed that all of it follows from.
    pub fn seed(&self) -> u64 {
        self.executor.seed()
    }

    /// A number below `limit`, drawn from the seed.
    ///
    /// # Panics
    ///
    /// If `limit` is 0.
    pub fn below(&self, limit: u64) -> u64 {
        assert!(limit > 0, "there is no number below 0");
        self.executor.below(limit)
    }

    /// Waits, in virtual time: for handlers and tasks that do.
    pub fn sleep(&self, duration: Duration) -> Timer {
        klatch_driver::Runtime::timer(self, self.executor.now() + duration)
    }

    /// Runs the simulation until the future is done.
    ///
    /// # Panics
    ///
    /// If it never will be: nothing is left that could wake it, it only wakes itself, or an hour of
    /// virtual time is over.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        let waker = waker(woken.clone());
        let limit = self.executor.now() + PATIENCE;
        let done = self.executor.run(limit, || {
            // It takes its turn by lot, as the tasks do.
            while woken.0.load(Ordering::Relaxed) && self.executor.is_drawn() {
                woken.0.store(false, Ordering::Relaxed);
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(value);
                }
            }
            None
        });
        match done {
            Ok(value) => value,
            Err(Stopped::Deadlocked) => {
                panic!("deadlocked: the future is not done, and nothing is left to wait for")
            }
            Err(Stopped::Limit) => panic!("the future is not done after {PATIENCE:?}"),
        }
    }

    /// Ends all that runs and listens.
    pub(crate) fn end(&self) {
        self.executor.end();
        let network = std::mem::take(&mut *self.network());
        drop(network);
    }
}

impl klatch_driver::Runtime for Runtime {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(Box::pin(task));
    }

    fn now(&self) -> Timestamp {
        self.executor.now()
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        Timer { executor: self.executor.clone(), deadline, key: None }
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.executor.fill(bytes);
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + self.executor.now().offset()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.executor.now();
        f.debug_struct("Runtime")
            .field("seed", &self.seed())
            .field("now", &now)
            .finish_non_exhaustive()
    }
}

/// A timer of the simulation's clock.
pub struct Timer {
    executor: Executor,
    deadline: Timestamp,
    /// Under which the waker waits.
    key: Option<Key>,
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Timer {
    fn take_waker(&mut self) -> Option<Waker> {
        self.executor.forget(self.key.take()?)
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.key.is_some_and(|key| self.executor.renew(key, cx.waker())) {
            return Poll::Pending;
        }
        if self.executor.now() >= self.deadline {
            return Poll::Ready(());
        }
        self.key = Some(self.executor.wake_at(self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl klatch_driver::Timer for Timer {
    fn reset(&mut self, deadline: Timestamp) {
        self.deadline = deadline;
        if let Some(waker) = self.take_waker() {
            self.key = Some(self.executor.wake_at(deadline, waker));
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        drop(self.take_waker());
    }
}

/// Whether the future of `block_on` was woken.
struct Flag(AtomicBool);

impl ArcWake for Flag {
    fn wake_by_ref(flag: &Arc<Self>) {
        flag.0.store(true, Ordering::Relaxed);
    }
}
