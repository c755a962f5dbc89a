//! A namespace: the core's machine under its publish lock, with the mailboxes of its sockets.

mod asking;
mod lifetime;
mod news;
mod publishing;
mod returning;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use klatch_core::{
    CloseReason, FromPayload, JoinError, Outgoing, Parser, Payload, Pid, Slot, SocketId, SocketKey,
    SocketMap, Target, ToArgs,
};

pub(crate) use self::asking::Answers;
use self::asking::Asking;
pub(crate) use self::lifetime::Opening;
use self::lifetime::Origin;
use self::news::News;
use crate::broadcast::Broadcast;
use crate::error::EmitError;
use crate::handler::Handlers;
use crate::housekeeper::{Appointment, Housekeeper};
use crate::link::Link;
use crate::remote::RemoteSocket;
use crate::reply::Replies;
use crate::rooms::Rooms;
use crate::snapshot::NamespaceSnapshot;
use crate::socket::{Farewell, Socket};
use crate::sync::Mutex;
use crate::wakers::wake_after;

/// A namespace of a server: where handlers are registered, by the methods of [`Handlers`], and
/// everybody can be spoken to. Cheap to clone.
#[derive(Clone)]
pub struct Namespace(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    name: Box<str>,
    pub(crate) handlers: Handlers,
    housekeeper: Arc<Housekeeper>,
    /// When the housekeeper will look here.
    appointment: Appointment,
    origin: Box<Origin>,
    opening: Opening,
    /// Whether sockets that are lost may come back.
    recovers: bool,
    /// Whether those need not pass the middlewares.
    skips_middlewares: bool,
    /// How its packets are written.
    parser: Parser,
    publish: Mutex<Publish>,
}

/// What the publish lock guards. Select and push happen under it, and so does every change of
/// membership: all members see the namespace's packets in one order, and nothing arrives after a
/// leave has returned. Encoding, waking and the application's code stay outside.
struct Publish {
    namespace: klatch_core::Namespace,
    members: SocketMap<Member>,
    asking: Asking,
    news: News,
    /// Whom the broadcast under way reaches; kept between broadcasts.
    selected: Vec<SocketKey>,
    /// Who waits for the end of the socket that it was: see [`Inner::is_ending`].
    heirs: Vec<(SocketKey, Arc<Link>)>,
    /// How many are connected or away, as far as whoever frees it has been told.
    counted: usize,
    /// It has ended: nobody is let in.
    is_closed: bool,
}

struct Member {
    link: Arc<Link>,
    slot: Slot,
    socket: Socket,
}

impl Namespace {
    /// Its name, with the leading slash.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// What the group of this name captured of the name of this namespace, if a pattern made it; see
    /// [`Server::namespaces_matching`](crate::Server::namespaces_matching).
    pub fn captured(&self, group: &str) -> Option<&str> {
        self.0.origin.captures.as_ref()?.named(group, self.name())
    }

    /// What the groups of the pattern captured, in order, the whole match first; nothing if no
    /// pattern made this namespace.
    pub fn captures(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.origin.captures.iter().flat_map(|captures| captures.all(self.name()))
    }

    /// Ends it: its sockets are disconnected and told so, nobody is let in any more, not even who is
    /// before a [middleware](Handlers::middleware), and clients that ask for it hear
    /// `Invalid namespace`. Handlers may call this, too. With its last socket it forgets its handlers,
    /// and what they captured, so that those may hold it; but not the hooks
    /// [`on_error`](Handlers::on_error) and [`on_room_event`](Handlers::on_room_event).
    ///
    /// A handle that was kept does no harm, and nobody is there any more.
    /// [`Server::namespace`](crate::Server::namespace) makes a new namespace of the same name, without
    /// handlers; and so does a [parent](crate::ParentNamespace) for the next client that asks, if it
    /// was a child: to prevent that, close the parent.
    pub fn close(&self) {
        match self.0.directory() {
            Some(directory) => directory.close(&self.0),
            // Its server is gone.
            None => self.0.close(),
        }
    }

