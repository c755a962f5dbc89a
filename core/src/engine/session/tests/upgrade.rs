use super::super::WebSocketFault;
use super::*;

#[test]
fn an_upgrade_from_the_probe_to_the_websocket() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert!(rig.offer());
    assert_eq!(rig.text("2probe"), ["frame 3probe", "respond 1 200 6"]);
    assert_eq!(rig.session.transport(), Transport::Polling);
    assert_eq!(rig.text("5"), ["event upgraded"]);
    assert_eq!(rig.session.transport(), Transport::WebSocket);
    assert_eq!(rig.text("4a"), ["event text a"]);
    assert_eq!(rig.send("b"), ["frame 4b"]);
    assert_eq!(rig.timeout(), Some(25_000));
}

#[test]
fn each_message_goes_once_and_in_order_by_the_transport_of_its_time() {
    let mut rig = Rig::polling();
    assert_eq!(rig.send("a"), NOTHING);
    assert!(rig.offer());
    assert_eq!(rig.send("b"), NOTHING);
    assert_eq!(rig.get(1), ["respond 1 200 4a␞4b"]);
    assert_eq!(rig.get(2), NOTHING);
    rig.queue("c");
    assert_eq!(rig.text("2probe"), ["frame 3probe", "respond 2 200 4c"]);
    assert_eq!(rig.get(3), NOTHING);
    assert_eq!(rig.send("d"), ["respond 3 200 4d"]);
    assert_eq!(rig.send("e"), NOTHING);
    assert_eq!(rig.send("f"), NOTHING);
    assert_eq!(rig.text("5"), ["event upgraded", "frame 4e", "frame 4f"]);
    assert_eq!(rig.send("g"), ["frame 4g"]);
}

#[test]
fn a_get_that_is_pending_at_the_end_of_the_upgrade_gets_a_noop() {
    let mut rig = Rig::probing();
    assert_eq!(rig.get(1), NOTHING);
    rig.queue("a");
    assert_eq!(rig.text("5"), ["event upgraded", "respond 1 200 6", "frame 4a"]);
}

#[test]
fn a_get_during_an_answered_probe_is_held_for_100_ms() {
    let mut rig = Rig::probing();
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.timeout(), Some(1_100));
    assert_eq!(rig.wait(99), NOTHING);
    assert_eq!(rig.wait(1), ["respond 1 200 6"]);
    assert_eq!(rig.timeout(), Some(10_000));
    assert_eq!(rig.get(2), NOTHING);
    assert_eq!(rig.timeout(), Some(1_200));
    assert_eq!(rig.send("a"), ["respond 2 200 4a"]);
    assert_eq!(rig.wait(50), NOTHING);
    assert_eq!(rig.get(3), NOTHING);
    assert_eq!(rig.timeout(), Some(1_250), "each GET for its own 100 ms");
    assert_eq!(rig.wait(100), ["respond 3 200 6"]);
}

#[test]
fn a_get_before_the_probe_is_answered_is_not_released() {
    let mut rig = Rig::polling();
    assert!(rig.offer());
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.timeout(), Some(10_000));
    assert_eq!(rig.wait(9_999), NOTHING);
    assert_eq!(rig.text("2probe"), ["frame 3probe", "respond 1 200 6"]);
}

#[test]
fn the_heartbeat_goes_on_through_an_upgrade() {
    let mut rig = Rig::polling();
    assert_eq!(rig.wait(24_000), NOTHING);
    assert!(rig.offer());
    assert_eq!(rig.timeout(), Some(25_000), "the ping is due first");
    assert_eq!(rig.text("2probe"), ["frame 3probe"]);
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.timeout(), Some(34_000), "then the end of the probe");
    assert_eq!(rig.text("5"), ["event upgraded", "frame 2"]);
    assert_eq!(rig.timeout(), Some(45_000));
    assert_eq!(rig.text("3"), NOTHING);
    assert_eq!(rig.timeout(), Some(50_000));
}

#[test]
fn a_ping_timeout_closes_the_probe_too() {
    let mut rig = Rig::polling();
    assert_eq!(rig.wait(40_000), NOTHING);
    assert_eq!(rig.get(1), ["respond 1 200 2"]);
    assert!(rig.offer());
    assert_eq!(rig.wait(5_000), ["event closed ping timeout", "close"]);
    assert!(rig.is_finished());
}

#[test]
fn after_the_upgrade_polling_is_over() {
    let mut rig = Rig::upgraded();
    assert_eq!(rig.get(1), [format!("respond 1 400 {BAD_REQUEST}")]);
    assert_eq!(rig.post_head(2), [format!("respond 2 400 {BAD_REQUEST}")]);
    assert_eq!(rig.post_body(2, "4a"), NOTHING);
    assert!(!rig.offer());
    assert_eq!(rig.text("4a"), ["event text a"]);
    assert_eq!(rig.input(Input::WebSocketClosed), ["event closed transport close"]);
}

#[test]
fn a_second_websocket_is_refused_while_the_first_is_probed() {
    let mut rig = Rig::polling();
    assert!(rig.offer());
    assert!(!rig.offer());
    assert_eq!(rig.text("2probe"), ["frame 3probe"]);
    assert!(!rig.offer());
    assert_eq!(rig.timeout(), Some(10_000));
    assert_eq!(rig.text("5"), ["event upgraded"]);
}

