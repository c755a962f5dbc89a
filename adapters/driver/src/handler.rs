//! Handlers: what an application does when a client connects, says something, or goes.

mod events;
mod passing;
mod watching;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use klatch_core::{
    CloseReason, ConnectError, DecodeError, FromPayload, Payload, SocketId, Text, ToArgs,
};

use self::events::Events;
use self::passing::EventMiddleware;
pub(crate) use self::passing::Known;
use self::watching::OnRoomEvent;
pub(crate) use self::watching::Watchers;
use crate::ack::Ack;
use crate::error::HandlerError;
use crate::socket::Socket;
use crate::start::{Rest, begin};
use crate::sync::RwLock;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a handler is started for: an event with its arguments.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) event: &'a Text,
    pub(crate) args: Payload,
    pub(crate) ack: Ack,
}

/// A function that handles an event: `async |socket: Socket, value: T| ...`, or with a third
/// parameter `ack: Ack` that is answered by hand.
///
/// `T` is read from the event's first argument ([`FromPayload`]); `Args<(A, B)>` reads several,
/// `()` none. Without the third parameter, what the function returns is the answer, if the client
/// asks for one.
///
/// It is a `FnOnce` that is cloned for each event, so that an `async move` closure that captured an
/// `Arc` is one too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event handler",
    label = "a handler is `async |socket: Socket, value: T| ...`",
    note = "to answer by hand, it has a third parameter: `async |socket: Socket, value: T, ack: Ack| ...`",
    note = "`T` must be deserialisable and owned; use `()` for no argument, `Args<(A, B)>` for several, `Payload` for whatever comes",
    note = "what it returns must be serialisable, an `Err` too; its future `Send`, and the closure `Clone + Send + Sync + 'static`"
)]
pub trait EventHandler<Parameters>: Clone + Send + Sync + 'static {
    /// Begins it, where a panic is caught: what is read, and the function itself, are the
    /// application's. What is left, if it is not done.
    #[doc(hidden)]
    fn call(self, call: Call<'_>) -> Option<BoxFuture<'static, ()>>;
}

impl<F, D, Fut> EventHandler<fn(D)> for F
where
    F: FnOnce(Socket, D) -> Fut + Clone + Send + Sync + 'static,
    D: FromPayload + Send,
    Fut: Future<Output: ToArgs + Send> + Send + 'static,
{
    fn call(self, call: Call<'_>) -> Rest {
        let Call { socket, event, args, ack } = call;
        match D::from_owned(args) {
            Ok(value) => begin_to_answer(Box::pin(self(socket.clone(), value)), socket, event, ack),
            Err(error) => refused(socket, event, ack, error),
        }
    }
}

impl<F, D, Fut> EventHandler<fn(D, Ack)> for F
where
    F: FnOnce(Socket, D, Ack) -> Fut + Clone + Send + Sync + 'static,
    D: FromPayload + Send,
    Fut: Future<Output: ToArgs + Send> + Send + 'static,
{
    fn call(self, call: Call<'_>) -> Rest {
        let Call { socket, event, args, ack } = call;
        match D::from_owned(args) {
            Ok(value) => {
                let handled = Box::pin(self(socket.clone(), value, ack));
                begin_to_answer(handled, socket, event, Ack::none())
            }
            Err(error) => refused(socket, event, ack, error),
        }
    }
}

/// Begins a handler: what it returns is the answer.
#[inline]
fn begin_to_answer<Fut>(handled: Pin<Box<Fut>>, socket: &Socket, event: &Text, ack: Ack) -> Rest
where
    Fut: Future<Output: ToArgs + Send> + Send + 'static,
{
    match begin(handled) {
        Ok(answer) => {
            ack.settle(socket, event, &answer);
            None
        }
        Err(handled) => {
            let (socket, event) = (socket.clone(), event.clone());
            Some(Box::pin(handled.map(move |answer| ack.settle(&socket, &event, &answer))))
        }
    }
}

/// What is done for an event whose arguments do not fit: nothing more.
#[cold]
fn refused(socket: &Socket, event: &Text, ack: Ack, error: DecodeError) -> Rest {
    ack.refuse(socket, event, error);
    None
}

/// What a client must pass before it is let in.
pub(crate) type Middleware =
    Arc<dyn Fn(Socket) -> BoxFuture<'static, Result<(), ConnectError>> + Send + Sync>;
