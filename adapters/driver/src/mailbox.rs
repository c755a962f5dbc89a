//! What waits to be sent to one client.

mod parcel;
mod row;
mod terms;
mod wake;

use std::collections::VecDeque;
#[cfg(not(klatch_explore))]
use std::hint::black_box;
use std::sync::Arc;
use std::task::Waker;

use klatch_core::{Limit, Slot};

pub(crate) use self::parcel::{ENTRY_OVERHEAD, Packet, Parcel};
use self::row::Row;
pub(crate) use self::terms::{Order, Readiness, Refusal, Settled};
use self::wake::both;
use crate::budget::{Budget, Chunks, narrow};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The way from everybody to one connection's task: a queue with a budget, and what the task is told to do.
///
/// Its lock is held for a few moves at a time. It is taken under a namespace's publish lock,
/// never the other way round.
///
/// A broadcast goes from one mailbox to the next, and finds hardly any in the cache: all of it is on
/// two lines side by side, which processors fetch together.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Mailbox<T> {
    budget: Arc<Budget>,
    /// The task takes its turn: it looks once more before it waits, and need not be woken for a
    /// packet. Reset under the lock.
    awake: AtomicBool,
    /// There may be packets. Changed under the lock.
    filled: AtomicBool,
    /// There may be something that the task was told. Changed under the lock.
    told: AtomicBool,
    /// More waits than its client should have waiting while it is heard. Changed under the lock.
    congested: AtomicBool,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    row: Row<T>,
    /// Charged for what is queued and for what the task took and has not passed on.
    bytes: u32,
    /// Up to so many, nothing is to be asked.
    quiet: u32,
    /// What the server has counted of them.
    chunks: Chunks,
    /// The task wants what comes in: its transport takes packets.
    wanted: bool,
    /// What is sent now leaves now: the transport takes packets, and has passed on all before.
    writable: bool,
    /// A namespace whose packets are let in: from CONNECT to DISCONNECT. Most clients are in one.
    open: Option<Slot>,
    /// What there is of others.
    others: Option<Box<Others>>,
    order: Option<Order>,
    /// The task was woken for a reason of its own since it last looked.
    nudged: bool,
    stage: Stage,
    waker: Option<Waker>,
}

/// Of namespaces, beside the one that most clients are in. They come and go seldom: the lists have no room to
/// grow.
#[derive(Debug, Default)]
struct Others {
    /// Those whose packets are let in.
    open: Box<[Slot]>,
    /// Those that the application ended since the task last looked.
    left: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// A packet did not fit. Nothing may pass it by: a client may miss the end, never the middle.
    Overflowed,
    Closed,
}

