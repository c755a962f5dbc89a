use super::*;

#[test]
fn a_ping_follows_the_interval_after_the_handshake() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.wait(24_999), NOTHING);
    assert_eq!(rig.wake(), NOTHING);
    assert_eq!(rig.wait(1), ["frame 2"]);
    assert_eq!(rig.timeout(), Some(45_000));
}

#[test]
fn the_next_ping_follows_the_interval_after_the_pong() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.wait(30_000), ["frame 2"]);
    assert_eq!(rig.text("3"), NOTHING);
    assert_eq!(rig.timeout(), Some(55_000));
    assert_eq!(rig.wait(24_999), NOTHING);
    assert_eq!(rig.wait(1), ["frame 2"]);
    assert_eq!(rig.timeout(), Some(75_000));
}

#[test]
fn a_websocket_without_a_pong_is_closed() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.wait(44_999), ["frame 2"]);
    assert_eq!(rig.wait(1), ["event closed ping timeout", "close"]);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn messages_are_no_pong() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.wait(25_000), ["frame 2"]);
    assert_eq!(rig.text("4a"), ["event text a"]);
    assert_eq!(rig.timeout(), Some(45_000));
}

#[test]
fn a_pong_that_nobody_asked_for_changes_nothing() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.wait(10_000), NOTHING);
    for _ in 0..3 {
        assert_eq!(rig.text("3"), NOTHING);
    }
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.wait(15_000), ["frame 2"]);
    assert_eq!(rig.text("3"), NOTHING);
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.text("3"), NOTHING);
    assert_eq!(rig.timeout(), Some(50_000));

    let mut rig = Rig::polling();
    assert_eq!(rig.wait(10_000), NOTHING);
    assert_eq!(rig.post(1, "3␞3"), ["respond 1 200 ok"]);
    assert_eq!(rig.timeout(), Some(25_000));
}

#[test]
fn over_polling_the_ping_answers_the_get_and_the_pong_is_posted() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.wait(25_000), ["respond 1 200 2"]);
    assert_eq!(rig.get(2), NOTHING);
    assert_eq!(rig.post(3, "3"), ["respond 3 200 ok"]);
    assert_eq!(rig.timeout(), Some(50_000));
    assert_eq!(rig.wait(25_000), ["respond 2 200 2"]);
}

#[test]
fn without_a_get_the_ping_waits_but_its_deadline_does_not() {
    let mut rig = Rig::polling();
    assert_eq!(rig.wait(40_000), NOTHING);
    assert_eq!(rig.timeout(), Some(45_000));
    assert_eq!(rig.get(1), ["respond 1 200 2"]);
    assert_eq!(rig.wait(5_000), ["event closed ping timeout"]);
    assert!(rig.is_finished());
}

#[test]
fn requests_that_wait_are_answered_when_no_pong_comes() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.wait(25_000), ["respond 1 200 2"]);
    assert_eq!(rig.get(2), NOTHING);
    assert_eq!(rig.post_head(3), NOTHING);
    assert_eq!(rig.wait(20_000), ["event closed ping timeout", "respond 2 200 1", "respond 3 400"]);
    assert!(rig.is_finished());
}

#[test]
fn a_client_is_not_charged_for_a_late_timer() {
    let mut rig = Rig::websocket();
    rig.now = Timestamp::from_millis(60_000);
    assert_eq!(rig.wake(), ["frame 2"]);
    assert_eq!(rig.timeout(), Some(80_000));
}

/// A driver goes through thousands of sessions of which hardly any is in the cache, and can lay out two lines
/// for what it looks at in each: this, and what a connection has before its session.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_every_packet_looks_at_comes_first() {
    let due = std::mem::offset_of!(Session, heartbeat);
    assert_eq!(due + size_of::<Timestamp>(), 72);
}
