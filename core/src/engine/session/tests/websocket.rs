use super::super::WebSocketFault;
use super::*;

#[test]
fn messages_go_both_ways_as_frames() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.text("4h€"), ["event text h€"]);
    assert_eq!(rig.text("4"), ["event text "]);
    assert_eq!(rig.binary(&[1, 2, 3]), ["event binary [1, 2, 3]"]);
    assert_eq!(rig.binary(&[]), ["event binary []"]);
    assert_eq!(rig.text("bAQID"), ["event binary [1, 2, 3]"]);
    assert_eq!(rig.send("h€"), ["frame 4h€"]);
    rig.queue("a");
    rig.session.send(Segment::binary(Bytes::from_static(&[1, 2])));
    rig.queue("b");
    assert_eq!(rig.output(), ["frame 4a", "frame [1, 2]", "frame 4b"]);
}

#[test]
fn packets_without_a_meaning_here_are_ignored() {
    let mut rig = Rig::websocket();
    for packet in ["0{}", "5", "6"] {
        assert_eq!(rig.text(packet), NOTHING, "{packet}");
    }
    assert_eq!(rig.timeout(), Some(25_000));
    assert_eq!(rig.text("4a"), ["event text a"]);
}

#[test]
fn malformed_packets_end_the_session() {
    for packet in ["", "7", "abc", "é", "bAQID="] {
        let mut rig = Rig::websocket();
        assert_eq!(rig.text(packet), ["event closed parse error", "close"], "{packet}");
        assert!(rig.is_finished());
    }
}

#[test]
fn pinging_is_not_the_clients_to_do() {
    for packet in ["2", "2probe"] {
        let mut rig = Rig::websocket();
        assert_eq!(rig.text(packet), ["event closed transport error", "close"], "{packet}");
    }
}

#[test]
fn text_that_is_not_utf8_is_1007_whoever_notices() {
    let broken = || Input::Frame(Frame::Text(Bytes::from_static(b"4\xff")));
    let mut rig = Rig::websocket();
    assert_eq!(rig.input(broken()), ["event closed transport error", "close 1007"]);
    let mut rig = Rig::websocket();
    assert_eq!(
        rig.input(Input::WebSocketFailed(WebSocketFault::Utf8)),
        ["event closed transport error", "close 1007"]
    );
}

#[test]
fn a_websocket_that_goes_away_ends_the_session() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.input(Input::WebSocketClosed), ["event closed transport close"]);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn each_fault_of_a_websocket_has_its_close_code() {
    for (fault, output) in [
        // A reset is how a client goes away that had no time to say so.
        (WebSocketFault::Io, &["event closed transport close", "close"][..]),
        (WebSocketFault::Protocol, &["event closed transport error", "close 1002"]),
        (WebSocketFault::Utf8, &["event closed transport error", "close 1007"]),
        (
            WebSocketFault::TooLarge,
            &["event limit payload", "event closed transport error", "close 1009"],
        ),
    ] {
        let mut rig = Rig::websocket();
        rig.queue("lost");
        assert_eq!(rig.input(Input::WebSocketFailed(fault)), output);
        assert!(rig.is_finished());
    }
}

#[test]
fn a_websocket_session_has_no_polling_and_no_second_websocket() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.get(1), [format!("respond 1 400 {BAD_REQUEST}")]);
    assert_eq!(rig.post_head(2), [format!("respond 2 400 {BAD_REQUEST}")]);
    assert_eq!(rig.post_body(2, "4a"), NOTHING);
    assert_eq!(rig.post_failed(2, PostFault::TooSlow), NOTHING);
    assert_eq!(rig.lost(1), NOTHING);
    assert!(!rig.offer());
    assert_eq!(rig.text("4a"), ["event text a"]);
}

#[test]
fn a_websocket_can_always_take_a_packet() {
    let mut rig = Rig::new(&Config::new(), Transport::WebSocket);
    assert!(rig.session.can_transmit());
    assert!(!rig.session.is_writable(), "the handshake goes first");
    assert_eq!(rig.output().len(), 1);
    assert!(rig.session.is_writable());
    rig.input(Input::WebSocketClosed);
    assert!(!rig.session.can_transmit() && !rig.session.is_writable());
}
