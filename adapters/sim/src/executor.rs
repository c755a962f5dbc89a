//! One thread, tasks that are picked by lot, and time that moves when all of them wait.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use futures::future::BoxFuture;
use futures::task::{ArcWake, waker_ref};
use klatch_core::Timestamp;
use oorandom::Rand64;
use parking_lot::Mutex;

use crate::trace::Trace;

/// Polls at one moment after which it is taken for certain that somebody only wakes himself.
const MAX_POLLS_AT_ONCE: u32 = 10_000_000;

/// What runs a simulation. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Executor(Arc<Mutex<State>>);

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
    is_running: bool,
    has_ended: bool,
    trace: Trace,
}

/// What a timer waits under: its deadline, and its number.
pub(crate) type Key = (Timestamp, u64);

struct Task {
    number: u64,
    executor: Executor,
    is_queued: AtomicBool,
    future: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl ArcWake for Task {
    fn wake_by_ref(task: &Arc<Self>) {
        if !task.is_queued.swap(true, Ordering::Relaxed) {
            task.executor.0.lock().ready.push(task.clone());
        }
    }
}

/// Why a run ended without what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Its time is over.
    Limit,
    /// No task is ready, and no timer will wake one.
    Deadlocked,
}

impl State {
    /// The clock goes forward only.
    fn move_to(&mut self, moment: Timestamp) {
        self.now = self.now.max(moment);
        self.polls_at_once = 0;
    }

    fn count_poll(&mut self) {
        self.polls_at_once += 1;
        assert!(
            self.polls_at_once < MAX_POLLS_AT_ONCE,
            "{MAX_POLLS_AT_ONCE} polls, and no time has passed: a task, or the future of \
             `block_on`, wakes itself for ever"
        );
    }
}

impl Executor {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            seed,
            random: Rand64::new(seed.into()),
            now: Timestamp::ZERO,
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            numbers: 0,
            polls_at_once: 0,
            is_running: false,
            has_ended: false,
            trace: Trace::default(),
        })))
    }

    pub(crate) fn seed(&self) -> u64 {
        self.0.lock().seed
    }

    pub(crate) fn tasks(&self) -> usize {
        self.0.lock().tasks.len()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.0.lock().random.rand_range(0..limit)
    }

    /// Whether what stands beside the ready tasks is next: it is to be polled then.
    pub(crate) fn is_drawn(&self) -> bool {
        let state = &mut *self.0.lock();
        let is_drawn = state.random.rand_range(0..state.ready.len() as u64 + 1) == 0;
        if is_drawn {
            state.count_poll();
        }
        is_drawn
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        let random = &mut self.0.lock().random;
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random.rand_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    pub(crate) fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut state = self.0.lock();
        if state.has_ended {
            drop(state);
            drop(future);
            return;
        }
        state.numbers += 1;
        let task = Arc::new(Task {
            number: state.numbers,
            executor: self.clone(),
            is_queued: AtomicBool::new(true),
            future: Mutex::new(Some(future)),
        });
        state.tasks.insert(task.number, task.clone());
        state.ready.push(task);
    }

    /// Runs tasks, and lets time pass when all of them wait, until the condition has a value.
    /// `None` if it has none up to `limit`, which it is then.
    pub(crate) fn run_until<T>(
        &self,
        limit: Timestamp,
        condition: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let outcome = self.run(limit, condition);
        if let Err(Stopped::Deadlocked) = outcome {
            self.0.lock().move_to(limit);
        }
        outcome.ok()
    }

    /// As [`Self::run_until`], but time stands still where nothing can happen any more.
    pub(crate) fn run<T>(
        &self,
        limit: Timestamp,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T, Stopped> {
        let _running = Running::new(self);
        loop {
            if let Some(value) = condition() {
                return Ok(value);
            }
            if !self.step() {
                self.jump(limit)?;
            }
        }
    }

    /// Polls one of the tasks that are ready; `false` if none is.
    fn step(&self) -> bool {
        let task = {
            let state = &mut *self.0.lock();
            if state.ready.is_empty() {
                return false;
            }
            state.count_poll();
            let lot = state.random.rand_range(0..state.ready.len() as u64) as usize;
            let task = state.ready.swap_remove(lot);
            state.trace.step(state.now, task.number);
            task
        };
        task.is_queued.store(false, Ordering::Relaxed);
        let mut future = task.future.lock();
        let Some(running) = future.as_mut() else { return true };
        let waker = waker_ref(&task);
        if running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            *future = None;
            drop(future);
            self.0.lock().tasks.remove(&task.number);
        }
        true
    }

    /// Moves the clock to the next timer and wakes who waits for it; to `limit` if that is first.
    fn jump(&self, limit: Timestamp) -> Result<(), Stopped> {
        let due = {
            let state = &mut *self.0.lock();
            let next = state.timers.first_key_value().ok_or(Stopped::Deadlocked)?;
            let deadline = next.0.0;
            state.move_to(deadline.min(limit));
            if deadline > limit {
                return Err(Stopped::Limit);
            }
            let later = state.timers.split_off(&(state.now, u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
        Ok(())
    }

    /// Wakes at a moment; the key takes it back.
    pub(crate) fn wake_at(&self, deadline: Timestamp, waker: Waker) -> Key {
        let mut state = self.0.lock();
        state.numbers += 1;
        let key = (deadline, state.numbers);
        state.timers.insert(key, waker);
        key
    }

    /// Wakes somebody else under a key; `false` if its moment is past.
    pub(crate) fn renew(&self, key: Key, waker: &Waker) -> bool {
        let mut state = self.0.lock();
        let Some(waiting) = state.timers.get_mut(&key) else { return false };
        let before = (!waiting.will_wake(waker)).then(|| std::mem::replace(waiting, waker.clone()));
        drop(state);
        drop(before);
        true
    }

    pub(crate) fn forget(&self, key: Key) -> Option<Waker> {
        self.0.lock().timers.remove(&key)
    }

    /// Writes a line of the trace.
    pub(crate) fn note(&self, line: fmt::Arguments<'_>) {
        let state = &mut *self.0.lock();
        state.trace.note(state.now, line);
    }

    /// Counts something in the trace that has no line.
    pub(crate) fn count(&self, act: impl FnOnce(&mut Trace, Timestamp)) {
        let state = &mut *self.0.lock();
        act(&mut state.trace, state.now);
    }

    pub(crate) fn with_trace<T>(&self, act: impl FnOnce(&mut Trace) -> T) -> T {
        act(&mut self.0.lock().trace)
    }

    /// Drops all tasks, which know the runtime and would keep it, and lets no more in.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock();
        state.has_ended = true;
        let tasks = std::mem::take(&mut state.tasks);
        drop(state);
        for task in tasks.into_values() {
            let future = task.future.lock().take();
            drop(future);
        }
        let mut state = self.0.lock();
        let left = (std::mem::take(&mut state.ready), std::mem::take(&mut state.timers));
        drop(state);
        drop(left);
    }
}

/// The simulation runs: a handler must not run it again.
struct Running<'a>(&'a Executor);

impl<'a> Running<'a> {
    fn new(executor: &'a Executor) -> Self {
        let was_running = std::mem::replace(&mut executor.0.lock().is_running, true);
        assert!(!was_running, "the simulation runs already: its tasks cannot run it");
        Self(executor)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.lock().is_running = false;
    }
}
