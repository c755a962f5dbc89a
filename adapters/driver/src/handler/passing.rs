//! Middlewares of events, and what becomes of the events that nobody handles.

use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use klatch_core::{Payload, PlainEvent, Slot, Text, ToArgs};

use super::{Call, Handlers, Table, Watchers, begin_to_answer};
use crate::ack::Ack;
use crate::error::EventError;
use crate::gate::{Gate, Opener};
use crate::socket::Socket;
use crate::start::begin_boxed;
use crate::sync::atomic::Ordering;

/// What an event must pass before it is handled.
pub(super) type EventMiddleware = Arc<
    dyn Fn(Socket, String, Payload) -> BoxFuture<'static, Result<(), EventError>> + Send + Sync,
>;

impl Handlers {
    /// Has every event pass `middleware` before it is handled, behind those that were added before:
    /// Node's `socket.use`. It gets the socket, the event's name and its arguments, and may await.
    ///
    /// The first that returns an error refuses the event: no handler runs, and the
    /// [error hook](Self::on_error) gets it as [`Refused`](crate::HandlerError::Refused). If the client
    /// asked for an answer, that is the error, as `{"error": {"message": …, "data": …}}`; in Node it
    /// would get none. A panic refuses the event, and disconnects its socket as any other.
    ///
    /// A socket's events keep their order: while one is before a middleware that awaits, the later
    /// ones wait behind it, and count for what may wait at all (the
    /// [greatest payload](klatch_core::Config::max_payload); a client that sends more is
    /// closed). Nothing else does: not the sockets of other namespaces, nor answers. If the client
    /// leaves meanwhile, its events are dropped.
    ///
    /// ```
    /// use klatch_driver::{EventError, HandlerError, Server, Socket};
    /// use klatch_core::Payload;
    ///
    /// let server = Server::new();
    /// let chat = server.namespace("/");
    /// chat.event_middleware(async |_: Socket, event: String, _: Payload| {
    ///     if event == "admin" { Err(EventError::new("not allowed")) } else { Ok(()) }
    /// });
    /// // In Node it is for the application to tell the client, too.
    /// chat.on_error(|socket, _, error| {
    ///     if let HandlerError::Refused(error) = error {
    ///         let _ = socket.emit("refused", error);
    ///     }
    /// });
    /// ```
    pub fn event_middleware<F, Fut>(&self, middleware: F)
    where
        F: FnOnce(Socket, String, Payload) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), EventError>> + Send + 'static,
    {
        let middleware: EventMiddleware = Arc::new(move |socket, event, args| {
            let middleware = middleware.clone();
            // Called when the future is polled, which is where a panic is caught.
            Box::pin(async move { middleware(socket, event, args).await })
        });
        drop(self.replace(|table| {
            let before = table.event_middlewares.take();
            let all = before.iter().flat_map(|before| before.iter().cloned());
            table.event_middlewares = Some(all.chain([middleware]).collect());
            before
        }));
    }

    /// Calls `handler` for every event that has no handler of its own, with its name, its arguments
    /// as they came, and the [`Ack`], which is answered by hand. Replaces the one before.
    ///
    /// Without it, such an event is ignored and never answered, as in Node.
    pub fn on_fallback<F, Fut>(&self, handler: F)
    where
        F: FnOnce(Socket, String, Payload, Ack) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: ToArgs + Send> + Send + 'static,
    {
        let handler: super::OnEvent = Arc::new(move |call: Call<'_>| {
            let Call { socket, event, args, ack } = call;
            let future = handler.clone()(socket.clone(), event.to_string(), args, ack);
            begin_to_answer(Box::pin(future), socket, event, Ack::none())
        });
        drop(self.replace(|table| table.fallback.replace(handler)));
    }

    /// Removes the handler of [`on_fallback`](Self::on_fallback).
    pub fn off_fallback(&self) {
        drop(self.replace(|table| table.fallback.take()));
    }

    /// As [`start`](Self::start), for an event that is still where it was read.
    #[inline]
    pub(crate) fn start_plain(
        &self,
        known: &mut Known,
        socket: &Socket,
        event: &PlainEvent<'_>,
    ) -> Option<Gate> {
        let (table, last) = self.known(known, socket.slot());
        if table.is_unwatched()
            && let Some((name, handler)) = table.events.find_again(event.name(), last)
        {
            let ack = Ack::new(socket, event.ack());
            let call = Call { socket, event: name, args: event.args(), ack };
            socket.run(name, || handler(call));
            return None;
        }
        self.start_rare(known, socket, event)
    }

    #[inline(never)]
    fn start_rare(
        &self,
        known: &mut Known,
        socket: &Socket,
        event: &PlainEvent<'_>,
    ) -> Option<Gate> {
        let (name, ack) = (event.name_text(), Ack::new(socket, event.ack()));
        self.start(known, Call { socket, event: &name, args: event.args(), ack })
    }

    /// Does what is to be done with an event that arrived for this socket. What later events of it
    /// wait for, if there is something.
    #[inline]
    pub(crate) fn start(&self, known: &mut Known, call: Call<'_>) -> Option<Gate> {
        let socket = call.socket;
        let table = self.known(known, socket.slot()).0;
        if table.is_unwatched() {
            let handler = table.handler(call.event)?;
            socket.run(call.event, || handler(call));
            return None;
        }
        let (any, middlewares) = (table.any.clone(), table.event_middlewares.clone());
        self.start_watched(known, any, middlewares, call)
    }

    #[inline(never)]
    fn start_watched(
        &self,
        known: &mut Known,
        any: Option<Watchers>,
        middlewares: Option<Arc<[EventMiddleware]>>,
        call: Call<'_>,
    ) -> Option<Gate> {
        let Call { socket, event, .. } = call;
        if let Some(any) = any {
            any.see(socket, event, &call.args);
            if !socket.is_connected() {
                return None;
            }
        }
        if let Some(middlewares) = middlewares {
            let (gate, opener) = Gate::shut(socket.link());
            let passing =
                pass(middlewares, socket.clone(), event.clone(), call.args, call.ack, opener);
            socket.run(event, || begin_boxed(passing));
            return Some(gate);
        }
        // Somebody who saw it may have changed them.
        let handler = self.known(known, socket.slot()).0.handler(event)?;
        socket.run(event, || handler(call));
        None
    }

    /// The table as it is now, and where in it the last event's handler was.
    #[inline]
    fn known<'a>(&self, known: &'a mut Known, slot: Slot) -> (&'a Table, &'a mut usize) {
        let changes = self.changes.load(Ordering::Acquire);
        match &mut known.look {
            Some(look) if look.slot == slot && look.changes == changes => {}
            look => *look = Some(self.look(slot)),
        }
        let table = known.look.as_ref().map(|look| &*look.table).expect("it was just looked at");
        (table, &mut known.last)
    }

    #[inline(never)]
    fn look(&self, slot: Slot) -> Look {
        let table = self.table.read();
        Look { slot, changes: self.changes.load(Ordering::Relaxed), table: table.clone() }
    }
}

