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

#[test]
fn what_is_received_at_once_is_not_reported_before_what_waits() {
    let mut rig = Rig::joined();
    let frame = |text: &'static str| Frame::Text(Bytes::from_static(text.as_bytes()));
    for (second, then) in [(r#"42["b"]"#, "#0 event b []"), (r#"42["b",1]"#, "#0 event b [1]")] {
        rig.connection.handle(rig.now, Input::Frame(frame(r#"42["a"]"#)));
        let first = rig.connection.receive(rig.now, frame(second)).expect("two wait");
        assert_eq!(rig.show_event(first), "#0 event a []");
        assert_eq!(rig.output(), [then]);
    }
}

#[test]
fn what_is_received_at_once_beside_polling_is_the_probes() {
    let mut rig = Rig::joined_by_polling();
    assert!(rig.connection.accept_upgrade(rig.now));
    let frame = |text: &'static str| Frame::Text(Bytes::from_static(text.as_bytes()));
    assert_eq!(rig.connection.receive(rig.now, frame("2probe")), None);
    assert_eq!(rig.output(), ["frame 3probe"]);
    assert_eq!(rig.connection.receive(rig.now, frame("5")), Some(Event::Upgraded));
    let event = rig.connection.receive(rig.now, frame(r#"42["a"]"#)).expect("it is the session's");
    assert_eq!(rig.show_event(event), "#0 event a []");
}

#[test]
fn what_is_transmitted_at_once_does_not_overtake_what_waits() {
    let event = |name| Outgoing::event("/", name, &(), None).expect("it is JSON");
    let mut rig = Rig::joined();
    let first = rig.connection.transmit(event("a")).map(show_transmit);
    assert_eq!(first.as_deref(), Some(r#"frame 42["a"]"#));
    rig.connection.send(event("b"));
    let next = rig.connection.transmit(event("c")).map(show_transmit);
    assert_eq!(next.as_deref(), Some(r#"frame 42["b"]"#));
    assert_eq!(rig.output(), [r#"frame 42["c"]"#]);

    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.connection.transmit(event("a")), None, "nobody polls");
    assert_eq!(rig.get(2), [r#"respond 2 200 42["a"]"#]);
    assert_eq!(rig.get(3), NOTHING);
    let answer = rig.connection.transmit(event("b")).map(show_transmit);
    assert_eq!(answer.as_deref(), Some(r#"respond 3 200 42["b"]"#));
}

#[test]
fn an_idle_connection_keeps_nothing_of_what_its_queues_took() {
    let mut rig = Rig::joined_by_polling();
    let burst = [r#"42["a"]"#; 100].join("␞");
    assert_eq!(rig.post(&burst).len(), 101);
    assert_eq!(rig.connection.events.capacity(), 0);
}
