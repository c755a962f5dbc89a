//! What all connections of a server share, whatever they speak.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use event_listener::{Event, EventListener};
use futures::future::{self, Either};
use klatch_core::{CloseReason, Config, Sid, Timestamp};

use crate::edge::Web;
use crate::entropy;
use crate::handshake::Keep;
use crate::hooks::Hooks;
use crate::inbox::{Inbox, Registry};
use crate::mailbox::Order;
use crate::runtime::Host;

/// How long a closing server waits for its clients to take what is queued for them.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// Sessions, settings and the runtime of a server.
pub(crate) struct Hub {
    pub(crate) config: Config,
    /// With slashes at both ends.
    pub(crate) path: String,
    /// Bytes that may wait for one client.
    pub(crate) mailbox_budget: usize,
    /// Extensions of opening requests that handlers may ask for.
    pub(crate) kept: Vec<Keep>,
    pub(crate) hooks: Hooks,
    pub(crate) web: Web,
    sessions: Registry,
    /// How many sessions there were.
    numbers: AtomicU64,
    /// Streams that may still hold what a session that has ended passed on.
    writing: AtomicUsize,
    host: OnceLock<Arc<dyn Host>>,
    /// Whether the application wants to see the heads of POSTs.
    shows_posts: AtomicBool,
    closing: AtomicBool,
    closing_began: Event,
    /// A session has ended, or a stream has written.
    session_ended: Event,
    /// The server is closing, and the last session has ended.
    drained: Event,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("path", &self.path)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

impl Hub {
    pub(crate) fn new(
        config: Config,
        path: String,
        mailbox_budget: usize,
        kept: Vec<Keep>,
        hooks: Hooks,
        web: Web,
    ) -> Self {
        Self {
            config,
            path,
            mailbox_budget,
            kept,
            hooks,
            web,
            sessions: Registry::default(),
            numbers: AtomicU64::new(0),
            writing: AtomicUsize::new(0),
            host: OnceLock::new(),
            shows_posts: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            closing_began: Event::new(),
            session_ended: Event::new(),
            drained: Event::new(),
        }
    }

    /// Gives the server its runtime; the first one stays. `true` if this was the first.
    pub(crate) fn attach(&self, host: Arc<dyn Host>) -> bool {
        self.host.set(host).is_ok()
    }

    /// The runtime; `None` before the server is served, when there is nobody to serve either.
    pub(crate) fn host(&self) -> Option<&Arc<dyn Host>> {
        self.host.get()
    }

    /// Has the heads of POSTs kept for those who handle what they carry, or not.
    pub(crate) fn show_posts(&self, shown: bool) {
        self.shows_posts.store(shown, Ordering::Relaxed);
    }

    pub(crate) fn shows_posts(&self) -> bool {
        self.shows_posts.load(Ordering::Relaxed)
    }

    /// Random bytes, the runtime's.
    pub(crate) fn entropy<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self.host() {
            Some(host) => host.entropy(&mut bytes),
            None => entropy::fill(&mut bytes),
        }
        bytes
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.host().map_or(Timestamp::ZERO, |host| host.now())
    }

    /// Enters a session; `false` if the server is closing, or another session has this id.
    pub(crate) fn remember(&self, sid: Sid, inbox: Arc<Inbox>) -> bool {
        if !self.sessions.insert(sid, inbox) {
            return false;
        }
        // Whoever closes the server looks at the sessions after it set the flag.
        if self.is_closing() {
            self.forget(&sid);
            return false;
        }
        true
    }

    /// A number for a session: to tell it from others in logs, and to have an order.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn find(&self, sid: &Sid) -> Option<Arc<Inbox>> {
        self.sessions.find(sid)
    }

    pub(crate) fn forget(&self, sid: &Sid) {
        self.sessions.remove(sid);
        self.session_ended.notify(usize::MAX);
        // Only the last one is for all connections to hear.
        if self.is_closing() && self.sessions.len() == 0 {
            self.drained.notify(usize::MAX);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Waits until the server begins to close.
    pub(crate) async fn closing(&self) {
        loop {
            let listener: EventListener = self.closing_began.listen();
            if self.is_closing() {
                return;
            }
            listener.await;
        }
    }

    /// Waits until the server is closing and no session is left. Who is between two polls when it
    /// begins to close comes back for what is queued, over the connection that it has.
    pub(crate) async fn drained(&self) {
        self.closing().await;
        loop {
            let drained = self.drained.listen();
            if self.sessions.len() == 0 {
                return;
            }
            drained.await;
        }
    }

    /// Closes every session after what is queued for it, and waits for that.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.closing_began.notify(usize::MAX);
        for inbox in self.sessions.all() {
            inbox.order(Order::Close(CloseReason::ServerShuttingDown));
        }
        self.closed().await;
    }

    /// Holds up the end of the server until it is dropped.
    pub(crate) fn writing(self: &Arc<Self>) -> Writing {
        self.writing.fetch_add(1, Ordering::SeqCst);
        Writing(self.clone())
    }

    /// Waits until no session is left and all that they passed on is written, within a deadline:
    /// the process may end then.
    pub(crate) async fn closed(&self) {
        let Some(host) = self.host() else { return };
        let mut deadline = host.timer(host.now() + CLOSE_DEADLINE);
        loop {
            let ended = self.session_ended.listen();
            if self.sessions.len() == 0 && self.writing.load(Ordering::SeqCst) == 0 {
                return;
            }
            match future::select(ended, deadline).await {
                Either::Left(((), left)) => deadline = left,
                Either::Right(_) => return,
            }
        }
    }
}

/// A stream that still has something to write.
pub(crate) struct Writing(Arc<Hub>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writing.fetch_sub(1, Ordering::SeqCst);
        self.0.session_ended.notify(usize::MAX);
    }
}
