//! What no connection owns: the deadlines of answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event;
use futures::future;
use klatch_core::Timestamp;

use crate::hub::Hub;
use crate::server;

/// No deadline is known.
const NEVER: u64 = u64::MAX;

/// One task per server that wakes at the earliest deadline of its namespaces.
#[derive(Debug)]
pub(crate) struct Housekeeper {
    hub: Arc<Hub>,
    /// When the task will look next, in milliseconds of the runtime's clock.
    next: AtomicU64,
    earlier: Event,
}

impl Housekeeper {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, next: AtomicU64::new(NEVER), earlier: Event::new() }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.hub.now()
    }

    /// The moment `timeout` from now.
    pub(crate) fn deadline(&self, timeout: Duration) -> Timestamp {
        self.hub.now() + timeout
    }

    /// A namespace has this deadline now: the task is woken if it would sleep through it.
    pub(crate) fn expect(&self, deadline: Timestamp) {
        let deadline = millis(deadline);
        if self.next.fetch_min(deadline, Ordering::AcqRel) > deadline {
            self.earlier.notify(1);
        }
    }

    /// The task: ends when the server is dropped.
    pub(crate) async fn run(self: Arc<Self>, server: Weak<server::Shared>) {
        let Some(host) = self.hub.host().cloned() else { return };
        loop {
            let earlier = self.earlier.listen();
            // Before looking: a deadline that comes in while we look then wakes the listener.
            self.next.store(NEVER, Ordering::Release);
            let now = host.now();
            let Some(shared) = server.upgrade() else { return };
            let mut next = None;
            for namespace in shared.namespaces() {
                if namespace.poll_timeout().is_some_and(|deadline| deadline <= now) {
                    namespace.handle_timeout(now);
                }
                next = next.into_iter().chain(namespace.poll_timeout()).min();
            }
            drop(shared);
            match next {
                Some(deadline) => {
                    self.next.fetch_min(millis(deadline), Ordering::AcqRel);
                    future::select(earlier, host.timer(deadline)).await;
                }
                None => earlier.await,
            }
        }
    }

    /// Ends the task, if the server is gone.
    pub(crate) fn wake(&self) {
        self.earlier.notify(1);
    }
}

fn millis(timestamp: Timestamp) -> u64 {
    u64::try_from(timestamp.offset().as_millis()).unwrap_or(NEVER)
}
