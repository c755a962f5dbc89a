//! How a case and its handlers tell each other what happens.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use event_listener::Event;
use futures::StreamExt as _;
use futures::channel::mpsc;

use super::bed::Clock;

/// What handlers write down, in order.
#[derive(Clone)]
pub(crate) struct Pen(mpsc::UnboundedSender<String>);

impl Pen {
    pub(crate) fn write(&self, line: impl Into<String>) {
        // The case may be over.
        let _ = self.0.unbounded_send(line.into());
    }
}

/// Where the case reads it.
pub(crate) struct Log {
    lines: mpsc::UnboundedReceiver<String>,
    clock: Clock,
}

impl Log {
    pub(super) fn new(clock: Clock) -> (Pen, Self) {
        let (pen, lines) = mpsc::unbounded();
        (Pen(pen), Self { lines, clock })
    }

    pub(crate) async fn next(&mut self) -> String {
        let line = self.clock.soon("a line of the log", self.lines.next()).await;
        line.expect("a handler holds the pen")
    }

    pub(crate) async fn expect(&mut self, lines: &[&str]) {
        for (nth, line) in lines.iter().enumerate() {
            assert_eq!(self.next().await, *line, "line {nth} of {lines:?}");
        }
    }

    /// What is written by now.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.lines.try_recv().ok()).collect()
    }
}

/// Where handlers wait until the case lets all of them go on.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Bars>);

#[derive(Default)]
struct Bars {
    is_open: AtomicBool,
    opens: Event,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.is_open.store(true, Ordering::SeqCst);
        self.0.opens.notify(usize::MAX);
    }

    pub(crate) async fn passed(&self) {
        while !self.0.is_open.load(Ordering::SeqCst) {
            let opens = self.0.opens.listen();
            if !self.0.is_open.load(Ordering::SeqCst) {
                opens.await;
            }
        }
    }
}

/// Lets others have a turn.
#[derive(Default)]
pub(crate) struct Yield {
    is_over: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.is_over, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
