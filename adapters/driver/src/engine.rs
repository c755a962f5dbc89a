//! An Engine.IO server without Socket.IO above it.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use klatch_core::engine::{
    Event, Frame, Input, Message, RequestId, Segment, Session, Transmit, Transport,
};
use klatch_core::{CloseReason, Config, Sid, Timestamp};
use parking_lot::RwLock;

use crate::application::Application;
use crate::builder::{Builder, ConfigError};
use crate::client::Client;
use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::mailbox::{Mailbox, Order, Readiness};
use crate::start::start;
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
    /// buffer that the request was read into.
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

    /// Closes the server; see [`Server::close`](crate::Server::close).
    pub async fn close(&self) {
        self.hub.close().await;
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
pub struct EngineSocket(Arc<Link>);

struct Link {
    hub: Arc<Hub>,
    handshake: Handshake,
    mailbox: Mailbox<Segment>,
}

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
        let begun = async move { handler(socket, argument).await };
        let goes_on = || {
            let socket = self.clone();
            ((), move || socket.close())
        };
        if start(&self.0.hub, Box::pin(begun), goes_on).is_err() {
            self.close();
        }
    }
}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket").finish_non_exhaustive()
    }
}

/// One Engine.IO client in its task.
pub(crate) struct Engine {
    handlers: Arc<RwLock<Handlers>>,
    session: Session,
    socket: EngineSocket,
    opened: bool,
    closing: Option<CloseReason>,
    batch: VecDeque<Segment>,
    passed_on: usize,
}

impl Engine {
    fn fill(&mut self) -> bool {
        if self.batch.is_empty() {
            // There are no namespaces that could have ended.
            let _ = self.socket.0.mailbox.take(&mut self.batch);
        }
        let filled = !self.batch.is_empty();
        for segment in self.batch.drain(..) {
            self.passed_on += Mailbox::charge(&segment);
            self.session.send(segment);
        }
        filled
    }

    /// Starts the handlers of what the client did; `carrier` is the head of the POST by which it did so.
    fn start_handlers(&mut self, carrier: Option<&Arc<Parts>>) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Message(message) => {
                    let handler = self.handlers.read().message.clone();
                    self.socket.run(handler, (message, carrier.cloned()));
                }
                Event::Closed(reason) => {
                    self.socket.0.mailbox.close();
                    let handler = self.handlers.read().close.clone();
                    self.socket.run(handler, reason);
                }
                _ => {}
            }
        }
    }
}

impl Client for Engine {
    fn handle(&mut self, now: Timestamp, input: Input) {
        self.session.handle(now, input);
    }

    fn accept_upgrade(&mut self, now: Timestamp) -> bool {
        self.session.accept_upgrade(now)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.session.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.session.poll_timeout()
    }

    fn obey(&mut self, now: Timestamp, order: Order) {
        match order {
            Order::Overflow => self.session.abort(CloseReason::SlowConsumer),
            Order::Close(reason) => self.closing = Some(reason),
            Order::DisconnectAll => self.session.close(now, CloseReason::ForcedServerClose),
        }
    }

    fn take_orders(&mut self, now: Timestamp) {
        if !self.opened {
            self.opened = true;
            let handler = self.handlers.read().open.clone();
            self.socket.run(handler, ());
        }
        if let (_, Some(order)) = self.socket.0.mailbox.take_orders() {
            self.obey(now, order);
        }
    }

    fn receive(&mut self, now: Timestamp, frame: Frame) {
        self.session.handle(now, Input::Frame(frame));
        self.take_events(now);
    }

    fn receive_post(&mut self, now: Timestamp, id: RequestId, body: Bytes, head: Carrier) {
        self.session.handle(now, Input::PostBody(id, body));
        // At once: what the next POST carries has another head.
        self.start_handlers(head.as_ref());
    }

    fn take_events(&mut self, _: Timestamp) {
        self.start_handlers(None);
    }
    fn next_transmit(&mut self, now: Timestamp) -> Option<Transmit> {
        loop {
            if self.session.can_transmit() || self.closing.is_some() {
                self.fill();
            }
            if let Some(transmit) = self.session.poll_transmit() {
                return Some(transmit);
            }
            let reason = self.closing.take()?;
            self.session.close(now, reason);
            self.take_events(now);
        }
    }

    fn readiness(&self) -> Readiness {
        if !self.session.can_transmit() {
            Readiness::Blocked
        } else if self.session.is_writable() {
            Readiness::Idle
        } else {
            Readiness::Busy
        }
    }

    fn settle(&mut self, readiness: Readiness, waker: &Waker) -> bool {
        let passed_on = std::mem::take(&mut self.passed_on);
        self.socket.0.mailbox.settle(passed_on, readiness, waker)
    }

    fn shrink_to_fit(&mut self) {
        self.session.shrink_to_fit();
        self.socket.0.mailbox.shrink_to_fit();
        self.batch.shrink_to_fit();
    }

    fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    fn is_finished(&self) -> bool {
        self.session.is_finished()
    }

    fn finish(&mut self) {
        self.socket.0.mailbox.close();
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
        let mailbox = Mailbox::new(self.hub.mailbox_budget);
        let link = Link { hub: self.hub.clone(), handshake, mailbox };
        Engine {
            handlers: self.handlers.clone(),
            session: Session::new(&self.hub.config, sid, transport, now),
            socket: EngineSocket(Arc::new(link)),
            opened: false,
            closing: None,
            batch: VecDeque::new(),
            passed_on: 0,
        }
    }
}
