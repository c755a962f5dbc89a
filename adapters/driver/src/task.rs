//! The task of one connection: it owns the machine and both transports.

mod goodbye;
mod reading;
mod stall;
#[cfg(test)]
mod tests;
mod writing;

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::task;
use klatch_core::engine::{Input, RequestId};
use klatch_core::{CloseReason, Limit, Sid, Timestamp};
use tracing::Span;

use self::goodbye::Goodbye;
use self::stall::Stall;
use crate::client::{Client, Next};
use crate::drain::Told;
use crate::hub::Hub;
use crate::inbox::{Arrival, Inbox, Reply, alarm};
use crate::mailbox::Order;
use crate::runtime::{Runtime, Timer as _};
use crate::rush;
use crate::websocket::WebSocket;

/// The task of one connection. A turn takes in what arrived, lets its handlers run, passes on what is to be
/// sent, and flushes once. Where frames are all that came, and others wait to be heard, the turn ends when
/// they are heard, and the next does the rest. Where packets are all that is left to write, nothing else
/// is looked at.
///
/// What every turn looks at comes first, side by side: a broadcast wakes thousands of tasks of which
/// hardly any is in the cache. Tokio has 56 bytes of its own before a task, beginning where a line of the cache
/// does, so that the first eight bytes are the rest of one, and what follows them begins another.
#[repr(C)]
pub(crate) struct Task<R: Runtime, C: Client> {
    inbox: Arc<Inbox>,
    /// What this task was last polled with, and everything that wakes it knows.
    waker: Waker,
    ground: Arc<Ground<R>>,
    /// What is logged says by whose task, if anybody wants to know.
    span: Option<Box<Span>>,
    deadline: Timestamp,
    /// What the WebSocket had no room for.
    held: Option<Box<Next>>,
    /// The client does not take what is written to its WebSocket.
    stall: Stall,
    /// There may be something to read.
    readable: bool,
    /// The timer has been polled since it was set, and rings when it is time.
    timed: bool,
    /// Something that arrived is left where it is: the client is to read first.
    postponed: bool,
    /// What was heard in the turn before is yet to be answered.
    waits: bool,
    websocket: Option<WebSocket>,
    /// Woken when there is something to read.
    reading: Waker,
    client: C,
    replies: Vec<(RequestId, Reply)>,
    told: Told,
    timer: R::Timer,
    sid: Sid,
}

/// Where the tasks of a server are.
pub(crate) struct Ground<R> {
    pub(crate) runtime: R,
    pub(crate) hub: Arc<Hub>,
}

