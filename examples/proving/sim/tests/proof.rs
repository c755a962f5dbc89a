//! The server is held to the rules of the house, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use klatch::Server;
use klatch_core::testing::{Difference, Member, Op, Outcome, Search, System, check_against};
use klatch_sim::{Client, Sim};
use proving_core::{Act, House, histories};
use proving_sim::{Moderation, Mutes, User, moderated};

/// Longer than anything is under way.
const PAUSE: Duration = Duration::from_millis(100);

/// A server and its clients.
struct Served {
    sim: Sim,
    moderation: Moderation,
    clients: BTreeMap<Member, Client>,
}

impl Served {
    fn new(mutes: Mutes) -> Self {
        let server = Server::new();
        let moderation = moderated(&server, mutes);
        let sim = Sim::new(7);
        sim.serve(&server);
        Self { sim, moderation, clients: BTreeMap::new() }
    }
}

impl System<Act> for Served {
    fn perform(&mut self, act: &Act) -> Outcome {
        let Self { sim, moderation, clients } = self;
        match act {
            Act::Plain(Op::Connect(who)) => {
                let user = User { name: who.person.to_string() };
                clients.insert(*who, sim.client().auth(&user).connect("/"));
            }
            Act::Plain(Op::Disconnect(who)) => clients[who].disconnect(),
            Act::Plain(Op::Leave(who, room)) => clients[who].emit("leave", &room.name()),
            Act::Plain(op) => unreachable!("{op}: it is not drawn"),
            Act::Invite(who, room) => moderation.invite(who.person.name(), &room.name()),
            Act::Mute(who, room) => moderation.mute(who.person.name(), &room.name()),
            Act::Unmute(who, room) => moderation.unmute(who.person.name(), &room.name()),
            Act::Enter(who, room) if !clients[who].ask::<bool>("enter", &room.name()) => {
                return Outcome::refused();
            }
            Act::Enter(..) => {}
            Act::Say(who, room) => clients[who].emit("say", &room.name()),
        }
        sim.advance(PAUSE);
        // Whoever heard something, once for each time.
        let heard = clients.iter().map(|(who, client)| vec![*who; client.received().len()]);
        heard.flatten().collect()
    }
}

fn prove(mutes: Mutes) -> Result<(), Difference<Act>> {
    Search::new()
        .cases(500)
        .run(&histories(), |history| check_against(House::default(), Served::new(mutes), history))
}

#[test]
fn who_is_muted_stays_so() {
    if let Err(difference) = prove(Mutes::Users) {
        panic!("{difference}");
    }
}

#[test]
fn a_mute_that_clings_to_the_socket_is_found() {
    let difference = prove(Mutes::Sockets).expect_err("who comes back is heard again");
    println!("{difference}");
    assert!(difference.steps().len() <= 10, "{difference}");
    let guide = include_str!("../../../../docs/proving-rooms.md");
    assert!(guide.contains(&difference.to_string()), "the guide tells another story");
}
