//! What a broadcast costs before it meets a network.

use std::hint::black_box;

use klatch_core::{Outgoing, Target};

use crate::Case;
use crate::crowd::{Crowd, SOCKETS, scattered};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("to 1 member", 1, 1_000),
        case("to 100 members", 100, 100),
        case("to 10,000 members", 10_000, 1),
    ]
}

fn case(name: &'static str, members: usize, times: usize) -> Case {
    Case::new("broadcast", name, members * times, move || {
        let mut crowd = Crowd::new();
        crowd.fill("room", (0..members).map(scattered));
        // In no room, so that as many are reached as the name says.
        let sender = crowd.sockets[scattered(SOCKETS / 2)];
        let target = Target::all().to("room").without(sender);
        let text = "x".repeat(64);
        let packet = Outgoing::event("/", "message", &text, None).expect("a string has a JSON");
        let mut list = Vec::new();
        let mut mailboxes = Vec::new();
        move || {
            for _ in 0..times {
                // What was queued before is dropped here, and counts: each entry is read once.
                mailboxes.clear();
                crowd.namespace.select(&target, &mut list);
                for key in &list {
                    mailboxes.push((*key, packet.clone()));
                }
                assert_eq!(black_box(&mailboxes).len(), members);
            }
        }
    })
}
