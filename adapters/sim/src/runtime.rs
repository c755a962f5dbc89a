//! The runtime: one thread, tasks that are picked by lot, and time that moves when all of them wait.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use futures::task::{ArcWake, waker, waker_ref};
use klatch_core::Timestamp;
use oorandom::Rand64;
use parking_lot::Mutex;

use crate::network::Network;
use crate::trace::Trace;

/// The time of day at the start of every simulation, from the first second of 1970: New Year 2026.
const EPOCH: Duration = Duration::from_hours(490_896);

/// Polls at one moment after which it is taken for certain that some task only wakes itself.
const MAX_POLLS_AT_ONCE: u32 = 10_000_000;

/// How long a future may take in [`Runtime::block_on`]: heartbeats alone would go on for ever.
const PATIENCE: Duration = Duration::from_hours(1);

/// The simulation as klatch's runtime. Cheap to clone.
///
/// Everything that would be left to chance is drawn from the seed: which task runs next, the ids
/// of sessions, how long a byte is under way.
#[derive(Clone)]
pub struct Runtime(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    network: Mutex<Network>,
}

struct State {
    seed: u64,
    random: Rand64,
    now: Timestamp,
    tasks: BTreeMap<u64, Arc<Task>>,
    ready: Vec<Arc<Task>>,
    timers: BTreeMap<Key, Waker>,
    /// Of tasks and timers: what tells two of them apart.
    numbers: u64,
    polls_at_once: u32,
    running: bool,
    ended: bool,
    trace: Trace,
}

/// A timer's deadline and number.
type Key = (Timestamp, u64);

struct Task {
    number: u64,
    runtime: Runtime,
    queued: AtomicBool,
    future: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl ArcWake for Task {
    fn wake_by_ref(task: &Arc<Self>) {
        if !task.queued.swap(true, Ordering::Relaxed) {
            task.runtime.0.state.lock().ready.push(task.clone());
        }
    }
}

impl Runtime {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State {
            seed,
            random: Rand64::new(seed.into()),
            now: Timestamp::ZERO,
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            numbers: 0,
            polls_at_once: 0,
            running: false,
            ended: false,
            trace: Trace::default(),
        };
        Self(Arc::new(Shared { state: Mutex::new(state), network: Mutex::default() }))
    }

    /// The seed that all of it follows from.
    pub fn seed(&self) -> u64 {
        self.0.state.lock().seed
    }

    /// A number below `limit`, drawn from the seed.
    ///
    /// # Panics
    ///
    /// If `limit` is 0.
    pub fn below(&self, limit: u64) -> u64 {
        assert!(limit > 0, "there is no number below 0");
        self.0.state.lock().random.rand_range(0..limit)
    }

