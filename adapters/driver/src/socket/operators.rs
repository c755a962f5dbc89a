//! What a socket is sent, whom it speaks to, and where it is.

use std::time::Duration;

use klatch_core::{FromPayload, JoinError, Target, ToArgs};

use super::Socket;
use crate::broadcast::Broadcast;
use crate::error::EmitError;
use crate::flags::Flags;
use crate::reply::Reply;
use crate::rooms::Rooms;
use crate::unicast::Unicast;

impl Socket {
    /// Sends an event to this client: queued, in the order of these calls.
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded, the socket is disconnected or its client reads too slowly.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.0.namespace.emit_one(self, Flags::default(), event, args)
    }

    /// Sends an event and asks for an answer, within 30 seconds; it is sent at once, not when
    /// the answer is awaited.
    pub fn emit_with_ack<D: FromPayload>(
        &self,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Reply<D> {
        Reply::new(self.0.namespace.ask_one(self, Flags::default(), event, args))
    }

    /// This socket, to which what is sent is dropped if it cannot leave at once; see
    /// [`Unicast::volatile`].
    pub fn volatile(&self) -> Unicast {
        self.unicast().volatile()
    }

    /// This socket, whose answers are awaited for so long; see [`Unicast::timeout`].
    pub fn timeout(&self, timeout: Duration) -> Unicast {
        self.unicast().timeout(timeout)
    }

    /// This socket, to which what is sent may be not worth compressing; see [`Broadcast::compress`].
    pub fn compress(&self, compress: bool) -> Unicast {
        self.unicast().compress(compress)
    }

    /// This socket, whose broadcasts stay on this node; see [`Broadcast::local`].
    pub fn local(&self) -> Unicast {
        self.unicast().local()
    }

    fn unicast(&self) -> Unicast {
        Unicast::new(self.clone(), Flags::default())
    }

    /// Everybody in the namespace but this socket.
    ///
    /// It is left out for who it is, and not for the room named by its id, as in Node: so it is
    /// when it has left that room, too. The same holds for [`to`](Self::to) and
    /// [`except`](Self::except).
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self.0.namespace.clone(), Target::all().without(self.key()))
    }

    /// Everybody in a room, or in at least one of several, but this socket; more rooms can be added.
    /// It is Node's `to` and `in`, of which the latter is no name in Rust.
    pub fn to<N>(&self, rooms: impl Rooms<N>) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// Everybody but this socket and the members of a room, or of several.
    pub fn except<N>(&self, rooms: impl Rooms<N>) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Joins a room, or several, all or none: what is sent there from now on reaches this socket.
    ///
    /// # Errors
    ///
    /// If a name is longer than [`max_room_name`](crate::Builder::max_room_name) or another socket's id,
    /// or the socket would be in more rooms than [`max_rooms`](crate::Builder::max_rooms).
    pub fn join<N>(&self, rooms: impl Rooms<N>) -> Result<(), JoinError> {
        rooms.with(|rooms| {
            let namespace = &self.0.namespace;
            let joined = self.promise_rooms(rooms).unwrap_or_else(|| {
                namespace
                    .change_rooms(|namespace| namespace.join_all(self.key(), rooms))
                    .map(|_| ())
            });
            namespace.count(joined)
        })
    }

    /// Leaves a room, or several: when this returns, nothing more that is sent there reaches this
    /// socket.
    pub fn leave<N>(&self, rooms: impl Rooms<N>) {
        rooms.with(|rooms| {
            if self.forgo_rooms(|room| rooms.contains(&room)) {
                return;
            }
            self.0.namespace.change_rooms(|namespace| {
                for room in rooms {
                    namespace.leave(self.key(), room);
                }
            });
        });
    }

    /// Leaves all rooms, that of its own id too.
    pub fn leave_all(&self) {
        if !self.forgo_rooms(|_| true) {
            self.0.namespace.change_rooms(|namespace| namespace.leave_all(self.key()));
        }
    }

    /// The rooms it is in, that of its own id first; none after it disconnected. For a middleware,
    /// those that it will be in, beside that.
    pub fn rooms(&self) -> Vec<String> {
        if let Some(promised) = self.promised_rooms() {
            return promised.into_iter().map(String::from).collect();
        }
        self.0.namespace.rooms(|namespace| namespace.rooms(self.key()).map(str::to_owned).collect())
    }

    /// Whether it is in a room.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.0.namespace.rooms(|namespace| namespace.is_in(self.key(), room))
    }
}
