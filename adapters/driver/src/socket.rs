//! A socket: one client in one namespace.

mod arriving;
mod operators;
mod writing;

use std::fmt;
use std::sync::{Arc, OnceLock};

use klatch_core::engine::Transport;
use klatch_core::{
    AckId, CloseReason, ConnectError, DecodeError, EncodeError, Encoder, FromPayload, Limit,
    Luggage, Outgoing, Payload, Slot, SocketId, SocketKey, Text, ToArgs,
};
use serde::Serialize;

use crate::data::Kept;
use crate::desk;
use crate::error::{EmitError, HandlerError};
use crate::handshake::Handshake;
use crate::link::{InFlight, Link};
use crate::mailbox::{Order, Refusal};
use crate::meter::Meter;
use crate::namespace::{self, Namespace};
use crate::start::{Rest, begin, start};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::wakers::wake_after;

/// One client in one namespace. Cheap to clone; what is done to it after it disconnected does nothing.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

/// What every event looks at comes first, beside the count of who has the socket: few of many are in the
/// cache.
#[repr(C)]
struct Inner {
    slot: Slot,
    /// Whether it lives, for those who need not wait for the lock: not [`Life::Disconnected`].
    connected: AtomicBool,
    namespace: Arc<namespace::Inner>,
    link: Arc<Link>,
    /// Since it is connected.
    key: OnceLock<SocketKey>,
    id: SocketId,
    auth: Payload,
    life: Mutex<Life>,
    recovered: bool,
    data: Mutex<Option<Kept>>,
}

/// How far a socket is between connect and disconnect.
#[derive(Debug)]
enum Life {
    /// It is before the middlewares, and is to be in these rooms when they let it in.
    Arriving(Vec<Box<str>>),
    /// They have decided.
    Judged(Vec<Box<str>>, Result<(), ConnectError>),
    /// Its connect handler has not returned from its first poll. If it is to end meanwhile, that
    /// waits: a disconnect handler never runs before the connect handler.
    Connecting {
        end: Option<(CloseReason, Farewell)>,
    },
    Connected,
    Disconnected,
}

/// Whether a client that is disconnected is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// A DISCONNECT packet: the client will not come back by itself.
    Told,
    /// The connection ends with it, or the client left by itself.
    Untold,
}

