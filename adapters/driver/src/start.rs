//! How a handler's future starts.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::task::noop_waker_ref;
use tracing::Instrument as _;

use crate::hub::Hub;

/// What is left of a handler that has begun: nothing, if it was done at its first poll.
pub(crate) type Rest = Option<BoxFuture<'static, ()>>;

/// Polls a future once, here, so that handlers start in the order in which events arrive. It is handed
/// back if it is not done.
///
/// # Panics
///
/// If it does. It is dropped before the panic goes on: its end may panic, too.
#[inline]
pub(crate) fn begin<F: Future + ?Sized>(mut future: Pin<Box<F>>) -> Result<F::Output, Pin<Box<F>>> {
    let mut cx = Context::from_waker(noop_waker_ref());
    match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx))) {
        Ok(Poll::Ready(output)) => Ok(output),
        Ok(Poll::Pending) => Err(future),
        Err(panic) => {
            drop(future);
            resume_unwind(panic)
        }
    }
}

/// [Begins](begin) a future that is not boxed yet.
pub(crate) fn begin_boxed(future: impl Future<Output = ()> + Send + 'static) -> Rest {
    let future: BoxFuture<'static, ()> = Box::pin(future);
    begin(future).err()
}

/// Starts a handler, by a function that [begins](begin) it. If it is not done then, it goes on in a task of
/// its own, whatever becomes of the connection: what `goes_on` makes is kept as long, and called if the
/// future panics then.
///
/// # Errors
///
/// If it panics here.
#[inline]
pub(crate) fn start<K: Send + 'static, P: FnOnce() + Send + 'static>(
    hub: &Hub,
    handler: impl FnOnce() -> Rest,
    goes_on: impl FnOnce() -> (K, P),
) -> Result<(), Panicked> {
    match catch_unwind(AssertUnwindSafe(handler)) {
        Err(_) => Err(Panicked),
        Ok(None) => Ok(()),
        Ok(Some(rest)) => {
            let (kept, panicked) = goes_on();
            go_on(hub, rest, kept, panicked);
            Ok(())
        }
    }
}

#[inline(never)]
fn go_on<K: Send + 'static>(
    hub: &Hub,
    rest: BoxFuture<'static, ()>,
    kept: K,
    panicked: impl FnOnce() + Send + 'static,
) {
    let rest = async move {
        let outcome = AssertUnwindSafe(rest).catch_unwind().await;
        drop(kept);
        if outcome.is_err() {
            panicked();
        }
    };
    if let Some(host) = hub.host() {
        host.spawn(Box::pin(rest.in_current_span()));
    }
}

/// A handler panicked before its first await.
#[derive(Debug)]
pub(crate) struct Panicked;
