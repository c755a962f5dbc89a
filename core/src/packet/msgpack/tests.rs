use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::msgpack::tests::hex;
use crate::packet::{AckId, Body, Decoder, DecoderLimits, Packet, PacketError};
use crate::{Args, Attachment, Outgoing, Parser, Payload, Text, Value};

fn decode(digits: &str) -> Result<Packet, PacketError> {
    Packet::from_msgpack(&hex(digits), &DecoderLimits::default())
}

fn packet(namespace: &'static str, body: Body) -> Packet {
    Packet { namespace: Text::from(namespace), body }
}

fn event(name: &str, args: Payload, ack: Option<u64>) -> Body {
    Body::Event { name: Text::from(name.to_owned()), args, ack: ack.map(AckId::new) }
}

fn plain(array: &'static str) -> Payload {
    Payload::from_json(array, Vec::new()).unwrap()
}

fn with(array: &'static str, attachments: &[&'static [u8]]) -> Payload {
    let attachments = attachments.iter().map(|blob| Attachment::new(Bytes::from_static(blob)));
    Payload::from_json(array, attachments.collect()).unwrap()
}

/// What `socket.io-msgpack-parser` 3.0.2 makes of the packets that socket.io-client 4.8 hands to it.
#[test]
fn heads_need_not_be_the_shortest_that_there_are() {
    // {type: 2, nsp: "/", data: ["hey"]}
    let spelled = |map: &str, key: &str, array: &str| {
        decode(&format!("{map}{key}7479706502a36e7370a12fa464617461{array}a3686579"))
    };
    let expected = packet("/", event("hey", Payload::default(), None));
    for map in ["83", "de0003", "df00000003"] {
        for key in ["a4", "d904", "da0004", "db00000004"] {
            for array in ["91", "dc0001", "dd00000001"] {
                assert_eq!(spelled(map, key, array), Ok(expected.clone()), "{map} {key} {array}");
            }
        }
    }
}

