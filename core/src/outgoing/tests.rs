use serde_json::json;

use super::*;
use crate::Parser;
use crate::id::ENTROPY_BYTES;
use crate::payload::{Args, Payload};

fn text(packet: &Outgoing) -> &str {
    std::str::from_utf8(packet.text()).unwrap()
}

#[test]
fn events_are_written_as_the_specification_has_them() {
    let event = |namespace, name, args: &dyn Fn(&str, &str) -> Outgoing| args(namespace, name);
    let plain = |ns: &str, name: &str| Outgoing::event(ns, name, &(), None).unwrap();
    assert_eq!(text(&event("/", "foo", &plain)), r#"42["foo"]"#);
    assert_eq!(text(&event("/admin", "bar", &plain)), r#"42/admin,["bar"]"#);

    let id = Some(AckId::new(11));
    let asked = Outgoing::event("/", "foo", "bar", id).unwrap();
    assert_eq!(text(&asked), r#"4211["foo","bar"]"#);
    let several = Args((1, json!({"a": null}), ["x"]));
    let packet = Outgoing::event("/admin", "a\"b\n", &several, id).unwrap();
    assert_eq!(text(&packet), r#"42/admin,11["a\"b\n",1,{"a":null},["x"]]"#);
    let one = Outgoing::event("/", "foo", &(1, 2), None).unwrap();
    assert_eq!(text(&one), r#"42["foo",[1,2]]"#);
    for nothing in [
        Outgoing::event("/", "foo", &Args(()), None),
        Outgoing::event("/", "foo", &Args([0; 0]), None),
        Outgoing::event("/", "foo", &Payload::default(), None),
    ] {
        assert_eq!(text(&nothing.unwrap()), r#"42["foo"]"#);
    }
}

#[test]
fn a_packet_is_one_frame_unless_attachments_follow_its_text() {
    let bytes = bytes::Bytes::from_static(&[7]);
    for (parser, args, is_one) in [
        (Parser::Default, Payload::from_args(&1), true),
        (Parser::Default, Payload::from_args(&bytes), false),
        (Parser::Msgpack, Payload::from_args(&1), true),
        (Parser::Msgpack, Payload::from_args(&bytes), true),
    ] {
        let packet = parser.event("/", "event", &args.unwrap(), None).unwrap();
        assert_eq!(packet.is_one_frame(), is_one, "{packet:?}");
        assert_eq!(packet.clone().uncompressed().is_one_frame(), is_one);
    }
}

#[test]
fn bytes_travel_as_attachments() {
    let blob = Bytes::from_static(&[1, 2]);
    let packet = Outgoing::event("/", "baz", &blob, None).unwrap();
    assert_eq!(text(&packet), r#"451-["baz",{"_placeholder":true,"num":0}]"#);
    assert_eq!(packet.attachments(), [Attachment::new(blob.clone())]);
    assert_eq!(packet.len(), packet.text().len() + 2);
    assert_eq!(packet.text()[0], b'4');

    let answer = Outgoing::ack("/admin", AckId::new(456), &blob).unwrap();
    let expected = r#"461-/admin,456[{"_placeholder":true,"num":0}]"#;
    assert_eq!(text(&answer.packet), expected);

    let nested = Args((vec![blob.clone()], Some(blob.clone())));
    let packet = Outgoing::event("/admin", "baz", &nested, Some(AckId::new(1))).unwrap();
    let expected = concat!(
        r#"452-/admin,1["baz",[{"_placeholder":true,"num":0}],"#,
        r#"{"_placeholder":true,"num":1}]"#
    );
    assert_eq!(text(&packet), expected);

    let many = Outgoing::event("/", "baz", &vec![blob; 10], None).unwrap();
    assert!(text(&many).starts_with("4510-[\"baz\","));
}

#[test]
fn an_answer_is_what_the_handler_returned() {
    type Outcome<T> = Result<T, &'static str>;

    let answer = |args: &dyn Fn() -> Answer| {
        let Answer { packet, is_error } = args();
        (text(&packet).to_owned(), is_error)
    };
    let id = AckId::new(0);
    macro_rules! answers {
        ($value:expr, $text:literal, $is_error:literal) => {
            assert_eq!(
                answer(&|| Outgoing::ack("/", id, &$value).unwrap()),
                ($text.to_owned(), $is_error)
            );
        };
    }
    answers!((), "430[]", false);
    answers!(Args(()), "430[]", false);
    answers!(Args(Vec::<u8>::new()), "430[]", false);
    answers!(1, "430[1]", false);
    answers!(None::<u8>, "430[null]", false);
    answers!(vec![1, 2], "430[[1,2]]", false);
    answers!(Args((1, "a")), r#"430[1,"a"]"#, false);
    answers!(Outcome::Ok(()), "430[]", false);
    answers!(Outcome::Ok(1), "430[1]", false);
    answers!(Outcome::Ok(Args((1, 2))), "430[1,2]", false);
    answers!(Outcome::Ok(Outcome::Ok(1)), "430[1]", false);
    answers!(Outcome::<()>::Err("no"), r#"430[{"error":"no"}]"#, true);
    answers!(Ok::<_, ()>(Outcome::<()>::Err("no")), r#"430[{"error":"no"}]"#, true);
    answers!(Err::<(), _>(()), r#"430[{"error":null}]"#, true);
}

#[test]
fn an_answer_has_the_number_of_its_question() {
    let args = Payload::from_json("[1]".to_owned(), Vec::new()).unwrap();
    for number in [0, 9, 10, 4_294_967_296, u64::MAX] {
        let expected = format!("43/a,{number}[1]");
        let id = AckId::new(number);
        assert_eq!(text(&Outgoing::ack("/a", id, &1).unwrap().packet), expected);
        let mut tray = Encoder::new();
        tray.ack(Parser::Default, "/a", id, &args).unwrap();
        assert_eq!(tray.text(), Some(expected.as_bytes()));
    }
}

#[test]
fn in_an_event_a_result_is_a_value_like_any_other() {
    let packet = Outgoing::event("/", "a", &Err::<(), _>(1), None).unwrap();
    assert_eq!(text(&packet), r#"42["a",{"Err":1}]"#);
}

#[test]
fn a_payload_is_sent_again_as_it_came() {
    let json = r#"[1.50, {"_placeholder":true,"num":0} ,"\u0041"]"#;
    let blob = Attachment::new(Bytes::from_static(&[7]));
    let payload = Payload::from_json(json, vec![blob.clone()]).unwrap();
    let packet = Outgoing::event("/", "message-back", &payload, None).unwrap();
    let args = r#"1.50, {"_placeholder":true,"num":0} ,"\u0041"]"#;
    assert_eq!(text(&packet), format!("451-[\"message-back\",{args}"));
    assert_eq!(packet.attachments()[0].segment().as_ptr(), blob.segment().as_ptr());
    let answer = Outgoing::ack("/", AckId::new(3), &payload).unwrap();
    assert_eq!(text(&answer.packet), format!("461-3[{args}"));
    let empty = Outgoing::ack("/", AckId::new(3), &Payload::default()).unwrap();
    assert_eq!(text(&empty.packet), "433[]");
}

#[test]
fn raw_json_is_sent_as_it_is() {
    let raw = serde_json::value::RawValue::from_string("{ \"a\": 1.0 }".into()).unwrap();
    let one = Outgoing::event("/", "a", &raw, None).unwrap();
    assert_eq!(text(&one), r#"42["a",{ "a": 1.0 }]"#);
    let several = Outgoing::event("/", "a", &Args((&raw, Some(&raw))), None).unwrap();
    assert_eq!(text(&several), r#"42["a",{ "a": 1.0 },{ "a": 1.0 }]"#);
}

#[test]
fn names_that_must_not_be_sent_are_refused() {
    let reserved = [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ];
    for name in reserved {
        let refused = Outgoing::event("/", name, &(), None);
        assert_eq!(refused, Err(EncodeError::ReservedName));
    }
    let named = |n: usize| Outgoing::event("/", &"a".repeat(n), &(), None);
    assert!(named(256).is_ok());
    assert_eq!(named(257), Err(EncodeError::NameTooLong));
}

#[test]
fn a_value_without_json_form_is_refused() {
    let keyed = std::collections::BTreeMap::from([((1, 2), 3)]);
    let refused = Outgoing::event("/", "a", &keyed, None);
    assert!(matches!(refused, Err(EncodeError::Serialize(_))));
}

#[test]
fn entering_and_leaving_a_namespace() {
    let id = SocketId::from_entropy([0xfb; ENTROPY_BYTES]);
    let sid = r#"{"sid":"-_v7-_v7-_v7-_v7-_v7"}"#;
    assert_eq!(text(&Outgoing::connect("/", &id, None)), format!("40{sid}"));
    let admin = Outgoing::connect("/admin", &id, None);
    assert_eq!(text(&admin), format!("40/admin,{sid}"));
    assert_eq!(text(&Outgoing::disconnect("/")), "41");
    assert_eq!(text(&Outgoing::disconnect("/admin")), "41/admin,");

    let error = ConnectError::new("Invalid \"namespace\"");
    assert_eq!((error.message(), error.data()), ("Invalid \"namespace\"", None));
    let packet = Outgoing::connect_error("/x", &error);
    assert_eq!(text(&packet), r#"44/x,{"message":"Invalid \"namespace\""}"#);
    let error = error.with_data(&json!({"code": 1})).unwrap();
    let packet = Outgoing::connect_error("/", &error);
    let expected = r#"44{"message":"Invalid \"namespace\"","data":{"code":1}}"#;
    assert_eq!(text(&packet), expected);
    assert_eq!(error.data(), Some(r#"{"code":1}"#));
    assert_eq!(format!("{error:?}"), r#"ConnectError { message: "Invalid \"namespace\"", .. }"#);
}

#[test]
fn debug_shows_sizes_only() {
    let packet = Outgoing::event("/", "login", "hunter2", None).unwrap();
    assert_eq!(format!("{packet:?}"), "Outgoing(21 bytes, 0 attachments)");
}

#[test]
fn what_is_not_worth_compressing_says_so_and_is_no_larger() {
    let size = size_of::<(Bytes, Option<Arc<[Attachment]>>)>();
    assert_eq!((size_of::<Outgoing>(), size_of::<Draft>()), (size, size));
    let event = |args: &[Bytes]| Outgoing::event("/", "a", args, None).expect("it is JSON");
    for args in [&[][..], &[Bytes::from_static(&[1, 2])], &[Bytes::new(), Bytes::new()]] {
        let packet = event(args);
        assert!(packet.is_compressed());
        let marked = packet.clone().uncompressed();
        assert!(!marked.is_compressed() && !marked.clone().uncompressed().is_compressed());
        assert_eq!(marked.text(), packet.text());
        assert_eq!(marked.attachments(), packet.attachments());
        assert!(packet.is_compressed(), "it is another");
    }
    let draft = Outgoing::draft("/", "a", &1).expect("it is JSON").uncompressed();
    assert!(!draft.complete(Offset::new(0)).is_compressed());
    let event = Parser::Msgpack.event("/", "a", &1, None).expect("it has a form");
    assert!(event.is_compressed() && !event.uncompressed().is_compressed());
    let draft = Parser::Msgpack.draft("/", "a", &1).expect("it has a form");
    assert!(!draft.uncompressed().complete(Offset::new(0)).is_compressed());
}
