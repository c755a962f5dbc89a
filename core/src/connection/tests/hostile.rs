//! What a client must not send, and what it may although it means nothing.

use super::*;

#[test]
fn s9_nothing_but_a_connect_is_heard_where_the_client_is_not() {
    for packet in ["42[\"hi\"]", "427[\"hi\"]", "430[]", "43", "41", "450-[\"hi\"]"] {
        let mut rig = Rig::websocket();
        assert_eq!(rig.text(packet), FORCED, "{packet} before CONNECT");

        let mut rig = Rig::websocket();
        assert_eq!(rig.text("40"), ["#0 connect / []"]);
        assert_eq!(rig.text(packet), FORCED, "{packet} before the answer");

        let mut rig = Rig::joined();
        let (head, rest) = packet.split_at(packet.find('-').map_or(2, |dash| dash + 1));
        let elsewhere = format!("{head}/a,{rest}");
        assert_eq!(rig.text(&elsewhere), FORCED, "{elsewhere} where it never was");
    }
    let mut rig = Rig::joined();
    assert_eq!(rig.text("451-/a,[\"hi\"]"), NOTHING, "it is not whole");
    assert_eq!(rig.binary(b"file"), FORCED);
}

#[test]
fn s10_a_second_connect_closes_the_connection() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text("40"), FORCED);

    let mut rig = Rig::joined();
    assert_eq!(rig.text("40/a,").len(), 1);
    assert_eq!(rig.text("40{}"), FORCED, "whatever else is under way");
    rig.assert_stale(1, SlotError::Gone);
}

#[test]
fn s11_a_second_connect_before_the_first_is_answered_closes_the_connection() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(
        rig.post("40␞40␞40"),
        ["#0 connect / []", "closed forced close", "respond 1000 200 ok", "respond 1 200 1"]
    );
    rig.assert_stale(0, SlotError::Gone);
}

