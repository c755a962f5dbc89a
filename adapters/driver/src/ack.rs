//! Answers to a client's event.

use klatch_core::{AckId, DecodeError, ToArgs};
use serde::Serialize;

use crate::error::{EmitError, EventError, HandlerError};
use crate::socket::Socket;

/// The client's request for an answer to one event: can be kept, moved elsewhere, and answered
/// once. If it is dropped, the client gets no answer.
///
/// It cannot be answered twice, as it is used up by the first answer:
///
/// ```compile_fail,E0382
/// use klatch_driver::{Ack, Server, Socket};
///
/// Server::new().namespace("/").on("event", async |_: Socket, (): (), ack: Ack| {
///     ack.send(&1)?;
///     ack.send(&2)
/// });
/// ```
#[derive(Debug)]
#[must_use = "the client waits for the answer"]
pub struct Ack(Option<(Socket, AckId)>);

impl Ack {
    pub(crate) fn new(socket: &Socket, id: Option<AckId>) -> Self {
        Self(id.map(|id| (socket.clone(), id)))
    }

    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether the client asked for an answer at all.
    pub fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Answers. `()` is no argument, a value one, `Args((a, b))` several; `Ok(v)` is as `v`, and
    /// `Err(e)` as one argument `{"error": e}`. If the client asked for no answer, nothing is sent.
    ///
    /// # Errors
    ///
    /// If the answer cannot be encoded, or the client is gone.
    pub fn send(self, answer: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        match self.0 {
            Some((socket, id)) => socket.answer(id, answer).1,
            None => Ok(()),
        }
    }

    /// Answers with what a handler returned, and reports it if it is an error.
    #[inline]
    pub(crate) fn settle(
        self,
        socket: &Socket,
        event: impl AsRef<str>,
        answer: &(impl ToArgs + ?Sized),
    ) {
        let (may_have_failed, sent) = match self.0 {
            // Encoding it tells, and is done once.
            Some((_, id)) => socket.answer(id, answer),
            None => (true, Ok(())),
        };
        if may_have_failed && let Some(error) = answer.error() {
            let error = match error {
                Ok(error) => HandlerError::Failed(error),
                Err(error) => HandlerError::Answer(error.into()),
            };
            socket.report(event.as_ref(), &error);
        }
        match sent {
            // That the client went away while the handler ran is nobody's mistake.
            Ok(()) | Err(EmitError::Closed) => {}
            Err(error) => socket.report(event.as_ref(), &HandlerError::Answer(error)),
        }
    }

    /// Answers that the arguments do not fit, without what the client sent.
    pub(crate) fn refuse(self, socket: &Socket, event: &str, error: DecodeError) {
        #[derive(Serialize)]
        struct Refusal {
            error: &'static str,
        }
        let _ = self.send(&Refusal { error: "invalid arguments" });
        socket.report(event, &HandlerError::Payload(error));
    }

    /// Answers that a middleware refused the event.
    pub(crate) fn refuse_by_middleware(self, socket: &Socket, event: &str, error: EventError) {
        let _ = self.send(&Err::<(), _>(&error));
        socket.report(event, &HandlerError::Refused(error));
    }
}