#[test]
fn packets_of_the_official_client_are_read() {
    let date = r#"["2026-01-31T12:34:56.789Z","1969-12-31T23:59:59.999Z"]"#;
    let blobs = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let rows = [
        // {type: 0, data: undefined, nsp: "/"}
        (
            "83a47479706500a464617461d40000a36e7370a12f",
            packet("/", Body::Connect { auth: Payload::default() }),
        ),
        // {type: 0, data: {token: "123"}, nsp: "/admin"}
        (
            "83a47479706500a46461746181a5746f6b656ea3313233a36e7370a62f61646d696e",
            packet("/admin", Body::Connect { auth: plain(r#"[{"token":"123"}]"#) }),
        ),
        // {type: 1, nsp: "/"}
        ("82a47479706501a36e7370a12f", packet("/", Body::Disconnect)),
        // {type: 2, data: ["hey", 1, {a: []}], options: {compress: true}, nsp: "/"}
        (
            "84a47479706502a46461746193a36865790181a16190a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f",
            packet("/", event("hey", plain(r#"[1,{"a":[]}]"#), None)),
        ),
        // {type: 2, data: ["u", undefined, {a: undefined, b: 1, c: undefined}, {a: undefined},
        // [undefined]], nsp: "/", id: undefined}
        (
            "84a47479706502a46461746195a175d4000083a161d40000a16201a163d4000081a161d4000091d40000a36e7370a12fa26964d40000",
            packet("/", event("u", plain(r#"[null,{"b":1},{},[null]]"#), None)),
        ),
        // {type: 2, data: ["d", new Date(…), new Date(-1)], nsp: "/"}
        (
            "83a47479706502a46461746193a164d7000000019c140c9c95d700ffffffffffffffffa36e7370a12f",
            packet("/", event("d", plain(date), None)),
        ),
        // {type: 2, data: ["b", new Uint8Array([1, 2, 3]).buffer, new Uint8Array([9])], nsp: "/", id: 3}
        (
            "84a47479706502a46461746193a162c70300010203c7010009a36e7370a12fa2696403",
            packet("/", event("b", with(blobs, &[&[1, 2, 3], &[9]]), Some(3))),
        ),
        // {type: 2, data: ["n", NaN, Infinity, -Infinity], nsp: "/"}
        (
            "83a47479706502a46461746194a16ecb7ff8000000000000cb7ff0000000000000cbfff0000000000000a36e7370a12f",
            packet("/", event("n", plain("[null,null,null]"), None)),
        ),
        // {type: 3, id: 456, data: ["bar"], nsp: "/admin"}
        (
            "84a47479706503a26964cd01c8a46461746191a3626172a36e7370a62f61646d696e",
            packet("/admin", Body::Ack { id: AckId::new(456), args: plain(r#"["bar"]"#) }),
        ),
        // {type: 3, id: 0, data: [], nsp: "/"}
        (
            "84a47479706503a2696400a46461746190a36e7370a12f",
            packet("/", Body::Ack { id: AckId::new(0), args: Payload::default() }),
        ),
    ];
    for (message, packet) in rows {
        assert_eq!(decode(message), Ok(packet), "{message}");
    }
}

#[test]
fn packets_of_python_are_read() {
    // python-socketio 5 packs `None` where there is nothing.
    let disconnect = "83a47479706501a464617461c0a36e7370a12f";
    assert_eq!(decode(disconnect), Ok(packet("/", Body::Disconnect)));
    let connect = "83a47479706500a464617461c0a36e7370a12f";
    assert_eq!(decode(connect), Ok(packet("/", Body::Connect { auth: Payload::default() })));
    // {"type": 2, "data": ["f", 1.0, datetime(…)], "nsp": "/"}
    let floats = "83a47479706502a46461746193a166cb3ff0000000000000d6ff697df6f0a36e7370a12f";
    let args = plain(r#"[1.0,"2026-01-31T12:34:56.000Z"]"#);
    assert_eq!(decode(floats), Ok(packet("/", event("f", args, None))));
}

#[test]
fn odd_packets_that_do_no_harm_are_read() {
    // A name that is a number, as the default parser has it.
    for (name, message) in [("1", "01"), ("-1.5", "cbbff8000000000000"), ("1000", "cd03e8")] {
        let message = format!("83a47479706502a46461746191{message}a36e7370a12f");
        assert_eq!(decode(&message), Ok(packet("/", event(name, plain("[]"), None))), "{name}");
    }
    // An answer to nothing.
    let stray = decode("83a47479706503a46461746190a36e7370a12f");
    assert_eq!(stray, Ok(packet("/", Body::StrayAck)));
    let stray = decode("84a47479706503a46461746190a36e7370a12fa26964c0");
    assert_eq!(stray, Ok(packet("/", Body::StrayAck)));
    // What nobody asked for, twice.
    let twice = decode("84a47479706501a178c40100a17891c0a36e7370a12f");
    assert_eq!(twice, Ok(packet("/", Body::Disconnect)));
    // `auth` may have bytes: {type: 0, data: {k: <01>}, nsp: "/"}
    let auth = with(r#"[{"k":{"_placeholder":true,"num":0}}]"#, &[&[1]]);
    let secret = decode("83a47479706500a46461746181a16bc40101a36e7370a12f");
    assert_eq!(secret, Ok(packet("/", Body::Connect { auth })));
}

/// What it is about, the map's members in hexadecimal behind their number, and how it is refused.
const HOSTILE: &[(&str, &str, PacketError)] = {
    use PacketError as E;
    &[
        ("nothing", "", E::IllegalMsgpack),
        ("no map", "92a47479706502", E::IllegalMsgpack),
        ("text of the default parser", "325b2261225d", E::IllegalMsgpack),
        ("an empty map", "80", E::IllegalNamespace),
        ("cut", "83a47479706502a36e7370a12fa46461746191", E::IllegalMsgpack),
        ("something behind", "82a47479706501a36e7370a12fc0", E::IllegalMsgpack),
        ("fewer members than it says", "83a47479706501a36e7370a12f", E::IllegalMsgpack),
        ("a key that is no string", "83a47479706501a36e7370a12f0101", E::IllegalMsgpack),
        ("a type twice", "83a47479706501a36e7370a12fa47479706501", E::IllegalMsgpack),
        ("a namespace twice", "83a47479706501a36e7370a12fa36e7370a12f", E::IllegalMsgpack),
        ("an id twice", "84a47479706501a36e7370a12fa26964c0a26964c0", E::IllegalMsgpack),
        ("data twice", "84a47479706501a36e7370a12fa464617461c0a464617461c0", E::IllegalMsgpack),
        ("S1: no type", "81a36e7370a12f", E::UnknownType),
        ("S1: 5", "82a47479706505a36e7370a12f", E::UnknownType),
        ("S1: -1", "82a474797065ffa36e7370a12f", E::UnknownType),
        ("S1: a text", "82a474797065a132a36e7370a12f", E::UnknownType),
        ("S1: 1.0", "82a474797065cb3ff0000000000000a36e7370a12f", E::UnknownType),
        ("S1: nil", "82a474797065c0a36e7370a12f", E::UnknownType),
        ("S18", "82a47479706504a36e7370a12f", E::ConnectErrorFromClient),
        ("S16: no namespace", "81a47479706501", E::IllegalNamespace),
        ("S16: an empty one", "82a47479706501a36e7370a0", E::IllegalNamespace),
        ("S16: without a slash", "82a47479706501a36e7370a161", E::IllegalNamespace),
        ("S16: with a comma", "82a47479706501a36e7370a42f612c62", E::IllegalNamespace),
        ("S16: nil", "82a47479706501a36e7370c0", E::IllegalMsgpack),
        ("S16: no UTF-8", "82a47479706501a36e7370a22fff", E::IllegalMsgpack),
        ("S8: -1", "84a47479706502a36e7370a12fa26964ffa46461746191a161", E::IllegalAckId),
        (
            "S8: 1.0",
            "84a47479706502a36e7370a12fa26964cb3ff0000000000000a46461746191a161",
            E::IllegalAckId,
        ),
        (
            "S8: NaN",
            "84a47479706502a36e7370a12fa26964cb7ff8000000000000a46461746191a161",
            E::IllegalAckId,
        ),
        ("S8: a text", "84a47479706502a36e7370a12fa26964a131a46461746191a161", E::IllegalAckId),
        ("S2: no data", "82a47479706502a36e7370a12f", E::IllegalPayload),
        ("S2: nil", "83a47479706502a36e7370a12fa464617461c0", E::IllegalPayload),
        ("S2: a map", "83a47479706502a36e7370a12fa46461746180", E::IllegalPayload),
        ("S2: a text", "83a47479706502a36e7370a12fa464617461a161", E::IllegalPayload),
        ("S2: no name", "83a47479706502a36e7370a12fa46461746190", E::IllegalEventName),
        ("S2: nil", "83a47479706502a36e7370a12fa46461746191c0", E::IllegalEventName),
        ("S2: a map", "83a47479706502a36e7370a12fa4646174619180", E::IllegalEventName),
        ("S2: undefined", "83a47479706502a36e7370a12fa46461746191d40000", E::IllegalEventName),
        ("B7: bytes", "83a47479706502a36e7370a12fa46461746191c40161", E::IllegalEventName),
        ("S5", "83a47479706502a36e7370a12fa46461746191a7636f6e6e656374", E::ReservedEventName),
        (
            "S19: an answer of a map",
            "84a47479706503a36e7370a12fa2696400a46461746180",
            E::IllegalPayload,
        ),
        ("S19: an answer of nothing", "83a47479706503a36e7370a12fa2696400", E::IllegalPayload),
        ("S19: a goodbye with data", "83a47479706501a36e7370a12fa46461746180", E::IllegalPayload),
        ("S19: a goodbye with an id", "83a47479706501a36e7370a12fa2696400", E::IllegalPayload),
        ("auth: a list", "83a47479706500a36e7370a12fa46461746190", E::IllegalPayload),
        ("auth: a text", "83a47479706500a36e7370a12fa464617461a161", E::IllegalPayload),
        ("auth: an id", "83a47479706500a36e7370a12fa2696400", E::IllegalPayload),
        ("a key no UTF-8", "83a47479706501a1ffc0a36e7370a12f", E::IllegalMsgpack),
        ("what is ignored is checked", "83a47479706501a17891c1a36e7370a12f", E::IllegalMsgpack),
    ]
};

#[test]
fn hostile_packets_are_refused() {
    for (row, message, error) in HOSTILE {
        assert_eq!(decode(message), Err(*error), "{row}");
    }
}

#[test]
fn limits_hold_at_the_limit_and_one_beyond() {
    let limits = DecoderLimits::default;
    let send = |limits: DecoderLimits, message: &str| {
        Packet::from_msgpack(&hex(message), &limits).map(|_| ())
    };
    let named =
        |n: u8| format!("83a47479706502a36e7370a12fa46461746191d9{n:02x}{}", "61".repeat(n.into()));
    assert_eq!(send(limits().max_event_name(40), &named(40)), Ok(()));
    assert_eq!(send(limits().max_event_name(40), &named(41)), Err(PacketError::EventNameTooLong));
    let entering =
        |n: u8| format!("82a47479706500a36e7370d9{n:02x}2f{}", "61".repeat(usize::from(n) - 1));
    assert_eq!(send(limits(), &entering(128)), Ok(()));
    assert_eq!(send(limits(), &entering(129)), Err(PacketError::NamespaceTooLong));
    let nested =
        |n: usize| format!("83a47479706502a36e7370a12fa46461746192a161{}c0", "91".repeat(n - 1));
    assert_eq!(send(limits(), &nested(128)), Ok(()));
    assert_eq!(send(limits(), &nested(129)), Err(PacketError::TooDeep));
    assert_eq!(send(limits().max_json_depth(2), &nested(2)), Ok(()));
    assert_eq!(send(limits().max_json_depth(2), &nested(3)), Err(PacketError::TooDeep));
    let blobs = "83a47479706502a36e7370a12fa46461746193a161c400c400";
    assert_eq!(send(limits().max_attachments(2), blobs), Ok(()));
    assert_eq!(send(limits().max_attachments(1), blobs), Err(PacketError::TooManyAttachments));
    let size = blobs.len() / 2;
    assert_eq!(send(limits().max_payload(size), blobs), Ok(()));
    assert_eq!(send(limits().max_payload(size - 1), blobs), Err(PacketError::TooLarge));
}

#[test]
fn what_only_looks_like_a_placeholder_is_data() {
    // {type: 2, data: ["up", {_placeholder: true, num: N}, <07 07>, {_placeholder: true}], nsp: "/"}
    for num in [0_u8, 1, 9] {
        let message = format!(
            "83a47479706502a46461746194a2757082ac5f706c616365686f6c646572c3a36e756d{num:02x}\
             c402070781ac5f706c616365686f6c646572c3a36e7370a12f"
        );
        let packet = decode(&message.replace(char::is_whitespace, "")).unwrap();
        let Body::Event { args, .. } = &packet.body else { panic!("an event was sent") };
        let seven = Bytes::from_static(&[7, 7]);
        let Args((looks, blob, mark)) =
            args.decode::<Args<(serde_json::Value, Bytes, serde_json::Value)>>().unwrap();
        assert_eq!(looks, json!({"_placeholder": true, "num": num}));
        assert_eq!((blob, mark), (seven.clone(), json!({"_placeholder": true})));
        // Nor is it anybody's bytes.
        assert!(args.decode::<Bytes>().is_err());
        let Args(values): Args<Vec<Value>> = args.decode().unwrap();
        assert!(matches!(&values[..], [Value::Object(_), Value::Binary(_), Value::Object(_)]));

        // It stays so on its way out, raw or read.
        let again = Parser::Msgpack.event("/", "up", args, None).unwrap();
        assert_eq!(
            Packet::from_msgpack(message_of(&again), &DecoderLimits::default()),
            Ok(packet.clone())
        );
        let again = Parser::Msgpack.event("/", "up", &Args(values), None).unwrap();
        assert_eq!(Packet::from_msgpack(message_of(&again), &DecoderLimits::default()), Ok(packet));
    }
}

/// The one message that a packet is.
fn message_of(packet: &Outgoing) -> &Bytes {
    assert!(packet.text().is_empty());
    let [message] = packet.attachments() else { panic!("one message") };
    assert_eq!(packet.len(), message.bytes().len());
    message.bytes()
}

/// The packet of a text that Engine.IO's `4` stands before, and of attachments.
fn receive(packet: &Outgoing) -> Result<Option<Packet>, PacketError> {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let mut received = decoder.decode_text(Text::try_from(packet.text().slice(1..)).unwrap())?;
    for attachment in packet.attachments() {
        received = decoder.decode_binary(attachment.bytes().clone())?;
    }
    Ok(received)
}

fn values() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter_map("JSON has no other", serde_json::Number::from_f64),
        prop::sample::select(vec![0_i64, 127, 128, -32, -33, 65_535, 65_536]).prop_map(Into::into),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        prop_oneof!["\\PC{0,40}", any::<String>()].prop_map(Value::String),
        vec(any::<u8>(), 0..5).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(4, 24, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::Array),
            vec((prop_oneof!["[a-c]", "num", any::<String>()], inner), 0..4)
                .prop_map(Value::Object),
        ]
    })
}

/// Arguments with as many bytes among them as a packet may have.
fn arguments() -> impl Strategy<Value = (Args<Vec<Value>>, Payload)> {
    vec(values(), 0..4)
        .prop_map(|values| {
            let values = Args(values);
            let payload = Payload::from_args(&values).expect("values have a JSON form");
            (values, payload)
        })
        .prop_filter("too many attachments", |(_, payload)| payload.attachments().len() <= 10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn both_parsers_carry_the_same_packets(
        namespace in prop_oneof![Just("/".to_owned()), "/[a-z/é]{0,30}"],
        name in prop_oneof!["[a-z]{1,40}", "\\PC{0,20}"],
        (values, args) in arguments(),
        id in prop::option::of(any::<u64>()),
    ) {
        let id = id.map(AckId::new);
        let send = |parser: Parser| {
            let sent = parser.event(&namespace, &name, &args, id);
            // As values and as what came is the same.
            assert_eq!(parser.event(&namespace, &name, &values, id), sent);
            sent
        };
        let (text, message) = (send(Parser::Default), send(Parser::Msgpack));
        let Ok(text) = text else {
            prop_assert_eq!(message, text);
            return Ok(());
        };
        let message = message.expect("the other parser takes it");
        let expected = receive(&text).expect("it was just sent").expect("it is whole");
        let found = Packet::from_msgpack(message_of(&message), &DecoderLimits::default());
        prop_assert_eq!(found, Ok(expected));

        let id = AckId::new(id.map_or(7, AckId::get));
        let answers = [Parser::Default, Parser::Msgpack].map(|parser| parser.ack(&namespace, id, &args));
        let [text, message] = answers.map(|answer| answer.expect("it was just sent").packet);
        let expected = receive(&text).expect("it was just sent").expect("it is whole");
        let found = Packet::from_msgpack(message_of(&message), &DecoderLimits::default());
        prop_assert_eq!(found, Ok(expected));
    }

    #[test]
    fn inv54_any_bytes_are_decoded_or_refused(
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        row in 0..HOSTILE.len(),
    ) {
        let mut message = hex(HOSTILE[row].1).to_vec();
        message.extend_from_slice(&[0xc0, byte]);
        let at = at.index(message.len());
        message[at] = byte;
        message.truncate(cut.index(message.len() + 1));
        let message = Bytes::from(message);
        if let Ok(packet) = Packet::from_msgpack(&message, &DecoderLimits::default()) {
            prop_assert!(packet.namespace.starts_with('/') && !packet.namespace.contains(','));
        }
    }
}
