//! Whole histories from one seed: people come, talk, are failed by the network and come back, to servers
//! that end in every way; and what must always hold is looked at all along.
//!
//! One thread runs all, and each handler writes into the [`Ledger`] what it does when it does it.
//! So it is known in which order everything happened at the server, and what is due to whom.

mod acts;
mod faults;
mod ledger;
mod mortal;
mod person;
mod rogue;
mod server;
mod tally;
mod trouble;

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use klatch_driver::{Bound, NamespaceSnapshot, Runtime as _, Server};
use klatch_sim::{Sim, Transport};
use parking_lot::Mutex;

use self::ledger::Ledger;
use self::mortal::Mortal;
use self::person::{Person, Stage};
use self::rogue::Rogue;
use self::server::{Book, MS, OnPurpose, SECOND, STATIC, Served};
pub(crate) use self::tally::Tally;
use self::trouble::Trouble;

/// How large a history is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    people: usize,
    /// Servers, one after the other.
    servers: usize,
    /// Moments of each, in which some people act.
    moments: usize,
}

impl Size {
    /// One for a test that is run all day.
    fn short(sim: &Sim) -> Self {
        Self { people: 4 + sim.runtime().below(16) as usize, servers: 3, moments: 100 }
    }

    /// Mostly small: what goes wrong among thousands goes wrong among ten, and sooner. Some are large.
    fn drawn(sim: &Sim) -> Self {
        let below = |limit| sim.runtime().below(limit) as usize;
        match below(100) {
            0..60 => Self { people: 4 + below(20), servers: 4, moments: 250 },
            60..90 => Self { people: 30 + below(70), servers: 3, moments: 200 },
            90..99 => Self { people: 150 + below(250), servers: 3, moments: 120 },
            _ => Self { people: 1_500, servers: 2, moments: 60 },
        }
    }
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Everybody goes, then it closes.
    Deserted,
    /// It closes while all goes on.
    Closed,
    /// Its process is killed.
    Killed,
}

struct World {
    sim: Sim,
    book: Book,
    people: Vec<Person>,
    tally: Tally,
    numbers: u64,
    size: Size,
}

/// Lets a history happen, and panics at the first thing that must not be.
pub(crate) fn run(seed: u64) -> Tally {
    run_of(seed, Size::drawn)
}

/// As [`run`], of few people.
pub(crate) fn run_short(seed: u64) -> Tally {
    run_of(seed, Size::short)
}

fn run_of(seed: u64, size: impl FnOnce(&Sim) -> Size) -> Tally {
    let sim = Sim::new(seed);
    // To read what led to a failure from its beginning.
    if let Ok(lines) = std::env::var("SIMULATE_TRACE") {
        sim.keep_trace(lines.parse().expect("SIMULATE_TRACE is a number of lines"));
    }
    let size = size(&sim);
    let mut world = World::new(sim, size);
    for _ in 0..size.servers {
        world.serve();
    }
    world.tally
}

/// As [`run`], of one server to which so many waves of people come, one after the other; `measure` is
/// called with what a wave does, from nobody to nobody.
pub(crate) fn waves(seed: u64, count: usize, mut measure: impl FnMut(&mut dyn FnMut())) {
    let sim = Sim::new(seed);
    sim.keep_trace(0);
    let mut world = World::new(sim, Size { people: 15, servers: 1, moments: 100 });
    let running = world.start();
    for _ in 0..count {
        measure(&mut || {
            world.live(&running);
            world.come_to_rest(&running);
            world.people = Vec::new();
            *world.book.ledger.lock() = Ledger::default();
        });
    }
}

/// A handler that panics on purpose is no news.
fn hide_panics_on_purpose() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<OnPurpose>() {
                hook(info);
            }
        }));
    });
}

/// A server that is served.
struct Running {
    served: Served,
    address: SocketAddr,
    mortal: Mortal,
}

impl World {
    fn new(sim: Sim, size: Size) -> Self {
        hide_panics_on_purpose();
        let book = Book { runtime: sim.runtime(), ledger: Arc::default() };
        Self { sim, book, people: Vec::new(), tally: Tally::default(), numbers: 0, size }
    }

    fn below(&self, limit: usize) -> usize {
        self.sim.runtime().below(limit as u64) as usize
    }

