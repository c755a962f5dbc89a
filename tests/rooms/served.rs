//! A server on tokio, and clients over TCP, as a system.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use klatch::{Broadcast, CloseReason, Handlers, Recovery, Server, Socket};
use klatch_core::testing::{Aim, Member, Op, Outcome, Person, Room, Sender, System};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::acts::{Act, NAMESPACES};
use crate::client::{Client, Seat};

pub(crate) struct Served {
    tokio: Runtime,
    server: Server,
    address: SocketAddr,
    /// One for each socket that has ended.
    ends: UnboundedReceiver<()>,
    clients: BTreeMap<Person, Client>,
    /// The last id of each, which its room is named by.
    ids: BTreeMap<Member, String>,
    said: u64,
    connections: u64,
    /// How often somebody heard something, in all.
    pub(crate) deliveries: usize,
}

type Say = (Vec<String>, Vec<String>, u64);

fn among(all: Broadcast, to: Vec<String>, except: Vec<String>) -> Broadcast {
    let to = if to.is_empty() { all } else { all.to(to) };
    to.except(except)
}

fn register(handlers: &Handlers, ends: &UnboundedSender<()>) {
    handlers.on("join", async |socket: Socket, room: String| socket.join(room).is_ok());
    handlers.on("leave", async |socket: Socket, room: String| socket.leave(room));
    handlers.on("leave all", async |socket: Socket, (): ()| socket.leave_all());
    handlers.on("say", async |socket: Socket, (to, except, number): Say| {
        among(socket.broadcast(), to, except).emit("said", &number)
    });
    handlers.on("barrier", async |_: Socket, (): ()| ());
    let ends = ends.clone();
    handlers.on_disconnect(async move |_: Socket, _: CloseReason| {
        // Nobody listens any more when the history is over.
        let _ = ends.send(());
    });
}

impl Served {
    pub(crate) fn new() -> Self {
        let server = Server::builder().recovery(Recovery::new()).build().expect("it can work");
        let (sender, ends) = unbounded_channel();
        register(&server.namespace(NAMESPACES[0]), &sender);
        register(&server.namespace(NAMESPACES[1]), &sender);
        let parent = server.namespaces_matching("^/child$").expect("a pattern");
        register(&parent, &sender);
        let tokio = Runtime::new().expect("the system has threads");
        let bound = tokio.block_on(klatch::tokio::bind("127.0.0.1:0")).expect("there is a port");
        let address = bound.local_addr().expect("it listens");
        tokio.spawn(bound.serve(server.clone()));
        Self {
            tokio,
            server,
            address,
            ends,
            clients: BTreeMap::new(),
            ids: BTreeMap::new(),
            said: 0,
            connections: 0,
            deliveries: 0,
        }
    }

    /// When all have gone, no socket and no room is left, nor the namespace that comes and goes.
    pub(crate) fn expect_nothing_left(&mut self) {
        let people: Vec<_> = self.clients.keys().copied().collect();
        for person in people {
            self.lose(person);
        }
        for namespace in self.server.snapshot().namespaces {
            assert_eq!((namespace.sockets, namespace.rooms), (0, 0), "{}", namespace.name);
        }
        self.tokio.block_on(self.server.close());
        assert_eq!(self.server.clients_count(), 0);
    }

    /// The name of a room, as it is called in a namespace. Ids are the server's: one that was never
    /// given, or was so elsewhere, is the name of a room like any other.
    fn name(&self, room: Room, namespace: &str) -> String {
        match room {
            Room::Of(member) if member.namespace == namespace => {
                self.ids.get(&member).cloned().unwrap_or_else(|| room.to_string())
            }
            Room::Of(_) => room.to_string(),
            Room::Named(name) => name.to_owned(),
        }
    }

    fn names(&self, rooms: &[Room], namespace: &str) -> Vec<String> {
        rooms.iter().map(|room| self.name(*room, namespace)).collect()
    }

    fn open(&mut self) -> Client {
        self.connections += 1;
        self.tokio.block_on(Client::open(self.address, self.connections.is_multiple_of(2)))
    }

    fn connect(&mut self, who: Member) {
        if !self.clients.contains_key(&who.person) {
            let client = self.open();
            self.clients.insert(who.person, client);
        }
        let client = self.clients.get_mut(&who.person).expect("it is there");
        let id = self.tokio.block_on(client.join(who.namespace, None));
        self.ids.insert(who, id);
    }

    fn ask(&mut self, who: Member, event: &str, argument: Value) -> Value {
        let client = self.clients.get_mut(&who.person).expect("it is connected");
        let answer = self.tokio.block_on(client.ask(who.namespace, event, argument));
        answer.decode().unwrap_or_default()
    }

    fn await_ends(&mut self, count: usize) {
        for _ in 0..count {
            self.tokio.block_on(self.ends.recv()).expect("the server is there");
        }
    }

