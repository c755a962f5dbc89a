//! Who a broadcast reaches, by the shape of its target.

use std::hint::black_box;

use klatch_core::Target;

use crate::Case;
use crate::crowd::{Crowd, SOCKETS, scattered};

const HALF: usize = SOCKETS / 2;
const MEMBER: usize = HALF / 2;

/// The elements are the members that are looked at: that is what is paid for.
pub(crate) fn cases() -> Vec<Case> {
    let first = || Target::rooms(["first"]);
    let two = |second| Target::rooms(["first", second]);
    vec![
        case("one room", HALF, HALF, move |_| first()),
        case("one room, by a member", HALF, HALF - 1, move |crowd| {
            first().without(crowd.sockets[MEMBER])
        }),
        case("everyone, by a member", SOCKETS, SOCKETS - 1, |crowd| {
            Target::all().without(crowd.sockets[MEMBER])
        }),
        case("two rooms, disjoint", SOCKETS, SOCKETS, move |_| two("second")),
        case("two rooms, half shared", SOCKETS, SOCKETS * 3 / 4, move |_| two("middle")),
        case("two rooms, scattered", SOCKETS, SOCKETS, |_| Target::rooms(["scattered", "others"])),
        case("one room except half of it", SOCKETS, HALF / 2, move |_| first().except("middle")),
    ]
}

fn case(
    name: &'static str,
    visited: usize,
    found: usize,
    target: impl Fn(&Crowd) -> Target + 'static,
) -> Case {
    Case::new("select", name, visited, move || {
        let mut crowd = Crowd::new();
        crowd.fill("first", 0..HALF);
        crowd.fill("second", HALF..SOCKETS);
        crowd.fill("middle", HALF / 2..HALF / 2 + HALF);
        crowd.fill("scattered", (0..HALF).map(scattered));
        crowd.fill("others", (HALF..SOCKETS).map(scattered));
        let target = target(&crowd);
        let mut list = Vec::new();
        move || {
            crowd.namespace.select(&target, &mut list);
            assert_eq!(black_box(&list).len(), found);
        }
    })
}
