//! How a handler's future starts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::task::noop_waker_ref;
use tracing::Instrument as _;

use crate::hub::Hub;

/// Makes a handler's future and polls it once, here, so that handlers start in the order in which events
/// arrive. If it is not done, it goes on in a task of its own, whatever becomes of the
/// connection: what `goes_on` makes is kept as long, and called if the future panics then.
///
/// # Errors
///
/// If it panics here.
pub(crate) fn start<K: Send + 'static, P: FnOnce() + Send + 'static>(
    hub: &Hub,
    handler: impl FnOnce() -> BoxFuture<'static, ()>,
    goes_on: impl FnOnce() -> (K, P),
) -> Result<(), Panicked> {
    let mut begun = None;
    // What panics is dropped out here: its end may panic, too.
    let first = catch_unwind(AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(noop_waker_ref());
        begun.insert(handler()).as_mut().poll(&mut cx)
    }));
    match (first, begun) {
        (Err(_), _) => Err(Panicked),
        (Ok(Poll::Ready(())), _) | (_, None) => Ok(()),
        (Ok(Poll::Pending), Some(handler)) => {
            let (kept, panicked) = goes_on();
            let rest = async move {
                let outcome = AssertUnwindSafe(handler).catch_unwind().await;
                drop(kept);
                if outcome.is_err() {
                    panicked();
                }
            };
            if let Some(host) = hub.host() {
                host.spawn(Box::pin(rest.in_current_span()));
            }
            Ok(())
        }
    }
}

/// A handler panicked before its first await.
#[derive(Debug)]
pub(crate) struct Panicked;
