//! The application is held to the rules of the house.

use klatch_core::HashKey;
use klatch_core::testing::{Difference, Op, Outcome, Person, Search, System, check_against};
use proving_core::{Act, House, Moderated, Mutes, histories};

/// The application, as the kit sees it: what happens to it, and who is reached.
struct Proven(Moderated);

impl System<Act> for Proven {
    fn perform(&mut self, act: &Act) -> Outcome {
        let Self(app) = self;
        match act {
            Act::Plain(Op::Connect(who)) => app.connect(who.person.name(), who.id()),
            Act::Plain(Op::Disconnect(who)) => app.disconnect(who.person.name()),
            Act::Plain(Op::Leave(who, room)) => app.leave(who.person.name(), &room.name()),
            Act::Plain(op) => unreachable!("{op}: it is not drawn"),
            Act::Invite(who, room) => app.invite(who.person.name(), &room.name()),
            Act::Mute(who, room) => app.mute(who.person.name(), &room.name()),
            Act::Unmute(who, room) => app.unmute(who.person.name(), &room.name()),
            Act::Enter(who, room) if !app.enter(who.person.name(), &room.name()) => {
                return Outcome::refused();
            }
            Act::Enter(..) => {}
            Act::Say(who, room) => {
                let reached = app.say(who.person.name(), &room.name());
                let person = |name: &String| Person::called(name).expect("one who plays");
                return reached.iter().map(|name| person(name).at("/")).collect();
            }
        }
        Outcome::nobody()
    }
}

fn prove(mutes: Mutes) -> Result<(), Difference<Act>> {
    Search::new().cases(2_000).run(&histories(), |history| {
        let key = HashKey::from_entropy([7; 16]); // a server's is random
        check_against(House::default(), Proven(Moderated::new(key, mutes)), history)
    })
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
