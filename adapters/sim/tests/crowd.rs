//! Five hundred clients in rooms, for a minute, over a network that fails some of them all the time.

mod seeds;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use klatch_core::{Args, CloseReason, SocketId};
use klatch_driver::{Namespace, Server, Socket};
use klatch_sim::{Client, Link, Sim, Trace, Transport};
use parking_lot::Mutex;

use crate::seeds::seeds;

const CLIENTS: usize = 500;
const SECONDS: u64 = 60;
/// Rooms of each namespace: about fourteen clients are in each.
const ROOMS: usize = 18;
/// The same rooms are in both: what is said in one must not be heard in the other.
const NAMESPACES: [&str; 2] = ["/red", "/blue"];
/// Clients do not all speak at the same moment of a second.
const SLOTS: usize = 20;

const MS: Duration = Duration::from_millis(1);

/// Who said it - a person, in one of its lives - and as which of all that it said.
type Said = (String, String, usize, usize, u64);

/// Somebody who comes back when the network has failed it.
struct Person {
    number: usize,
    client: Client,
    /// A new one with each connection.
    life: usize,
    has_joined: bool,
    said: u64,
    /// The last that was heard of each speaker, in this life.
    heard: HashMap<(usize, usize), u64>,
    /// When its partition is healed.
    cut_until: Option<u64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    said: usize,
    heard: usize,
    lives: usize,
    upgraded: usize,
    resets: usize,
    vanished: usize,
    partitions: usize,
}

impl Person {
    fn new(sim: &Sim, number: usize) -> Self {
        Self {
            number,
            client: start(sim, number),
            life: 0,
            has_joined: false,
            said: 0,
            heard: HashMap::new(),
            cut_until: None,
        }
    }

    fn namespace(&self) -> &'static str {
        NAMESPACES[self.number % NAMESPACES.len()]
    }

    fn room(&self) -> String {
        format!("room {}", self.number / NAMESPACES.len() % ROOMS)
    }

    /// Connects anew, whatever became of the connection before.
    fn come_back(&mut self, sim: &Sim) {
        let life = self.life + 1;
        *self = Self { life, ..Self::new(sim, self.number) };
    }

    /// Joins its room when it has just been let in, and says something when it is in there.
    fn speak(&mut self, tally: &mut Tally) {
        if !self.client.is_connected() {
            return;
        }
        if !std::mem::replace(&mut self.has_joined, true) {
            self.client.emit("join", &self.room());
        }
        self.client.emit("say", &Args((self.room(), self.number, self.life, self.said)));
        self.said += 1;
        tally.said += 1;
    }

    /// Hears what has come.
    fn listen(&mut self, tally: &mut Tally) {
        for event in self.client.received() {
            assert_eq!(event.name(), "said");
            let Args((namespace, room, person, life, said)): Args<Said> = event.decode();
            let speaker = (person, life);
            assert_ne!(speaker, (self.number, self.life), "{} hears itself", self.client);
            assert_eq!((namespace.as_str(), room), (self.namespace(), self.room()));
            let last = self.heard.insert(speaker, said);
            assert!(
                last.is_none_or(|last| said == last + 1),
                "{} heard {said} of {speaker:?} after {last:?}",
                self.client
            );
            tally.heard += 1;
        }
    }
}

const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

/// By what the person of a number speaks.
fn transport(number: usize) -> Transport {
    TRANSPORTS[number % TRANSPORTS.len()]
}

/// A client as the person has it: by number, one of the transports and one of the links.
fn start(sim: &Sim, number: usize) -> Client {
    let link = match number / 3 % 10 {
        0 => Link::new().latency(100 * MS..=400 * MS),
        1 => Link::new().chunk(16),
        2 if number.is_multiple_of(5) => Link::new().chunk(1),
        3 => Link::new().buffer(200),
        _ => Link::new(),
    };
    let client = sim.client().transport(transport(number)).link(link);
    client.start(NAMESPACES[number % NAMESPACES.len()])
}