    /// Whether it has ended: it was [closed](Self::close), or is a child that everybody has left. It
    /// has no sockets then, and gets none.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Sends an event to everybody in the namespace; see [`Broadcast::emit`].
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.everybody().emit(event, args)
    }

    /// Sends an event to everybody and asks for answers; see [`Broadcast::emit_with_ack`].
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Replies<D> {
        self.everybody().emit_with_ack(event, args)
    }

    /// Everybody in the namespace.
    pub fn everybody(&self) -> Broadcast {
        Broadcast::new(self.0.clone(), Target::all())
    }

    /// The members of a room, or of several. It is Node's `to` and `in`, of which the latter is no
    /// name in Rust.
    pub fn to<N>(&self, rooms: impl Rooms<N>) -> Broadcast {
        self.everybody().to(rooms)
    }

    /// Everybody but the members of a room, or of several.
    pub fn except<N>(&self, rooms: impl Rooms<N>) -> Broadcast {
        self.everybody().except(rooms)
    }

    /// [`Broadcast::volatile`] for everybody.
    pub fn volatile(&self) -> Broadcast {
        self.everybody().volatile()
    }

    /// [`Broadcast::timeout`] for everybody.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        self.everybody().timeout(timeout)
    }

    /// [`Broadcast::compress`] for everybody.
    pub fn compress(&self, compress: bool) -> Broadcast {
        self.everybody().compress(compress)
    }

    /// [`Broadcast::local`] for everybody.
    pub fn local(&self) -> Broadcast {
        self.everybody().local()
    }

    /// All its sockets, as they are; see [`Broadcast::fetch_sockets`].
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.everybody().fetch_sockets().await
    }

    /// All its sockets of this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.everybody().sockets()
    }

    /// The socket with this id, if it is connected.
    pub fn socket(&self, id: SocketId) -> Option<Socket> {
        let publish = self.0.publish.lock();
        let key = publish.namespace.key(&id)?;
        publish.members.get(key).map(|member| member.socket.clone())
    }

    /// How many sockets are connected.
    pub fn len(&self) -> usize {
        self.0.publish.lock().namespace.len()
    }

    /// Whether no socket is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sockets are in a room.
    pub fn room_len(&self, room: impl AsRef<str>) -> usize {
        let room = room.as_ref();
        self.0.publish.lock().namespace.room_len(room)
    }

    /// The rooms that somebody is in, without those that are named by a socket's id.
    pub fn rooms(&self) -> Vec<String> {
        self.0.publish.lock().namespace.room_names().map(str::to_owned).collect()
    }
}

impl Deref for Namespace {
    type Target = Handlers;

    fn deref(&self) -> &Handlers {
        &self.0.handlers
    }
}

impl Publish {
    /// Whether nobody is here, and nobody comes any more.
    fn is_over(&self) -> bool {
        self.is_closed && self.namespace.is_empty()
    }

