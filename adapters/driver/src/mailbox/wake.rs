//! Two wakers in the place of one.

use std::sync::Arc;
use std::task::{Wake, Waker};

struct Both(Waker, Waker);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
        self.1.wake_by_ref();
    }
}

/// Wakes both, if there are two: seldom enough for an allocation.
pub(super) fn both(first: Option<Waker>, second: Option<Waker>) -> Option<Waker> {
    match (first, second) {
        (Some(first), Some(second)) => Some(Arc::new(Both(first, second)).into()),
        (one, other) => one.or(other),
    }
}
