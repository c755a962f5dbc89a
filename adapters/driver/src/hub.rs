//! What all connections of a server share, whatever they speak.

use std::sync::{Arc, OnceLock, Weak};
use std::task::Wake;

use klatch_core::{Config, Limit, Sid, Timestamp};

use crate::budget::{Budget, CHUNK};
use crate::counts::Counts;
use crate::drain::Draining;
use crate::edge::Web;
use crate::entropy;
use crate::handshake::Keep;
use crate::hooks::Hooks;
use crate::inbox::Inbox;
use crate::limits::Limits;
use crate::link::Load;
use crate::meter::Meter;
use crate::registry::Registry;
use crate::runtime::Host;
use crate::rush;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Sessions, settings and the runtime of a server.
pub(crate) struct Hub {
    pub(crate) config: Config,
    /// With slashes at both ends.
    pub(crate) path: String,
    pub(crate) limits: Limits,
    /// Bytes that may wait for clients.
    pub(crate) budget: Arc<Budget>,
    /// How often each limit was hit.
    pub(crate) counts: Counts,
    pub(crate) meter: Meter,
    /// Extensions of opening requests that handlers may ask for.
    pub(crate) kept: Vec<Keep>,
    pub(crate) hooks: Hooks,
    pub(crate) web: Web,
    sessions: Registry,
    /// How many sessions there were.
    numbers: AtomicU64,
    host: OnceLock<Arc<dyn Host>>,
    /// Whether the application wants to see the heads of POSTs.
    shows_posts: AtomicBool,
    draining: Draining,
    /// Held by whoever makes room in mailboxes.
    shedding: Mutex<()>,
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
        limits: Limits,
        budget: Budget,
        kept: Vec<Keep>,
        hooks: Hooks,
        web: Web,
    ) -> Arc<Self> {
        let hub = Arc::new(Self {
            config,
            path,
            budget: Arc::new(budget),
            counts: Counts::default(),
            meter: Meter::new(),
            kept,
            hooks,
            web,
            sessions: Registry::new(limits.sessions),
            limits,
            numbers: AtomicU64::new(0),
            host: OnceLock::new(),
            shows_posts: AtomicBool::new(false),
            draining: Draining::new(),
            shedding: Mutex::new(()),
        });
        hub.budget.shed_by(Arc::new(Shedder(Arc::downgrade(&hub))).into());
        hub
    }

    /// Gives the server its runtime; the first one stays. `true` if this was the first.
    pub(crate) fn attach(&self, host: Arc<dyn Host>) -> bool {
        rush::end();
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

    /// A place for a new session; `None` if the server is closing, or has as many as it may.
    pub(crate) fn place(self: &Arc<Self>) -> Option<Place> {
        if self.is_closing() {
            return None;
        }
        if !self.sessions.take_place() {
            self.counts.hit(Limit::Sessions);
            return None;
        }
        Some(Place(Some(self.clone())))
    }

    /// A number for a session: to tell it from others in logs, and to have an order.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn find(&self, sid: &Sid) -> Option<Arc<Inbox>> {
        self.sessions.find(sid)
    }

    pub(crate) fn forget(&self, sid: &Sid) {
        self.draining.session_ended(self.sessions.remove(sid));
    }

    /// Every session, the oldest first.
    pub(crate) fn sessions(&self) -> Vec<Arc<Inbox>> {
        self.sessions.all()
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What every connection holds.
    pub(crate) fn loads(&self) -> Vec<Arc<dyn Load>> {
        self.sessions().iter().filter_map(|inbox| inbox.load()).collect()
    }

    /// Makes room in mailboxes, if they hold too much: the fullest are closed first.
    fn shed(&self) {
        let mut closed = Vec::new();
        {
            let _shedding = self.shedding.lock();
            if !self.budget.is_exceeded() {
                return;
            }
            let mut loads: Vec<_> =
                self.loads().into_iter().map(|load| (load.queued(), load)).collect();
            // Whoever has no more than what is free makes no room.
            loads.retain(|(queued, _)| *queued > CHUNK);
            loads.sort_unstable_by_key(|(queued, _)| std::cmp::Reverse(*queued));
            for (queued, load) in loads {
                // Asked each time: clients read meanwhile.
                if self.budget.has_room() {
                    break;
                }
                tracing::debug!(queued, "a mailbox is closed: others need the room");
                closed.push((load.shed(), load));
            }
        }
        for (waker, load) in closed {
            if let Some(waker) = waker {
                waker.wake();
            }
            load.drained();
        }
    }

    /// How far the server is on its way to its end.
    pub(crate) fn draining(&self) -> &Draining {
        &self.draining
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.draining.has_begun()
    }
}

