//! Rooms of a whole server, with clients, against the model that the core's are held to.

mod acts;
#[path = "../seeds/mod.rs"]
mod seeds;
mod served;

use std::cell::Cell;

use klatch_core::testing::{Search, check_against};

use crate::acts::{Sequence, history};
use crate::seeds::seeds;
use crate::served::Served;

/// Histories of each seed.
const CASES: u32 = 500;

/// (15) to (19), (23) to (27) and the rest of the rules for rooms, over HTTP and WebSocket: whoever
/// should get something gets it once and in order, and nobody else does. What is said before a socket
/// leaves reaches it, and nothing that is said after, though nothing was sent in between.
#[test]
fn who_hears_what_over_a_network_is_what_the_model_says() {
    for seed in 0..seeds(1) {
        let search = Search::new().cases(CASES).seed(seed);
        let deliveries = Cell::new(0);
        search.prove(&history(), |history| {
            let mut served = Served::new(seed);
            check_against(Sequence::default(), &mut served, history)?;
            served.expect_nothing_left();
            deliveries.set(deliveries.get() + served.deliveries);
            Ok(())
        });
        assert!(deliveries.get() > CASES as usize, "{deliveries:?}: hardly anybody heard anything");
    }
}