    /// What all of them act on, and all of them.
    fn stage(&mut self, address: SocketAddr) -> (Stage<'_>, &mut Vec<Person>) {
        let Self { sim, book, people, tally, numbers, .. } = self;
        (Stage { sim, ledger: &book.ledger, tally, numbers, address }, people)
    }

    /// A server's whole life.
    fn serve(&mut self) {
        let running = self.start();
        self.live(&running);
        self.tally.ends += 1;
        match [End::Deserted, End::Deserted, End::Closed, End::Killed][self.below(4)] {
            End::Deserted => {
                self.come_to_rest(&running);
                self.sim.block_on(running.served.server.close());
            }
            End::Closed => self.close(&running),
            End::Killed => running.mortal.kill(),
        }
        let Running { served, address, .. } = running;
        self.everybody_goes(address);
        drop(served);
        // The last timers of those who were about to connect, or to be missed.
        self.sim.advance(60 * SECOND);
        let ledger = &mut *self.book.ledger.lock();
        self.tally.sockets += std::mem::take(&mut ledger.connected);
        self.tally.recovered += std::mem::take(&mut ledger.recovered);
        self.tally.failed += ledger.failed();
        ledger.forget();
        assert_eq!(self.sim.tasks(), 0, "something goes on though all has ended");
    }

    /// People come and talk.
    fn live(&mut self, running: &Running) {
        while self.people.len() < self.size.people {
            let (stage, people) = self.stage(running.address);
            people.push(Person::new(&stage));
        }
        for moment in 0..self.size.moments {
            self.moment(running, moment);
        }
    }

    fn start(&self) -> Running {
        let served = server::build(&self.book);
        let mortal = Mortal::new(self.sim.runtime());
        let bound = Bound::new(mortal.clone(), self.sim.runtime().listen());
        let address = bound.local_addr().expect("it listens");
        let serving = bound.serve(served.server.clone());
        mortal.spawn(async move {
            // It ends well, or with the process.
            let _ = serving.await;
        });
        Running { served, address, mortal }
    }

    /// Some time, in which something happens.
    fn moment(&mut self, running: &Running, moment: usize) {
        let book = self.book.clone();
        let (mut stage, people) = self.stage(running.address);
        let count = people.len();
        for (nth, person) in people.iter_mut().enumerate() {
            faults::relieve(person, &stage);
            if (nth + moment).is_multiple_of(4) {
                person.listen(&mut stage);
            }
            if person.is_away() && person.back_at <= stage.sim.now() {
                person.come(&mut stage);
                faults::tear_upgrade(person, &mut stage);
            }
        }
        for _ in 0..=count / 2 {
            let person = &mut people[stage.below(count)];
            acts::act(person, &mut stage);
            if stage.one_in(120) {
                let person = &mut people[stage.below(count)];
                person.listen(&mut stage);
                faults::befall(person, &mut stage);
            }
        }
        for _ in 0..=count / 20 {
            acts::serve(&running.served, &book, &mut stage);
        }
        if stage.one_in(400) {
            faults::storm(people, &mut stage);
        }
        let pause = acts::pause(&stage);
        for _ in 0..=count / 100 {
            if self.below(25) == 0 {
                self.send_a_rogue(running.address);
            }
        }
        self.sim.advance(pause);
        self.expect_no_violation();
        if moment.is_multiple_of(8) {
            self.compare(&running.served.server);
        }
    }

    fn send_a_rogue(&mut self, address: SocketAddr) {
        let runtime = self.sim.runtime();
        let host = self.sim.host(Rogue::link(|limit| runtime.below(limit)));
        let (life, speaker) = (self.numbers + 1, self.numbers + 2);
        self.numbers += 2;
        self.tally.sessions += 1;
        self.tally.mischief += 1;
        self.book.ledger.lock().begin(life, Transport::Polling);
        self.book.ledger.lock().befall(life, Trouble::Rogue);
        let ledger = self.book.ledger.clone();
        let rogue = Rogue { runtime: runtime.clone(), host, address, ledger, life, speaker };
        runtime.spawn(rogue.run());
    }

    fn expect_no_violation(&self) {
        let ledger = self.book.ledger.lock();
        let violation = ledger.violation().map(str::to_owned);
        drop(ledger);
        if let Some(violation) = violation {
            panic!("{violation}");
        }
    }