impl<R: Runtime, C: Client> Task<R, C> {
    pub(crate) fn new(
        ground: Arc<Ground<R>>,
        span: Span,
        sid: Sid,
        inbox: Arc<Inbox>,
        client: C,
        websocket: Option<WebSocket>,
    ) -> Self {
        let deadline = client.poll_timeout().unwrap_or_default();
        let timer = ground.runtime.timer(deadline);
        Self {
            ground,
            span: (!span.is_none()).then(|| Box::new(span)),
            client,
            sid,
            reading: task::waker(inbox.clone()),
            inbox,
            websocket,
            readable: false,
            postponed: false,
            waits: false,
            stall: Stall::default(),
            waker: Waker::noop().clone(),
            held: None,
            replies: Vec::new(),
            told: Told::default(),
            timer,
            deadline,
            timed: false,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.fetch();
        self.be_woken_by(cx.waker());
        let news = self.inbox.news();
        let others_wait = news.is_readable() && rush::leave();
        self.readable |= news.is_readable();
        self.timed &= !news.has_rung();
        // First of all: what is decided from here on is for another turn.
        let has_orders = self.client.begin_turn();
        let has_waited = std::mem::take(&mut self.waits);
        let is_plain = !has_waited && !has_orders && !news.has_arrived();
        if is_plain && self.only_listens(others_wait) {
            self.waits = true;
            self.client.pause();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if is_plain && self.only_writes(cx) {
            return Poll::Pending;
        }
        let now = self.ground.runtime.now();
        if has_orders {
            self.client.take_orders(now);
        }
        if self.postponed && self.resume(now).is_break() {
            return Poll::Ready(());
        }
        let due = self.deadline <= now;
        // A pong that lay in the socket while we were late still counts, whether or not we have
        // heard of it; a request that comes when the time is up does not.
        self.readable |= due;
        self.read(&mut Some(now));
        if due {
            self.client.handle_timeout(now);
        }
        if news.has_arrived() && self.take_arrivals(now).is_break() {
            return Poll::Ready(());
        }
        self.client.take_events(now);
        let mut readiness = self.write(cx, now);
        if self.stalled_until(now).is_some_and(|deadline| deadline <= now) {
            self.client.obey(now, Order::Overflow(Limit::WriteTime));
            self.client.take_events(now);
            readiness = self.write(cx, now);
        }
        if self.client.is_finished() && self.held.is_none() {
            return Poll::Ready(());
        }
        if !self.client.settle(readiness, cx.waker()) || self.readable {
            cx.waker().wake_by_ref();
        }
        if due {
            // Heartbeats come to idle connections, too.
            self.client.shrink_to_fit();
        }
        self.wait_for_deadline(cx, now);
        Poll::Pending
    }

    /// Asks for all that every turn looks at, before anything waits for a part of it: a processor fetches
    /// several lines at once, as long as there is no atomic between that changes something.
    #[inline]
    fn fetch(&self) {
        self.inbox.fetch();
        if let Some(websocket) = &self.websocket {
            websocket.fetch();
        }
        self.client.fetch();
    }

    /// Leaves the waker wherever it is kept from one turn to the next.
    fn be_woken_by(&mut self, waker: &Waker) {
        if !self.waker.will_wake(waker) {
            self.waker.clone_from(waker);
            self.inbox.register(waker);
        }
    }

    /// Hears what the client says, if there is nothing else to do. Whether the rest of the turn is to wait until
    /// others had theirs: what they were told, and tell each other, is written when all have been heard, by
    /// fewer writes that each carry more, and that wake clients who then find much to read. Where nobody
    /// else has anything to say, nothing is won by that.
    fn only_listens(&mut self, others_wait: bool) -> bool {
        if !self.may_wait() {
            return false;
        }
        let frames = self.read(&mut None);
        // Where a client sends much at once, others may, too.
        (frames > 1 || frames > 0 && others_wait) && self.may_wait()
    }

    fn may_wait(&self) -> bool {
        // A client that is not known to take anything is not written to a moment later.
        self.stall.is_clear() && self.websocket.as_ref().is_some_and(WebSocket::has_room)
    }

    /// Takes in what arrived. After a break the task is to end at once.
    fn take_arrivals(&mut self, now: Timestamp) -> ControlFlow<()> {
        for arrival in self.inbox.take() {
            if matches!(arrival, Arrival::PostBody(..)) && self.client.is_paused(self.postponed) {
                // Its client waits for the answer before it sends more.
                self.inbox.put_back(arrival);
                self.postponed = true;
                continue;
            }
            let input = match arrival {
                Arrival::Get(id, reply) => {
                    self.replies.push((id, reply));
                    Input::Get(id)
                }
                Arrival::PostHead(id, reply) => {
                    self.replies.push((id, reply));
                    Input::PostHead(id)
                }
                Arrival::PostBody(id, body, head) => {
                    self.ground.hub.meter.received(body.len());
                    self.client.receive_post(now, id, body, head);
                    continue;
                }
                Arrival::PostFailed(id, fault) => Input::PostFailed(id, fault),
                Arrival::RequestLost(id) => {
                    self.replies.retain(|(waiting, _)| *waiting != id);
                    Input::RequestLost(id)
                }
                Arrival::Upgrade(websocket) => {
                    // A frame that is held was for the WebSocket before: it must not meet this one.
                    if self.held.is_none() && self.client.accept_upgrade(now) {
                        self.websocket = Some(*websocket);
                        // What it brought was sent before the requests that arrived after it.
                        self.readable = true;
                        self.read(&mut Some(now));
                    } else {
                        self.close_websocket(*websocket, None);
                    }
                    continue;
                }
                Arrival::Farewell(told) => {
                    self.told = told;
                    self.client.obey(now, Order::Close(CloseReason::ServerShuttingDown));
                    continue;
                }
                Arrival::Cut => {
                    self.client.obey(now, Order::Cut(CloseReason::ServerShuttingDown));
                    return ControlFlow::Break(());
                }
            };
            self.client.handle(now, input);
        }
        ControlFlow::Continue(())
    }

    /// Looks whether what was left may be taken in now: not before what waits has started.
    fn resume(&mut self, now: Timestamp) -> ControlFlow<()> {
        self.client.take_events(now);
        if self.client.is_paused(true) {
            return ControlFlow::Continue(());
        }
        self.postponed = false;
        self.readable = true;
        self.take_arrivals(now)
    }

    /// Lets a WebSocket say goodbye without the session waiting for it.
    fn close_websocket(&mut self, mut websocket: WebSocket, code: Option<u16>) {
        // It may be in the middle of one.
        websocket.end_turn();
        let told =
            if self.client.has_parted() { std::mem::take(&mut self.told) } else { Told::default() };
        let goodbye = Goodbye { websocket, code, told, writing: self.ground.hub.writing() };
        let runtime = &self.ground.runtime;
        runtime.spawn(goodbye.say(runtime.clone()));
    }

    /// Sets the timer only if the deadline moved, and looks at it only then or if it rang.
    fn wait_for_deadline(&mut self, cx: &mut Context<'_>, now: Timestamp) {
        let deadlines = [self.client.poll_timeout(), self.stalled_until(now)];
        let Some(deadline) = deadlines.into_iter().flatten().min() else { return };
        if deadline != self.deadline {
            self.deadline = deadline;
            self.timer.reset(deadline);
            self.timed = false;
        }
        if !self.timed {
            let alarm = alarm(self.inbox.clone());
            let mut alarm = Context::from_waker(&alarm);
            self.timed = Pin::new(&mut self.timer).poll(&mut alarm).is_pending();
            if !self.timed {
                cx.waker().wake_by_ref();
            }
        }
    }
}

impl<R: Runtime, C: Client> Future for Task<R, C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = self.get_mut();
        let Some(span) = task.span.take() else { return task.turn(cx) };
        let polled = span.in_scope(|| task.turn(cx));
        task.span = Some(span);
        polled
    }
}

impl<R: Runtime, C: Client> Drop for Task<R, C> {
    /// Also when the runtime is shut down around the task: its sockets are members of their
    /// namespaces, and would keep them, and be kept by them, for ever.
    fn drop(&mut self) {
        let _entered = self.span.as_ref().map(|span| span.enter());
        self.client.finish();
        self.inbox.close();
        self.ground.hub.forget(&self.sid);
    }
}

// Nothing in it is ever pinned.
impl<R: Runtime, C: Client> Unpin for Task<R, C> {}
