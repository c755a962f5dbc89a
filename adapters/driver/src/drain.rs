//! The end of a server: its clients are told, batch by batch, and have some time to take what waits for
//! them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{self, Either};
use klatch_core::Timestamp;

use crate::hub::Hub;
use crate::inbox::{Arrival, Inbox};
use crate::runtime::Host;
use crate::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use crate::sync::{Event, Mutex};

/// How long connections that are cut have for their last turn: no time, unless a handler blocks the
/// thread that they are on.
const LAST_TURN: Duration = Duration::from_secs(1);

/// How a server ends; see [`Server::shutdown`](crate::Server::shutdown).
///
/// ```
/// use std::time::Duration;
///
/// use klatch_driver::{Drain, Server};
///
/// # async fn end(server: Server) {
/// let drain = Drain::new().batch(1_000).deadline(Duration::from_secs(25));
/// let report = server.shutdown(drain).await;
/// println!("{report}");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is for `Server::shutdown`"]
pub struct Drain {
    batch: usize,
    interval: Duration,
    deadline: Duration,
}

impl Drain {
    /// The defaults.
    pub const fn new() -> Self {
        Self { batch: 10_000, interval: Duration::from_secs(2), deadline: Duration::from_secs(10) }
    }

    /// How many clients are told at once; 1 at least. All of them look for a server again, about
    /// a second later: this is what the others have to let in.
    ///
    /// 10,000, as in Phoenix. There are more in a batch if the last one would be told after half of the
    /// [deadline](Self::deadline) otherwise: it is to have the other half.
    pub const fn batch(mut self, clients: usize) -> Self {
        self.batch = clients;
        self
    }

    /// How long after one batch the next is told; with none, all are at once.
    ///
    /// 2 s, as in Phoenix: those who look for a server again do so within one or two.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long all of it may take. Whoever has not taken all that waits by then is cut off.
    ///
    /// 10 s: whatever ends processes mostly waits for thirty before it kills them.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many of so many clients are told at once.
    fn batch_of(&self, clients: usize) -> usize {
        let intervals = (self.deadline / 2).as_nanos().checked_div(self.interval.as_nanos());
        let batches = intervals.map_or(1, |whole| usize::try_from(whole + 1).unwrap_or(usize::MAX));
        clients.div_ceil(batches).max(self.batch).max(1)
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of a server's clients when it ended; see [`Server::shutdown`](crate::Server::shutdown).
///
/// A client is one connection here, in whatever namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Clients that were told: all that were connected when their turn came.
    pub told: usize,
    /// Of these, those who took all that waited for them: over a WebSocket they answered the goodbye
    /// behind it, over polling they came back for one.
    pub flushed: usize,
    /// Those who went before that, or did not answer within five seconds what was written whole.
    pub gone: usize,
    /// Those who were cut off at the deadline.
    pub cut: usize,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { told, flushed, gone, cut, took } = self;
        write!(f, "{told} clients told, {flushed} flushed, {gone} gone, {cut} cut, in {took:?}")
    }
}

/// How far a server is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Open,
    /// Nobody is let in; clients are told.
    Draining,
    /// No session is left: what there still is, is on its way to the network.
    Empty,
    /// The deadline has passed.
    Cut,
    Over,
}

/// The stage, and what is counted on the way.
pub(crate) struct Draining {
    stage: AtomicU8,
    /// The stage is another.
    advanced: Event,
    /// A session has ended, or a stream has written.
    settled: Event,
    /// Streams that may still hold what a session that has ended passed on.
    writing: AtomicUsize,
    told: AtomicUsize,
    flushed: AtomicUsize,
    gone: AtomicUsize,
    report: Mutex<DrainReport>,
}

impl Draining {
    pub(crate) fn new() -> Self {
        Self {
            stage: AtomicU8::new(Stage::Open as u8),
            advanced: Event::new(),
            settled: Event::new(),
            writing: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            flushed: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
            report: Mutex::default(),
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.is_at(Stage::Draining)
    }

    fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::SeqCst) >= stage as u8
    }

    /// Goes on to a stage, if it is not past it; `true` if it was at none but the first.
    fn advance(&self, stage: Stage) -> bool {
        let before = self.stage.fetch_max(stage as u8, Ordering::SeqCst);
        if before < stage as u8 {
            self.advanced.notify(usize::MAX);
        }
        before == Stage::Open as u8
    }

    /// Waits for a stage, or one after it.
    pub(crate) async fn reached(&self, stage: Stage) {
        loop {
            let advanced = self.advanced.listen();
            if self.is_at(stage) {
                return;
            }
            advanced.await;
        }
    }

    /// A session has ended; so many are left.
    pub(crate) fn session_ended(&self, left: usize) {
        self.settled.notify(usize::MAX);
        // Only the last one is for all connections to hear.
        if left == 0 && self.has_begun() {
            self.advance(Stage::Empty);
        }
    }

    fn count(&self) -> DrainReport {
        let [told, flushed, gone] =
            [&self.told, &self.flushed, &self.gone].map(|count| count.load(Ordering::SeqCst));
        let cut = told.saturating_sub(flushed + gone);
        DrainReport { told, flushed, gone, cut, took: Duration::ZERO }
    }
}