/// A place for a session that is about to begin; dropped, it is free again.
pub(crate) struct Place(Option<Arc<Hub>>);

impl Place {
    /// Enters the session; `false` if the server is closing, or another session has this id.
    pub(crate) fn fill(mut self, sid: Sid, inbox: Arc<Inbox>) -> bool {
        let Some(hub) = self.0.take() else { return false };
        if !hub.sessions.fill_place(sid, inbox) {
            return false;
        }
        // Whoever closes the server looks at the sessions after it set the flag.
        if hub.is_closing() {
            hub.forget(&sid);
            return false;
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(hub) = self.0.take() {
            hub.sessions.leave_place();
        }
    }
}

/// Whoever fills the mailboxes beyond their budget wakes this, once it holds no lock.
struct Shedder(Weak<Hub>);

impl Wake for Shedder {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(hub) = self.0.upgrade() {
            hub.shed();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Waker;
    use std::thread;
    use std::time::{Duration, UNIX_EPOCH};

    use klatch_core::engine::Transport;

    use super::*;
    use crate::application::Application as _;
    use crate::handshake::Handshake;
    use crate::link::Link;
    use crate::mailbox::{Parcel, Readiness};
    use crate::runtime::by_hand::ByHand;
    use crate::server::Server;

    struct Packet(usize);

    impl Parcel for Packet {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    fn session(hub: &Arc<Hub>, number: u8) -> Arc<Link<Packet>> {
        let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
        let link = Arc::new(Link::new(hub.clone(), handshake, Transport::WebSocket));
        let load: Weak<Link<Packet>> = Arc::downgrade(&link);
        let inbox = Arc::new(Inbox::new(u64::from(number), load));
        let place = hub.place().expect("there is one");
        assert!(place.fill(Sid::from_entropy([number; 15]), inbox));
        link
    }

    /// More than all mailboxes may hold.
    fn fill(link: &Link<Packet>) {
        crate::wakers::wake_after(|wakers| {
            link.mailbox.push(None, Packet(6 * CHUNK), wakers).expect("it is empty");
        });
    }

    /// Somebody who has a lot to say when it is woken, and says it where it is.
    struct Says(Arc<Link<Packet>>);

    impl Wake for Says {
        fn wake(self: Arc<Self>) {
            fill(&self.0);
        }
    }

    #[test]
    fn a_server_begins_with_nobody_who_waits() {
        let server = Server::new();
        for _ in 0..3 {
            rush::join();
        }
        ByHand::serving(&server);
        assert!(!rush::leave());
    }

    #[test]
    fn who_is_woken_for_room_may_fill_it_again() {
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let server = Server::builder().server_budget(4 * CHUNK).build().expect("it is valid");
            let hub = server.hub();
            let [one, other, idle] = [1, 2, 3].map(|number| session(hub, number));
            let says = Waker::from(Arc::new(Says(other.clone())));
            assert!(one.mailbox.settle(0, Readiness::Blocked, &says).idle);
            fill(&one);
            assert_eq!([&one, &other].map(|link| link.mailbox.load()), [0, 0]);
            assert_eq!(hub.counts.read().total(), 0, "that is for their tasks to count");
            assert!(idle.mailbox.take_orders().1.is_none());
            assert!(
                one.mailbox.take_orders().1.is_some() && other.mailbox.take_orders().1.is_some()
            );
            done.send(()).expect("the test waits");
        });
        is_done.recv_timeout(Duration::from_secs(20)).expect("no deadlock");
    }
}
