use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use klatch_core::engine::{Frame, Input, Transport};
use klatch_core::{Config, Connection, Event, Sid, Timestamp};

use klatch_core::CloseReason;

use super::*;
use crate::budget::CHUNK;

/// A packet of so many bytes.
#[derive(Debug, PartialEq, Eq)]
struct Packet(&'static str, usize);

impl Parcel for Packet {
    fn bytes(&self) -> usize {
        self.1
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A mailbox, and a task that owns it as far as it can tell.
struct Post {
    mailbox: Mailbox<Packet>,
    task: Arc<Count>,
}

impl Post {
    fn new(budget: usize) -> Self {
        Self::within(Budget::new(budget, usize::MAX, usize::MAX))
    }

    fn within(budget: Budget) -> Self {
        Self { mailbox: Mailbox::new(Arc::new(budget)), task: Arc::default() }
    }

    /// With its namespace open, and nothing queued.
    fn open(budget: usize, slot: Slot) -> Self {
        let post = Self::new(budget);
        post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
        assert_eq!(post.take(), ["connect"]);
        assert!(post.settle(ENTRY_OVERHEAD, Readiness::Idle));
        post
    }

    fn push(&self, slot: Slot, name: &'static str, bytes: usize) -> Result<(), Refusal> {
        wake(|wakers| self.mailbox.push(Some(slot), Packet(name, bytes), wakers))
    }

    fn push_volatile(&self, slot: Slot, name: &'static str) -> Result<(), Refusal> {
        wake(|wakers| self.mailbox.push_volatile(Some(slot), Packet(name, 0), wakers))
    }

    fn leave(&self, slot: Slot, disconnect: Option<Packet>) {
        wake(|wakers| self.mailbox.leave(slot, disconnect, wakers));
    }

    fn take(&self) -> Vec<&'static str> {
        self.take_with_ends().0
    }

    /// What is queued, and the namespaces that end with it.
    fn take_with_ends(&self) -> (Vec<&'static str>, Box<[Slot]>) {
        let mut batch = VecDeque::new();
        let (first, left) = self.mailbox.take(&mut batch);
        (first.into_iter().chain(batch).map(|packet| packet.0).collect(), left)
    }

    fn settle(&self, passed_on: usize, readiness: Readiness) -> bool {
        self.settle_fully(passed_on, readiness).idle
    }

    fn settle_fully(&self, passed_on: usize, readiness: Readiness) -> Settled {
        self.mailbox.settle(passed_on, readiness, &Waker::from(self.task.clone()))
    }

    fn wakes(&self) -> usize {
        self.task.0.load(Ordering::Relaxed)
    }
}

fn wake<T>(collect: impl FnOnce(&mut Vec<Waker>) -> T) -> T {
    crate::wakers::wake_after(collect)
}

/// Slots as only a connection gives them out.
fn slots<const N: usize>() -> [Slot; N] {
    let (config, now) = (Config::default(), Timestamp::ZERO);
    let mut machine =
        Connection::new(&config, Sid::from_entropy([0; 15]), Transport::WebSocket, now);
    std::array::from_fn(|nth| {
        machine.handle(now, Input::Frame(Frame::Text(format!("40/{nth},").into())));
        match machine.poll_event() {
            Some(Event::Connect { slot, .. }) => slot,
            other => panic!("no CONNECT: {other:?}"),
        }
    })
}

#[test]
fn only_an_open_namespace_is_let_in() {
    let [here, there] = slots();
    let post = Post::new(1000);
    assert_eq!(post.push(here, "early", 0), Err(Refusal::Closed));
    post.mailbox.open(here, Packet("connect", 0), &mut Vec::new());
    assert_eq!(post.push(here, "event", 0), Ok(()));
    assert_eq!(post.push(there, "elsewhere", 0), Err(Refusal::Closed));
    assert_eq!(post.take(), ["connect", "event"]);
}

#[test]
fn nothing_follows_a_disconnect() {
    let [slot, other] = slots();
    let post = Post::open(1000, slot);
    post.mailbox.open(other, Packet("other", 0), &mut Vec::new());
    assert_eq!(post.push(slot, "last", 0), Ok(()));
    post.leave(slot, Some(Packet("disconnect", 0)));
    assert_eq!(post.push(slot, "late", 0), Err(Refusal::Closed));
    assert_eq!(post.push_volatile(slot, "late"), Err(Refusal::Closed));
    // A second farewell would be one for whoever joined meanwhile.
    post.leave(slot, Some(Packet("again", 0)));
    assert_eq!(post.push(other, "event", 0), Ok(()));
    let queued = vec!["other", "last", "disconnect", "event"];
    assert_eq!(post.take_with_ends(), (queued, Box::from([slot])));
    assert_eq!(post.mailbox.take_orders(), (Box::default(), None), "the task is told once");
}

#[test]
fn whoever_left_by_itself_is_told_nothing() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    post.leave(slot, None);
    assert_eq!(post.push(slot, "late", 0), Err(Refusal::Closed));
    assert!(post.take().is_empty());
    assert_eq!(post.mailbox.take_orders(), (Box::default(), None));
}

#[test]
fn a_packet_over_the_budget_closes_the_connection() {
    let [slot] = slots();
    let post = Post::open(2 * (ENTRY_OVERHEAD + 100), slot);
    assert_eq!(post.push(slot, "fits", 100), Ok(()));
    assert_eq!(post.push(slot, "just fits", 100), Ok(()));
    assert_eq!(post.mailbox.take_orders(), (Box::default(), None));
    assert_eq!(post.push(slot, "one more", 0), Err(Refusal::Full));
    assert_eq!(post.mailbox.take_orders(), (Box::default(), Some(Order::Overflow(Limit::Mailbox))));
}

#[test]
fn one_packet_fits_an_empty_mailbox_however_large() {
    let [slot] = slots();
    let post = Post::open(10, slot);
    assert_eq!(post.push(slot, "huge", 1_000_000), Ok(()));
    assert_eq!(post.push(slot, "small", 0), Err(Refusal::Full));
}

#[test]
fn what_was_taken_counts_until_it_is_passed_on() {
    let [slot] = slots();
    let post = Post::open(2 * ENTRY_OVERHEAD, slot);
    assert_eq!(post.push(slot, "a", 0), Ok(()));
    assert_eq!(post.take(), ["a"]);
    assert_eq!(post.push(slot, "b", 0), Ok(()));
    assert!(!post.settle(ENTRY_OVERHEAD, Readiness::Idle), "b waits");
    assert_eq!(post.take(), ["b"]);
    assert!(post.settle(0, Readiness::Blocked), "b is on its way");
    assert_eq!(post.push(slot, "c", 0), Ok(()));
    assert_eq!(post.push(slot, "d", 0), Err(Refusal::Full));
}

#[test]
fn a_disconnect_always_fits() {
    let [slot] = slots();
    let post = Post::open(ENTRY_OVERHEAD, slot);
    assert_eq!(post.push(slot, "full", 0), Ok(()));
    post.leave(slot, Some(Packet("disconnect", 0)));
    assert_eq!(post.mailbox.take_orders(), (Box::from([slot]), None));
    assert_eq!(post.take(), ["full", "disconnect"]);
}

#[test]
fn a_mailbox_that_took_something_closes_behind_it() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    // From another thread, say, when the task has taken what it thinks is the last.
    assert_eq!(post.push(slot, "last", 0), Ok(()));
    assert!(!post.mailbox.close_if_empty());
    assert_eq!(post.push(slot, "the very last", 0), Ok(()));
    assert_eq!(post.take(), ["last", "the very last"]);
    assert!(post.mailbox.close_if_empty());
    assert_eq!(post.push(slot, "late", 0), Err(Refusal::Closed));
    assert!(post.take().is_empty());
}

