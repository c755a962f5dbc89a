//! An Engine.IO server without Socket.IO above it.

mod client;
mod parking;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use klatch_core::engine::{Message, Segment, Session, Transport};
use klatch_core::{CloseReason, Config, Sid, Timestamp};

use self::client::Engine;
use crate::application::Application;
use crate::builder::{Builder, ConfigError};
use crate::drain::{Drain, DrainReport};
use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::link::{InFlight, Link};
use crate::mailbox::Order;
use crate::snapshot::Snapshot;
use crate::start::{begin_boxed, start};
use crate::sync::RwLock;
use crate::wakers::wake_after;

/// An Engine.IO server: messages of text or bytes, over polling and WebSocket. Cheap to clone.
#[derive(Clone)]
pub struct EngineServer {
    hub: Arc<Hub>,
    handlers: Arc<RwLock<Handlers>>,
}

/// The head of the POST that carried a message, if somebody wants to see it.
type Carrier = Option<Arc<Parts>>;
type Handler<T> = Arc<dyn Fn(EngineSocket, T) -> BoxFuture<'static, ()> + Send + Sync>;

#[derive(Default)]
struct Handlers {
    open: Option<Handler<()>>,
    message: Option<Handler<(Message, Carrier)>>,
    close: Option<Handler<CloseReason>>,
}

impl EngineServer {
    /// A server with the default settings, at `/engine.io/`.
    #[expect(clippy::missing_panics_doc, reason = "the defaults are valid")]
    pub fn new() -> Self {
        Self::builder().build_engine().expect("the defaults are valid")
    }

    /// A server with other settings: [`Builder::build_engine`] makes it. At `/engine.io/` unless
    /// told otherwise.
    pub fn builder() -> Builder {
        Builder::at("/engine.io/")
    }

    /// A server with other settings, at another path.
    ///
    /// # Errors
    ///
    /// As [`Builder::build_engine`].
    pub fn with_config(config: Config, path: &str) -> Result<Self, ConfigError> {
        Self::builder().config(config).path(path).build_engine()
    }

    pub(crate) fn on(hub: Arc<Hub>) -> Self {
        Self { hub, handlers: Arc::default() }
    }

    /// Calls `handler` for every session that opens. Replaces the one before.
    pub fn on_open<F, Fut>(&self, handler: F)
    where
        F: FnOnce(EngineSocket) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let handler: Handler<_> = Arc::new(move |socket, ()| Box::pin(handler.clone()(socket)));
        // What was replaced is dropped when the lock is released: it is the application's.
        let replaced = self.handlers.write().open.replace(handler);
        drop(replaced);
    }

    /// Calls `handler` for every message, started in order of arrival. Replaces the one before.
    pub fn on_message<F, Fut>(&self, handler: F)
    where
        F: FnOnce(EngineSocket, Message) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let handler: Handler<(_, Carrier)> =
            Arc::new(move |socket, (message, _)| Box::pin(handler.clone()(socket, message)));
        self.hub.show_posts(false);
        self.replace_on_message(handler);
    }

    /// [`on_message`](Self::on_message) for a handler that wants to see by which request a message
    /// came: the head of the POST, which messages of one payload share; `None` over a WebSocket.
    /// Replaces the one before, of either kind.
    ///
    /// Heads are kept for such a handler only, and as long as it keeps them: they hold on to the
    /// buffer that the request was read into. Those of messages that wait do not, and count as a part
    /// of what may wait.
    pub fn on_message_with_request<F, Fut>(&self, handler: F)
    where
        F: FnOnce(EngineSocket, Message, Option<Arc<Parts>>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let handler: Handler<_> = Arc::new(move |socket, (message, carrier)| {
            Box::pin(handler.clone()(socket, message, carrier))
        });
        self.replace_on_message(handler);
        self.hub.show_posts(true);
    }

    fn replace_on_message(&self, handler: Handler<(Message, Carrier)>) {
        // What was replaced is dropped when the lock is released: it is the application's.
        let replaced = self.handlers.write().message.replace(handler);
        drop(replaced);
    }

    /// Calls `handler` for every session that has ended. Replaces the one before.
    pub fn on_close<F, Fut>(&self, handler: F)
    where
        F: FnOnce(EngineSocket, CloseReason) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let handler: Handler<_> =
            Arc::new(move |socket, reason| Box::pin(handler.clone()(socket, reason)));
        // What was replaced is dropped when the lock is released: it is the application's.
        let replaced = self.handlers.write().close.replace(handler);
        drop(replaced);
    }

    /// How many sessions are open.
    pub fn clients_count(&self) -> usize {
        self.hub.len()
    }

    /// How it is; see [`Server::snapshot`](crate::Server::snapshot).
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.hub, Vec::new())
    }

    /// Ends the server; see [`Server::shutdown`](crate::Server::shutdown).
    pub async fn shutdown(&self, drain: Drain) -> DrainReport {
        self.hub.shut_down(drain).await
    }

    /// [`shutdown`](Self::shutdown) with the defaults of [`Drain`].
    pub async fn close(&self) {
        self.shutdown(Drain::new()).await;
    }
}

