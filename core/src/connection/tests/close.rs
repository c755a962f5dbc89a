//! The end of a connection: once, and then silence.

use super::*;

/// Something that ends a connection.
type End = fn(&mut Rig) -> Vec<String>;

#[test]
fn close_lets_pass_what_was_sent_before() {
    let mut rig = Rig::joined();
    rig.queue("a", &[b"1"]);
    assert_eq!(
        rig.close(CloseReason::ForcedServerClose),
        [
            "closed forced server close",
            r#"frame 451-["a",{"_placeholder":true,"num":0}]"#,
            "frame [49]",
            "close"
        ]
    );
    assert_eq!(rig.emit("b", &[]), NOTHING);
    assert!(rig.is_finished());
}

#[test]
fn close_lets_pass_what_was_sent_before_over_polling() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(rig.emit("a", &[]), NOTHING);
    assert_eq!(rig.close(CloseReason::ServerShuttingDown), ["closed server shutting down"]);
    assert_eq!(rig.emit("b", &[]), NOTHING);
    assert!(!rig.is_finished());
    assert_eq!(rig.get(2), [r#"respond 2 200 42["a"]"#]);
    assert_eq!(rig.get(3), ["respond 3 200 1"]);
    assert!(rig.is_finished());
}

#[test]
fn abort_does_not() {
    let mut rig = Rig::joined();
    rig.queue("a", &[]);
    assert_eq!(rig.abort(CloseReason::SlowConsumer), ["closed slow consumer", "close"]);
    assert!(rig.is_finished());

    let mut rig = Rig::joined_by_polling();
    rig.queue("a", &[]);
    assert_eq!(rig.abort(CloseReason::SlowConsumer), ["closed slow consumer"]);
    assert!(rig.is_finished());
}

#[test]
fn what_the_client_did_before_the_end_is_reported_before_the_end() {
    let mut rig = Rig::joined_by_polling();
    assert_eq!(
        rig.post(r#"42["a"]␞41␞40/a,␞1"#),
        [
            "#0 event a []",
            "#0 disconnect",
            "#1 connect /a []",
            "closed transport close",
            "respond 1001 200 ok"
        ]
    );
    rig.assert_stale(1, SlotError::Gone);
}

#[test]
fn the_fault_of_the_transport_is_the_reason() {
    let rows: [(End, &str); 5] = [
        (|rig| rig.input(Input::WebSocketClosed), "closed transport close"),
        (|rig| rig.text("1"), "closed transport close"),
        (|rig| rig.text("x"), "closed parse error"),
        (|rig| rig.text("2"), "closed transport error"),
        (|rig| rig.wait(45_000).split_off(1), "closed ping timeout"),
    ];
    for (end, line) in rows {
        let mut rig = Rig::joined();
        assert_eq!(end(&mut rig).first().map(String::as_str), Some(line));
        assert!(rig.is_finished());
    }
}

#[test]
fn the_end_is_reported_once_and_nothing_follows_it() {
    let ends: [End; 6] = [
        |rig| rig.text("4x"),
        |rig| rig.text("40"),
        |rig| rig.text("1"),
        |rig| rig.input(Input::WebSocketClosed),
        |rig| rig.close(CloseReason::ForcedServerClose),
        |rig| rig.abort(CloseReason::SlowConsumer),
    ];
    for end in ends {
        let mut rig = Rig::joined();
        assert_eq!(rig.text("40/a,").len(), 1);
        let closed = end(&mut rig).iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, 1);
        for text in ["4x", "40", "40/b,", r#"42["a"]"#, "430[]", "41", "1", "x", r#"451-["a"]"#] {
            assert_eq!(rig.text(text), NOTHING, "{text}");
        }
        assert_eq!(rig.binary(&[1]), NOTHING);
        assert_eq!(rig.input(Input::WebSocketClosed), NOTHING);
        assert_eq!(rig.emit("a", &[]), NOTHING);
        assert_eq!(rig.close(CloseReason::ForcedServerClose), NOTHING);
        assert_eq!(rig.abort(CloseReason::SlowConsumer), NOTHING);
        rig.assert_stale(1, SlotError::Gone);
        rig.connection.leave(rig.slots[0].0);
        assert_eq!(rig.wait(3_600_000), NOTHING);
        assert_eq!(rig.timeout(), None);
        assert!(rig.is_finished());
    }
}

#[test]
fn a_connection_is_not_finished_before_its_end_was_reported() {
    let mut rig = Rig::joined();
    rig.connection.handle(rig.now, Input::WebSocketClosed);
    assert!(!rig.is_finished());
    assert_eq!(rig.output(), ["closed transport close"]);
    assert!(rig.is_finished());
}

#[test]
fn the_last_refusal_is_reported_as_the_end_at_once() {
    let mut rig = Rig::websocket_with(&Config::new().max_refusals(0));
    assert_eq!(rig.text("40"), ["#0 connect / []"]);
    let slot = rig.slots[0].0;
    assert_eq!(rig.connection.reject(rig.now, slot), Ok(()));
    let limit = Event::Limit { limit: Limit::Refusals };
    assert_eq!(rig.connection.poll_event(), Some(limit));
    let closed = Event::Closed { reason: CloseReason::ForcedClose };
    assert_eq!(rig.connection.poll_event(), Some(closed));
}

#[test]
fn debug_shows_nothing_that_was_said() {
    let mut rig = Rig::joined();
    rig.queue("a", &[b"secret"]);
    assert_eq!(rig.text(r#"40/a,{"token":"secret"}"#).len(), 3);
    rig.connection
        .handle(rig.now, Input::Frame(Frame::Text(Bytes::from_static(br#"42["a","secret"]"#))));
    let shown = format!("{:?}", rig.connection);
    assert!(shown.contains("/a") && !shown.contains("secret"), "{shown}");
}