    /// A socket is a member from here on, and its CONNECT on its way.
    fn enter(
        &mut self,
        socket: &Socket,
        key: SocketKey,
        rooms: Vec<Box<str>>,
        connect: Outgoing,
        wakers: &mut Vec<Waker>,
    ) {
        socket.enter(key);
        self.counted += 1;
        for room in rooms {
            // It was checked when the socket asked for it: only an id that somebody got since
            // could be in the way, and then the room is that one's.
            let _ = self.namespace.join(key, &room);
        }
        let (link, slot) = (socket.link().clone(), socket.slot());
        let member = Member { link: link.clone(), slot, socket: socket.clone() };
        self.members.insert(key, member);
        link.mailbox.open(slot, connect.into(), wakers);
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A client that asks to be let in.
    pub(crate) fn arrival(self: &Arc<Self>, slot: Slot, link: &Arc<Link>, auth: Payload) -> Socket {
        let id = SocketId::from_entropy(link.hub.entropy());
        Socket::new(id, slot, self.clone(), link.clone(), auth)
    }

    /// Lets a client in: from here on it is a member, and its CONNECT is on its way. False if the
    /// namespace has ended.
    #[must_use]
    pub(crate) fn admit(&self, socket: &Socket) -> bool {
        let (id, link) = (socket.id(), socket.link());
        let pid = self.recovers.then(|| Pid::from_entropy(link.hub.entropy()));
        let connect = self.parser.connect(&self.name, &id, pid.as_ref());
        let events = wake_after(|wakers| {
            let mut publish = self.change();
            if publish.is_closed {
                return None;
            }
            let rooms = socket.arrive();
            let key =
                publish.namespace.connect(id).expect("120 random bits are never the same twice");
            if let Some(pid) = pid {
                publish.namespace.promise(key, pid);
            }
            publish.enter(socket, key, rooms, connect, wakers);
            Some(publish.events())
        });
        let is_in = events.is_some();
        self.tell(events.unwrap_or_default());
        is_in
    }

    /// Takes a socket out: it is a member no longer, and nothing follows its DISCONNECT. Who waits for
    /// that is to be told when its handlers have been.
    #[must_use]
    pub(crate) fn remove(
        &self,
        socket: &Socket,
        reason: CloseReason,
        farewell: Farewell,
    ) -> Vec<Arc<Link>> {
        let disconnect = (farewell == Farewell::Told).then(|| self.parser.disconnect(&self.name));
        let (done, is_over, heirs) = wake_after(|wakers| {
            let mut publish = self.change();
            if self.recovers && !publish.is_closed && reason.is_recoverable() {
                publish.namespace.lose(self.housekeeper.now(), socket.key(), socket.luggage());
            } else {
                publish.namespace.disconnect(socket.key());
            }
            let member = publish.members.remove(socket.key());
            socket.link().mailbox.leave(socket.slot(), disconnect.map(Arc::new), wakers);
            let (done, is_over) = (publish.events(), publish.is_over());
            let heirs = publish.heirs_of(socket.key());
            drop(publish);
            drop(member);
            (done, is_over, heirs)
        });
        self.tell(done);
        if is_over {
            self.handlers.forget();
        }
        heirs
    }

    /// Tells a client that it is out, unless somebody did; nothing else of this namespace reaches it. For its
    /// task, whose socket others may be [removing](Self::remove) at this moment.
    pub(crate) fn tell_end(&self, socket: &Socket) {
        let disconnect = self.parser.disconnect(&self.name).into();
        wake_after(|wakers| socket.link().mailbox.leave(socket.slot(), Some(disconnect), wakers));
    }

    /// Counts what did not come of a room.
    pub(crate) fn count<T>(&self, joined: Result<T, JoinError>) -> Result<T, JoinError> {
        if let Some(limit) = joined.as_ref().err().and_then(JoinError::limit) {
            self.housekeeper.hub().counts.hit(limit);
        }
        joined
    }

    pub(crate) fn snapshot(&self) -> NamespaceSnapshot {
        let publish = self.publish.lock();
        let (sockets, rooms) = (publish.namespace.len(), publish.namespace.room_names().count());
        NamespaceSnapshot { name: self.name().to_owned(), sockets, rooms }
    }

    /// Whether nothing is kept for anybody who was here.
    #[cfg(klatch_explore = "shuttle")]
    pub(crate) fn is_at_rest(&self) -> bool {
        let Publish { members, asking, news, heirs, .. } = &*self.publish.lock();
        members.is_empty() && asking.is_empty() && news.is_empty() && heirs.is_empty()
    }

    /// Looks at the rooms.
    pub(crate) fn rooms<T>(&self, act: impl FnOnce(&mut klatch_core::Namespace) -> T) -> T {
        act(&mut self.publish.lock().namespace)
    }

    /// The sockets that are meant.
    pub(crate) fn sockets(&self, target: &Target) -> Vec<Socket> {
        let mut publish = self.publish.lock();
        let Publish { namespace, members, selected, .. } = &mut *publish;
        namespace.select(target, selected);
        let members = selected.iter().filter_map(|key| members.get(*key));
        members.map(|member| member.socket.clone()).collect()
    }

    /// The sockets that are meant, with their rooms and their data.
    pub(crate) fn fetch(&self, target: &Target) -> Vec<RemoteSocket> {
        let mut publish = self.publish.lock();
        let Publish { namespace, members, selected, .. } = &mut *publish;
        namespace.select(target, selected);
        let found = selected.iter().filter_map(|key| {
            let rooms = namespace.rooms(*key).map(str::to_owned).collect();
            Some((members.get(*key)?.socket.clone(), rooms))
        });
        let found: Vec<_> = found.collect();
        drop(publish);
        found.into_iter().map(|(socket, rooms)| RemoteSocket::new(socket, rooms)).collect()
    }
}
