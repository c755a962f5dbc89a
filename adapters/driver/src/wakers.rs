//! Wakers that are collected under a lock and woken after it.

use std::cell::Cell;
use std::task::Waker;

thread_local! {
    /// Kept between broadcasts, so that none of them allocates.
    static SPARE: Cell<Vec<Waker>> = const { Cell::new(Vec::new()) };
}

/// How many wakers the spare list may keep room for: 16 bytes each.
const SPARE_CAPACITY: usize = 16 * 1024;

/// Runs `collect`, which may hold locks, then wakes what it collected.
pub(crate) fn wake_after<T>(collect: impl FnOnce(&mut Vec<Waker>) -> T) -> T {
    let mut wakers = SPARE.take();
    let result = collect(&mut wakers);
    for waker in wakers.drain(..) {
        waker.wake();
    }
    if wakers.capacity() <= SPARE_CAPACITY {
        SPARE.set(wakers);
    }
    result
}
