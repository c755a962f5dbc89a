//! Middlewares of events, and what becomes of the events that nobody handles.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use klatch_core::{Payload, ToArgs};

use super::{Call, Handlers, Table};
use crate::ack::Ack;
use crate::error::EventError;
use crate::gate::{Gate, Opener};
use crate::socket::Socket;

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
        let handler: super::OnEvent = Arc::new(move |call| {
            let handler = handler.clone();
            Box::pin(async move {
                let Call { socket, event, args, ack } = call;
                let outcome = handler(socket.clone(), event.to_string(), args, ack).await;
                Ack::none().settle(&socket, &event, &outcome);
            })
        });
        drop(self.replace(|table| table.fallback.replace(handler)));
    }

    /// Removes the handler of [`on_fallback`](Self::on_fallback).
    pub fn off_fallback(&self) {
        drop(self.replace(|table| table.fallback.take()));
    }

    /// Does what is to be done with an event that arrived for this socket. What later events of it
    /// wait for, if there is something.
    pub(crate) fn start(&self, socket: &Socket, call: Call) -> Option<Gate> {
        let table = self.table.read();
        if table.any.is_none() && table.event_middlewares.is_none() {
            let handler = table.handler(&call)?;
            drop(table);
            socket.run(&call.event.clone(), || handler(call));
            return None;
        }
        let (any, middlewares) = (table.any.clone(), table.event_middlewares.clone());
        drop(table);
        if let Some(any) = any {
            any.see(socket, &call.event, &call.args);
            if !socket.is_connected() {
                return None;
            }
        }
        let name = call.event.clone();
        if let Some(middlewares) = middlewares {
            let (gate, opener) = Gate::shut(socket.link());
            socket.run(&name, || Box::pin(pass(middlewares, call, opener)));
            return Some(gate);
        }
        let handler = self.table.read().handler(&call)?;
        socket.run(&name, || handler(call));
        None
    }
}

impl Table {
    fn handler(&self, call: &Call) -> Option<super::OnEvent> {
        self.events.find(call.event.as_bytes()).or(self.fallback.as_ref()).cloned()
    }
}

/// Has an event pass its middlewares, and then handles it. Once the handler has started, later
/// events may.
async fn pass(middlewares: Arc<[EventMiddleware]>, call: Call, opener: Opener) {
    let name = call.event.to_string();
    for middleware in &*middlewares {
        if let Err(error) = middleware(call.socket.clone(), name.clone(), call.args.clone()).await {
            let Call { socket, ack, .. } = call;
            return ack.refuse_by_middleware(&socket, &name, error);
        }
        if !call.socket.is_connected() {
            return;
        }
    }
    let handler = call.socket.inner_namespace().handlers.table.read().handler(&call);
    let Some(handler) = handler else { return };
    let mut handler = handler(call);
    let first = poll_fn(|cx| Poll::Ready(handler.poll_unpin(cx))).await;
    drop(opener);
    if first.is_pending() {
        handler.await;
    }
}
