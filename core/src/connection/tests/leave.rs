//! How clients and the application leave namespaces, and what is on its way meanwhile.

use super::*;

#[test]
fn a_client_leaves_and_comes_again() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text("41"), ["#0 disconnect"]);
    assert_eq!(rig.text("40"), ["#1 connect / []"]);
    rig.assert_stale(0, SlotError::Gone);
    rig.connection.leave(rig.slots[0].0);
    assert_eq!(rig.accept(1).len(), 1, "what is said of the old slot is not of the new one");
    assert_eq!(rig.text(r#"42["hi"]"#), ["#1 event hi []"]);
}

#[test]
fn s9_a_client_that_left_is_not_in() {
    for packet in [r#"42["hi"]"#, "430[]", "43", "41"] {
        let mut rig = Rig::joined();
        assert_eq!(rig.text("41"), ["#0 disconnect"]);
        assert_eq!(rig.text(packet), FORCED, "{packet}");
    }
}

#[test]
fn s12_what_follows_a_disconnect_in_one_payload_is_dropped() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(
        rig.post(r#"42["before"]␞41␞42["behind"]␞430[]␞43␞41"#),
        ["#0 event before []", "#0 disconnect", "respond 1001 200 ok"]
    );
    assert!(rig.is_open());
}

#[test]
fn s13_a_client_leaves_and_comes_again_in_one_payload() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(
        rig.post(r#"42["before"]␞41␞40{"again":true}"#),
        [
            "#0 event before []",
            "#0 disconnect",
            r#"#1 connect / [{"again":true}]"#,
            "respond 1001 200 ok"
        ]
    );
    rig.assert_stale(0, SlotError::Gone);
    assert_eq!(rig.accept(1), NOTHING);
    assert_eq!(rig.post(r#"42["hi"]"#), ["#1 event hi []", "respond 1002 200 ok"]);
}

#[test]
fn s11_who_came_again_waits_for_the_answer_like_anybody_else() {
    for rest in ["42[\"hi\"]", "41", "40"] {
        let mut rig = Rig::joined_by_polling();
        assert_eq!(
            rig.post(&format!("41␞40␞{rest}")),
            ["#0 disconnect", "#1 connect / []", "closed forced close", "respond 1001 200 ok"],
            "{rest}"
        );
    }
}

#[test]
fn s9_what_is_in_flight_when_the_server_ends_a_namespace_is_dropped() {
    let mut rig = Rig::joined();
    assert_eq!(rig.leave(0), ["frame 41"]);
    for packet in [r#"42["hi"]"#, r#"427["hi"]"#, "430[]", "43", r#"451-["file"]"#] {
        assert_eq!(rig.text(packet), NOTHING, "{packet}");
    }
    assert_eq!(rig.binary(b"file"), NOTHING);
    assert_eq!(rig.text("41"), NOTHING, "its own DISCONNECT crossed the server's");
    assert!(rig.is_open());
    rig.assert_stale(0, SlotError::Answered);
}

#[test]
fn what_was_received_but_not_taken_when_the_server_ends_a_namespace_is_dropped() {
    for rest in ["", "␞41", "␞41␞42[\"c\"]"] {
        let mut rig = Rig::joined_by_polling();
        let id = RequestId::new(7);
        let body = format!(r#"42["a"]␞430[]{rest}"#).replace('␞', "\x1e");
        rig.connection.handle(rig.now, Input::PostHead(id));
        rig.connection.handle(rig.now, Input::PostBody(id, Bytes::from(body)));
        rig.connection.leave(rig.slots[0].0);
        assert_eq!(rig.output(), ["respond 7 200 ok"], "{rest}");
        assert_eq!(rig.post("40"), ["#1 connect / []", "respond 1001 200 ok"]);
    }
}

#[test]
fn a_client_whose_namespace_the_server_ended_may_join_again() {
    let mut rig = Rig::joined();
    assert_eq!(rig.leave(0), ["frame 41"]);
    assert_eq!(rig.text("40"), ["#1 connect / []"]);
    rig.assert_stale(0, SlotError::Gone);
    assert_eq!(rig.accept(1).len(), 1);
    assert_eq!(rig.text(r#"42["hi"]"#), ["#1 event hi []"]);
    assert_eq!(rig.text("41"), ["#1 disconnect"]);
}

#[test]
fn s9_events_of_a_client_that_asks_again_are_not_those_in_flight() {
    let mut rig = Rig::joined();
    assert_eq!(rig.leave(0), ["frame 41"]);
    assert_eq!(rig.text("40"), ["#1 connect / []"]);
    assert_eq!(rig.text(r#"42["hi"]"#), FORCED);
}

#[test]
fn a_namespace_that_the_server_ended_is_forgotten_when_its_place_is_needed() {
    let mut rig = Rig::websocket_with(&Config::new().max_namespaces(1));
    assert_eq!(rig.text("40").len(), 1);
    assert_eq!(rig.accept(0).len(), 1);
    assert_eq!(rig.leave(0), ["frame 41"]);
    assert_eq!(rig.text("40/a,"), ["#1 connect /a []"]);
    assert_eq!(rig.accept(1).len(), 1);
    rig.assert_stale(0, SlotError::Gone);
    assert_eq!(rig.text(r#"42["hi"]"#), FORCED);
}

#[test]
fn to_leave_twice_or_before_the_answer_is_nothing() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text("40/a,"), ["#1 connect /a []"]);
    rig.connection.leave(rig.slots[1].0);
    assert_eq!(rig.accept(1).len(), 1);
    assert_eq!(rig.text(r#"42/a,["hi"]"#), ["#1 event hi []"]);
    rig.connection.leave(rig.slots[1].0);
    rig.connection.leave(rig.slots[1].0);
    assert_eq!(rig.text(r#"42/a,["hi"]"#), NOTHING);
    assert_eq!(rig.text(r#"42["hi"]"#), ["#0 event hi []"]);
}