type OnEvent = Arc<dyn Fn(Call<'_>) -> Rest + Send + Sync>;
type OnConnect = Arc<dyn Fn(Socket) -> BoxFuture<'static, ()> + Send + Sync>;
type OnDisconnect = Arc<dyn Fn(Socket, CloseReason) -> BoxFuture<'static, ()> + Send + Sync>;
type OnExpired = Arc<dyn Fn(SocketId) + Send + Sync>;
type OnError = Arc<dyn Fn(&Socket, &str, &HandlerError) + Send + Sync>;

/// The handlers of a [`Namespace`](crate::Namespace), or of those that a
/// [`ParentNamespace`](crate::ParentNamespace) makes: stored once, however many sockets there are.
///
/// They may be registered at any time, and count from then on.
#[derive(Default)]
pub struct Handlers {
    /// Shared with who took it over, until one of them changes it.
    table: RwLock<Arc<Table>>,
    /// How often it was changed. Under the lock.
    changes: AtomicUsize,
    /// Whether somebody sees what is sent. Changed under the lock.
    is_watched: AtomicBool,
    /// Whether somebody sees what happens to rooms. Changed under the lock.
    are_rooms_watched: AtomicBool,
}

#[derive(Clone, Default)]
struct Table {
    events: Events,
    /// In the order in which they are passed.
    middlewares: Option<Arc<[Middleware]>>,
    event_middlewares: Option<Arc<[EventMiddleware]>>,
    /// For the events that are not in the list.
    fallback: Option<OnEvent>,
    any: Option<Watchers>,
    outgoing: Option<Watchers>,
    room_event: Option<OnRoomEvent>,
    connect: Option<OnConnect>,
    disconnecting: Option<OnDisconnect>,
    disconnect: Option<OnDisconnect>,
    error: Option<OnError>,
    expired: Option<OnExpired>,
}

impl Handlers {
    /// Calls `handler` for every event of this name, on whatever socket, in the order in which a
    /// socket's events arrive. Replaces the one before for the same name.
    ///
    /// There is no `once`: handlers belong to the namespace, and would be gone for all its sockets when
    /// the first of them has said the word. What one socket is to do once, its
    /// [data](Socket::set_data) can tell.
    ///
    /// See [`EventHandler`] for what a handler may be, and [`Ack::send`](crate::Ack::send) for
    /// what its return value means.
    pub fn on<P>(&self, event: &str, handler: impl EventHandler<P>) {
        let handler: OnEvent = Arc::new(move |call: Call<'_>| handler.clone().call(call));
        drop(self.replace(|table| table.events.insert(event, handler)));
    }

    /// Removes the handler of this event: it is as any other that nobody handles.
    pub fn off(&self, event: &str) {
        drop(self.replace(|table| table.events.remove(event)));
    }

    /// Has every client pass `middleware` before it is let in, behind those that were added before:
    /// the first that returns an error keeps it out, and the client reads that as its
    /// `connect_error`, with `message` and `data`.
    ///
    /// It sees the socket as it will be: its id, its [handshake](Socket::handshake), what it
    /// [presented](Socket::auth). It may leave [data](Socket::set_data) for the handlers, and
    /// [join](Socket::join) rooms, which count once the socket is connected. Until then nothing
    /// reaches it, and nothing can be sent to it. If the client goes meanwhile, the rest is not
    /// asked, and no handler hears of it. A panic keeps the client out.
    ///
    /// ```
    /// use klatch_core::ConnectError;
    /// use klatch_driver::{Server, Socket};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Auth {
    ///     token: String,
    /// }
    ///
    /// let server = Server::new();
    /// server.namespace("/").middleware(async |socket: Socket| {
    ///     match socket.auth::<Auth>() {
    ///         Ok(auth) if auth.token == "letmein" => Ok(()),
    ///         _ => Err(ConnectError::new("unauthorized").with_data(&401)?),
    ///     }
    /// });
    /// ```
    pub fn middleware<F, Fut>(&self, middleware: F)
    where
        F: FnOnce(Socket) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), ConnectError>> + Send + 'static,
    {
        let middleware: Middleware = Arc::new(move |socket| {
            let middleware = middleware.clone();
            // Called when the future is polled, which is where a panic is caught.
            Box::pin(async move { middleware(socket).await })
        });
        drop(self.replace(|table| {
            let before = table.middlewares.take();
            let all = before.iter().flat_map(|before| before.iter().cloned());
            table.middlewares = Some(all.chain([middleware]).collect());
            before
        }));
    }

    /// All that a client must pass; `None` if there is nothing.
    pub(crate) fn middlewares(&self) -> Option<Arc<[Middleware]>> {
        self.table.read().middlewares.clone()
    }

    /// Calls `handler` for every socket that connects. It has run, up to its first await, before
    /// the first event of that socket is handled. Replaces the one before.
    pub fn on_connect<F, Fut>(&self, handler: F)
    where
        F: FnOnce(Socket) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: ToArgs + Send> + Send + 'static,
    {
        let handler: OnConnect = Arc::new(move |socket| {
            let handler = handler.clone();
            // Called when the future is polled, which is where a panic is caught.
            Box::pin(async move {
                let outcome = handler(socket.clone()).await;
                Ack::none().settle(&socket, "connect", &outcome);
            })
        });
        drop(self.replace(|table| table.connect.replace(handler)));
    }

    /// Removes the handler of [`on_connect`](Self::on_connect).
    pub fn off_connect(&self) {
        drop(self.replace(|table| table.connect.take()));
    }

    /// Calls `handler` for every socket that is about to disconnect: its rooms can still be seen.
    /// Replaces the one before.
    pub fn on_disconnecting<F, Fut>(&self, handler: F)
    where
        F: FnOnce(Socket, CloseReason) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: ToArgs + Send> + Send + 'static,
    {
        let handler = on_disconnect("disconnecting", handler);
        drop(self.replace(|table| table.disconnecting.replace(handler)));
    }

    /// Removes the handler of [`on_disconnecting`](Self::on_disconnecting).
    pub fn off_disconnecting(&self) {
        drop(self.replace(|table| table.disconnecting.take()));
    }

    /// Calls `handler` for every socket that has disconnected: it is in no room any more.
    /// Replaces the one before.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: FnOnce(Socket, CloseReason) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: ToArgs + Send> + Send + 'static,
    {
        let handler = on_disconnect("disconnect", handler);
        drop(self.replace(|table| table.disconnect.replace(handler)));
    }

    /// Removes the handler of [`on_disconnect`](Self::on_disconnect).
    pub fn off_disconnect(&self) {
        drop(self.replace(|table| table.disconnect.take()));
    }

    /// Calls `hook` with the socket, the event's name and what went wrong: arguments that do not
    /// fit the handler, a handler that returned an `Err` or panicked, an event that a middleware
    /// refused. Without a hook it is logged at debug level. Replaces the one before.
    pub fn on_error(&self, hook: impl Fn(&Socket, &str, &HandlerError) + Send + Sync + 'static) {
        let hook: OnError = Arc::new(hook);
        drop(self.replace(|table| table.error.replace(hook)));
    }

    /// Removes the handler of [`on_error`](Self::on_error).
    pub fn off_error(&self) {
        drop(self.replace(|table| table.error.take()));
    }

    /// Calls `hook` with the id of every socket that was lost and cannot come back any more: its
    /// time is over, too many were lost after it, or its client came back without what it takes.
    /// Replaces the one before. Without [`Builder::recovery`](crate::Builder::recovery) it is never
    /// called.
    pub fn on_expired(&self, hook: impl Fn(SocketId) + Send + Sync + 'static) {
        let hook: OnExpired = Arc::new(hook);
        drop(self.replace(|table| table.expired.replace(hook)));
    }

    /// Removes the handler of [`on_expired`](Self::on_expired).
    pub fn off_expired(&self) {
        drop(self.replace(|table| table.expired.take()));
    }

    /// The same, until either side registers more: that is not the other's.
    pub(crate) fn snapshot(&self) -> Self {
        let table = self.table.read().clone();
        Self {
            is_watched: AtomicBool::new(table.outgoing.is_some()),
            are_rooms_watched: AtomicBool::new(table.room_event.is_some()),
            table: RwLock::new(table),
            changes: AtomicUsize::new(0),
        }
    }

    /// Forgets what was for sockets, as there will be none any more: what a handler captured may be
    /// what keeps it. What goes on of their handlers may still fail, and what happened to rooms may be
    /// about to be told.
    pub(crate) fn forget(&self) {
        let mut table = self.table.write();
        let (room_event, error) = (table.room_event.clone(), table.error.clone());
        let rest = Arc::new(Table { room_event, error, ..Table::default() });
        let forgotten = std::mem::replace(&mut *table, rest);
        self.changes.fetch_add(1, Ordering::Release);
        self.is_watched.store(false, Ordering::Release);
        drop(table);
        drop(forgotten);
    }

    /// Hands out what was replaced: what it captured is the application's, whose `Drop` may come
    /// back for this very lock.
    #[must_use]
    fn replace<T>(&self, replace: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.write();
        self.changes.fetch_add(1, Ordering::Release);
        let table = Arc::make_mut(&mut table);
        let replaced = replace(table);
        self.is_watched.store(table.outgoing.is_some(), Ordering::Release);
        self.are_rooms_watched.store(table.room_event.is_some(), Ordering::Release);
        replaced
    }

    pub(crate) fn connect(&self, socket: &Socket) -> Option<BoxFuture<'static, ()>> {
        let handler = self.table.read().connect.clone()?;
        Some(handler(socket.clone()))
    }

    pub(crate) fn disconnecting(
        &self,
        socket: &Socket,
        reason: CloseReason,
    ) -> Option<BoxFuture<'static, ()>> {
        let handler = self.table.read().disconnecting.clone()?;
        Some(handler(socket.clone(), reason))
    }

    pub(crate) fn disconnect(
        &self,
        socket: &Socket,
        reason: CloseReason,
    ) -> Option<BoxFuture<'static, ()>> {
        let handler = self.table.read().disconnect.clone()?;
        Some(handler(socket.clone(), reason))
    }

    pub(crate) fn expired(&self, socket: SocketId) {
        tracing::debug!(%socket, "cannot come back any more");
        let hook = self.table.read().expired.clone();
        let Some(hook) = hook else { return };
        if catch_unwind(AssertUnwindSafe(|| hook(socket))).is_err() {
            tracing::error!(%socket, "the expiry hook panicked");
        }
    }

    pub(crate) fn report(&self, socket: &Socket, event: &str, error: &HandlerError) {
        tracing::debug!(namespace = socket.namespace_name(), socket = %socket.id(), event, %error, "a handler failed");
        let hook = self.table.read().error.clone();
        let Some(hook) = hook else { return };
        // It may run in the connection's own task, which has other namespaces to care for.
        if catch_unwind(AssertUnwindSafe(|| hook(socket, event, error))).is_err() {
            tracing::error!(namespace = socket.namespace_name(), event, "the error hook panicked");
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.read().clone();
        let events = table.events.names().collect::<BTreeSet<_>>();
        f.debug_struct("Handlers").field("events", &events).finish_non_exhaustive()
    }
}