    /// What the server says of itself is what the ledger has.
    fn compare(&self, server: &Server) {
        let ledger = self.book.ledger.lock();
        let census = ledger.census();
        for namespace in server.namespaces() {
            let (count, rooms) = census.get(namespace.name()).cloned().unwrap_or_default();
            assert_eq!(namespace.len(), count, "in {}", namespace.name());
            assert_eq!(namespace.rooms().len(), rooms.len(), "rooms of {}", namespace.name());
            for (room, count) in rooms {
                let room = format!("room {room}");
                assert_eq!(namespace.room_len(&room), count, "{room} of {}", namespace.name());
            }
        }
        for name in census.keys() {
            assert!(server.find_namespace(name).is_some(), "somebody is in {name}, which is gone");
        }
    }

    /// Everybody hears what has come, for a while.
    fn listen_for(&mut self, address: SocketAddr, duration: Duration) {
        let until = self.sim.now() + duration;
        while self.sim.now() < until {
            self.sim.advance(250 * MS);
            let (mut stage, people) = self.stage(address);
            for person in people {
                person.listen(&mut stage);
            }
            self.expect_no_violation();
        }
    }

    /// Whoever is there comes to rest, and has all that it should have; then everybody goes, and
    /// nothing is left of them.
    fn come_to_rest(&mut self, running: &Running) {
        let (stage, people) = self.stage(running.address);
        for person in people {
            let Some(seat) = person.seats.first() else { continue };
            stage.sim.heal(&seat.client);
            seat.client.resume();
        }
        self.listen_for(running.address, 15 * SECOND);
        self.expect_rest();
        self.compare(&running.served.server);
        self.everybody_goes(running.address);
        // Who polls no more is waited for half a minute, to be told that it is closed.
        self.listen_for(running.address, 45 * SECOND);
        expect_nothing_left(&running.served.server);
        let away = self.book.ledger.lock().away();
        assert_eq!(away, [], "nobody can come back any more, and nobody says so");
    }

    fn expect_rest(&self) {
        let mut ledger = self.book.ledger.lock();
        ledger.expect_all_arrived();
        for seat in self.people.iter().flat_map(|person| &person.seats) {
            if seat.is_in() && ledger.heard_of(seat.speaker) != seat.said {
                let heard = ledger.heard_of(seat.speaker);
                ledger.violate(format!("{} said {}, heard was {heard}", seat.client, seat.said));
            }
            if seat.is_in() && !seat.is_answered() {
                ledger.violate(format!("{} waits for an answer", seat.client));
            }
        }
        drop(ledger);
        self.expect_no_violation();
    }

    fn everybody_goes(&mut self, address: SocketAddr) {
        let (mut stage, people) = self.stage(address);
        for person in people {
            person.go(&mut stage, 1_000);
        }
        self.expect_no_violation();
    }

    /// The server closes while all goes on: whoever is there ends with it.
    fn close(&mut self, running: &Running) {
        self.book.ledger.lock().is_closing = true;
        let server = running.served.server.clone();
        let closing = server.clone();
        let closed = Arc::new(Mutex::new(false));
        let done = closed.clone();
        running.mortal.spawn(async move {
            closing.close().await;
            *done.lock() = true;
        });
        for _ in 0..20 {
            self.moment_of_closing(running);
        }
        self.listen_for(running.address, 60 * SECOND);
        assert!(*closed.lock(), "it has not closed");
        expect_nothing_left(&server);
    }

    /// People go on talking to a server that closes.
    fn moment_of_closing(&mut self, running: &Running) {
        let (mut stage, people) = self.stage(running.address);
        for person in people {
            person.listen(&mut stage);
            acts::act(person, &mut stage);
        }
        self.sim.advance(10 * MS);
        self.expect_no_violation();
    }
}

/// All maps of the server are empty.
fn expect_nothing_left(server: &Server) {
    let snapshot = server.snapshot();
    let left = (snapshot.sessions, snapshot.queued_bytes, snapshot.handlers);
    assert_eq!(left, (0, 0, 0), "{snapshot:?}");
    for NamespaceSnapshot { name, sockets, rooms, .. } in &snapshot.namespaces {
        assert_eq!((*sockets, *rooms), (0, 0), "in {name}");
        assert!(STATIC.contains(&name.as_str()), "{name} is there for nobody");
    }
}
