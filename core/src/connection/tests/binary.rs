//! Packets in parts, in both directions.

use super::*;

const ONE: &str = r#"{"_placeholder":true,"num":0}"#;
const TWO: &str = r#"{"_placeholder":true,"num":1}"#;

#[test]
fn a_packet_is_reported_when_its_last_attachment_is_there() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!(r#"452-3["file",{TWO},{ONE}]"#)), NOTHING);
    assert_eq!(rig.binary(&[1]), NOTHING);
    assert_eq!(rig.binary(&[2, 3]), [format!("#0 event file [{TWO},{ONE}] [1] [2, 3] ack 3")]);
    assert_eq!(rig.text(&format!("461-7[{ONE}]")), NOTHING);
    assert_eq!(rig.binary(&[]), [format!("#0 ack 7 [{ONE}] []")]);
}

#[test]
fn a_packet_arrives_in_one_payload_or_in_several() {
    let line = format!("#0 event file [{ONE}] [1, 2, 3, 4]");
    let mut rig = Rig::joined_by_polling();
    assert_eq!(
        rig.post(&format!(r#"451-["file",{ONE}]␞bAQIDBA==␞42["next"]"#)),
        [line.clone(), "#0 event next []".to_owned(), "respond 1001 200 ok".to_owned()]
    );
    assert_eq!(rig.post(&format!(r#"451-["file",{ONE}]"#)), ["respond 1002 200 ok"]);
    assert_eq!(rig.post("bAQIDBA=="), [line, "respond 1003 200 ok".to_owned()]);
}

#[test]
fn a_packet_arrives_across_an_upgrade() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.post(&format!(r#"451-["file",{ONE}]"#)), ["respond 1001 200 ok"]);
    assert!(rig.connection.accept_upgrade(rig.now));
    assert_eq!(rig.text("2probe"), ["frame 3probe"]);
    assert_eq!(rig.text("5"), ["upgraded"]);
    assert_eq!(rig.binary(&[9]), [format!("#0 event file [{ONE}] [9]")]);
}

#[test]
fn an_engine_packet_may_stand_between_a_packet_and_its_attachments() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!(r#"451-["file",{ONE}]"#)), NOTHING);
    assert_eq!(rig.wait(25_000), ["frame 2"]);
    assert_eq!(rig.text("3"), NOTHING);
    assert_eq!(rig.text("6"), NOTHING);
    assert_eq!(rig.binary(&[1]), [format!("#0 event file [{ONE}] [1]")]);
}

#[test]
fn b6_attachments_may_be_used_twice_or_never() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!(r#"452-["file",{ONE},{ONE}]"#)), NOTHING);
    assert_eq!(rig.binary(&[1]), NOTHING);
    assert_eq!(rig.binary(&[2]), [format!("#0 event file [{ONE},{ONE}] [1] [2]")]);
}

#[test]
fn a_binary_packet_without_attachments_waits_for_none() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(r#"450-["a",1]"#), ["#0 event a [1]"]);
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.text(r#"42["b"]"#), ["#0 event b []"]);
}

#[test]
fn b12_a_binary_answer_that_answers_nothing_is_ignored_when_it_is_whole() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!("461-[{ONE}]")), NOTHING);
    assert_eq!(rig.binary(&[1]), NOTHING);
    assert_eq!(rig.text(r#"42["b"]"#), ["#0 event b []"]);
}

#[test]
fn as_many_attachments_as_configured_are_waited_for_and_no_more() {
    let mut rig = Rig::websocket_with(&Config::new().max_attachments(1));
    assert_eq!(rig.text("40"), ["#0 connect / []"]);
    assert_eq!(rig.accept(0).len(), 1);
    assert_eq!(rig.text(&format!(r#"451-["file",{ONE}]"#)), NOTHING);
    assert_eq!(rig.binary(&[1]), [format!("#0 event file [{ONE}] [1]")]);
    assert_eq!(rig.text(&format!(r#"452-["file",{ONE},{TWO}]"#)), forced_at("attachments"));
}

#[test]
fn text_in_place_of_an_attachment_closes_the_connection() {
    for packet in [r#"42["a"]"#, "41", "40/a,", r#"451-["a"]"#] {
        let mut rig = Rig::joined();
        assert_eq!(rig.text(&format!(r#"451-["file",{ONE}]"#)), NOTHING);
        assert_eq!(rig.text(packet), FORCED, "{packet}");
        assert_eq!(rig.binary(&[1]), NOTHING);
    }
}

#[test]
fn an_attachment_without_a_packet_closes_the_connection() {
    let mut rig = Rig::joined();
    assert_eq!(rig.binary(&[1]), FORCED);

    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!(r#"451-["file",{ONE}]"#)), NOTHING);
    assert_eq!(rig.binary(&[1]).len(), 1);
    assert_eq!(rig.binary(&[2]), FORCED, "one more than announced");
}

#[test]
fn b2_ten_attachments_are_the_most() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text(r#"4510-["a"]"#), NOTHING);
    for _ in 1..10 {
        assert_eq!(rig.binary(&[]), NOTHING);
    }
    assert_eq!(rig.binary(&[]).len(), 1);
    assert_eq!(rig.text(r#"4511-["a"]"#), forced_at("attachments"));
}

#[test]
fn b10_a_packet_and_its_attachments_may_have_max_payload_bytes_together() {
    for (bytes, whole) in [(50, true), (51, false)] {
        let mut rig = Rig::websocket_with(&Config::new().max_payload(100));
        assert_eq!(rig.text("40").len(), 1);
        assert_eq!(rig.accept(0).len(), 1);
        let text = format!(r#"52-["{}"]"#, "a".repeat(40));
        assert_eq!(text.len(), 47);
        assert_eq!(rig.text(&format!("4{text}")), NOTHING);
        assert_eq!(rig.binary(&[0; 3]), NOTHING);
        let output = rig.binary(&vec![0; bytes]);
        assert_eq!(output == forced_at("payload"), !whole);
        assert_eq!(output.len(), if whole { 1 } else { 3 });
    }
}

#[test]
fn b9_a_packet_must_be_whole_after_ping_interval_and_ping_timeout() {
    let mut rig = Rig::joined();
    assert_eq!(rig.wait_awake(1_000), NOTHING);
    assert_eq!(rig.text(&format!(r#"452-["file",{ONE}]"#)), NOTHING);
    assert_eq!(rig.wait_awake(40_000), NOTHING);
    assert_eq!(rig.binary(&[1]), NOTHING, "a part of it changes nothing");
    assert_eq!(rig.timeout(), Some(46_000));
    assert_eq!(rig.wait_awake(4_999), NOTHING);
    assert_eq!(rig.wait_awake(1), forced_at("assembly"));
    assert_eq!(rig.binary(&[2]), NOTHING);
}

#[test]
fn b9_each_packet_has_its_own_time() {
    let config = Config::new()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(100));
    let mut rig = Rig::websocket_with(&config);
    assert_eq!(rig.text("40").len(), 1);
    assert_eq!(rig.accept(0).len(), 1);
    for _ in 0..3 {
        assert_eq!(rig.text(&format!(r#"451-["file",{ONE}]"#)), NOTHING);
        assert_eq!(rig.wait_awake(399), NOTHING);
        assert_eq!(rig.binary(&[1]).len(), 1);
    }
    assert_eq!(rig.wait_awake(10_000), NOTHING, "none is waited for");
    assert!(rig.is_open());
}

#[test]
fn nothing_comes_between_a_packet_and_its_attachments() {
    let mut rig = Rig::joined();
    assert_eq!(rig.wait(24_999), NOTHING);
    rig.queue("a", &[b"1", b"2"]);
    let mut frames = Vec::new();
    while let Some(transmit) = rig.connection.poll_transmit() {
        frames.push(show_transmit(transmit));
        rig.now = Timestamp::from_millis(25_000);
        rig.connection.handle_timeout(rig.now);
        if frames.len() == 1 {
            rig.queue("b", &[]);
        }
    }
    assert_eq!(
        frames,
        [
            &format!(r#"frame 452-["a",{ONE},{TWO}]"#),
            "frame [49]",
            "frame [50]",
            "frame 2",
            r#"frame 42["b"]"#
        ]
    );
}

#[test]
fn nothing_comes_between_a_packet_and_its_attachments_over_polling() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.emit("a", &[b"1", b"2"]), NOTHING);
    assert_eq!(rig.wait(25_000), NOTHING);
    assert_eq!(rig.emit("b", &[b"3"]), NOTHING);
    assert_eq!(
        rig.get(2),
        [format!(r#"respond 2 200 452-["a",{ONE},{TWO}]␞bMQ==␞bMg==␞2␞451-["b",{ONE}]␞bMw=="#)]
    );
}

#[test]
fn a_packet_that_waits_for_an_upgrade_goes_whole_and_once() {
    let mut rig = Rig::joined_by_polling();
    assert!(rig.connection.accept_upgrade(rig.now));
    assert_eq!(rig.text("2probe"), ["frame 3probe"]);
    assert_eq!(rig.emit("a", &[b"1"]), NOTHING);
    assert_eq!(
        rig.text("5"),
        ["upgraded".to_owned(), format!(r#"frame 451-["a",{ONE}]"#), "frame [49]".to_owned()]
    );
}
