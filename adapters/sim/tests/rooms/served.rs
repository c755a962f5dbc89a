//! A server and its clients as a system.

use std::collections::BTreeMap;
use std::time::Duration;

use klatch_core::testing::{Aim, Member, Op, Outcome, Room, Sender, System};
use klatch_core::{Args, SocketId};
use klatch_driver::{Broadcast, Namespace, Server, Socket};
use klatch_sim::{Client, Link, Sim, Transport};

use crate::acts::{Act, NAMESPACES, outcome};

const MS: Duration = Duration::from_millis(1);
const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

pub(crate) struct Served {
    sim: Sim,
    namespaces: BTreeMap<&'static str, Namespace>,
    clients: BTreeMap<Member, Client>,
    /// The last id of each, which its room is named by.
    ids: BTreeMap<Member, String>,
    /// How many acts there were, and how many messages in this one.
    acts: u64,
    said: u64,
    /// How often somebody heard something, in all.
    pub(crate) deliveries: usize,
}

/// What a client asks to be said: to which rooms, except which, and what.
type Say = Args<(Vec<String>, Vec<String>, (u64, u64))>;

fn among(all: Broadcast, to: Vec<String>, except: Vec<String>) -> Broadcast {
    let to = if to.is_empty() { all } else { all.to(to) };
    to.except(except)
}

fn serve(namespace: &Namespace) {
    namespace.on("join", async |socket: Socket, room: String| socket.join(room).is_ok());
    namespace.on("leave", async |socket: Socket, room: String| socket.leave(room));
    namespace.on("leave all", async |socket: Socket, (): ()| socket.leave_all());
    namespace.on("say", async |socket: Socket, Args((to, except, number)): Say| {
        among(socket.broadcast(), to, except).emit("said", &Args(number))
    });
}

impl Served {
    pub(crate) fn new(seed: u64) -> Self {
        let server = Server::new();
        let namespaces = NAMESPACES.map(|name| (name, server.namespace(name)));
        for (_, namespace) in &namespaces {
            serve(namespace);
        }
        let sim = Sim::new(seed);
        sim.serve(&server);
        Self {
            sim,
            namespaces: namespaces.into(),
            clients: BTreeMap::new(),
            ids: BTreeMap::new(),
            acts: 0,
            said: 0,
            deliveries: 0,
        }
    }

    /// When all have gone and are missed, no socket and no room is left of them.
    pub(crate) fn expect_nothing_left(&mut self) {
        self.clients.clear();
        self.sim.advance(60_000 * MS);
        for namespace in self.namespaces.values() {
            assert_eq!((namespace.len(), namespace.rooms()), (0, Vec::new()));
        }
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

    /// Over the connection that the person has, or a new one: by any transport, well or in pieces.
    fn connect(&mut self, who: Member) {
        let mut of_person = self.clients.iter().filter(|(other, _)| other.person == who.person);
        let connected = of_person.find(|(_, client)| client.is_connected());
        let client = if let Some((_, other)) = connected {
            other.connect(who.namespace)
        } else {
            let runtime = self.sim.runtime();
            let transport = TRANSPORTS[runtime.below(3) as usize];
            let link = if runtime.below(4) == 0 { Link::new().chunk(7) } else { Link::new() };
            self.sim.client().transport(transport).link(link).connect(who.namespace)
        };
        self.ids.insert(who, client.id());
        self.clients.insert(who, client);
    }

    /// By the client, if it is not the server that speaks. False if it was refused.
    fn by_client(&mut self, op: &Op) -> bool {
        match op {
            Op::Connect(who) => self.connect(*who),
            Op::Disconnect(who) => self.clients[who].disconnect(),
            Op::Close(who) => self.sim.reset(&self.clients[who]),
            Op::Join(who, room) => {
                return self.clients[who].ask("join", &self.name(*room, who.namespace));
            }
            Op::Leave(who, room) => {
                self.clients[who].ask::<()>("leave", &self.name(*room, who.namespace));
            }
            Op::LeaveAll(who) => self.clients[who].ask("leave all", &()),
            Op::Emit(Aim { from: Sender::Server(_), .. }) => return self.by_server(op),
            Op::Emit(aim @ Aim { from: Sender::Member(who), .. }) => {
                let (to, except) = self.rooms(aim);
                let number = self.next_number();
                self.clients[who].emit("say", &Args((to, except, number)));
            }
        }
        true
    }

    /// By the server: nothing is sent meanwhile. False if it was refused.
    fn by_server(&mut self, op: &Op) -> bool {
        match op {
            Op::Connect(_) | Op::Close(_) => unreachable!("the server does not do that"),
            Op::Disconnect(who) => self.socket(*who).disconnect(),
            Op::Join(who, room) => {
                return self.socket(*who).join(self.name(*room, who.namespace)).is_ok();
            }
            Op::Leave(who, room) => self.socket(*who).leave(self.name(*room, who.namespace)),
            Op::LeaveAll(who) => self.socket(*who).leave_all(),
            Op::Emit(aim) => {
                let (to, except) = self.rooms(aim);
                let all = match aim.from {
                    Sender::Member(who) => self.socket(who).broadcast(),
                    Sender::Server(namespace) => self.namespaces[namespace].everybody(),
                };
                let number = self.next_number();
                let said = among(all, to, except).emit("said", &Args(number));
                said.expect("numbers can be encoded");
            }
        }
        true
    }

    fn rooms(&self, aim: &Aim) -> (Vec<String>, Vec<String>) {
        let namespace = aim.from.namespace();
        (self.names(&aim.to, namespace), self.names(&aim.except, namespace))
    }

    fn next_number(&mut self) -> (u64, u64) {
        self.said += 1;
        (self.acts, self.said - 1)
    }

    fn socket(&self, who: Member) -> Socket {
        let id = SocketId::parse(&self.ids[&who]).expect("a client is told an id");
        self.namespaces[who.namespace].socket(id).expect("it is connected")
    }

    /// What all have received, which is of this act and in order.
    fn heard(&self, mut outcome: Outcome) -> Outcome {
        for (member, client) in &self.clients {
            let mut last = None;
            for event in client.received() {
                assert_eq!(event.name(), "said");
                let Args((act, number)): Args<(u64, u64)> = event.decode();
                assert_eq!(act, self.acts, "{member} got it late");
                assert!(last < Some(number), "{member} got {number} after {last:?}");
                last = Some(number);
                outcome = outcome.reaching_with(*member, format!("message {number}"));
            }
        }
        outcome
    }
}

impl System<Act> for Served {
    fn perform(&mut self, act: &Act) -> Outcome {
        (self.acts, self.said) = (self.acts + 1, 0);
        let refused = match act {
            Act::Plain(op) => usize::from(!self.by_client(op)),
            Act::AtOnce(ops) => ops.iter().filter(|op| !self.by_server(op)).count(),
        };
        self.sim.advance(100 * MS);
        let heard = self.heard(outcome(refused));
        self.deliveries += heard.reached().len();
        heard
    }
}
