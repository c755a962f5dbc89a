use super::*;

#[test]
fn a_get_waits_until_there_is_something_to_say() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.send("hello"), ["respond 1 200 4hello"]);
    assert_eq!(rig.get(2), NOTHING, "each packet goes out once");
}

#[test]
fn what_waits_for_a_get_goes_out_joined_and_binary_as_base64() {
    let mut rig = Rig::polling();
    assert_eq!(rig.send("a"), NOTHING);
    rig.session.send(Segment::binary(Bytes::from_static(&[1, 2, 3, 4])));
    assert_eq!(rig.send("b"), NOTHING);
    assert_eq!(rig.get(1), ["respond 1 200 4a␞bAQIDBA==␞4b"]);
    assert_eq!(rig.get(2), NOTHING);
}

#[test]
fn a_post_brings_messages_in_order() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(
        rig.post(2, "4a␞bAQIDBA==␞4h€␞b␞4"),
        [
            "event text a",
            "event binary [1, 2, 3, 4]",
            "event text h€",
            "event binary []",
            "event text ",
            "respond 2 200 ok"
        ]
    );
    assert_eq!(rig.post(3, "4b"), ["event text b", "respond 3 200 ok"]);
}

#[test]
fn packets_without_a_meaning_here_are_ignored() {
    let mut rig = Rig::polling();
    assert_eq!(rig.post(1, "0{}␞5␞6"), ["respond 1 200 ok"]);
    assert_eq!(rig.session.transport(), Transport::Polling);
}

#[test]
fn a_body_that_is_no_payload_ends_the_session() {
    for body in ["", "␞", "abc", "d=4a", "8:4message", "7", "b@@@@", "bAQID="] {
        let mut rig = Rig::polling();
        assert_eq!(rig.get(1), NOTHING);
        assert_eq!(
            rig.post(2, body),
            ["event closed parse error", "respond 2 400", "respond 1 200 1"],
            "{body}"
        );
        assert!(rig.is_finished());
    }
}

#[test]
fn what_comes_before_garbage_is_delivered_and_what_follows_is_not() {
    let mut rig = Rig::polling();
    assert_eq!(
        rig.post(1, "4a␞4b␞x␞4c"),
        ["event text a", "event text b", "event closed parse error", "respond 1 400"]
    );
}

#[test]
fn nothing_of_a_body_that_is_not_utf8_is_delivered() {
    let mut rig = Rig::polling();
    assert_eq!(rig.post_head(1), NOTHING);
    let body = Bytes::from_static(b"4a\x1e4\xff");
    assert_eq!(
        rig.input(Input::PostBody(RequestId::new(1), body)),
        ["event closed parse error", "respond 1 400"]
    );
}

#[test]
fn the_number_of_packets_is_limited() {
    let config = Config::new().max_packets(2);
    let mut rig = Rig::polling_with(&config);
    assert_eq!(rig.post(1, "4a␞4b"), ["event text a", "event text b", "respond 1 200 ok"]);
    assert_eq!(
        rig.post(2, "4c␞4d␞4e"),
        [
            "event text c",
            "event text d",
            "event limit packets",
            "event closed parse error",
            "respond 2 400"
        ]
    );
}

#[test]
fn pinging_is_not_the_clients_to_do() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(
        rig.post(2, "4a␞2␞4b"),
        ["event text a", "event closed transport error", "respond 1 200 1", "respond 2 200 ok"]
    );
}

#[test]
fn a_second_get_is_refused_and_ends_the_session() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    rig.queue("in neither answer");
    assert_eq!(rig.get(2), ["event closed transport error", "respond 2 400", "respond 1 200 1"]);
    assert!(rig.is_finished());
}

#[test]
fn a_second_post_is_refused_and_ends_the_session() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.post_head(2), NOTHING);
    assert_eq!(
        rig.post_head(3),
        ["event closed transport error", "respond 3 400", "respond 1 200 1", "respond 2 400"]
    );
    assert_eq!(rig.post_body(2, "4a"), NOTHING);
    assert_eq!(rig.post_body(3, "4b"), NOTHING);
}

#[test]
fn a_get_that_is_lost_ends_the_session() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.post_head(2), NOTHING);
    assert_eq!(rig.lost(1), ["event closed transport error", "respond 2 400"]);
    assert!(rig.is_finished());
}

#[test]
fn a_post_that_is_lost_ends_the_session_and_delivers_nothing() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.post_head(2), NOTHING);
    assert_eq!(rig.lost(2), ["event closed transport error", "respond 1 200 1"]);
    assert_eq!(rig.post_body(2, "4a"), NOTHING);
}