#[test]
fn what_is_not_due_closes_the_websocket_and_polling_goes_on() {
    for text in ["", "5", "1", "2", "3", "3probe", "4a", "6", "2probe ", "garbage"] {
        let mut rig = Rig::polling();
        assert_eq!(rig.get(1), NOTHING);
        assert!(rig.offer());
        assert_eq!(rig.text(text), ["close"], "{text} instead of a probe");
        assert_polls_on(&mut rig);
    }
    for text in ["", "1", "2", "2probe", "3", "4a", "5x", "6", "garbage"] {
        let mut rig = Rig::probing();
        assert_eq!(rig.text(text), ["close"], "{text} instead of an upgrade");
        assert_eq!(rig.get(1), NOTHING);
        assert_polls_on(&mut rig);
    }
    let mut rig = Rig::probing();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.binary(b"5"), ["close"]);
    assert_polls_on(&mut rig);
}

#[test]
fn a_probe_that_takes_too_long_is_closed_and_polling_goes_on() {
    let mut rig = Rig::polling();
    assert!(rig.offer());
    assert_eq!(rig.wait(9_999), NOTHING);
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.wait(1), ["close"]);
    assert_polls_on(&mut rig);

    let mut rig = Rig::probing();
    assert_eq!(rig.wait(9_950), NOTHING);
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.timeout(), Some(10_000), "before its 100 ms are over");
    assert_eq!(rig.wait(50), ["close"]);
    assert_polls_on(&mut rig);
}

#[test]
fn a_probe_that_is_lost_leaves_polling_as_it_was() {
    for fault in [
        None,
        Some((WebSocketFault::Io, &["close"][..])),
        Some((WebSocketFault::Protocol, &["close 1002"])),
        Some((WebSocketFault::Utf8, &["close 1007"])),
        Some((WebSocketFault::TooLarge, &["event limit payload", "close 1009"])),
    ] {
        for mut rig in [Rig::polling(), Rig::probing()] {
            rig.offer();
            assert_eq!(rig.get(1), NOTHING);
            match fault {
                None => assert_eq!(rig.input(Input::WebSocketClosed), NOTHING),
                Some((fault, output)) => {
                    assert_eq!(rig.input(Input::WebSocketFailed(fault)), output[..]);
                }
            }
            assert_polls_on(&mut rig);
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_1007_in_the_place_of_a_probe_too() {
    for mut rig in [Rig::polling(), Rig::probing()] {
        rig.offer();
        assert_eq!(rig.get(1), NOTHING);
        let broken = Frame::Text(Bytes::from_static(b"2probe\xff"));
        assert_eq!(rig.input(Input::Frame(broken)), ["close 1007"]);
        assert_polls_on(&mut rig);
    }
}

#[test]
fn a_websocket_that_is_not_offered_says_nothing_to_a_polling_session() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    for text in ["2probe", "5", "4a", "1", "x"] {
        assert_eq!(rig.text(text), NOTHING, "{text}");
    }
    let fault = Input::WebSocketFailed(WebSocketFault::Protocol);
    assert_eq!(rig.input(fault), NOTHING);
    assert_polls_on(&mut rig);
}

#[test]
fn an_upgrade_can_be_tried_again() {
    let mut rig = Rig::probing();
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.input(Input::WebSocketClosed), NOTHING);
    assert!(rig.offer());
    assert_eq!(rig.timeout(), Some(11_000), "with its own deadline");
    assert_eq!(rig.text("2probe"), ["frame 3probe"], "and its own probe");
    assert_eq!(rig.text("5"), ["event upgraded"]);
}

#[test]
fn a_post_goes_on_during_a_probe() {
    let mut rig = Rig::probing();
    assert_eq!(rig.post(1, "4a"), ["event text a", "respond 1 200 ok"]);
    assert_eq!(rig.post_head(2), NOTHING);
    assert_eq!(rig.post_body(2, "4b"), ["event text b", "respond 2 200 ok"]);
}

#[test]
fn a_post_in_flight_across_the_upgrade_delivers_nothing() {
    let mut rig = Rig::probing();
    assert_eq!(rig.post_head(1), NOTHING);
    assert_eq!(rig.text("5"), ["event upgraded"]);
    assert_eq!(rig.post_body(1, "4a␞1"), [format!("respond 1 400 {BAD_REQUEST}")]);
    assert_eq!(rig.text("4b"), ["event text b"]);
}

#[test]
fn a_post_that_breaks_off_after_the_upgrade_ends_nothing() {
    for fault in [PostFault::OctetStream, PostFault::TooSlow] {
        let mut rig = Rig::probing();
        assert_eq!(rig.post_head(1), NOTHING);
        assert_eq!(rig.text("5"), ["event upgraded"]);
        let output = rig.post_failed(1, fault);
        assert!(output.last().is_some_and(|line| line.starts_with("respond 1 40")), "{output:?}");
        assert!(rig.session.is_open());
    }
    let mut rig = Rig::probing();
    assert_eq!(rig.post_head(1), NOTHING);
    assert_eq!(rig.text("5"), ["event upgraded"]);
    assert_eq!(rig.lost(1), NOTHING);
    assert!(rig.session.is_open());
}

#[test]
fn a_post_in_flight_is_answered_when_the_websocket_dies() {
    let mut rig = Rig::probing();
    assert_eq!(rig.post_head(1), NOTHING);
    assert_eq!(rig.text("5"), ["event upgraded"]);
    assert_eq!(
        rig.input(Input::WebSocketClosed),
        ["event closed transport close", "respond 1 400"]
    );
    assert!(rig.is_finished());
}

/// That request 1 still waits, without a deadline of a probe, and that both directions work.
#[track_caller]
fn assert_polls_on(rig: &mut Rig) {
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.text("5"), NOTHING);
    assert_eq!(rig.session.transport(), Transport::Polling);
    assert_eq!(rig.post(2, "4in"), ["event text in", "respond 2 200 ok"]);
    assert_eq!(rig.send("out"), ["respond 1 200 4out"]);
}