    fn leave(&mut self, who: Member) {
        let client = self.clients.get_mut(&who.person).expect("it is connected");
        self.tokio.block_on(client.leave(who.namespace));
        if client.seats.is_empty() {
            self.clients.remove(&who.person);
        }
        self.await_ends(1);
    }

    /// A connection ends without a word; what its client knows of its sockets.
    fn lose(&mut self, person: Person) -> BTreeMap<String, Seat> {
        let client = self.clients.remove(&person).expect("it is connected");
        let seats = client.seats;
        drop(client.stream);
        self.await_ends(seats.len());
        seats
    }

    /// Says something to whom it is for, by the server.
    fn broadcast(&mut self, aim: &Aim) -> Option<(Broadcast, u64)> {
        let namespace = aim.from.namespace();
        let (to, except) = (self.names(&aim.to, namespace), self.names(&aim.except, namespace));
        self.said += 1;
        let all = self.server.find_namespace(namespace)?.everybody();
        Some((among(all, to, except), self.said))
    }

    fn emit(&mut self, aim: &Aim) {
        if let Sender::Member(who) = aim.from {
            let namespace = aim.from.namespace();
            let (to, except) = (self.names(&aim.to, namespace), self.names(&aim.except, namespace));
            self.said += 1;
            self.ask(who, "say", json!([to, except, self.said]));
        } else if let Some((whom, number)) = self.broadcast(aim) {
            whom.emit("said", &number).expect("a number is JSON");
        }
    }

    /// The server asks; who answered.
    fn question(&mut self, aim: &Aim) -> Vec<Member> {
        let Some((whom, number)) = self.broadcast(aim) else { return Vec::new() };
        let replies = whom.emit_with_ack::<u64>("asked", &number);
        self.barrier();
        let answers = self.tokio.block_on(replies).expect("it was sent");
        assert!(answers.missing.is_empty(), "{answers:?}");
        let member =
            |id: String| *self.ids.iter().find(|(_, known)| **known == id).expect("known").0;
        let right = |(id, answer): (klatch_core::SocketId, _)| {
            assert_eq!(answer, Ok(number));
            member(id.to_string())
        };
        let mut answered: Vec<_> = answers.answers.into_iter().map(right).collect();
        answered.sort_unstable();
        answered
    }

    /// A connection is lost, something is said, and the client is back.
    fn blink(&mut self, person: Person, aim: &Aim) {
        let before = self.lose(person);
        self.emit(aim);
        let mut client = self.open();
        for (namespace, seat) in &before {
            let id = self.tokio.block_on(client.join(namespace, Some(&seat.claim)));
            assert_eq!(id, seat.id, "it is who it was");
        }
        self.clients.insert(person, client);
    }

    /// Everybody has heard what was for it.
    fn barrier(&mut self) {
        for client in self.clients.values_mut() {
            let namespaces: Vec<_> = client.seats.keys().cloned().collect();
            for namespace in namespaces {
                self.tokio.block_on(client.ask(&namespace, "barrier", Value::Null));
            }
        }
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Connect(who) => self.connect(*who),
            Op::Disconnect(who) => self.leave(*who),
            Op::Close(who) => drop(self.lose(who.person)),
            Op::Join(who, room) => {
                let room = self.name(*room, who.namespace);
                if self.ask(*who, "join", room.into()) == Value::Bool(false) {
                    return Outcome::refused();
                }
            }
            Op::Leave(who, room) => {
                let room = self.name(*room, who.namespace);
                self.ask(*who, "leave", room.into());
            }
            Op::LeaveAll(who) => drop(self.ask(*who, "leave all", Value::Null)),
            Op::Emit(aim) => self.emit(aim),
        }
        Outcome::nobody()
    }
}

impl System<Act> for Served {
    fn perform(&mut self, act: &Act) -> Outcome {
        let last = self.said;
        let outcome = match act {
            Act::Plain(op) => self.apply(op),
            Act::Ask(aim) => {
                let answered = self.question(aim);
                let set: std::collections::BTreeSet<_> = answered.iter().collect();
                assert_eq!(set.len(), answered.len(), "somebody answered twice");
                Outcome::nobody().answered(format!("{set:?}"))
            }
            Act::Blink(who, aim) => {
                self.blink(who.person, aim);
                Outcome::nobody()
            }
        };
        self.barrier();
        let mut heard = Vec::new();
        for (person, client) in &mut self.clients {
            for (namespace, seat) in &mut client.seats {
                let namespace =
                    NAMESPACES.into_iter().find(|name| name == namespace).expect("known");
                for number in seat.heard.drain(..) {
                    assert!(number > last, "{person} got {number} late or twice");
                    heard.push(person.at(namespace));
                }
            }
        }
        self.deliveries += heard.len();
        heard.into_iter().fold(outcome, Outcome::reaching)
    }
}
