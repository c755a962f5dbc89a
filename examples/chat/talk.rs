//! The chat itself: what a client may say, and who hears of it.
//!
//! What a method returns is the client's acknowledgement; an `Err` reaches it as `{"error": text}`.

use klatch::{CloseReason, EmitError, Namespace, Socket, SocketId};

use crate::people::{People, Person};
use crate::wire::{
    Hello, InRoom, IsTyping, Joined, Message, Receipt, ToPerson, ToRoom, Typing, Welcome,
};

/// Why a client is refused.
pub(crate) type Refusal = &'static str;

/// Lets people talk in a tenant.
pub(crate) fn open(tenant: &Namespace) {
    let talk = Talk::default();

    tenant.on_connect(async |socket: Socket| {
        println!("a user connected: {} ({})", socket.id(), socket.namespace().name());
    });
    let here = talk.clone();
    tenant.on("hello", async move |socket: Socket, hello: Hello| here.hello(&socket, &hello));
    let here = talk.clone();
    tenant.on("join", async move |socket: Socket, room: String| here.join(&socket, room));
    let here = talk.clone();
    tenant.on("leave", async move |socket: Socket, room: String| here.leave(&socket, &room));
    let here = talk.clone();
    tenant.on("message", async move |socket: Socket, said: ToRoom| here.message(&socket, &said));
    let here = talk.clone();
    tenant.on("whisper", async move |socket: Socket, said: ToPerson| here.whisper(&socket, &said));
    let here = talk.clone();
    tenant.on("typing", async move |socket: Socket, typing: Typing| here.typing(&socket, &typing));
    tenant.on_disconnecting(async move |socket: Socket, _: CloseReason| talk.goodbye(&socket));
    tenant.on_disconnect(async |socket: Socket, reason: CloseReason| {
        println!("a user disconnected: {} ({}): {reason}", socket.id(), socket.namespace().name());
    });
}

/// One tenant's chat.
#[derive(Clone, Default)]
struct Talk {
    people: People,
}

impl Talk {
    fn hello(&self, socket: &Socket, hello: &Hello) -> Result<Welcome, Refusal> {
        let you = self.people.enter(socket.id(), &hello.nick)?;
        sent(socket.broadcast().emit("arrived", &you))?;
        Ok(Welcome { you, users: self.people.all() })
    }

    /// The rooms can still be seen: those who stay in them hear who left.
    fn goodbye(&self, socket: &Socket) -> Result<(), Refusal> {
        let Some(user) = &self.people.remove(socket.id()) else { return Ok(()) };
        for room in &socket.rooms() {
            sent(socket.to(room).emit("left", &InRoom { room, user }))?;
        }
        sent(socket.broadcast().emit("gone", user))
    }

    fn join(&self, socket: &Socket, room: String) -> Result<Joined, Refusal> {
        let user = &self.people.find(socket.id())?;
        if !(1..=64).contains(&room.chars().count()) {
            return Err("a room's name has 1 to 64 characters");
        }
        if !socket.is_in(&room) {
            socket.join(&room).map_err(|_| "this room cannot be joined")?;
            sent(socket.to(&room).emit("joined", &InRoom { room: &room, user }))?;
        }
        let sockets = socket.namespace().to(&room).sockets();
        let members = sockets.iter().filter_map(|member| self.people.find(member.id()).ok());
        Ok(Joined { members: members.collect(), room })
    }

    fn leave(&self, socket: &Socket, room: &str) -> Result<(), Refusal> {
        let user = &self.people.find(socket.id())?;
        if socket.is_in(room) {
            socket.leave(room);
            sent(socket.to(room).emit("left", &InRoom { room, user }))?;
        }
        Ok(())
    }

    fn message(&self, socket: &Socket, said: &ToRoom) -> Result<Receipt, Refusal> {
        let from = &self.author(socket, &said.text)?;
        if !socket.is_in(&said.room) {
            return Err("you are not in this room");
        }
        let receipt = Receipt::now();
        let message = Message { receipt: &receipt, room: Some(&said.room), from, text: &said.text };
        sent(socket.to(&said.room).emit("message", &message))?;
        Ok(receipt)
    }

    fn whisper(&self, socket: &Socket, said: &ToPerson) -> Result<Receipt, Refusal> {
        let from = &self.author(socket, &said.text)?;
        // A room, and somebody who has not said hello, are no persons.
        let to = SocketId::parse(&said.to).ok_or("gone")?;
        self.people.find(to).map_err(|_| "gone")?;
        let receipt = Receipt::now();
        let message = Message { receipt: &receipt, room: None, from, text: &said.text };
        sent(socket.to(to).emit("whisper", &message))?;
        Ok(receipt)
    }

    fn typing(&self, socket: &Socket, typing: &Typing) -> Result<(), Refusal> {
        let from = &self.people.find(socket.id())?;
        let room = &typing.room;
        if socket.is_in(room) {
            sent(socket.to(room).volatile().emit("typing", &IsTyping { room, from }))?;
        }
        Ok(())
    }

    fn author(&self, socket: &Socket, text: &str) -> Result<Person, Refusal> {
        let author = self.people.find(socket.id())?;
        if !(1..=2000).contains(&text.chars().count()) {
            return Err("a message has 1 to 2000 characters");
        }
        Ok(author)
    }
}

/// What has no JSON form cannot be sent: a mistake of ours, which the client need not understand.
fn sent(sent: Result<(), EmitError>) -> Result<(), Refusal> {
    sent.map_err(|_| "the server made a mistake")
}
