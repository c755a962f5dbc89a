//! Rooms of a server on tokio whose clients are on the other side of TCP, against the model of the kit:
//! few histories, since each of their steps is several round trips.

mod acts;
mod client;
mod served;

use std::cell::Cell;

use klatch_core::testing::{Search, check_against};

use crate::acts::{House, history};
use crate::served::Served;

const CASES: u32 = 40;

/// (15) to (19), (23) to (27), (32), (34), (45), (46), (52) and (53): who hears what, with
/// answers, recovery, a namespace that comes and goes, and upgrades.
#[test]
fn who_hears_what_over_tcp_is_what_the_model_says() {
    let deliveries = Cell::new(0);
    Search::new().cases(CASES).prove(&history(), |history| {
        let mut served = Served::new();
        check_against(House::default(), &mut served, history)?;
        served.expect_nothing_left();
        deliveries.set(deliveries.get() + served.deliveries);
        Ok(())
    });
    assert!(deliveries.get() > 100, "{deliveries:?}: hardly anybody heard anything");
}