fn on_disconnect<F, Fut>(name: &'static str, handler: F) -> OnDisconnect
where
    F: FnOnce(Socket, CloseReason) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: ToArgs + Send> + Send + 'static,
{
    Arc::new(move |socket, reason| {
        let handler = handler.clone();
        Box::pin(async move {
            let outcome = handler(socket.clone(), reason).await;
            Ack::none().settle(&socket, name, &outcome);
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::namespace::Namespace;
    use crate::server::Server;

    /// What a handler captured, whose end is the application's code.
    struct Captured(Namespace);

    impl Drop for Captured {
        fn drop(&mut self) {
            self.0.on_error(|_, _, _| {});
        }
    }

    #[test]
    fn a_handler_that_is_replaced_may_register_another_as_it_goes() {
        // In a thread, so that a lock which is held over its end fails the test and does not stop it.
        let (done, replaced) = mpsc::channel();
        thread::spawn(move || {
            let namespace = Server::new().namespace("/");
            let captured = Arc::new(Captured(namespace.clone()));
            namespace.on_connect(async move |_: Socket| drop(captured));
            namespace.on_connect(async |_: Socket| ());
            let captured = Arc::new(Captured(namespace.clone()));
            namespace.on_disconnect(async move |_: Socket, _: CloseReason| drop(captured));
            namespace.on_disconnect(async |_: Socket, _: CloseReason| ());
            done.send(()).expect("the test waits");
        });
        replaced.recv_timeout(Duration::from_secs(20)).expect("no deadlock");
    }
}