/// What handlers saw of sockets' lives.
type Lives = Arc<Mutex<Vec<(SocketId, &'static str)>>>;

fn serve(sim: &Sim) -> ([Namespace; 2], Lives) {
    let lives = Lives::default();
    let server = Server::new();
    let namespaces = NAMESPACES.map(|name| {
        let namespace = server.namespace(name);
        namespace.on("join", async |socket: Socket, room: String| socket.join(room));
        namespace.on("say", async |socket: Socket, said: Args<(String, usize, usize, u64)>| {
            let Args((room, person, life, said)) = said;
            let name = socket.namespace().name().to_owned();
            socket.to(&room).emit("said", &Args((name, &room, person, life, said)))
        });
        let (connected, disconnected) = (lives.clone(), lives.clone());
        namespace.on_connect(async move |socket: Socket| {
            connected.lock().push((socket.id(), "connected"));
        });
        namespace.on_disconnect(async move |socket: Socket, _: CloseReason| {
            let how = if socket.rooms().is_empty() { "disconnected" } else { "still in rooms" };
            disconnected.lock().push((socket.id(), how));
        });
        namespace
    });
    sim.serve(&server);
    (namespaces, lives)
}

/// Every socket connected once and disconnected once, in this order; or lives on.
fn check_lives(lives: &Lives, living: usize) {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for (id, what) in &*lives.lock() {
        all.entry(*id).or_default().push(*what);
    }
    let alive = all.values().filter(|life| **life == ["connected"]).count();
    let over = all.values().filter(|life| **life == ["connected", "disconnected"]).count();
    assert_eq!((alive, alive + over), (living, all.len()));
}

/// Something happens to somebody.
fn fail(sim: &Sim, people: &mut [Person], second: u64, tally: &mut Tally) {
    let below = |limit: usize| sim.runtime().below(limit as u64) as usize;
    for _ in 0..2 {
        let person = &mut people[below(people.len())];
        sim.reset(&person.client);
        tally.resets += 1;
    }
    let person = &mut people[below(people.len())];
    sim.vanish(&person.client);
    person.come_back(sim);
    tally.vanished += 1;
    let person = &mut people[below(people.len())];
    sim.partition(&person.client);
    person.cut_until = Some(second + 1 + sim.runtime().below(8));
    tally.partitions += 1;
    for person in people {
        if person.cut_until.take_if(|until| *until <= second).is_some() {
            sim.heal(&person.client);
        }
    }
}

fn run(seed: u64, clients: usize, seconds: u64) -> (Trace, Tally) {
    let sim = Sim::new(seed);
    let (namespaces, lives) = serve(&sim);
    let mut tally = Tally::default();
    let mut people: Vec<_> = (0..clients).map(|number| Person::new(&sim, number)).collect();
    sim.advance(5000 * MS);
    for second in 0..seconds {
        fail(&sim, &mut people, second, &mut tally);
        for slot in 0..SLOTS {
            let speakers = people.iter_mut().skip(slot).step_by(SLOTS);
            speakers.for_each(|person| person.speak(&mut tally));
            sim.advance(1000 * MS / SLOTS as u32);
        }
        for person in &mut people {
            person.listen(&mut tally);
            if person.client.is_over() {
                person.come_back(&sim);
            }
        }
    }
    for person in &people {
        sim.heal(&person.client);
    }
    // Those who vanished are missed by now.
    sim.advance(60_000 * MS);
    for person in &mut people {
        person.listen(&mut tally);
    }
    tally.lives = people.iter().map(|person| person.life + 1).sum();
    let upgrading = people.iter().filter(|person| transport(person.number) == Transport::Upgrade);
    tally.upgraded = upgrading.filter(|person| person.client.is_on_websocket()).count();
    for (namespace, name) in namespaces.iter().zip(NAMESPACES) {
        let connected = people.iter().filter(|p| p.namespace() == name && p.client.is_connected());
        assert_eq!(namespace.len(), connected.count(), "{name}");
    }
    check_lives(&lives, namespaces.iter().map(Namespace::len).sum());
    (sim.trace(), tally)
}

#[test]
fn a_crowd_hears_what_it_should_and_the_same_again_from_the_same_seed() {
    let again = thread::spawn(|| run(1, CLIENTS, SECONDS));
    let began = Instant::now();
    let (trace, tally) = run(1, CLIENTS, SECONDS);
    let millis = began.elapsed().as_millis() as u64;
    let events = (tally.said + tally.heard) as u64;
    eprintln!(
        "{events} events in {millis} ms: {} a second, {} polls a second; {tally:?}; {trace:?}",
        events * 1000 / millis,
        trace.steps() * 1000 / millis,
    );
    assert!(tally.said > CLIENTS * SECONDS as usize * 9 / 10, "{tally:?}");
    assert!(tally.heard > tally.said * 10, "{tally:?}");
    let upgrading = (0..CLIENTS).filter(|number| transport(*number) == Transport::Upgrade).count();
    assert!(tally.upgraded > upgrading * 9 / 10, "{upgrading}: {tally:?}");
    let again = again.join().expect("it is the same run");
    assert_eq!((trace, tally), again);
}

#[test]
fn small_crowds_in_much_trouble_hear_what_they_should_whatever_the_seed() {
    let seeds = seeds(20);
    let mut traces: Vec<_> = (0..seeds).map(|seed| run(seed, 40, 15).0.hash()).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len() as u64, seeds, "every seed is a run of its own");
}