#[test]
fn a_volatile_packet_waits_for_nothing() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    assert_eq!(post.push_volatile(slot, "alone"), Ok(()));
    assert_eq!(post.push_volatile(slot, "behind it"), Err(Refusal::Busy));
    assert_eq!(post.take(), ["alone"]);
    assert_eq!(post.push_volatile(slot, "while the task runs"), Err(Refusal::Busy));
    for (readiness, taken) in [
        (Readiness::Blocked, Err(Refusal::Busy)),
        (Readiness::Busy, Err(Refusal::Busy)),
        (Readiness::Idle, Ok(())),
    ] {
        assert!(post.settle(0, readiness));
        assert_eq!(post.push_volatile(slot, "later"), taken, "{readiness:?}");
    }
}

#[test]
fn the_task_is_woken_once_and_only_if_it_can_send() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    assert_eq!(post.push(slot, "a", 0), Ok(()));
    assert_eq!(post.push(slot, "b", 0), Ok(()));
    assert_eq!(post.wakes(), 1);
    assert_eq!(post.take(), ["a", "b"]);
    assert!(post.settle(2 * ENTRY_OVERHEAD, Readiness::Blocked));
    assert_eq!(post.push(slot, "c", 0), Ok(()));
    assert_eq!(post.wakes(), 1, "it would find its transport blocked");
    assert!(!post.settle(0, Readiness::Busy), "c came in before");
}

