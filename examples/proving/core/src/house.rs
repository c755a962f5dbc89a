//! What should come of it: the rules of the house, on top of klatch's own.

use std::collections::BTreeSet;

use klatch_core::testing::{Aim, Member, Model, Op, Outcome, Room, Rules};

use crate::Act;

#[derive(Clone, Debug, Default)]
pub struct House {
    /// Who is there, and in which rooms: klatch's own rules.
    model: Model,
    invited: BTreeSet<(Member, Room)>,
    muted: BTreeSet<(Member, Room)>,
}

impl Rules<Act> for House {
    fn permits(&self, act: &Act) -> bool {
        match act {
            Act::Plain(op) => self.model.permits(op),
            // The moderator mutes those whom they see.
            Act::Enter(who, _) | Act::Say(who, _) | Act::Mute(who, _) => {
                self.model.is_connected(*who)
            }
            Act::Invite(..) | Act::Unmute(..) => true,
        }
    }

    fn expect(&mut self, act: &Act) -> Outcome {
        match act {
            Act::Plain(op) => return self.model.expect(op),
            Act::Invite(who, room) => self.invited.insert((*who, *room)),
            Act::Mute(who, room) => self.muted.insert((*who, *room)),
            Act::Unmute(who, room) => self.muted.remove(&(*who, *room)),
            Act::Enter(who, room) => {
                // An invitation is for once.
                if !self.invited.remove(&(*who, *room)) {
                    return Outcome::refused();
                }
                return self.model.expect(&Op::Join(*who, *room));
            }
            Act::Say(who, room) => {
                let is_heard =
                    self.model.is_in(*who, *room) && !self.muted.contains(&(*who, *room));
                if is_heard {
                    return self.model.expect(&Op::Emit(Aim::of(*who).to(*room)));
                }
                // Who is not heard is not told so.
                false
            }
        };
        Outcome::nobody()
    }
}