    /// Runs the simulation until the future is done.
    ///
    /// # Panics
    ///
    /// If it never will be: nothing is left that could wake it, or an hour of virtual time is over.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        let waker = waker(woken.clone());
        let limit = klatch_driver::Runtime::now(self) + PATIENCE;
        let done = self.run_until(limit, || {
            // It takes its turn by lot, as the tasks do.
            while woken.0.load(Ordering::Relaxed) && self.is_drawn() {
                woken.0.store(false, Ordering::Relaxed);
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(value);
                }
            }
            None
        });
        done.unwrap_or_else(|| panic!("the future is not done, and nothing is left to wait for"))
    }

    /// Runs tasks, and lets time pass when all of them wait, until the condition has a value.
    /// `None` if it has none up to `limit`, which it is then.
    pub(crate) fn run_until<T>(
        &self,
        limit: Timestamp,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let _running = Running::new(self);
        loop {
            if let Some(value) = condition() {
                return Some(value);
            }
            if !self.step() && !self.jump(limit) {
                self.0.state.lock().now = limit;
                return None;
            }
        }
    }

    /// Polls one of the tasks that are ready; `false` if none is.
    fn step(&self) -> bool {
        let task = {
            let state = &mut *self.0.state.lock();
            if state.ready.is_empty() {
                return false;
            }
            state.polls_at_once += 1;
            assert!(state.polls_at_once < MAX_POLLS_AT_ONCE, "tasks wake themselves for ever");
            let lot = state.random.rand_range(0..state.ready.len() as u64) as usize;
            let task = state.ready.swap_remove(lot);
            state.trace.step(task.number);
            task
        };
        task.queued.store(false, Ordering::Relaxed);
        let mut future = task.future.lock();
        let Some(running) = future.as_mut() else { return true };
        let waker = waker_ref(&task);
        if running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            *future = None;
            drop(future);
            self.0.state.lock().tasks.remove(&task.number);
        }
        true
    }

    /// Moves the clock to the next timer and wakes who waits for it; `false` if none is due by `limit`.
    fn jump(&self, limit: Timestamp) -> bool {
        let due = {
            let state = &mut *self.0.state.lock();
            let Some((&(deadline, _), _)) = state.timers.first_key_value() else { return false };
            if deadline > limit {
                return false;
            }
            state.now = state.now.max(deadline);
            state.polls_at_once = 0;
            let later = state.timers.split_off(&(state.now, u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
        true
    }

    /// Whether what stands beside the ready tasks is next.
    fn is_drawn(&self) -> bool {
        let state = &mut *self.0.state.lock();
        let ready = state.ready.len() as u64;
        state.random.rand_range(0..ready + 1) == 0
    }

    /// Wakes at a moment; the key takes it back.
    pub(crate) fn wake_at(&self, deadline: Timestamp, waker: Waker) -> Key {
        let mut state = self.0.state.lock();
        state.numbers += 1;
        let key = (deadline, state.numbers);
        state.timers.insert(key, waker);
        key
    }

    /// Wakes somebody else under a key; `false` if its moment is past.
    fn renew(&self, key: Key, waker: &Waker) -> bool {
        let mut state = self.0.state.lock();
        let Some(waiting) = state.timers.get_mut(&key) else { return false };
        let before = (!waiting.will_wake(waker)).then(|| std::mem::replace(waiting, waker.clone()));
        drop(state);
        drop(before);
        true
    }

    fn forget(&self, key: Key) -> Option<Waker> {
        self.0.state.lock().timers.remove(&key)
    }

    pub(crate) fn network(&self) -> parking_lot::MutexGuard<'_, Network> {
        self.0.network.lock()
    }

    /// Writes a line of the trace.
    pub(crate) fn note(&self, line: fmt::Arguments<'_>) {
        let state = &mut *self.0.state.lock();
        state.trace.note(state.now, line);
    }

    pub(crate) fn with_trace<T>(&self, act: impl FnOnce(&mut Trace) -> T) -> T {
        act(&mut self.0.state.lock().trace)
    }

    /// Drops all tasks, which know the runtime and would keep it.
    pub(crate) fn end(&self) {
        let tasks = {
            let mut state = self.0.state.lock();
            state.ended = true;
            std::mem::take(&mut state.tasks)
        };
        for task in tasks.into_values() {
            let future = task.future.lock().take();
            drop(future);
        }
        let network = std::mem::take(&mut *self.0.network.lock());
        drop(network);
        let mut state = self.0.state.lock();
        let left = (std::mem::take(&mut state.ready), std::mem::take(&mut state.timers));
        drop(state);
        drop(left);
    }
}

impl klatch_driver::Runtime for Runtime {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.0.state.lock();
        if state.ended {
            drop(state);
            return;
        }
        state.numbers += 1;
        let task = Arc::new(Task {
            number: state.numbers,
            runtime: self.clone(),
            queued: AtomicBool::new(true),
            future: Mutex::new(Some(Box::pin(task))),
        });
        state.tasks.insert(task.number, task.clone());
        state.ready.push(task);
    }

    fn now(&self) -> Timestamp {
        self.0.state.lock().now
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        Timer { runtime: self.clone(), deadline, key: None }
    }

    fn entropy(&self, bytes: &mut [u8]) {
        let random = &mut self.0.state.lock().random;
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random.rand_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + klatch_driver::Runtime::now(self).offset()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.lock();
        f.debug_struct("Runtime")
            .field("seed", &state.seed)
            .field("now", &state.now)
            .finish_non_exhaustive()
    }
}

/// A timer of the simulation's clock.
#[derive(Debug)]
pub struct Timer {
    runtime: Runtime,
    deadline: Timestamp,
    /// Under which the waker waits.
    key: Option<Key>,
}

impl Timer {
    fn take_waker(&mut self) -> Option<Waker> {
        self.runtime.forget(self.key.take()?)
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.key.is_some_and(|key| self.runtime.renew(key, cx.waker())) {
            return Poll::Pending;
        }
        if klatch_driver::Runtime::now(&self.runtime) >= self.deadline {
            return Poll::Ready(());
        }
        self.key = Some(self.runtime.wake_at(self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl klatch_driver::Timer for Timer {
    fn reset(&mut self, deadline: Timestamp) {
        self.deadline = deadline;
        if let Some(waker) = self.take_waker() {
            self.key = Some(self.runtime.wake_at(deadline, waker));
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

/// The simulation runs: a handler must not run it again.
struct Running<'a>(&'a Runtime);

impl<'a> Running<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let was_running = std::mem::replace(&mut runtime.0.state.lock().running, true);
        assert!(!was_running, "the simulation runs already: its tasks cannot run it");
        Self(runtime)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.state.lock().running = false;
    }
}
