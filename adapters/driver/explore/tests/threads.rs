//! The driver on several threads, in many orders of their steps; see `docs/proof.md`.

#![cfg(not(feature = "loom"))]

use klatch_explore::explore::{
    acks, answers, children, closing, comings, events, play, pressure, recovery, rooms, small,
};

#[test]
fn pushes_meet_a_turn() {
    play("pushes_meet_a_turn", small::pushes_meet_a_turn);
}

#[test]
fn a_nudge_meets_a_turn() {
    play("a_nudge_meets_a_turn", small::a_nudge_meets_a_turn);
}

#[test]
fn an_order_meets_a_turn() {
    play("an_order_meets_a_turn", small::an_order_meets_a_turn);
}

#[test]
fn a_gate_opens_while_somebody_looks() {
    play("a_gate_opens_while_somebody_looks", small::a_gate_opens_while_somebody_looks);
}

#[test]
fn an_arrival_meets_a_turn() {
    play("an_arrival_meets_a_turn", small::an_arrival_meets_a_turn);
}

#[test]
fn three_threads_send_join_and_leave() {
    play("three_threads_send_join_and_leave", rooms::three_threads_send_join_and_leave);
}

#[test]
fn clients_come_and_go_while_others_speak() {
    play("clients_come_and_go_while_others_speak", comings::clients_come_and_go_while_others_speak);
}

#[test]
fn a_client_is_lost_and_comes_back_while_others_speak() {
    play(
        "a_client_is_lost_and_comes_back_while_others_speak",
        recovery::a_client_is_lost_and_comes_back_while_others_speak,
    );
}

#[test]
fn handlers_answer_while_another_thread_sends() {
    play(
        "handlers_answer_while_another_thread_sends",
        answers::handlers_answer_while_another_thread_sends,
    );
}

#[test]
fn clients_are_asked_while_they_go() {
    play("clients_are_asked_while_they_go", acks::clients_are_asked_while_they_go);
}

#[test]
fn a_child_ends_while_others_ask_for_it() {
    play("a_child_ends_while_others_ask_for_it", children::a_child_ends_while_others_ask_for_it);
}

#[test]
fn rooms_change_on_three_threads_and_are_told_of_in_order() {
    play(
        "rooms_change_on_three_threads_and_are_told_of_in_order",
        events::rooms_change_on_three_threads_and_are_told_of_in_order,
    );
}

#[test]
fn middlewares_end_on_other_threads_and_events_keep_their_order() {
    play(
        "middlewares_end_on_other_threads_and_events_keep_their_order",
        events::middlewares_end_on_other_threads_and_events_keep_their_order,
    );
}

#[test]
fn threads_wait_for_a_slow_client_that_may_go() {
    play(
        "threads_wait_for_a_slow_client_that_may_go",
        pressure::threads_wait_for_a_slow_client_that_may_go,
    );
}

#[test]
fn mailboxes_are_closed_for_room_while_others_fill_them() {
    play(
        "mailboxes_are_closed_for_room_while_others_fill_them",
        pressure::mailboxes_are_closed_for_room_while_others_fill_them,
    );
}

#[test]
fn a_server_closes_while_clients_come() {
    play("a_server_closes_while_clients_come", closing::a_server_closes_while_clients_come);
}
