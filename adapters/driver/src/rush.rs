//! How many clients wait to be heard on this thread.

use std::cell::Cell;

use crate::sync::thread_local;

thread_local! {
    static RUSH: Cell<Rush> = const { Cell::new(Rush { waiting: 0, heard: false }) };
}

/// A thread hears that clients have something to say, many at a time, and then takes the turns of
/// their tasks. What it knows is a guess: another thread may take a turn instead.
#[derive(Clone, Copy)]
struct Rush {
    waiting: u32,
    /// One of them was heard since.
    heard: bool,
}

/// A client has something to say.
#[inline]
pub(crate) fn join() {
    RUSH.with(|cell| {
        let mut rush = cell.get();
        if rush.heard {
            // Whoever was heard elsewhere is forgotten little by little.
            rush.waiting -= rush.waiting.div_ceil(4);
        }
        cell.set(Rush { waiting: rush.waiting.saturating_add(1), heard: false });
    });
}

/// A client is heard. Whether others wait.
#[inline]
pub(crate) fn leave() -> bool {
    RUSH.with(|cell| {
        let waiting = cell.get().waiting.saturating_sub(1);
        cell.set(Rush { waiting, heard: true });
        waiting > 0
    })
}

/// Nobody waits: a server begins, and what was before it is not to change what it does.
pub(crate) fn end() {
    RUSH.with(|cell| cell.set(Rush { waiting: 0, heard: false }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_wait_until_all_who_came_are_heard() {
        end();
        for _ in 0..3 {
            join();
        }
        assert_eq!([leave(), leave(), leave()], [true, true, false]);
        assert!(!leave(), "one came that was not expected");
        join();
        assert!(!leave());
    }

    #[test]
    fn who_was_heard_elsewhere_is_forgotten() {
        end();
        for _ in 0..100 {
            join();
        }
        // One at a time, from here on.
        let mut alone = 0;
        for turn in 1..=50 {
            join();
            alone = if leave() { 0 } else { alone + 1 };
            assert!(turn < 25 || alone > 0, "{turn}");
        }
        assert!(alone > 25);
    }
}
