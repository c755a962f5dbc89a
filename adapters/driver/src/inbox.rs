//! What other tasks hand to a connection's task, its HTTP requests and its WebSocket, and what
//! wakes it.

#[cfg(not(klatch_explore))]
use std::hint::black_box;
use std::sync::{Arc, Weak};
use std::task::Waker;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::task::{self, ArcWake};
use http::request::Parts;
use klatch_core::engine::{PostFault, RequestError, RequestId, Response};

use crate::drain::Told;
use crate::link::Load;
use crate::rush;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use crate::websocket::WebSocket;

/// A client that keeps to the protocol has a GET, a POST and an upgrade under way, and perhaps a
/// second of each by mistake.
const CAPACITY: usize = 16;

/// Where the answer to a request goes.
pub(crate) type Reply = oneshot::Sender<Response>;

/// Something for a connection's task.
#[derive(Debug)]
pub(crate) enum Arrival {
    Get(RequestId, Reply),
    PostHead(RequestId, Reply),
    /// With the head of the POST, if the application wants to see it.
    PostBody(RequestId, Bytes, Option<Arc<Parts>>),
    PostFailed(RequestId, PostFault),
    /// The client gave up a request.
    RequestLost(RequestId),
    Upgrade(Box<WebSocket>),
    /// The server ends: so is the connection to, after what is queued.
    Farewell(Told),
    /// The server ends now: so does the connection.
    Cut,
}

/// There is an arrival.
const ARRIVED: u8 = 1;
/// The WebSocket has something to read.
const READABLE: u8 = 2;

/// It may be time for something.
const RUNG: u8 = 4;

/// The way from the tasks of HTTP connections to the task of one session.
///
/// As a waker it stands for the WebSocket: whoever wakes it says that there is something to read.
/// A task that is woken to write need not try: reading from a socket that has nothing costs a
/// system call on most runtimes.
///
/// What wakes the task comes first, beside the count of who may: see [`Task`](crate::task::Task).
#[repr(C)]
pub(crate) struct Inbox {
    /// What happened since the task last looked.
    news: AtomicU8,
    arrivals: Mutex<Arrivals>,
    /// The session's.
    number: u64,
    /// What the connection holds.
    load: Weak<dyn Load>,
    requests: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(C)]
struct Arrivals {
    /// The task's. It stays, so that a turn that changes nothing need not leave it anew.
    waker: Option<Waker>,
    list: Vec<Arrival>,
    /// The task is gone: nobody would look.
    closed: bool,
}

/// What happened since a task last looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News(u8);

impl News {
    pub(crate) fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    pub(crate) fn has_arrived(self) -> bool {
        self.0 & ARRIVED != 0
    }

    pub(crate) fn has_rung(self) -> bool {
        self.0 & RUNG != 0
    }
}

impl ArcWake for Inbox {
    fn wake_by_ref(inbox: &Arc<Self>) {
        inbox.ring(READABLE);
    }
}

/// Rings for the timer of a task. A turn that is taken for something else knows by that, too, whether it is to
/// look at the time.
struct Alarm(Arc<Inbox>);

impl ArcWake for Alarm {
    fn wake_by_ref(alarm: &Arc<Self>) {
        alarm.0.ring(RUNG);
    }
}

/// What the timer of a task wakes.
pub(crate) fn alarm(inbox: Arc<Inbox>) -> Waker {
    task::waker(Arc::new(Alarm(inbox)))
}

impl Inbox {
    pub(crate) fn new(number: u64, load: Weak<dyn Load>) -> Self {
        Self {
            number,
            load,
            // A WebSocket that is there from the start may have been written to.
            news: AtomicU8::new(READABLE),
            arrivals: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What the connection holds; `None` if it is gone.
    pub(crate) fn load(&self) -> Option<Arc<dyn Load>> {
        self.load.upgrade()
    }

    pub(crate) fn next_request(&self) -> RequestId {
        RequestId::new(self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands something over, or says what to answer instead.
    pub(crate) fn push(&self, arrival: Arrival) -> Result<(), RequestError> {
        let mut arrivals = self.arrivals.lock();
        if arrivals.closed {
            return Err(RequestError::UnknownSid);
        }
        // What ends a request that is in already is never refused.
        let opens =
            matches!(arrival, Arrival::Get(..) | Arrival::PostHead(..) | Arrival::Upgrade(_));
        if opens && arrivals.list.len() >= CAPACITY {
            return Err(RequestError::BadRequest);
        }
        arrivals.list.push(arrival);
        drop(arrivals);
        self.ring(ARRIVED);
        Ok(())
    }

    /// Wakes the task, if it does not know yet.
    fn ring(&self, what: u8) {
        if self.news.fetch_or(what, Ordering::AcqRel) & what != 0 {
            return;
        }
        if what == READABLE {
            rush::join();
        }
        let waker = self.arrivals.lock().waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Asks for what [`news`](Self::news) looks at.
    #[inline]
    pub(crate) fn fetch(&self) {
        #[cfg(not(klatch_explore))]
        black_box(self.news.load(Ordering::Relaxed));
    }

    /// What happened since the last call.
    pub(crate) fn news(&self) -> News {
        // Mostly nothing: to look is cheaper than to swap.
        if self.news.load(Ordering::Acquire) == 0 {
            return News(0);
        }
        News(self.news.swap(0, Ordering::AcqRel))
    }

    /// All that arrived, in order.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.arrivals.lock().list)
    }

    /// Leaves something for the next [`Self::take`], before what arrives meanwhile.
    pub(crate) fn put_back(&self, arrival: Arrival) {
        self.arrivals.lock().list.insert(0, arrival);
    }

    /// The task is gone. A request that it did not see any more would keep this inbox alive, and
    /// in it the way to its own answer: it would wait for ever.
    pub(crate) fn close(&self) {
        let mut arrivals = self.arrivals.lock();
        arrivals.closed = true;
        let left = std::mem::take(&mut arrivals.list);
        // The task's waker keeps what is left of it.
        let waker = arrivals.waker.take();
        drop(arrivals);
        drop((left, waker));
    }

    /// Leaves the task's waker. It is woken from then on; what happened before is in the next
    /// [`Self::news`].
    pub(crate) fn register(&self, waker: &Waker) {
        let replaced = self.arrivals.lock().waker.replace(waker.clone());
        drop(replaced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;

    fn inbox() -> Inbox {
        Inbox::new(0, Weak::<Link>::new())
    }

    #[test]
    fn a_request_that_comes_when_the_task_has_ended_is_not_left_waiting() {
        let inbox = inbox();
        let (sender, mut before) = oneshot::channel();
        assert!(inbox.push(Arrival::Get(inbox.next_request(), sender)).is_ok());
        inbox.close();
        let (sender, mut after) = oneshot::channel();
        assert!(inbox.push(Arrival::Get(inbox.next_request(), sender)).is_err());
        assert_eq!(before.try_recv(), Err(oneshot::Canceled));
        assert_eq!(after.try_recv(), Err(oneshot::Canceled));
    }

    #[test]
    fn only_what_opens_a_request_is_refused_by_a_full_inbox() {
        let inbox = inbox();
        for _ in 0..CAPACITY {
            let (sender, _) = oneshot::channel();
            assert!(inbox.push(Arrival::Get(inbox.next_request(), sender)).is_ok());
        }
        let (sender, _) = oneshot::channel();
        let id = inbox.next_request();
        assert!(inbox.push(Arrival::PostHead(id, sender)).is_err());
        assert!(inbox.push(Arrival::RequestLost(id)).is_ok());
        assert_eq!(inbox.take().len(), CAPACITY + 1);
    }
}
