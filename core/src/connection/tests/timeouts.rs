//! By when a client must be in a namespace.

use super::*;

fn quick() -> Config {
    Config::new().connect_timeout(Duration::from_millis(500))
}

#[test]
fn e28_a_client_that_joins_nothing_is_closed() {
    let mut rig = Rig::websocket_with(&quick());
    assert_eq!(rig.timeout(), Some(500));
    assert_eq!(rig.wait(499), NOTHING);
    assert_eq!(rig.wait(1), FORCED);
    assert_eq!(rig.timeout(), None);
}

#[test]
fn e28_a_connect_that_is_not_answered_does_not_stop_the_clock() {
    let mut rig = Rig::websocket_with(&quick());
    assert_eq!(rig.text("40"), ["#0 connect / []"]);
    assert_eq!(rig.timeout(), Some(500));
    assert_eq!(rig.wait(500), FORCED);
    rig.assert_stale(0, SlotError::Gone);
}

#[test]
fn s17_a_connect_that_is_refused_does_not_stop_the_clock() {
    let mut rig = Rig::websocket_with(&quick());
    assert_eq!(rig.text("40"), ["#0 connect / []"]);
    let error = ConnectError::new("no").with_data(&"why").expect("a string is JSON");
    assert_eq!(rig.reject(0, &error), [r#"frame 44{"message":"no","data":"why"}"#]);
    assert_eq!(rig.wait(500), FORCED);
}

#[test]
fn a_client_that_was_let_in_once_is_not_closed() {
    let mut rig = Rig::websocket_with(&quick());
    assert_eq!(rig.text("40/a,").len(), 1);
    assert_eq!(rig.text("40/b,").len(), 1);
    assert_eq!(rig.wait(499), NOTHING);
    assert_eq!(rig.accept(1).len(), 1);
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.text("41/b,"), ["#1 disconnect"]);
    assert_eq!(rig.wait_awake(100_000), NOTHING, "not even if it left all of them");
    assert!(rig.is_open());
}

#[test]
fn e28_over_polling_the_poll_that_is_pending_is_told() {
    let mut rig = Rig::new(&quick(), Transport::Polling);
    assert_eq!(rig.get(0).len(), 1);
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.wait(500), ["closed forced close", "respond 1 200 1"]);
    assert!(rig.is_finished());
}

#[test]
fn h28_a_client_that_does_not_even_poll_is_not_waited_for() {
    let mut rig = Rig::new(&quick(), Transport::Polling);
    assert_eq!(rig.get(0).len(), 1);
    assert_eq!(rig.wait(500), ["closed forced close"]);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn the_deadlines_of_a_connection_that_is_closed_are_those_of_its_session() {
    let mut rig = Rig::new(&quick(), Transport::Polling);
    assert_eq!(rig.get(0).len(), 1);
    assert_eq!(rig.post("40").len(), 2);
    assert_eq!(rig.post("41"), ["closed forced close", "respond 1001 200 ok"]);
    assert_eq!(rig.timeout(), Some(30_000));
    assert_eq!(rig.wait(30_000), NOTHING);
    assert!(rig.is_finished());
}

/// See the session's test of the same name.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_every_packet_looks_at_comes_first() {
    assert_eq!(std::mem::offset_of!(Connection, session), 48);
}