impl Hub {
    /// Ends the server, once: whoever comes later waits for the same end.
    pub(crate) async fn shut_down(self: &Arc<Self>, drain: Drain) -> DrainReport {
        let draining = self.draining();
        if draining.advance(Stage::Draining) {
            let end = End { hub: self.clone(), began: self.now() };
            if let Some(host) = self.host() {
                // A task of its own: who called this may lose patience.
                let hub = self.clone();
                host.spawn(Box::pin(async move { hub.drain(&end, drain).await }));
            }
        }
        draining.reached(Stage::Over).await;
        *draining.report.lock()
    }

    async fn drain(self: &Arc<Self>, end: &End, drain: Drain) {
        let Some(host) = self.host() else { return };
        let sessions = self.sessions();
        let deadline = end.began + drain.deadline;
        let batch = drain.batch_of(sessions.len());
        tracing::info!(clients = sessions.len(), batch, deadline = ?drain.deadline, "the server ends");
        self.draining().session_ended(self.len());
        let mut next = end.began;
        for batch in sessions.chunks(batch) {
            if self.is_quiet_by(&**host, next).await {
                break;
            }
            for inbox in batch {
                self.tell(inbox);
            }
            next = next + drain.interval;
        }
        if !self.is_quiet_by(&**host, deadline).await {
            self.cut();
            self.is_quiet_by(&**host, host.now() + LAST_TURN).await;
        }
    }

    /// Tells one client, unless it is gone already.
    fn tell(self: &Arc<Self>, inbox: &Inbox) {
        let _ = inbox.push(Arrival::Farewell(Told::new(self.clone())));
    }

    /// Ends all that is left.
    fn cut(&self) {
        self.draining().advance(Stage::Cut);
        for inbox in self.sessions() {
            let _ = inbox.push(Arrival::Cut);
        }
    }

    /// Waits until no session is left and all that they passed on is written: the process may end then.
    /// `false` if it is not so in time.
    async fn is_quiet_by(&self, host: &dyn Host, deadline: Timestamp) -> bool {
        let mut deadline = host.timer(deadline);
        loop {
            let settled = self.draining().settled.listen();
            if self.len() == 0 && self.draining().writing.load(Ordering::SeqCst) == 0 {
                return true;
            }
            match future::select(settled, deadline).await {
                Either::Left(((), left)) => deadline = left,
                Either::Right(_) => return false,
            }
        }
    }

    /// Holds up the end of the server until it is dropped.
    pub(crate) fn writing(self: &Arc<Self>) -> Writing {
        self.draining().writing.fetch_add(1, Ordering::SeqCst);
        Writing(self.clone())
    }
}

/// Tells who waits for the end of the server, even if the runtime ended first.
struct End {
    hub: Arc<Hub>,
    began: Timestamp,
}

impl Drop for End {
    fn drop(&mut self) {
        let draining = self.hub.draining();
        let report = DrainReport { took: self.hub.now() - self.began, ..draining.count() };
        tracing::info!(%report, "the server has ended");
        *draining.report.lock() = report;
        draining.advance(Stage::Over);
    }
}

/// A stream that still has something to write.
pub(crate) struct Writing(Arc<Hub>);

impl Writing {
    pub(crate) fn hub(&self) -> &Hub {
        &self.0
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.draining().writing.fetch_sub(1, Ordering::SeqCst);
        self.0.draining().settled.notify(usize::MAX);
    }
}

/// That a client was told that the server ends; by default it was not. Dropped before the client has
/// taken all, that one is gone, or cut off.
#[derive(Default)]
pub(crate) struct Told(Option<Arc<Hub>>);

impl Told {
    fn new(hub: Arc<Hub>) -> Self {
        hub.draining().told.fetch_add(1, Ordering::SeqCst);
        Self(Some(hub))
    }

    /// The client took all.
    pub(crate) fn flushed(mut self) {
        if let Some(hub) = self.0.take() {
            hub.draining().flushed.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Told").field(&self.is_set()).finish()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(hub) = &self.0
            && !hub.draining().is_at(Stage::Cut)
        {
            hub.draining().gone.fetch_add(1, Ordering::SeqCst);
        }
    }
}
