//! A runtime for tests that go step by step.

use std::future::{Future, Pending, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::future::BoxFuture;
use klatch_core::Timestamp;
use parking_lot::Mutex;

use super::{Runtime, Timer};
use crate::application::Application as _;
use crate::server::Server;

/// A runtime whose tasks go on when they are told to, and whose time stands still.
#[derive(Clone, Default)]
pub(crate) struct ByHand(pub(crate) Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

pub(crate) struct Never(Pending<()>);

impl Future for Never {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Timer for Never {
    fn reset(&mut self, _: Timestamp) {}
}

impl Runtime for ByHand {
    type Timer = Never;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().push(Box::pin(task));
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }

    fn timer(&self, _: Timestamp) -> Never {
        Never(pending())
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
        let mut tasks = std::mem::take(&mut *self.0.lock());
        tasks.retain_mut(|task| {
            task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
        });
        self.0.lock().append(&mut tasks);
    }
}