impl Socket {
    /// A socket that is not connected yet.
    pub(crate) fn new(
        id: SocketId,
        slot: Slot,
        namespace: Arc<namespace::Inner>,
        link: Arc<Link>,
        auth: Payload,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            key: OnceLock::new(),
            slot,
            namespace,
            link,
            auth,
            life: Mutex::new(Life::Arriving(Vec::new())),
            connected: AtomicBool::new(false),
            recovered: false,
            data: Mutex::new(None),
        }))
    }

    /// This client as the socket that it was before it was lost. What a middleware has left with
    /// it is newer than what was left with that.
    pub(crate) fn back_as(&self, id: SocketId, luggage: Option<Luggage>) -> Self {
        let data = self.0.data.lock().clone();
        let kept = luggage.and_then(|luggage| luggage.into_inner().downcast::<Kept>().ok());
        let data = data.or_else(|| kept.map(|kept| (*kept).clone()));
        Self(Arc::new(Inner {
            id,
            key: OnceLock::new(),
            slot: self.0.slot,
            namespace: self.0.namespace.clone(),
            link: self.0.link.clone(),
            auth: self.0.auth.clone(),
            life: Mutex::new(Life::Connecting { end: None }),
            connected: AtomicBool::new(true),
            recovered: true,
            data: Mutex::new(data),
        }))
    }

    /// What goes with it when it is lost.
    pub(crate) fn luggage(&self) -> Option<Luggage> {
        let kept = self.0.data.lock().clone()?;
        Some(Luggage::new(Arc::new(kept)))
    }

    /// Keeps a value with this socket, for whoever handles its events: who the user is, say. It
    /// takes the place of the one before, and goes with the socket; when a client that was
    /// lost [comes back](crate::Builder::recovery), so does the value.
    ///
    /// It serialises, so that others can be shown it.
    pub fn set_data<T: Serialize + Send + Sync + 'static>(&self, data: T) {
        let before = self.0.data.lock().replace(Kept(Arc::new(data)));
        // Dropped when the lock is released: it is the application's.
        drop(before);
    }

    /// The value that is kept with this socket; `None` if there is none, or it is of another type.
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.kept()?.get()
    }

    /// The same as others are shown it: one argument, or none.
    ///
    /// # Errors
    ///
    /// If it cannot be serialised.
    pub fn data_payload(&self) -> Result<Payload, EncodeError> {
        self.kept().map_or_else(|| Ok(Payload::default()), |kept| kept.0.encode())
    }

    fn kept(&self) -> Option<Kept> {
        self.0.data.lock().clone()
    }

    /// The socket's id: public, different in each namespace, and the name of a room that only
    /// this socket is in.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// Its namespace.
    pub fn namespace(&self) -> Namespace {
        Namespace(self.0.namespace.clone())
    }

    /// The request that opened the connection.
    pub fn handshake(&self) -> &Handshake {
        &self.0.link.handshake
    }

    /// What the client presented when it joined the namespace: `auth` of the JavaScript client.
    ///
    /// # Errors
    ///
    /// If it is not of this type; if there was none, as for a missing argument.
    pub fn auth<D: FromPayload>(&self) -> Result<D, DecodeError> {
        self.0.auth.decode()
    }

    /// The transport that carries the connection now.
    pub fn transport(&self) -> Transport {
        self.0.link.transport()
    }

    /// Whether its client was lost and is back: the socket has the id and the rooms that it had, and
    /// what was missed is on its way. See [`Builder::recovery`](crate::Builder::recovery).
    pub fn recovered(&self) -> bool {
        self.0.recovered
    }

    /// Whether it is connected: it has passed the middlewares, and has not been disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }

    /// Disconnects this client from this namespace, and tells it; its connection and its other
    /// namespaces live on. The JavaScript client does not come back by itself.
    ///
    /// Called from the socket's own connect handler, it takes effect when that returns or first awaits.
    /// In a middleware it does nothing: an error keeps the client out.
    pub fn disconnect(&self) {
        if self.is_arriving() {
            return;
        }
        self.end(CloseReason::ServerNamespaceDisconnect, Farewell::Told);
    }

    /// Disconnects this client from all its namespaces, and closes the connection.
    pub fn disconnect_all(&self) {
        self.disconnect();
        self.0.link.mailbox.command(Order::DisconnectAll);
    }

    /// Closes the connection without a word to its namespaces, as if the network had failed: the
    /// JavaScript client comes back by itself. The sockets' reason is
    /// [`ForcedClose`](CloseReason::ForcedClose).
    pub fn close_connection(&self) {
        self.0.link.mailbox.command(Order::Close(CloseReason::ForcedClose));
    }

    /// What its namespace knows it by; that of no socket before it is connected.
    pub(crate) fn key(&self) -> SocketKey {
        self.0.key.get().copied().unwrap_or_else(SocketKey::none)
    }

    pub(crate) fn raw_auth(&self) -> &Payload {
        &self.0.auth
    }

    pub(crate) fn slot(&self) -> Slot {
        self.0.slot
    }

    /// What no other socket has as long as this one is there.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether it is connected, and its mailbox has nothing for its task.
    #[inline]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_connected() && self.0.link.mailbox.is_at_rest()
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.0.link
    }

    pub(crate) fn namespace_name(&self) -> &str {
        self.0.namespace.name()
    }

    pub(crate) fn inner_namespace(&self) -> &Arc<namespace::Inner> {
        &self.0.namespace
    }

    pub(crate) fn report(&self, event: &str, error: &HandlerError) {
        self.0.namespace.handlers.report(self, event, error);
    }

    /// Encodes a packet and sends it to this client; whether it is worth compressing, too.
    #[inline]
    pub(crate) fn deliver(
        &self,
        compress: bool,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EmitError> {
        match desk::lay(self, encode)? {
            None => Ok(()),
            Some(packet) => self.queue(packet, compress),
        }
    }

    /// Answers an event of this client. Whether the answer is an error, and whether it was sent.
    pub(crate) fn answer(
        &self,
        id: AckId,
        answer: &(impl ToArgs + ?Sized),
    ) -> (bool, Result<(), EmitError>) {
        let mut is_error = false;
        let sent = self.deliver(true, |tray| {
            self.0.namespace.encode_answer(tray, id, answer)?;
            is_error = tray.is_error();
            Ok(())
        });
        (is_error, sent)
    }

    #[inline(never)]
    fn queue(&self, packet: Outgoing, compress: bool) -> Result<(), EmitError> {
        let packet = if compress { packet } else { packet.uncompressed() };
        let Inner { slot, link, .. } = &*self.0;
        let (pushed, waker) = link.mailbox.push_one(Some(*slot), packet.into());
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(pushed?)
    }

    /// Queues a packet for this client if it can leave at once; says whether it does.
    pub(crate) fn deliver_volatile(&self, packet: Outgoing) -> Result<bool, EmitError> {
        let Inner { slot, link, .. } = &*self.0;
        if desk::has_said(self) {
            link.hub.counts.hit(Limit::Volatile);
            return Ok(false);
        }
        match wake_after(|wakers| link.mailbox.push_volatile(Some(*slot), packet.into(), wakers)) {
            Ok(()) => Ok(true),
            Err(Refusal::Busy) => {
                link.hub.counts.hit(Limit::Volatile);
                Ok(false)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Runs the connect handler, and what was to happen to the socket meanwhile.
    pub(crate) fn begin(&self) {
        if let Some(handler) = self.0.namespace.handlers.connect(self) {
            self.run(&"connect".into(), || begin(handler).err());
        }
        let mut life = self.0.life.lock();
        let Life::Connecting { end } = *life else { return };
        *life = Life::Connected;
        drop(life);
        if let Some((reason, farewell)) = end {
            self.end(reason, farewell);
        }
    }

    /// Disconnects the socket, once: its handlers run, its rooms are left, nothing more is sent.
    pub(crate) fn end(&self, reason: CloseReason, farewell: Farewell) {
        {
            let mut life = self.0.life.lock();
            match &mut *life {
                Life::Connecting { end } => {
                    end.get_or_insert((reason, farewell));
                    return;
                }
                Life::Connected => {
                    *life = Life::Disconnected;
                    self.0.connected.store(false, Ordering::Release);
                }
                // Nobody has heard of it.
                Life::Arriving(_) | Life::Judged(..) => {
                    *life = Life::Disconnected;
                    drop(life);
                    self.0.namespace.vacate(1);
                    return;
                }
                Life::Disconnected => return,
            }
        }
        self.0.link.drained();
        let handlers = &self.0.namespace.handlers;
        if let Some(handler) = handlers.disconnecting(self, reason) {
            self.run(&"disconnecting".into(), || begin(handler).err());
        }
        // Before it is out: a namespace that has ended forgets its handlers with its last socket.
        let disconnect = handlers.disconnect(self, reason);
        let heirs = self.0.namespace.remove(self, reason, farewell);
        tracing::debug!(namespace = self.namespace_name(), socket = %self.0.id, %reason, "disconnected");
        Meter::disconnected(reason);
        if let Some(handler) = disconnect {
            self.run(&"disconnect".into(), || begin(handler).err());
        }
        for heir in heirs {
            heir.mailbox.nudge();
        }
    }

    /// Starts a handler; see [`start`].
    #[inline]
    pub(crate) fn run(&self, event: &Text, handler: impl FnOnce() -> Rest) {
        let link = &self.0.link;
        let handler = || Meter::timed(&link.hub, handler);
        let goes_on = || {
            let (socket, event) = (self.clone(), event.clone());
            (InFlight::new(link), move || socket.panicked(&event))
        };
        if start(&link.hub, handler, goes_on).is_err() {
            self.panicked(event);
        }
    }

    /// A handler that panicked left its work half done: its client starts anew, nobody else notices.
    fn panicked(&self, event: &str) {
        tracing::error!(namespace = self.namespace_name(), socket = %self.0.id, event, "a handler panicked");
        self.report(event, &HandlerError::Panicked);
        self.disconnect();
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace_name();
        f.debug_struct("Socket").field("id", &self.0.id).field("namespace", &namespace).finish()
    }
}

impl From<Refusal> for EmitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Only what is volatile is ever refused as busy, and that is no error.
            Refusal::Closed | Refusal::Busy => Self::Closed,
            Refusal::Full => Self::SlowConsumer,
        }
    }
}
