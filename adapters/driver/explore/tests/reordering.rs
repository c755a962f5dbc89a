//! The parts that wake, in all orders of their steps, with what a processor may reorder; see
//! `docs/proof.md`.

#![cfg(feature = "loom")]

use klatch_explore::explore::small;

#[test]
fn pushes_meet_a_turn() {
    let mut model = loom::model::Builder::new();
    // Of all orders there are too many.
    model.preemption_bound = Some(3);
    model.check(small::pushes_meet_a_turn);
}

#[test]
fn a_nudge_meets_a_turn() {
    loom::model(small::a_nudge_meets_a_turn);
}

#[test]
fn an_order_meets_a_turn() {
    loom::model(small::an_order_meets_a_turn);
}

#[test]
fn a_gate_opens_while_somebody_looks() {
    loom::model(small::a_gate_opens_while_somebody_looks);
}

#[test]
fn an_arrival_meets_a_turn() {
    loom::model(small::an_arrival_meets_a_turn);
}
