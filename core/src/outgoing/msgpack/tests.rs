use serde_json::json;

use super::*;
use crate::id::ENTROPY_BYTES;
use crate::msgpack::tests::hex;
use crate::{Args, Parser, Payload};

const MSGPACK: Parser = Parser::Msgpack;

#[track_caller]
fn assert_is(packet: &Outgoing, digits: &str) {
    let [message] = packet.attachments() else { panic!("one message") };
    assert_eq!(message.bytes(), &hex(digits));
    assert_eq!((packet.text().len(), packet.len()), (0, digits.len() / 2));
}

/// What `notepack.io` 2.2.0 makes of the same objects, if their members stand in this order.
#[test]
fn packets_have_the_bytes_of_notepack() {
    let (id, pid) = ([0xfb; ENTROPY_BYTES], [0x07; ENTROPY_BYTES]);
    let (id, pid) = (SocketId::from_entropy(id), Pid::from_entropy(pid));
    assert_is(
        &MSGPACK.connect("/", &id, None),
        "83a47479706500a36e7370a12fa46461746181a3736964b42d5f76372d5f76372d5f76372d5f76372d5f7637",
    );
    assert_is(
        &MSGPACK.connect("/admin", &id, Some(&pid)),
        concat!(
            "83a47479706500a36e7370a62f61646d696ea46461746182a3736964b42d5f76372d5f76372d5f76372d5f",
            "76372d5f7637a3706964b44277634842776348427763484277634842776348"
        ),
    );
    assert_is(&MSGPACK.disconnect("/admin"), "82a47479706501a36e7370a62f61646d696e");
    assert_is(
        &MSGPACK.connect_error("/x", &ConnectError::new("Invalid \"namespace\"")),
        "83a47479706504a36e7370a22f78a46461746181a76d657373616765b3496e76616c696420226e616d65737061636522",
    );
    let error = ConnectError::new("no").with_data(&json!({"code": 1})).expect("it has a JSON form");
    assert_is(
        &MSGPACK.connect_error("/x", &error),
        "83a47479706504a36e7370a22f78a46461746182a76d657373616765a26e6fa46461746181a4636f646501",
    );

    let event = MSGPACK.event("/", "foo", &(), None);
    assert_is(&event.expect("a name is encoded"), "83a47479706502a36e7370a12fa46461746191a3666f6f");
    let event = MSGPACK.event("/", "foo", "bar", Some(AckId::new(456)));
    assert_is(
        &event.expect("it has a JSON form"),
        "84a47479706502a36e7370a12fa26964cd01c8a46461746192a3666f6fa3626172",
    );
    let (one, none, many) =
        (Bytes::from_static(&[1, 2]), Bytes::new(), Bytes::from_static(&[7; 256]));
    let args = Args((one, Nested { a: [none], b: Inner { c: many } }));
    let event = MSGPACK.event("/", "up", &args, None).expect("it has a JSON form");
    let sevens = "07".repeat(256);
    assert_is(
        &event,
        &format!(
            "83a47479706502a36e7370a12fa46461746193a27570c402010282a16191c400a16281a163c50100{sevens}"
        ),
    );
}

#[derive(serde::Serialize)]
struct Nested {
    a: [Bytes; 1],
    b: Inner,
}

#[derive(serde::Serialize)]
struct Inner {
    c: Bytes,
}

#[test]
fn an_answer_is_what_the_handler_returned() {
    let ack = |id: u64, args: &dyn Fn(AckId) -> Result<Answer, EncodeError>| {
        args(AckId::new(id)).expect("it has a JSON form")
    };
    let nothing = ack(0, &|id| MSGPACK.ack("/", id, &()));
    assert_is(&nothing.packet, "84a47479706503a36e7370a12fa2696400a46461746190");
    let failed = ack(70_000, &|id| MSGPACK.ack("/", id, &Err::<(), _>("no")));
    assert_is(
        &failed.packet,
        "84a47479706503a36e7370a12fa26964ce00011170a4646174619181a56572726f72a26e6f",
    );
    assert_eq!((nothing.is_error, failed.is_error), (false, true));
    let several = ack(0, &|id| MSGPACK.ack("/", id, &Ok::<_, ()>(Args((1, Bytes::new())))));
    assert_is(&several.packet, "84a47479706503a36e7370a12fa2696400a4646174619201c400");
}

#[test]
fn a_draft_is_completed_in_its_place() {
    let draft = MSGPACK.draft("/", "said", "hello").expect("it has a JSON form");
    let before = draft.0.attachments()[0].bytes().as_ptr();
    let packet = draft.complete(Offset::new(1));
    assert_is(
        &packet,
        "83a47479706502a36e7370a12fa46461746193a473616964a568656c6c6fa82d2d2d2d2d2d2d30",
    );
    assert_eq!(packet.attachments()[0].bytes().as_ptr(), before, "nothing is copied");
    assert_eq!(packet.attachments()[0].segment()[..4], *b"bg6R");

    // Whatever stands before it.
    let payload = Payload::from_json(
        r#"[{"num":0,"_placeholder":true}]"#,
        vec![Attachment::new(Bytes::from_static(&[1]))],
    );
    let draft = MSGPACK.draft("/", "said", &payload.expect("it is JSON"));
    let packet = draft.expect("it has a JSON form").complete(Offset::new(1));
    assert_is(&packet, "83a47479706502a36e7370a12fa46461746193a473616964c40101a82d2d2d2d2d2d2d30");
}

#[test]
fn what_must_not_be_sent_is_refused() {
    let refused = MSGPACK.event("/", "connect", &(), None);
    assert_eq!(refused, Err(EncodeError::ReservedName));
    let refused = MSGPACK.draft("/", &"a".repeat(257), &());
    assert!(matches!(refused, Err(EncodeError::NameTooLong)));
    let keyed = std::collections::BTreeMap::from([((1, 2), 3)]);
    let refused = MSGPACK.event("/", "a", &keyed, None);
    assert!(matches!(refused, Err(EncodeError::Serialize(_))));
}

#[test]
fn data_that_looks_like_a_placeholder_is_data() {
    let raw =
        serde_json::value::RawValue::from_string(r#"{"_placeholder":true,"num":0}"#.to_owned());
    let looks = "82ac5f706c616365686f6c646572c3a36e756d00";
    let args =
        Args((json!({"_placeholder": true, "num": 0}), raw.expect("it is JSON"), Bytes::new()));
    let event = MSGPACK.event("/", "up", &args, None).expect("it has a JSON form");
    assert_is(&event, &format!("83a47479706502a36e7370a12fa46461746194a27570{looks}{looks}c400"));
}