impl<T: Parcel> Mailbox<T> {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        let quiet = budget.quiet(Chunks::default(), 0);
        Self {
            budget,
            awake: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            told: AtomicBool::new(false),
            congested: AtomicBool::new(false),
            state: Mutex::new(State {
                row: Row::new(),
                bytes: 0,
                quiet,
                chunks: Chunks::default(),
                wanted: false,
                writable: false,
                open: None,
                others: None,
                order: None,
                nudged: false,
                stage: Stage::Open,
                waker: None,
            }),
        }
    }

    /// Queues a packet, and adds the task to those to be woken once no lock is held.
    pub(crate) fn push(
        &self,
        slot: Option<Slot>,
        parcel: T,
        wakers: &mut Vec<Waker>,
    ) -> Result<(), Refusal> {
        let (pushed, waker) = self.push_one(slot, parcel);
        wakers.extend(waker);
        pushed
    }

    /// Queues a packet, for a caller that wakes the task itself once it holds no lock.
    pub(crate) fn push_one(
        &self,
        slot: Option<Slot>,
        parcel: T,
    ) -> (Result<(), Refusal>, Option<Waker>) {
        self.add(&mut self.state.lock(), slot, parcel)
    }

    fn add(
        &self,
        state: &mut State<T>,
        slot: Option<Slot>,
        parcel: T,
    ) -> (Result<(), Refusal>, Option<Waker>) {
        if let Err(refusal) = state.admit(slot) {
            return (Err(refusal), None);
        }
        let bytes = state.bytes.saturating_add(narrow(Self::charge(&parcel)));
        if bytes <= state.quiet {
            state.bytes = bytes;
            return (Ok(()), self.enqueue(state, parcel));
        }
        match self.grow(state, bytes) {
            Ok(shedder) => (Ok(()), both(self.enqueue(state, parcel), shedder)),
            Err(refusal) => {
                state.stage = Stage::Overflowed;
                (Err(refusal), self.tell(state, Order::Overflow(Limit::Mailbox)))
            }
        }
    }

    /// Has room for so many bytes, which is more than went without saying. What to wake, if it is too
    /// much for the server.
    #[cold]
    fn grow(&self, state: &mut State<T>, bytes: u32) -> Result<Option<Waker>, Refusal> {
        // One packet always fits an empty mailbox, however small the budget.
        if state.bytes > 0 && bytes > self.budget.mailbox() {
            return Err(Refusal::Full);
        }
        if bytes > self.budget.soft_mark() {
            self.congested.store(true, Ordering::Release);
        }
        let chunks = Chunks::of(bytes).max(state.chunks);
        let shedder =
            if chunks == state.chunks { None } else { self.budget.grow(state.chunks, chunks) };
        state.count(&self.budget, bytes, chunks);
        Ok(shedder.cloned())
    }

    /// What waits is less by so much.
    fn shrink(&self, state: &mut State<T>, bytes: u32) -> bool {
        let chunks = Chunks::of(bytes).min(state.chunks);
        if chunks != state.chunks {
            self.budget.shrink(state.chunks, chunks);
        }
        state.count(&self.budget, bytes, chunks);
        bytes <= self.budget.soft_mark() && self.congested.swap(false, Ordering::Release)
    }

    /// Whether so much waits that its client should read before it is heard.
    pub(crate) fn is_congested(&self) -> bool {
        self.congested.load(Ordering::Acquire)
    }

    /// Whether nothing is queued and the task is told nothing: all that was sent, or done, before this
    /// was asked, the task has taken.
    #[inline]
    pub(crate) fn is_at_rest(&self) -> bool {
        !self.filled.load(Ordering::Acquire) && !self.told.load(Ordering::Acquire)
    }

    /// Whether the connection is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().stage == Stage::Closed
    }

    /// Bytes that wait.
    pub(crate) fn load(&self) -> usize {
        self.state.lock().bytes as usize
    }

    /// Forgets what is queued, and has the connection closed: others need the room. What to wake for
    /// it.
    #[must_use]
    pub(crate) fn shed(&self) -> Option<Waker> {
        let mut state = self.state.lock();
        if state.stage == Stage::Closed {
            return None;
        }
        state.stage = Stage::Overflowed;
        let row = std::mem::replace(&mut state.row, Row::new());
        // What the task holds of it goes with its next turn.
        self.shrink(&mut state, 0);
        let waker = self.tell(&mut state, Order::Overflow(Limit::Mailboxes));
        drop(state);
        drop(row);
        waker
    }

    /// Queues a packet if it can leave now.
    pub(crate) fn push_volatile(
        &self,
        slot: Option<Slot>,
        parcel: T,
        wakers: &mut Vec<Waker>,
    ) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        state.admit(slot)?;
        if !state.writable || !state.row.is_empty() {
            return Err(Refusal::Busy);
        }
        let bytes = state.bytes.saturating_add(narrow(Self::charge(&parcel)));
        if bytes <= state.quiet {
            state.bytes = bytes;
        } else {
            wakers.extend(self.grow(&mut state, bytes)?);
        }
        wakers.extend(self.enqueue(&mut state, parcel));
        Ok(())
    }

    /// Lets a namespace's packets in, the first of which is its CONNECT. That has to fit, too: a
    /// client can leave and join again as often as it likes.
    pub(crate) fn open(&self, slot: Slot, connect: T, wakers: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        if state.stage == Stage::Closed {
            return;
        }
        match &mut state.open {
            Some(_) => append(&mut state.others().open, slot),
            first => *first = Some(slot),
        }
        // Under the same lock: who has the socket already may be sending. Refused, it closes the
        // connection, and with that the namespace.
        let (_, waker) = self.add(&mut state, Some(slot), connect);
        wakers.extend(waker);
    }

    /// Lets no more of a namespace in. The DISCONNECT, if the client is to be told, always fits.
    pub(crate) fn leave(&self, slot: Slot, disconnect: Option<T>, wakers: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        if state.admit(Some(slot)) == Err(Refusal::Closed) {
            return;
        }
        if state.open == Some(slot) {
            state.open = None;
        } else {
            let open = &mut state.others().open;
            *open = open.iter().copied().filter(|open| *open != slot).collect();
        }
        if let Some(disconnect) = disconnect {
            state.bytes = state.bytes.saturating_add(narrow(Self::charge(&disconnect)));
            wakers.extend(self.enqueue(&mut state, disconnect));
            append(&mut state.others().left, slot);
            self.told.store(true, Ordering::Release);
            wakers.extend(state.waker.take());
        }
    }

    /// Tells the task to do something.
    pub(crate) fn command(&self, order: Order) {
        let waker = self.tell(&mut self.state.lock(), order);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has the task take another turn, without a reason of the mailbox's own. In the middle of a
    /// turn it has no waker here, and may have looked already.
    pub(crate) fn nudge(&self) {
        let mut state = self.state.lock();
        state.nudged = true;
        self.told.store(true, Ordering::Release);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes all that is queued: the first, and the rest to `batch`, which is empty. Among it may be the
    /// DISCONNECTs of the namespaces that it returns: whoever gets one may be back before the next turn.
    #[must_use]
    pub(crate) fn take(&self, batch: &mut VecDeque<T>) -> (Option<T>, Box<[Slot]>) {
        debug_assert!(batch.is_empty(), "what was taken before is passed on first");
        if !self.filled.load(Ordering::Acquire) {
            return (None, Box::default());
        }
        let mut state = self.state.lock();
        self.filled.store(false, Ordering::Relaxed);
        state.wanted = false;
        state.writable = false;
        (state.row.take(batch), state.take_left())
    }

    /// Asks for all of this that is looked at again and again, and does nothing with it.
    #[inline]
    pub(crate) fn fetch(&self) {
        // The lock is on the first line of two, the other on the second. To the explorer of schedules each
        // would be a step, after which everything is as before.
        #[cfg(not(klatch_explore))]
        black_box((self.state.is_locked(), self.awake.load(Ordering::Relaxed)));
    }

    /// Begins a turn. What comes in from now on need not wake the task: it looks for that before it waits.
    /// Whether it was told something since it last [looked](Self::take_orders).
    #[inline]
    pub(crate) fn begin_turn(&self) -> bool {
        self.awake.store(true, Ordering::Relaxed);
        self.told.load(Ordering::Acquire)
    }

    /// What the task was told since it last looked.
    pub(crate) fn take_orders(&self) -> (Box<[Slot]>, Option<Order>) {
        let mut state = self.state.lock();
        self.told.store(false, Ordering::Relaxed);
        state.nudged = false;
        (state.take_left(), state.order.take())
    }

    /// Says how much the task passed on, and whether its transport takes more; leaves its
    /// waker. If something came in meanwhile, the task takes another turn.
    pub(crate) fn settle(&self, passed_on: usize, readiness: Readiness, waker: &Waker) -> Settled {
        let mut state = self.state.lock();
        self.awake.store(false, Ordering::Relaxed);
        let bytes = state.bytes.saturating_sub(narrow(passed_on));
        let drained = if state.is_quiet(&self.congested) {
            state.bytes = bytes;
            false
        } else {
            self.shrink(&mut state, bytes)
        };
        state.wanted = readiness != Readiness::Blocked;
        state.writable = readiness == Readiness::Idle;
        let more = state.wanted && !state.row.is_empty();
        if more || state.has_left() || state.order.is_some() || state.nudged {
            return Settled { idle: false, drained };
        }
        if !state.waker.as_ref().is_some_and(|current| current.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
        Settled { idle: true, drained }
    }

    fn enqueue(&self, state: &mut State<T>, parcel: T) -> Option<Waker> {
        state.row.push(parcel);
        self.filled.store(true, Ordering::Release);
        if state.wanted && !self.awake.load(Ordering::Relaxed) { state.waker.take() } else { None }
    }

    /// The first order stands; only the worst news replaces it.
    fn tell(&self, state: &mut State<T>, order: Order) -> Option<Waker> {
        if state.order.is_none() || matches!(order, Order::Overflow(_)) {
            state.order = Some(order);
        }
        self.told.store(true, Ordering::Release);
        state.waker.take()
    }

    /// Gives back the memory of a queue that is empty.
    pub(crate) fn shrink_to_fit(&self) {
        self.state.lock().row.shrink_to_fit();
    }

    /// What an entry counts for in [`Self::settle`].
    pub(crate) fn charge(parcel: &T) -> usize {
        parcel.bytes() + ENTRY_OVERHEAD
    }

    /// Lets nothing more in, if nothing is queued: who was told that something is has it sent.
    #[must_use]
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut state = self.state.lock();
        let is_empty = state.row.is_empty();
        if is_empty && state.stage == Stage::Open {
            state.stage = Stage::Closed;
        }
        is_empty
    }

    /// Lets nothing more in, and forgets what is queued.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.stage = Stage::Closed;
        state.open = None;
        if let Some(others) = &mut state.others {
            others.open = Box::default();
        }
        let row = std::mem::replace(&mut state.row, Row::new());
        self.shrink(&mut state, 0);
        drop(state);
        drop(row);
    }
}

