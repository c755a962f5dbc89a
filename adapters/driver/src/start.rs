//! How a handler's future starts.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Future as _};
use futures::task::noop_waker_ref;
use tracing::Instrument as _;

use crate::hub::Hub;

/// Polls a handler's future once, here, so that handlers start in the order in which events
/// arrive. If it is not done, it goes on in a task of its own, whatever becomes of the
/// connection: what `goes_on` makes is kept as long, and called if the future panics then.
///
/// # Errors
///
/// If it panics here.
pub(crate) fn start<K: Send + 'static, P: FnOnce() + Send + 'static>(
    hub: &Hub,
    handler: BoxFuture<'static, ()>,
    goes_on: impl FnOnce() -> (K, P),
) -> Result<(), Panicked> {
    let mut handler = AssertUnwindSafe(handler).catch_unwind();
    match Pin::new(&mut handler).poll(&mut Context::from_waker(noop_waker_ref())) {
        Poll::Ready(outcome) => outcome.map_err(|_| Panicked),
        Poll::Pending => {
            let (kept, panicked) = goes_on();
            let rest = async move {
                let outcome = handler.await;
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
