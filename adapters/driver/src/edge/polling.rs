//! The requests of HTTP long-polling, handed to the session's task and answered by it.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{Either, select};
use http::header;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use klatch_core::engine::{PostFault, RequestError, RequestId, Response};

use super::answer::Answer;
use super::{Body, Edge};
use crate::inbox::{Arrival, Inbox, Reply};

/// A POST: its body, and its head if the application wants to see it.
type Posted = (Bytes, Option<Arc<Parts>>);

/// A request that the session knows of. If the client goes away before the answer, hyper drops
/// this, and the session is told.
struct Pending<'a> {
    inbox: &'a Inbox,
    id: RequestId,
    reply: oneshot::Receiver<Response>,
    answered: bool,
}

impl<'a> Pending<'a> {
    fn new(
        inbox: &'a Inbox,
        arrival: impl FnOnce(RequestId, Reply) -> Arrival,
    ) -> Result<Self, RequestError> {
        let (sender, reply) = oneshot::channel();
        let id = inbox.next_request();
        inbox.push(arrival(id, sender))?;
        Ok(Self { inbox, id, reply, answered: false })
    }

    async fn answer(mut self) -> Answer {
        let response = (&mut self.reply).await;
        self.answered = true;
        answer(response)
    }

    fn send(&self, arrival: Arrival) {
        // Only what opens a request can be refused while there is a session.
        let _ = self.inbox.push(arrival);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.send(Arrival::RequestLost(self.id));
        }
    }
}

/// The task is gone without an answer only when the session is.
fn answer(response: Result<Response, oneshot::Canceled>) -> Answer {
    response.map_or_else(|oneshot::Canceled| RequestError::UnknownSid.into(), Answer::from)
}

/// A poll: answered when there is something to send.
pub(super) async fn get(inbox: &Arc<Inbox>) -> Answer {
    match Pending::new(inbox, Arrival::Get) {
        Ok(pending) => pending.answer().await,
        Err(error) => error.into(),
    }
}

impl Edge {
    /// What the client sends. The session hears of it before the body is read: it may not want it.
    pub(super) async fn post(&self, inbox: &Arc<Inbox>, request: http::Request<Body>) -> Answer {
        let mut pending = match Pending::new(inbox, Arrival::PostHead) {
            Ok(pending) => pending,
            Err(error) => return error.into(),
        };
        let body = pin!(self.read_body(request));
        let read = match select(body, &mut pending.reply).await {
            Either::Left((read, _)) => read,
            // An answer before the body is a refusal.
            Either::Right((response, _)) => {
                pending.answered = true;
                return answer(response);
            }
        };
        match read {
            Some(Ok((body, head))) => pending.send(Arrival::PostBody(pending.id, body, head)),
            Some(Err(fault)) => pending.send(Arrival::PostFailed(pending.id, fault)),
            // The client went away: the session hears of it as `pending` is dropped.
            None => return Response::from(RequestError::BadRequest).into(),
        }
        pending.answer().await
    }

    /// The body, and the head for those who want to see it; or why it is not wanted; `None` if it
    /// broke off.
    async fn read_body(&self, request: http::Request<Body>) -> Option<Result<Posted, PostFault>> {
        let limit = self.hub.config.payload_limit();
        if let Some(fault) = fault(&request, limit) {
            return Some(Err(fault));
        }
        let (head, body) = request.into_parts();
        let head = self.hub.shows_posts().then(|| Arc::new(head));
        let body = pin!(Limited::new(body, limit).collect());
        let deadline = self.host.timer(self.host.now() + self.hub.config.body_deadline());
        match select(body, deadline).await {
            Either::Left((Ok(body), _)) => Some(Ok((body.to_bytes(), head))),
            Either::Left((Err(error), _)) if error.is::<LengthLimitError>() => {
                Some(Err(PostFault::TooLarge))
            }
            Either::Left((Err(_), _)) => None,
            Either::Right(_) => Some(Err(PostFault::TooSlow)),
        }
    }
}

/// Why a body is not wanted, before a byte of it is read.
fn fault(request: &http::Request<Body>, limit: usize) -> Option<PostFault> {
    let named = |name, value: &str| {
        let header = request.headers().get(name).and_then(|header| header.to_str().ok());
        header.is_some_and(|header| header.trim().eq_ignore_ascii_case(value))
    };
    if named(header::CONTENT_TYPE, "application/octet-stream") {
        return Some(PostFault::OctetStream);
    }
    let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    if encoded && !named(header::CONTENT_ENCODING, "identity") {
        return Some(PostFault::Encoded);
    }
    // Announced too long is too long.
    let announced = hyper::body::Body::size_hint(request.body()).lower();
    (announced > limit as u64).then_some(PostFault::TooLarge)
}