#[test]
fn malformed_packets_close_the_connection() {
    let rows = [
        ("S1", "4"),
        ("S1", "49"),
        ("S1", "4x"),
        ("S1", "4-1"),
        ("S2", "42{}"),
        ("S2", "42[]"),
        ("S2", "42[null]"),
        ("S2", "42[{}]"),
        ("S2", r#"42[{"toString":"foo"}]"#),
        ("S2", r#"42"s""#),
        ("S2", "42null"),
        ("S2", r#"42["cut"#),
        ("S2", r#"42["a"]x"#),
        ("S3", "42"),
        ("S5", r#"42["connect"]"#),
        ("S5", r#"42["connect_error"]"#),
        ("S5", r#"42["disconnect"]"#),
        ("S5", r#"42["disconnecting"]"#),
        ("S8", r#"42-1["a"]"#),
        ("S8", r#"421.5["a"]"#),
        ("S8", r#"421e3["a"]"#),
        ("S16", "40,"),
        ("S16", "40a,"),
        ("S18", "44"),
        ("S18", r#"44{"message":"no"}"#),
        ("S19", "41{}"),
        ("S19", "430{}"),
        ("S25", r#"42["a",tru]"#),
        ("B1", r#"45["a"]"#),
        ("B1", r#"45-["a"]"#),
        ("B1", r#"45-1-["a"]"#),
        ("B1", r#"451.5-["a"]"#),
        ("B3", r#"451e1-["a"]"#),
        ("B5", r#"451-["a",{"_placeholder":true,"num":0.5}]"#),
        ("B5", r#"451-["a",{"_placeholder":true,"num":1}]"#),
        ("B5", r#"451-["a",{"_placeholder":true,"num":"splice"}]"#),
        ("B5", r#"450-["a",{"_placeholder":true,"num":0}]"#),
        ("B7", r#"451-[{"_placeholder":true,"num":0}]"#),
    ];
    for (row, packet) in rows {
        let mut rig = Rig::joined();
        assert_eq!(rig.text(packet), FORCED, "{row} {packet}");
        assert_eq!(rig.text(r#"42["a"]"#), NOTHING, "{row}: and nothing after");
        assert!(rig.is_finished());
    }
}

#[test]
fn packets_beyond_a_limit_close_the_connection() {
    let nested =
        |depth: usize| format!(r#"42["a",{}{}]"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let named = |bytes: usize| format!(r#"42["{}"]"#, "x".repeat(bytes));
    let rows = [
        ("S24", "json_depth", nested(129)),
        ("S24", "json_depth", nested(2_000)),
        ("S24", "json_depth", nested(9_000)),
        ("B2", "attachments", r#"4511-["a"]"#.to_owned()),
        ("B2", "attachments", r#"45999999999-["a"]"#.to_owned()),
        ("an event's name", "event_name", named(257)),
        ("S15", "namespace_name", format!("40/{},", "x".repeat(10_000))),
    ];
    for (row, limit, packet) in rows {
        let mut rig = Rig::joined();
        assert_eq!(rig.text(&packet), forced_at(limit), "{row}");
        assert_eq!(rig.text(r#"42["a"]"#), NOTHING, "{row}: and nothing after");
        assert!(rig.is_finished());
    }
    assert_eq!(Rig::joined().text(&nested(128)).len(), 1);
    assert_eq!(Rig::joined().text(&named(256)).len(), 1);
}

#[test]
fn a_servers_own_limits_hold_at_the_limit_and_one_beyond() {
    let config = Config::new().max_event_name(3).max_namespace_name(4).max_json_depth(2);
    let rows = [
        (r#"42["abc"]"#, r#"42["abcd"]"#, "event_name"),
        ("40/abc,", "40/abcd,", "namespace_name"),
        (r#"42["a",[]]"#, r#"42["a",[[]]]"#, "json_depth"),
    ];
    for (within, beyond, limit) in rows {
        let mut rig = Rig::websocket_with(&config);
        assert_eq!(rig.text("40").len(), 1);
        assert_eq!(rig.accept(0).len(), 1);
        assert_eq!(rig.text(within).len(), 1, "{within}");
        assert_eq!(rig.text(beyond), forced_at(limit), "{beyond}");
    }
}

#[test]
fn odd_packets_are_heard() {
    let rows = [
        ("S4", r#"42[1,"x"]"#, r#"#0 event 1 ["x"]"#),
        ("S5", r#"42["newListener"]"#, "#0 event newListener []"),
        ("S25", r#"42["a",{"b":1,"b":2}]"#, r#"#0 event a [{"b":1,"b":2}]"#),
        ("S25", r#"42["a",1e999,99999999999999999999]"#, "#0 event a [1e999,99999999999999999999]"),
        ("S25", r#"42["a","\ud800\u0000"]"#, r#"#0 event a ["\ud800\u0000"]"#),
        (
            "B11",
            r#"42["a",{"_placeholder":true,"num":7}]"#,
            r#"#0 event a [{"_placeholder":true,"num":7}]"#,
        ),
    ];
    for (row, packet, line) in rows {
        let mut rig = Rig::joined();
        assert_eq!(rig.text(packet), [line], "{row}");
    }
    let many = format!(r#"42["a",[{}[]]]"#, "[],".repeat(300_000));
    assert_eq!(Rig::joined().text(&many).len(), 1, "S26");
}

#[test]
fn nothing_is_heard_of_a_payload_after_its_malformed_packet() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.get(2), NOTHING);
    assert_eq!(
        rig.post(r#"42["a"]␞4x␞42["b"]␞40/a,␞41␞4x"#),
        ["#0 event a []", "closed forced close", "respond 1001 200 ok", "respond 2 200 1"]
    );
    assert!(rig.is_finished());
}

#[test]
fn a_malformed_packet_does_not_lose_what_is_on_its_way_to_the_client() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.emit("a", &[]), NOTHING);
    assert_eq!(rig.post("4x"), ["closed forced close", "respond 1001 200 ok"]);
    assert_eq!(rig.get(2), [r#"respond 2 200 42["a"]"#]);
    assert_eq!(rig.get(3), ["respond 3 200 1"]);
}

#[test]
fn a_client_that_ends_its_session_behind_a_malformed_packet_is_closed_once() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(
        rig.post(r#"42["a"]␞4x␞1"#),
        ["#0 event a []", "closed transport close", "respond 1001 200 ok"]
    );
}

#[test]
fn acks_are_reported_whatever_they_answer() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(r#"437["ok",{}]"#), [r#"#0 ack 7 ["ok",{}]"#]);
    assert_eq!(rig.text("437[]"), ["#0 ack 7 []"], "who asked knows that it was answered");
    let largest = u64::MAX;
    assert_eq!(rig.text(&format!("43{largest}[]")), [format!("#0 ack {largest} []")]);
}

#[test]
fn s20_acks_that_answer_nothing_are_ignored() {
    let mut rig = Rig::joined();
    for packet in ["43", "437", "43[]", r#"43["ok"]"#, "43/,"] {
        assert_eq!(rig.text(packet), NOTHING, "{packet}");
    }
    assert_eq!(rig.text(r#"42["hi"]"#), ["#0 event hi []"]);
}
