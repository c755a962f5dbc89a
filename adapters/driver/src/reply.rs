//! Answers to what the server asks.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt as _;
use futures::channel::oneshot;
use klatch_core::{AckCause, DecodeError, FromPayload, Payload, SocketId};

use crate::error::{EmitError, ReplyError};
use crate::namespace::Answers as Raw;

/// How long an answer is awaited where nothing is said: without an end, a client that never
/// answers would be a leak.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// The answer of one socket; resolves to its first argument, or to why there is none.
#[must_use = "the event is sent, but its answer is lost"]
pub struct Reply<D> {
    state: Result<oneshot::Receiver<Raw>, Option<EmitError>>,
    of: PhantomData<fn() -> D>,
}

impl<D> Reply<D> {
    pub(crate) fn new(sent: Result<oneshot::Receiver<Raw>, EmitError>) -> Self {
        Self { state: sent.map_err(Some), of: PhantomData }
    }
}

impl<D: FromPayload> Future for Reply<D> {
    type Output = Result<D, ReplyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answers = match &mut self.state {
            Ok(receiver) => ready!(receiver.poll_unpin(cx)),
            Err(error) => {
                let error = error.take().unwrap_or(EmitError::Closed);
                return Poll::Ready(Err(error.into()));
            }
        };
        Poll::Ready(match answers {
            Ok(Raw { received, cause, .. }) => match received.first() {
                Some((_, payload)) => payload.decode().map_err(ReplyError::from),
                None if cause == AckCause::TimedOut => Err(ReplyError::TimedOut),
                None => Err(ReplyError::Disconnected),
            },
            // The namespace is gone, and its sockets with it.
            Err(oneshot::Canceled) => Err(ReplyError::Disconnected),
        })
    }
}

impl<D> fmt::Debug for Reply<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

/// The answers of several sockets; resolves when all have answered, or left, or the time is up.
#[must_use = "the event is sent, but its answers are lost"]
pub struct Replies<D> {
    state: Result<(oneshot::Receiver<Raw>, Vec<SocketId>), Option<EmitError>>,
    of: PhantomData<fn() -> D>,
}

/// What came of asking several sockets.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answers<D> {
    /// Who answered what, in the order in which the answers came. An answer that is not of the
    /// type `D` is in here too, as the error.
    pub answers: Vec<(SocketId, Result<D, DecodeError>)>,
    /// Who did not answer in time, or left before.
    pub missing: Vec<SocketId>,
}

impl<D> Answers<D> {
    /// Whether everybody answered.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

impl<D> Replies<D> {
    pub(crate) fn new(sent: Result<(oneshot::Receiver<Raw>, Vec<SocketId>), EmitError>) -> Self {
        Self { state: sent.map_err(Some), of: PhantomData }
    }
}

impl<D: FromPayload> Future for Replies<D> {
    type Output = Result<Answers<D>, EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (receiver, skipped) = match &mut self.state {
            Ok(waiting) => waiting,
            Err(error) => return Poll::Ready(Err(error.take().unwrap_or(EmitError::Closed))),
        };
        let Ok(raw) = ready!(receiver.poll_unpin(cx)) else {
            return Poll::Ready(Err(EmitError::Closed));
        };
        let decode = |(id, payload): (SocketId, Payload)| (id, payload.decode());
        let mut missing = raw.missing;
        missing.append(skipped);
        Poll::Ready(Ok(Answers {
            answers: raw.received.into_iter().map(decode).collect(),
            missing,
        }))
    }
}

impl<D> fmt::Debug for Replies<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").finish_non_exhaustive()
    }
}
