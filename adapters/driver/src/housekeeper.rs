//! What no connection owns: the deadlines of answers, and of sockets that are away.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future;
use klatch_core::{Parser, Timestamp};

use crate::hub::Hub;
use crate::namespace;
use crate::server;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Event, Mutex};

/// No deadline is known.
const NEVER: u64 = u64::MAX;

/// One task per server that wakes at the earliest deadline of its namespaces, and looks at those whose
/// it is: there may be thousands, most of which have none.
#[derive(Debug)]
pub(crate) struct Housekeeper {
    hub: Arc<Hub>,
    /// One entry for each namespace that has a deadline, by that and by the appointment's number. Its
    /// lock is the innermost of all.
    agenda: Mutex<BTreeMap<(u64, u64), Weak<namespace::Inner>>>,
    /// How many appointments there were.
    numbers: AtomicU64,
    earlier: Event,
}

/// When a namespace is to be looked at.
#[derive(Debug)]
pub(crate) struct Appointment {
    number: u64,
    /// In nanoseconds of the runtime's clock. Changed under the agenda's lock.
    at: AtomicU64,
    namespace: Weak<namespace::Inner>,
}

impl Housekeeper {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            agenda: Mutex::new(BTreeMap::new()),
            numbers: AtomicU64::new(0),
            earlier: Event::new(),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// How the server's packets are written.
    pub(crate) fn parser(&self) -> Parser {
        self.hub.config.packet_parser()
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.hub.now()
    }

    /// The moment `timeout` from now.
    pub(crate) fn deadline(&self, timeout: Duration) -> Timestamp {
        self.hub.now() + timeout
    }

    /// For a namespace that has no deadline yet.
    pub(crate) fn appointment(&self, namespace: Weak<namespace::Inner>) -> Appointment {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Appointment { number, at: AtomicU64::new(NEVER), namespace }
    }

    /// The namespace has this deadline now: it will be looked at then, if it would not be before.
    ///
    /// The deadline is known to the namespace already. So it is not lost if this finds an earlier
    /// appointment, which is about to be kept: who keeps it looks at the namespace after that.
    pub(crate) fn expect(&self, appointment: &Appointment, deadline: Timestamp) {
        let deadline = nanos(deadline);
        if appointment.at.load(Ordering::Acquire) <= deadline {
            return;
        }
        let mut agenda = self.agenda.lock();
        let before = appointment.at.load(Ordering::Acquire);
        if before <= deadline {
            return;
        }
        agenda.remove(&(before, appointment.number));
        agenda.insert((deadline, appointment.number), appointment.namespace.clone());
        appointment.at.store(deadline, Ordering::Release);
        let is_first = agenda.keys().next() == Some(&(deadline, appointment.number));
        drop(agenda);
        if is_first {
            self.earlier.notify(1);
        }
    }

    /// The namespace is gone.
    pub(crate) fn cancel(&self, appointment: &Appointment) {
        let at = appointment.at.load(Ordering::Acquire);
        if at != NEVER {
            self.agenda.lock().remove(&(at, appointment.number));
        }
    }

    /// A namespace that is to be looked at by now. It has no appointment any more.
    fn due(&self, now: Timestamp) -> Option<Arc<namespace::Inner>> {
        let mut agenda = self.agenda.lock();
        loop {
            let first = agenda.first_entry()?;
            if first.key().0 > nanos(now) {
                return None;
            }
            // One that is being dropped has nobody who waits for anything.
            if let Some(namespace) = first.remove().upgrade() {
                namespace.appointment().at.store(NEVER, Ordering::Release);
                return Some(namespace);
            }
        }
    }

    fn next(&self) -> Option<Timestamp> {
        let first = self.agenda.lock().keys().next().copied();
        first.map(|(at, _)| Timestamp::from_offset(Duration::from_nanos(at)))
    }

    /// The task: ends when the server is dropped.
    pub(crate) async fn run(self: Arc<Self>, server: Weak<server::Shared>) {
        let Some(host) = self.hub.host().cloned() else { return };
        loop {
            // Before looking: a deadline that comes in while we look then wakes the listener.
            let earlier = self.earlier.listen();
            if server.strong_count() == 0 {
                return;
            }
            while let Some(namespace) = self.due(host.now()) {
                namespace.handle_timeout(host.now());
            }
            match self.next() {
                Some(deadline) => {
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

fn nanos(timestamp: Timestamp) -> u64 {
    u64::try_from(timestamp.offset().as_nanos()).unwrap_or(NEVER - 1)
}