#[test]
fn losing_a_request_that_was_answered_changes_nothing() {
    let mut rig = Rig::polling();
    assert_eq!(rig.lost(0), NOTHING);
    assert_eq!(rig.post(1, "4a"), ["event text a", "respond 1 200 ok"]);
    assert_eq!(rig.lost(1), NOTHING);
    assert_eq!(rig.post_body(1, "4a"), NOTHING);
    assert_eq!(rig.post_failed(1, PostFault::TooSlow), NOTHING);
    assert!(rig.session.is_open());
}

#[test]
fn a_post_that_is_not_read_keeps_the_session_if_the_protocol_was_kept() {
    for (fault, output) in [
        (PostFault::TooLarge, &["event limit payload", "respond 2 413"][..]),
        (PostFault::Encoded, &["respond 2 415"]),
    ] {
        let mut rig = Rig::polling();
        assert_eq!(rig.get(1), NOTHING);
        assert_eq!(rig.post_head(2), NOTHING);
        assert_eq!(rig.post_failed(2, fault), output);
        assert_eq!(rig.post_body(2, "4a"), NOTHING);
        assert_eq!(rig.post(3, "4b"), ["event text b", "respond 3 200 ok"]);
        assert_eq!(rig.send("c"), ["respond 1 200 4c"]);
    }
}

#[test]
fn a_post_that_is_not_read_ends_the_session_otherwise() {
    for (fault, limit, output) in [
        (PostFault::OctetStream, None, "respond 2 400"),
        (PostFault::TooSlow, Some("event limit body_time"), "respond 2 408"),
    ] {
        let mut rig = Rig::polling();
        assert_eq!(rig.get(1), NOTHING);
        assert_eq!(rig.post_head(2), NOTHING);
        let end = ["event closed transport error", output, "respond 1 200 1"];
        let expected: Vec<_> = limit.into_iter().chain(end).collect();
        assert_eq!(rig.post_failed(2, fault), expected);
        assert!(rig.is_finished());
    }
}

#[test]
fn after_the_end_the_session_is_unknown() {
    let mut rig = Rig::polling();
    assert_eq!(rig.post(1, "1").len(), 2);
    assert_eq!(rig.get(2), [format!("respond 2 400 {UNKNOWN_SID}")]);
    assert_eq!(rig.post_head(3), [format!("respond 3 400 {UNKNOWN_SID}")]);
    assert_eq!(rig.post_body(3, "4a"), NOTHING);
    assert!(!rig.offer());
}

#[test]
fn each_kind_of_answer_has_its_content_type() {
    fn content_types(rig: &mut Rig, inputs: impl IntoIterator<Item = Input>) -> Vec<Option<&str>> {
        for input in inputs {
            rig.session.handle(rig.now, input);
        }
        std::iter::from_fn(|| rig.session.poll_transmit())
            .map(|transmit| match transmit {
                Transmit::Respond(_, response) => response.content_type,
                other => panic!("{other:?} is no answer"),
            })
            .collect()
    }
    let (get, post) = (RequestId::new(1), RequestId::new(2));
    let body = Bytes::from_static(b"1");
    let inputs = [
        Input::Get(get),
        Input::PostHead(post),
        Input::PostBody(post, body),
        Input::Get(RequestId::new(3)),
    ];
    assert_eq!(
        content_types(&mut Rig::polling(), inputs),
        [Some("text/plain; charset=UTF-8"), Some("text/html"), Some("application/json")]
    );
    let inputs = [Input::PostHead(post), Input::PostFailed(post, PostFault::TooLarge)];
    assert_eq!(content_types(&mut Rig::polling(), inputs), [None]);
}

#[test]
fn a_packet_goes_out_when_a_get_is_pending() {
    let mut rig = Rig::polling();
    assert!(!rig.session.can_transmit() && !rig.session.is_writable());
    assert_eq!(rig.get(1), NOTHING);
    assert!(rig.session.can_transmit() && rig.session.is_writable());
    rig.queue("a");
    assert!(rig.session.can_transmit() && !rig.session.is_writable());
    assert_eq!(rig.output(), ["respond 1 200 4a"]);
    assert!(!rig.session.can_transmit());
}

#[test]
fn an_answer_is_compressed_if_one_of_its_packets_is_worth_it() {
    let compressed = |rig: &mut Rig, id: u64| {
        rig.session.handle(rig.now, Input::Get(RequestId::new(id)));
        match rig.session.poll_transmit() {
            Some(Transmit::Respond(_, response)) => response.compress,
            other => panic!("{other:?}"),
        }
    };
    let mut rig = Rig::new(&Config::new(), Transport::Polling);
    assert!(compressed(&mut rig, 0), "the handshake and what follows it");
    rig.session.send_uncompressed(Segment::text("a"));
    assert!(!compressed(&mut rig, 1));
    rig.session.send_uncompressed(Segment::text("b"));
    rig.session.send(Segment::text("c"));
    rig.session.send_uncompressed(Segment::text("d"));
    assert!(compressed(&mut rig, 2));
    rig.wait(25_000);
    assert!(!compressed(&mut rig, 3), "a ping");
}