/// What the handlers of a socket were when they were last asked for: where several events come at
/// once, all but the first are spared a lock.
#[derive(Default)]
pub(crate) struct Known {
    look: Option<Look>,
    last: usize,
}

impl Known {
    /// To be called soon: it keeps what handlers captured.
    pub(crate) fn forget(&mut self) {
        self.look = None;
    }
}

struct Look {
    /// Of the socket, which has no other handlers as long as it lives.
    slot: Slot,
    changes: usize,
    table: Arc<Table>,
}

impl Table {
    #[inline]
    fn handler(&self, event: &Text) -> Option<&super::OnEvent> {
        let found = self.events.find(event.as_bytes()).map(|(_, handler)| handler);
        found.or(self.fallback.as_ref())
    }

    /// Whether events go to their handlers without anybody in between.
    #[inline]
    fn is_unwatched(&self) -> bool {
        self.any.is_none() && self.event_middlewares.is_none()
    }
}

/// Has an event pass its middlewares, and then handles it. Once the handler has started, later
/// events may.
async fn pass(
    middlewares: Arc<[EventMiddleware]>,
    socket: Socket,
    event: Text,
    args: Payload,
    ack: Ack,
    opener: Opener,
) {
    let name = event.to_string();
    for middleware in &*middlewares {
        if let Err(error) = middleware(socket.clone(), name.clone(), args.clone()).await {
            return ack.refuse_by_middleware(&socket, &name, error);
        }
        if !socket.is_connected() {
            return;
        }
    }
    let handler = socket.inner_namespace().handlers.table.read().handler(&event).cloned();
    let Some(handler) = handler else { return };
    let rest = handler(Call { socket: &socket, event: &event, args, ack });
    drop(opener);
    if let Some(rest) = rest {
        rest.await;
    }
}
