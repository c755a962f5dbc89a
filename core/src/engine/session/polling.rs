//! HTTP long-polling: at most one GET and one POST at a time.

use bytes::Bytes;

use super::{
    CloseReason, Limit, PostFault, RequestId, Segment, Session, State, Timestamp, Transmit,
    Transport,
};
use crate::engine::payload::{self, PayloadError};
use crate::engine::{RequestError, Response};
use crate::queue::Queue;

/// The requests that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Polling {
    get: Option<RequestId>,
    post: Option<RequestId>,
}

impl Polling {
    pub(super) const fn has_get(&self) -> bool {
        self.get.is_some()
    }

    pub(super) fn answer_get(&mut self, transmits: &mut Queue<Transmit>, segments: &[Segment]) {
        if let Some(id) = self.get.take() {
            let response = Response::payload(segments.iter(), false);
            transmits.push(Transmit::Respond(id, response));
        }
    }

    pub(super) fn refuse_post(&mut self, transmits: &mut Queue<Transmit>) {
        if let Some(id) = self.post.take() {
            transmits.push(Transmit::Respond(id, Response::empty(400)));
        }
    }
}

impl Session {
    pub(super) fn handle_get(&mut self, now: Timestamp, id: RequestId) {
        if self.refuses_request(id) {
            return;
        }
        if self.polling.has_get() {
            // The second is refused and the first hears that the session is over (as in Node).
            self.respond(id, Response::empty(400));
            return self.fail(CloseReason::TransportError);
        }
        self.polling.get = Some(id);
        self.poll_while_probing(now);
    }

    pub(super) fn handle_post_head(&mut self, id: RequestId) {
        if self.refuses_request(id) {
            return;
        }
        if self.polling.post.is_some() {
            self.respond(id, Response::empty(400));
            if self.is_open() {
                self.fail(CloseReason::TransportError);
            }
            return;
        }
        self.polling.post = Some(id);
    }

    pub(super) fn handle_post_body(&mut self, now: Timestamp, id: RequestId, body: Bytes) {
        if !self.take_post(id) {
            return;
        }
        if self.transport == Transport::WebSocket {
            return self.respond(id, RequestError::BadRequest.into());
        }
        for packet in payload::decode(body, self.max_packets) {
            // What follows a packet that ended the session is not for anybody.
            if !self.is_open() {
                break;
            }
            match packet {
                Ok(packet) => self.handle_packet(now, packet),
                Err(error) => {
                    if error == PayloadError::TooManyPackets {
                        self.hit(Limit::Packets);
                    }
                    self.respond(id, Response::empty(400));
                    return self.fail(CloseReason::ParseError);
                }
            }
        }
        self.respond(id, Response::ok());
    }

    pub(super) fn handle_post_failed(&mut self, id: RequestId, fault: PostFault) {
        if !self.take_post(id) {
            return;
        }
        let status = match fault {
            PostFault::TooLarge => 413,
            PostFault::OctetStream => 400,
            PostFault::Encoded => 415,
            PostFault::TooSlow => 408,
        };
        self.respond(id, Response::empty(status));
        if let Some(limit) = fault.limit() {
            self.hit(limit);
        }
        if matches!(fault, PostFault::OctetStream | PostFault::TooSlow) {
            self.break_polling();
        }
    }

    pub(super) fn handle_request_lost(&mut self, id: RequestId) {
        if self.polling.get == Some(id) {
            self.polling.get = None;
        } else if !self.take_post(id) {
            return;
        }
        self.break_polling();
    }

    /// Everything queued, as the answer to the pending GET. When the session is closing and
    /// nothing is queued any more, the farewell: never in one answer with messages, which
    /// socket.io-client hands on a tick later than it acts on the farewell.
    pub(super) fn answer_poll(&mut self) -> Option<Transmit> {
        let farewell = matches!(self.state, State::Closing { .. }) && self.queue.is_empty();
        if self.queue.is_empty() && !farewell {
            return None;
        }
        let id = self.polling.get.take()?;
        if farewell {
            self.polling.refuse_post(&mut self.transmits);
            self.state = State::Parted;
            return Some(Transmit::Respond(id, Response::payload([Segment::CLOSE].iter(), false)));
        }
        let compress = std::mem::take(&mut self.compress);
        let response = Response::payload(self.queue.iter(), compress);
        // The queue of a polling session grows to what one burst needs; an idle one keeps nothing.
        self.queue.clear();
        Some(Transmit::Respond(id, response))
    }

    /// Ends the session because a request broke off, unless it polls no longer.
    fn break_polling(&mut self) {
        if self.is_open() && self.transport == Transport::Polling {
            self.fail(CloseReason::TransportError);
        }
    }

    fn take_post(&mut self, id: RequestId) -> bool {
        let found = self.polling.post == Some(id);
        if found {
            self.polling.post = None;
        }
        found
    }

    /// Refuses a request to a session that is over or has left polling.
    fn refuses_request(&mut self, id: RequestId) -> bool {
        let error = if self.is_closed() {
            RequestError::UnknownSid
        } else if self.transport == Transport::WebSocket {
            RequestError::BadRequest
        } else {
            return false;
        };
        self.respond(id, error.into());
        true
    }

    fn respond(&mut self, id: RequestId, response: Response) {
        self.transmits.push(Transmit::Respond(id, response));
    }
}
