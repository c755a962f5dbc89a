//! The locks, the atomics, the events and what is a thread's own, of the driver: all of them come from here.
//!
//! So an explorer of schedules can bring its own, in `explore`: which thread goes on at each of them is
//! then its choice, and it tries one after the other. Nothing else is built with those.

#[cfg(not(klatch_explore))]
pub(crate) use std::{sync::atomic, thread_local};

#[cfg(not(klatch_explore))]
pub(crate) use event_listener::{Event, EventListener};
#[cfg(not(klatch_explore))]
pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock};

#[cfg(klatch_explore)]
pub(crate) use crate::explore::sync::{
    Event, EventListener, Mutex, MutexGuard, RwLock, atomic, thread_local,
};