impl<T> State<T> {
    fn count(&mut self, budget: &Budget, bytes: u32, chunks: Chunks) {
        self.bytes = bytes;
        self.chunks = chunks;
        self.quiet = budget.quiet(chunks, bytes);
    }

    /// Whether the server knows nothing of what waits, and nobody waits for it.
    fn is_quiet(&self, congested: &AtomicBool) -> bool {
        self.chunks == Chunks::default() && !congested.load(Ordering::Relaxed)
    }

    fn others(&mut self) -> &mut Others {
        self.others.get_or_insert_default()
    }

    fn has_left(&self) -> bool {
        self.others.as_ref().is_some_and(|others| !others.left.is_empty())
    }

    /// The namespaces that the application ended since this was asked.
    #[inline]
    fn take_left(&mut self) -> Box<[Slot]> {
        let Some(others) = &mut self.others else { return Box::default() };
        let left = std::mem::take(&mut others.left);
        if others.open.is_empty() {
            self.others = None;
        }
        left
    }

    fn admit(&self, slot: Option<Slot>) -> Result<(), Refusal> {
        if slot.is_some() && slot != self.open {
            let open = self.others.as_ref().map_or(&[][..], |others| &others.open);
            if !slot.is_some_and(|slot| open.contains(&slot)) {
                return Err(Refusal::Closed);
            }
        }
        match self.stage {
            Stage::Open => Ok(()),
            Stage::Overflowed => Err(Refusal::Full),
            Stage::Closed => Err(Refusal::Closed),
        }
    }
}

fn append(slots: &mut Box<[Slot]>, slot: Slot) {
    *slots = slots.iter().copied().chain([slot]).collect();
}

#[cfg(test)]
mod tests;