impl Default for EngineServer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EngineServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineServer").field("hub", &self.hub).finish_non_exhaustive()
    }
}

/// One Engine.IO session. Cheap to clone; after its end it takes nothing more.
#[derive(Clone)]
pub struct EngineSocket(Arc<Link<Segment>>);

impl EngineSocket {
    /// Sends text: queued, in the order of these calls.
    ///
    /// # Errors
    ///
    /// If the session has ended, or its client reads too slowly.
    pub fn send_text(&self, text: &str) -> Result<(), EmitError> {
        self.send(Segment::text(text))
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// As [`EngineSocket::send_text`].
    pub fn send_binary(&self, bytes: Bytes) -> Result<(), EmitError> {
        self.send(Segment::binary(bytes))
    }

    /// Sends a message as it came.
    ///
    /// # Errors
    ///
    /// As [`EngineSocket::send_text`].
    pub fn send_message(&self, message: Message) -> Result<(), EmitError> {
        match message {
            Message::Text(text) => self.send_text(&text),
            Message::Binary(bytes) => self.send_binary(bytes),
        }
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Whether it is worth sending more; see [`Socket::is_writable`](crate::Socket::is_writable).
    pub fn is_writable(&self) -> bool {
        !self.0.mailbox.is_closed() && !self.0.mailbox.is_congested()
    }

    /// Waits until it [is writable](Self::is_writable).
    ///
    /// # Errors
    ///
    /// If the session has ended, or does while this waits.
    pub async fn ready(&self) -> Result<(), EmitError> {
        loop {
            let drained = self.0.listen();
            if self.0.mailbox.is_closed() {
                return Err(EmitError::Closed);
            }
            if !self.0.mailbox.is_congested() {
                return Ok(());
            }
            drained.await;
        }
    }

    /// Closes the session after what is queued.
    pub fn close(&self) {
        self.0.mailbox.command(Order::Close(CloseReason::ForcedClose));
    }

    fn send(&self, segment: Segment) -> Result<(), EmitError> {
        Ok(wake_after(|wakers| self.0.mailbox.push(None, segment, wakers))?)
    }

    /// Starts a handler; see [`start`].
    fn run<T: Send + 'static>(&self, handler: Option<Handler<T>>, argument: T) {
        let Some(handler) = handler else { return };
        let socket = self.clone();
        // Called when the future is polled, which is where a panic is caught.
        let running = async move { handler(socket, argument).await };
        let goes_on = || {
            let socket = self.clone();
            (InFlight::new(&self.0), move || socket.close())
        };
        if start(&self.0.hub, || begin_boxed(running), goes_on).is_err() {
            self.close();
        }
    }
}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket").finish_non_exhaustive()
    }
}

impl Application for EngineServer {
    type Client = Engine;

    fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn client(
        &self,
        sid: Sid,
        transport: Transport,
        handshake: Handshake,
        now: Timestamp,
    ) -> Engine {
        let link = Link::new(self.hub.clone(), handshake, transport);
        Engine::new(
            self.handlers.clone(),
            Session::new(&self.hub.config, sid, transport, now),
            EngineSocket(Arc::new(link)),
        )
    }
}