#[test]
fn a_task_that_takes_its_turn_is_not_woken_for_a_packet() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    assert!(!post.mailbox.begin_turn());
    assert_eq!(post.push(slot, "a", 0), Ok(()));
    assert_eq!(post.take(), ["a"]);
    // It has looked for the last time, but for what it does when it settles.
    assert_eq!(post.push(slot, "b", 0), Ok(()));
    assert_eq!(post.wakes(), 0);
    assert!(!post.settle(ENTRY_OVERHEAD, Readiness::Busy), "b came in before");
    assert!(!post.mailbox.begin_turn());
    assert_eq!(post.take(), ["b"]);
    assert!(post.settle(ENTRY_OVERHEAD, Readiness::Idle));
    assert_eq!(post.push(slot, "c", 0), Ok(()));
    assert_eq!(post.wakes(), 1);
}

#[test]
fn an_order_wakes_the_task_and_the_first_one_stands() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    let close = Order::Close(CloseReason::ForcedClose);
    assert!(post.settle(0, Readiness::Blocked));
    post.mailbox.command(close);
    assert_eq!(post.wakes(), 1);
    assert!(!post.settle(0, Readiness::Blocked), "there is an order");
    post.mailbox.command(Order::DisconnectAll);
    assert_eq!(post.mailbox.take_orders(), (Box::default(), Some(close)));
    post.mailbox.command(close);
    post.mailbox.command(Order::Overflow(Limit::Mailbox));
    assert_eq!(post.mailbox.take_orders(), (Box::default(), Some(Order::Overflow(Limit::Mailbox))));
    assert!(post.settle(0, Readiness::Idle));
}

#[test]
fn a_closed_mailbox_takes_nothing_and_keeps_nothing() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    assert_eq!(post.push(slot, "queued", 0), Ok(()));
    post.mailbox.close();
    assert_eq!(post.push(slot, "late", 0), Err(Refusal::Closed));
    post.leave(slot, Some(Packet("disconnect", 0)));
    post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
    assert!(post.take().is_empty());
    assert!(post.settle(0, Readiness::Idle));
}

#[test]
fn a_nudge_while_the_task_runs_is_another_turn() {
    let [slot] = slots();
    let post = Post::open(1000, slot);
    assert_eq!(post.push(slot, "wakes", 0), Ok(()));
    assert_eq!(post.take(), ["wakes"]);
    // The handler that made room ends after the task looked, and before it settles.
    post.mailbox.nudge();
    assert!(!post.settle(ENTRY_OVERHEAD, Readiness::Idle));
    assert!(post.mailbox.begin_turn(), "it is told to look");
    assert_eq!(post.mailbox.take_orders(), (Box::default(), None));
    assert!(post.settle(0, Readiness::Idle), "one turn is enough");
}

#[test]
fn nothing_passes_by_a_packet_that_did_not_fit() {
    let [slot] = slots();
    let post = Post::open(2 * (ENTRY_OVERHEAD + 100), slot);
    assert_eq!(post.push(slot, "first", 100), Ok(()));
    assert_eq!(post.push(slot, "too large", 101), Err(Refusal::Full));
    assert_eq!(post.push(slot, "smaller", 0), Err(Refusal::Full));
    assert_eq!(post.push_volatile(slot, "volatile"), Err(Refusal::Full));
    assert_eq!(post.take(), ["first"], "a client may miss the end, never the middle");
}

#[test]
fn a_client_that_joins_again_and_again_pays_for_it() {
    let post = Post::new(ENTRY_OVERHEAD);
    let [first, second] = slots();
    post.mailbox.open(first, Packet("connect", 0), &mut Vec::new());
    post.leave(first, None);
    post.mailbox.open(second, Packet("connect", 0), &mut Vec::new());
    assert_eq!(post.mailbox.take_orders(), (Box::default(), Some(Order::Overflow(Limit::Mailbox))));
    assert_eq!(post.take(), ["connect"]);
}

#[test]
fn a_mailbox_is_congested_above_the_mark_until_it_is_not_above_it() {
    let [slot] = slots();
    let post = Post::within(Budget::new(1_000_000, 2 * (ENTRY_OVERHEAD + 100), usize::MAX));
    post.mailbox.open(slot, Packet("connect", 36), &mut Vec::new());
    assert_eq!(post.push(slot, "to the mark", 164), Ok(()));
    assert!(!post.mailbox.is_congested());
    assert_eq!(post.push(slot, "beyond it", 0), Ok(()));
    assert!(post.mailbox.is_congested());
    assert_eq!(post.take().len(), 3);
    assert!(post.mailbox.is_congested(), "it is not passed on yet");
    let still = Settled { idle: true, drained: false };
    assert_eq!(post.settle_fully(ENTRY_OVERHEAD - 1, Readiness::Blocked), still);
    assert!(post.mailbox.is_congested(), "a byte above the mark");
    assert_eq!(post.settle_fully(1, Readiness::Blocked), Settled { idle: true, drained: true });
    assert!(!post.mailbox.is_congested());
    assert_eq!(post.settle_fully(1, Readiness::Idle), still, "it is told once");
}

