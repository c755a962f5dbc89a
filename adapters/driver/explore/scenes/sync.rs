//! The explorer's locks and atomics, in the shape of those that the driver is built with.

use std::sync::PoisonError;

pub(crate) use event_listener::EventListener;

#[cfg(klatch_explore = "loom")]
use loom::sync as explorer;
#[cfg(klatch_explore = "shuttle")]
use shuttle::sync as explorer;

#[cfg(klatch_explore = "loom")]
pub(crate) use loom::thread_local;
#[cfg(klatch_explore = "shuttle")]
pub(crate) use shuttle::thread_local;

pub(crate) use self::explorer::{MutexGuard, RwLockReadGuard, RwLockWriteGuard, atomic};

use self::atomic::{AtomicBool, Ordering};

/// As `parking_lot::Mutex`: a panic does not poison it.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(explorer::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explorer::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As `parking_lot::RwLock`: a panic does not poison it.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(explorer::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explorer::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As `event_listener::Event`, each call of which is a step: what happens inside is not explored.
#[derive(Debug, Default)]
pub(crate) struct Event {
    event: event_listener::Event,
    step: AtomicBool,
}

impl Event {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn listen(&self) -> EventListener {
        self.step.store(true, Ordering::SeqCst);
        self.event.listen()
    }

    pub(crate) fn notify(&self, listeners: usize) {
        self.step.store(true, Ordering::SeqCst);
        self.event.notify(listeners);
    }
}
