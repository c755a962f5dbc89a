use super::*;

#[test]
fn over_polling_the_handshake_answers_the_first_get() {
    let mut rig = Rig::new(&Config::new(), Transport::Polling);
    assert_eq!(rig.output(), NOTHING);
    assert_eq!(
        rig.get(0),
        [
            r#"respond 0 200 0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        ]
    );
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.session.transport(), Transport::Polling);
    assert_eq!(rig.session.sid(), sid());
}

#[test]
fn over_websocket_the_handshake_is_the_first_frame() {
    let mut rig = Rig::new(&Config::new(), Transport::WebSocket);
    assert_eq!(
        rig.output(),
        [
            r#"frame 0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        ]
    );
    assert_eq!(rig.session.transport(), Transport::WebSocket);
}

#[test]
fn the_handshake_says_what_is_configured() {
    let config = Config::new()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000);
    let mut rig = Rig::new(&config, Transport::WebSocket);
    assert_eq!(
        rig.output(),
        [
            r#"frame 0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}"#
        ]
    );
    assert_eq!(rig.timeout(), Some(300));
}

#[test]
fn what_is_sent_at_once_comes_behind_the_handshake() {
    let mut rig = Rig::new(&Config::new(), Transport::WebSocket);
    rig.queue("a");
    let output = rig.output();
    assert!(output[0].starts_with("frame 0{"));
    assert_eq!(output[1..], ["frame 4a"]);

    let mut rig = Rig::new(&Config::new(), Transport::Polling);
    assert_eq!(rig.send("a"), NOTHING);
    let output = rig.get(0);
    assert!(output[0].starts_with("respond 0 200 0{"));
    assert!(output[0].ends_with("}␞4a"));
}

#[test]
fn what_is_to_follow_the_handshake_is_in_the_same_answer() {
    let config = Config::new().initial_packet(Message::Text("first".into()));
    let mut rig = Rig::new(&config, Transport::Polling);
    let output = rig.get(0);
    assert!(output[0].starts_with("respond 0 200 0{"));
    assert!(output[0].ends_with("}␞4first"));

    let config = Config::new().initial_packet(Message::Binary(Bytes::from_static(&[1, 2])));
    let mut rig = Rig::new(&config, Transport::WebSocket);
    rig.queue("a");
    assert_eq!(rig.output()[1..], ["frame [1, 2]", "frame 4a"]);
}

#[test]
fn only_what_is_on_is_offered() {
    let polling_only = Config::new().transports(Transports::PollingOnly);
    for config in [polling_only, Config::new().allow_upgrades(false)] {
        let mut rig = Rig::new(&config, Transport::Polling);
        assert!(rig.get(0)[0].contains(r#""upgrades":[]"#), "{config:?}");
        assert!(!rig.offer(), "{config:?}");
        assert_eq!(rig.send("a"), NOTHING);
        assert_eq!(rig.get(1), ["respond 1 200 4a"], "it polls on");
    }
}

#[test]
fn debug_shows_neither_the_id_nor_what_is_said() {
    let post = Input::PostBody(RequestId::new(7), Bytes::from_static(b"4secret"));
    assert_eq!(format!("{post:?}"), "PostBody(RequestId(7), 7 bytes)");
    let frame = Input::Frame(Frame::Text(Bytes::from_static(b"4secret")));
    assert_eq!(format!("{frame:?}"), "Frame(Text(7 bytes))");

    let mut session = Session::new(&Config::new(), sid(), Transport::Polling, Timestamp::ZERO);
    session.handle(Timestamp::ZERO, Input::Get(RequestId::new(0)));
    let shown = format!("{:?}", session.poll_transmit());
    assert_eq!(shown, "Some(Respond(RequestId(0), Response(200, 118 bytes)))");
    session.handle(Timestamp::ZERO, post);
    session.send(Segment::text("secret"));
    let shown = format!("{session:?}");
    assert!(!shown.contains("secret") && !shown.contains(sid().as_str()), "{shown}");
}
