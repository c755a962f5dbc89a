//! A runtime for tests that go step by step.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use klatch_core::Timestamp;
use parking_lot::Mutex;

use super::{Runtime, Timer};
use crate::application::Application as _;
use crate::server::Server;

/// A runtime whose tasks go on when they are told to, and whose time does.
#[derive(Clone, Default)]
pub(crate) struct ByHand {
    pub(crate) tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
    clock: Arc<Mutex<Clock>>,
}

#[derive(Default)]
struct Clock {
    now: Timestamp,
    asked: usize,
    /// Of all timers that wait.
    wakers: Vec<Waker>,
}

pub(crate) struct Hourglass {
    clock: Arc<Mutex<Clock>>,
    deadline: Timestamp,
}

impl Future for Hourglass {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut clock = self.clock.lock();
        if clock.now >= self.deadline {
            return Poll::Ready(());
        }
        clock.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

impl Timer for Hourglass {
    // Whoever sets a timer polls it then.
    fn reset(&mut self, deadline: Timestamp) {
        self.deadline = deadline;
    }
}

impl Runtime for ByHand {
    type Timer = Hourglass;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().push(Box::pin(task));
    }

    fn now(&self) -> Timestamp {
        let mut clock = self.clock.lock();
        clock.asked += 1;
        clock.now
    }

    fn timer(&self, deadline: Timestamp) -> Hourglass {
        Hourglass { clock: self.clock.clone(), deadline }
    }
}

impl ByHand {
    pub(crate) fn serving(server: &Server) -> Self {
        let hand = Self::default();
        assert!(server.hub().attach(Arc::new(hand.clone())));
        hand
    }

    /// Polls every task once.
    pub(crate) fn run(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.retain_mut(|task| {
            task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
        });
        self.tasks.lock().append(&mut tasks);
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: Duration) {
        let wakers = {
            let mut clock = self.clock.lock();
            clock.now = clock.now + duration;
            std::mem::take(&mut clock.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How often somebody asked for the time.
    pub(crate) fn asked(&self) -> usize {
        self.clock.lock().asked
    }
}