#[test]
fn a_mailbox_that_is_closed_is_not_congested() {
    let [slot] = slots();
    let post = Post::within(Budget::new(1000, 0, usize::MAX));
    post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
    assert!(post.mailbox.is_congested());
    post.mailbox.close();
    assert!(!post.mailbox.is_congested() && post.mailbox.is_closed());
}

#[test]
fn a_server_counts_what_is_beyond_the_first_chunk_of_each_mailbox() {
    let [slot] = slots();
    let budget = Arc::new(Budget::new(10 * CHUNK, usize::MAX, usize::MAX));
    let [one, other] = [(); 2].map(|()| {
        let post = Post { mailbox: Mailbox::new(budget.clone()), task: Arc::default() };
        post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
        post
    });
    let rest = CHUNK - 2 * ENTRY_OVERHEAD;
    assert_eq!(one.push(slot, "to the end of the chunk", rest), Ok(()));
    assert_eq!(budget.held(), 0);
    assert_eq!(one.push(slot, "beyond it", 0), Ok(()));
    assert_eq!(budget.held(), CHUNK);
    assert_eq!(other.push(slot, "three chunks", 3 * CHUNK), Ok(()));
    assert_eq!(budget.held(), CHUNK + 3 * CHUNK);
    assert_eq!(other.take().len(), 2);
    assert!(other.settle(2 * CHUNK, Readiness::Busy));
    assert_eq!(budget.held(), CHUNK + CHUNK, "what is passed on does not count");
    one.mailbox.close();
    assert_eq!(budget.held(), CHUNK, "nor does what is forgotten");
    assert!(other.settle(2 * CHUNK, Readiness::Idle));
    assert_eq!(budget.held(), 0);
}

#[test]
fn whoever_fills_the_mailboxes_beyond_their_budget_wakes_who_makes_room() {
    let [slot] = slots();
    let budget = Budget::new(10 * CHUNK, usize::MAX, 2 * CHUNK);
    let shedder: Arc<Count> = Arc::default();
    budget.shed_by(shedder.clone().into());
    let sheds = || shedder.0.load(Ordering::Relaxed);
    let post = Post::within(budget);
    post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
    assert_eq!(post.take(), ["connect"]);
    assert!(post.settle(ENTRY_OVERHEAD, Readiness::Idle));
    assert_eq!(post.push(slot, "two chunks beyond the first", 3 * CHUNK - 200), Ok(()));
    assert_eq!((sheds(), post.wakes()), (0, 1));
    assert!(!post.settle(0, Readiness::Idle));
    let _ = post.take();
    assert!(post.settle(0, Readiness::Idle));
    let (pushed, waker) = post.mailbox.push_one(Some(slot), Packet("one more", 200));
    assert_eq!((pushed, sheds()), (Ok(()), 0), "not with a lock held");
    waker.expect("there is somebody to wake").wake();
    assert_eq!((sheds(), post.wakes()), (1, 2), "and the task with it");
}

#[test]
fn a_mailbox_that_is_shed_closes_its_connection_and_takes_nothing() {
    let [slot] = slots();
    let budget = Arc::new(Budget::new(10 * CHUNK, usize::MAX, usize::MAX));
    let post = Post { mailbox: Mailbox::new(budget.clone()), task: Arc::default() };
    post.mailbox.open(slot, Packet("connect", 0), &mut Vec::new());
    assert_eq!(post.push(slot, "large", 4 * CHUNK), Ok(()));
    assert!(post.settle(0, Readiness::Blocked) && budget.held() > 0);
    post.mailbox.shed().expect("a task to wake").wake();
    assert_eq!((budget.held(), post.wakes()), (0, 1));
    assert_eq!(post.push(slot, "late", 0), Err(Refusal::Full));
    let order = Order::Overflow(Limit::Mailboxes);
    assert_eq!(post.mailbox.take_orders(), (Box::default(), Some(order)));
    assert!(post.take().is_empty());
    assert!(post.settle(CHUNK, Readiness::Blocked), "what the task had is not counted twice");
    assert_eq!(budget.held(), 0);
}

#[test]
fn a_mailbox_is_on_two_lines() {
    assert_eq!(size_of::<Mailbox<super::Packet>>(), 128);
}

#[test]
fn nothing_passes_a_connect_by() {
    let [here] = slots();
    for _ in 0..200 {
        let post = Post::new(1_000);
        let tries = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while post.push(here, "event", 0).is_err() {
                    tries.fetch_add(1, Ordering::Relaxed);
                }
            });
            while tries.load(Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
            post.mailbox.open(here, Packet("connect", 0), &mut Vec::new());
        });
        assert_eq!(post.take(), ["connect", "event"]);
    }
}
