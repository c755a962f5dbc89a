use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::attachment::Attachment;
use crate::outgoing::Outgoing;

fn decode(text: &str) -> Result<Option<Packet>, PacketError> {
    Decoder::new(DecoderLimits::default()).decode_text(Text::from(text.to_owned()))
}

fn payload(array: &'static str) -> Payload {
    Payload::from_json(array, Vec::new()).unwrap()
}

fn event(namespace: &'static str, name: &'static str, args: &'static str) -> Packet {
    Packet {
        namespace: Text::from(namespace),
        body: Body::Event { name: Text::from(name), args: payload(args), ack: None },
    }
}

/// The packet of a text that Engine.IO's `4` stands before, and of attachments.
fn receive(packet: &Outgoing) -> Result<Option<Packet>, PacketError> {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let text = Text::try_from(packet.text().slice(1..)).unwrap();
    let mut received = decoder.decode_text(text)?;
    for attachment in packet.attachments() {
        assert!(decoder.is_awaiting());
        received = decoder.decode_binary(attachment.bytes().clone())?;
    }
    assert!(!decoder.is_awaiting());
    Ok(received)
}

#[test]
fn packets_of_the_specification_are_read() {
    let connect =
        |namespace, auth| Packet { namespace: Text::from(namespace), body: Body::Connect { auth } };
    let ack = |namespace, id, args| Packet {
        namespace: Text::from(namespace),
        body: Body::Ack { id: AckId::new(id), args: payload(args) },
    };
    let rows = [
        ("0", connect("/", Payload::default())),
        ("0{}", connect("/", payload("[{}]"))),
        (r#"0/admin,{"token":"123"}"#, connect("/admin", payload(r#"[{"token":"123"}]"#))),
        ("0/admin", connect("/admin", Payload::default())),
        (r#"2["foo"]"#, event("/", "foo", "[]")),
        (r#"2/admin,["bar"]"#, event("/admin", "bar", "[]")),
        (r#"2["hey",1,{"a":[]}]"#, event("/", "hey", r#"[1,{"a":[]}]"#)),
        (r#"2 [ "hey" , 1 , 2 ] "#, event("/", "hey", "[1 , 2]")),
        (r"3/admin,456[]", ack("/admin", 456, "[]")),
        (r#"313["bar"]"#, ack("/", 13, r#"["bar"]"#)),
    ];
    for (text, packet) in rows {
        assert_eq!(decode(text), Ok(Some(packet)), "{text}");
    }
    for (text, namespace) in [("1", "/"), ("1/admin,", "/admin"), ("1/admin", "/admin")] {
        let packet = decode(text).unwrap().unwrap();
        assert_eq!((&*packet.namespace, packet.body), (namespace, Body::Disconnect));
    }
    let asked = decode(r#"212["project:delete",123]"#).unwrap().unwrap();
    assert!(matches!(asked.body, Body::Event { ack: Some(id), .. } if id == AckId::new(12)));
}

#[test]
fn a_binary_packet_waits_for_its_attachments() {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let text = r#"52-/admin,7["up",{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}]"#;
    assert_eq!(decoder.decode_text(Text::from(text)), Ok(None));
    assert_eq!(decoder.decode_binary(Bytes::from_static(&[1])), Ok(None));
    assert!(decoder.is_awaiting());
    let packet = decoder.decode_binary(Bytes::from_static(&[2, 3]));
    let Packet { namespace, body } = packet.unwrap().unwrap();
    let Body::Event { name, args, ack } = body else {
        panic!("an event was sent");
    };
    assert_eq!((&*namespace, &*name, ack), ("/admin", "up", Some(AckId::new(7))));
    assert_eq!(args.attachments()[1].bytes(), &[2, 3][..]);
    assert!(!decoder.is_awaiting());
}

/// The row of the list of hostile inputs (or what it is about), the text, and how it is refused.
const HOSTILE: &[(&str, &str, PacketError)] = {
    use PacketError as E;
    &[
        ("S1", "", E::UnknownType),
        ("S1", "9", E::UnknownType),
        ("S1", "x", E::UnknownType),
        ("S1", "-1", E::UnknownType),
        ("S1", "é", E::UnknownType),
        ("S2", "2{}", E::IllegalPayload),
        ("S2", "2[]", E::IllegalEventName),
        ("S2", "2[null]", E::IllegalEventName),
        ("S2", "2[true]", E::IllegalEventName),
        ("S2", "2[{}]", E::IllegalEventName),
        ("S2", r#"2[{"toString":"foo"}]"#, E::IllegalEventName),
        ("S2", r#"2"s""#, E::IllegalPayload),
        ("S2", "2null", E::IllegalPayload),
        ("S2", r#"2["a""#, E::IllegalJson),
        ("S2", r#"2["a",]"#, E::IllegalJson),
        ("S2", r#"2["a" 1]"#, E::IllegalJson),
        ("S2", r#"2["a",1"#, E::IllegalJson),
        ("S2", r#"2["a",1}"#, E::IllegalJson),
        ("S2", r#"2["a"]x"#, E::IllegalJson),
        ("S2", r#"2["a"][]"#, E::IllegalJson),
        ("S2", r#"2["a\x"]"#, E::IllegalJson),
        ("S2", "2[-]", E::IllegalJson),
        ("S3", "2", E::IllegalPayload),
        ("S3", "21", E::IllegalPayload),
        ("S3", "2/admin,", E::IllegalPayload),
        ("S5", r#"2["connect"]"#, E::ReservedEventName),
        ("S5", r#"2["connect_error"]"#, E::ReservedEventName),
        ("S5", r#"2["disconnect"]"#, E::ReservedEventName),
        ("S5", r#"2["disconnecting",1]"#, E::ReservedEventName),
        ("S5", r#"2["\u0063onnect"]"#, E::ReservedEventName),
        ("S8", r#"2-1["a"]"#, E::IllegalPayload),
        ("S8", r#"21.5["a"]"#, E::IllegalPayload),
        ("S8", r#"21e3["a"]"#, E::IllegalPayload),
        ("S8", r#"2+1["a"]"#, E::IllegalPayload),
        ("S8", r#"218446744073709551616["a"]"#, E::IllegalAckId),
        ("S9", r#"2/foo["a"]"#, E::IllegalPayload),
        ("S16", r#"2admin,["a"]"#, E::IllegalPayload),
        ("S16", "0,", E::IllegalPayload),
        ("S16", "0admin,{}", E::IllegalPayload),
        ("auth", "0[]", E::IllegalPayload),
        ("auth", r#"0"token""#, E::IllegalPayload),
        ("auth", "0null", E::IllegalPayload),
        ("auth", "01{}", E::IllegalPayload),
        ("auth", "0{}{}", E::IllegalJson),
        ("S18", "4", E::ConnectErrorFromClient),
        ("S18", r#"4{"message":"x"}"#, E::ConnectErrorFromClient),
        ("S19", "1{}", E::IllegalPayload),
        ("S19", "1[]", E::IllegalPayload),
        ("S19", "1/admin,{}", E::IllegalPayload),
        ("S19", "3{}", E::IllegalPayload),
        ("S19", "31{}", E::IllegalPayload),
        ("S19", r#"31"x""#, E::IllegalPayload),
        ("S19", "31[1,]", E::IllegalJson),
        ("B1", r#"5["a"]"#, E::IllegalAttachments),
        ("B1", r#"5-["a"]"#, E::IllegalAttachments),
        ("B1", r#"51["a"]"#, E::IllegalAttachments),
        ("B1", r#"5-1-["a"]"#, E::IllegalAttachments),
        ("B1", r#"51.5-["a"]"#, E::IllegalAttachments),
        ("B1", "50-", E::IllegalPayload),
        ("B1", "51", E::IllegalAttachments),
        ("B2", r#"511-["a"]"#, E::TooManyAttachments),
        ("B2", r#"5999999999-["a"]"#, E::TooManyAttachments),
        ("B2", r#"599999999999999999999-["a"]"#, E::TooManyAttachments),
        ("B3", r#"51e1-["a"]"#, E::IllegalAttachments),
        ("B3", r#"5 1-["a"]"#, E::IllegalAttachments),
        ("B4", r#"51-["a",{"_placeholder":true,"num":1}]"#, E::IllegalPlaceholder),
        ("B4", r#"51-["a",{"_placeholder":true,"num":-1}]"#, E::IllegalPlaceholder),
        ("B4", r#"51-["a",{"_placeholder":true,"num":"0"}]"#, E::IllegalPlaceholder),
        ("B4", r#"51-["a",{"_placeholder":true}]"#, E::IllegalPlaceholder),
        ("B4", r#"50-["a",{"_placeholder":true,"num":0}]"#, E::IllegalPlaceholder),
        ("B4", r#"61-1[[{"x":{"_placeholder":true,"num":9}}]]"#, E::IllegalPlaceholder),
        ("B5", r#"51-["a",{"_placeholder":true,"num":0.5}]"#, E::IllegalPlaceholder),
        ("B7", r#"51-[{"_placeholder":true,"num":0}]"#, E::IllegalEventName),
    ]
};

#[test]
fn hostile_packets_are_refused() {
    for (row, text, error) in HOSTILE {
        let mut decoder = Decoder::new(DecoderLimits::default());
        let refused = decoder.decode_text(Text::from(*text));
        assert_eq!(refused, Err(*error), "{row} {text}");
        assert!(!decoder.is_awaiting(), "{row} {text}");
    }
}

#[test]
fn odd_packets_that_do_no_harm_are_read() {
    // S4
    assert_eq!(decode(r#"2[1,"x"]"#), Ok(Some(event("/", "1", r#"["x"]"#))));
    assert_eq!(decode("2[-1.50]"), Ok(Some(event("/", "-1.5", "[]"))));
    assert_eq!(decode("2[1e3]"), Ok(Some(event("/", "1000", "[]"))));
    assert_eq!(decode("2[1e999]"), Ok(Some(event("/", "1e999", "[]"))));
    // S5: Node alone reserves these.
    assert!(decode(r#"2["newListener"]"#).is_ok());
    // S15
    for namespace in ["//", "/_0", "/__proto__", "/admin?token=1", "/"] {
        let packet = decode(&format!("0{namespace},")).unwrap().unwrap();
        assert_eq!(packet.namespace, namespace);
    }
    // S20
    for text in ["3", "31", "3[1]", "3/admin,", "60-", "60-1"] {
        let packet = decode(text).unwrap().unwrap();
        assert_eq!(packet.body, Body::StrayAck, "{text}");
    }
    // B6
    let twice = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    assert_eq!(decode(&format!(r#"52-["a",{twice}]"#)), Ok(None));
    // B11
    let plain = decode(r#"2["a",{"_placeholder":true,"num":9}]"#);
    assert!(matches!(plain.unwrap().unwrap().body, Body::Event { args, .. }
        if args.as_json() == r#"{"_placeholder":true,"num":9}"#));
}

#[test]
fn s25_whatever_json_allows_is_passed_through() {
    let args = r#"{"a":1,"a":2},1e999,99999999999999999999,"\ud800","\u0000",-0"#;
    let packet = decode(&format!(r#"2["a",{args}]"#)).unwrap().unwrap();
    assert!(matches!(packet.body, Body::Event { args: read, .. } if read.as_json() == args));
    let named = decode(r#"2["a\n\u00e9\ud83d\ude00\ud800"]"#).unwrap().unwrap();
    assert!(matches!(named.body, Body::Event { name, .. } if name.starts_with("a\né😀\u{fffd}")));
}

#[test]
fn limits_hold_at_the_limit_and_one_beyond() {
    let limits = DecoderLimits::default;
    let try_with = |limits: DecoderLimits, text: String| {
        let result = Decoder::new(limits).decode_text(Text::from(text));
        result.map(|packet| packet.is_some())
    };
    // S24
    let nested = |n: usize| format!("2[\"a\",{}{}]", "[".repeat(n - 1), "]".repeat(n - 1));
    assert_eq!(try_with(limits(), nested(128)), Ok(true));
    for depth in [129, 2_000, 9_000] {
        assert_eq!(try_with(limits(), nested(depth)), Err(PacketError::TooDeep));
    }
    let shallow = limits().max_json_depth(2);
    assert_eq!(try_with(shallow, nested(2)), Ok(true));
    assert_eq!(try_with(shallow, nested(3)), Err(PacketError::TooDeep));
    // S26
    assert_eq!(try_with(limits(), format!("2[0{}]", ",[]".repeat(300_000))), Ok(true));
    // Names, by their unescaped length.
    let named = |n: usize| format!(r#"2["{}\u0041"]"#, "a".repeat(n - 1));
    assert_eq!(try_with(limits(), named(256)), Ok(true));
    assert_eq!(try_with(limits(), named(257)), Err(PacketError::EventNameTooLong));
    let entering = |n: usize| format!("0/{},", "a".repeat(n - 1));
    assert_eq!(try_with(limits(), entering(128)), Ok(true));
    assert_eq!(try_with(limits(), entering(129)), Err(PacketError::NamespaceTooLong));
    // B2
    assert_eq!(try_with(limits(), r#"510-["a"]"#.into()), Ok(false));
    let few = limits().max_attachments(1);
    assert_eq!(try_with(few, r#"51-["a"]"#.into()), Ok(false));
    assert_eq!(try_with(few, r#"52-["a"]"#.into()), Err(PacketError::TooManyAttachments));
    let small = limits().max_payload(6);
    assert_eq!(try_with(small, r#"2["a"]"#.into()), Ok(true));
    assert_eq!(try_with(small, r#"2["ab"]"#.into()), Err(PacketError::TooLarge));
}

#[test]
fn b10_text_and_attachments_are_bounded_together() {
    let text = || Text::from(r#"52-["a"]"#);
    let mut decoder = Decoder::new(DecoderLimits::default().max_payload(8 + 10));
    for (second, fits) in [(6, true), (7, false)] {
        assert_eq!(decoder.decode_text(text()), Ok(None));
        assert_eq!(decoder.decode_binary(Bytes::from_static(&[0; 4])), Ok(None));
        let last = decoder.decode_binary(Bytes::from(vec![0; second]));
        assert_eq!(last.is_ok(), fits);
        assert!(!decoder.is_awaiting());
    }
}

#[test]
fn after_an_error_the_decoder_awaits_nothing() {
    let mut decoder = Decoder::new(DecoderLimits::default());
    assert_eq!(decoder.decode_binary(Bytes::new()), Err(PacketError::UnexpectedBinary));
    assert_eq!(decoder.decode_text(Text::from(r#"51-["a"]"#)), Ok(None));
    let text = decoder.decode_text(Text::from(r#"2["a"]"#));
    assert_eq!(text, Err(PacketError::UnexpectedText));
    assert!(!decoder.is_awaiting());
    assert_eq!(decoder.decode_binary(Bytes::new()), Err(PacketError::UnexpectedBinary));
}

#[test]
fn a_binary_event_without_attachments_is_read_at_once() {
    // GHSA-2m8v-j782-fhvr
    let mut decoder = Decoder::new(DecoderLimits::default());
    let packet = decoder.decode_text(Text::from(r#"50-["a",1]"#));
    assert_eq!(packet, Ok(Some(event("/", "a", "[1]"))));
    assert!(!decoder.is_awaiting());
}

#[test]
fn a_packet_shares_the_buffer_it_came_in() {
    let text = Text::from(
        r#"2/a-namespace-of-a-long-name,["an-event-of-a-long-name-too",{"a":1}]"#.to_owned(),
    );
    let buffer = text.as_bytes().as_ptr_range();
    let mut decoder = Decoder::new(DecoderLimits::default());
    let packet = decoder.decode_text(text).unwrap().unwrap();
    let Body::Event { name, args, .. } = packet.body else {
        panic!("an event was sent");
    };
    for part in [&*packet.namespace, &*name, args.as_json()] {
        assert!(buffer.contains(&part.as_ptr()), "{part}");
    }
}

#[test]
fn debug_shows_no_payload() {
    let packet = decode(r#"2["login","hunter2"]"#).unwrap().unwrap();
    assert!(!format!("{packet:?}").contains("hunter2"));
}

fn namespaces() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[a-z/é]{0,10}"]
}

fn arguments() -> impl Strategy<Value = Payload> {
    let raw = "(\\[1,\\{\"a\":null\\}\\]|\"é\\\\n\"|-1\\.5e3|true)";
    let plain = proptest::collection::vec(raw, 0..4);
    let binary = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..3);
    (plain, binary).prop_map(|(mut args, binary)| {
        for num in 0..binary.len() {
            args.push(format!(r#"{{"x":[{{"_placeholder":true,"num":{num}}}]}}"#));
        }
        let attachments = binary.into_iter().map(|b| Attachment::new(b.into())).collect();
        Payload::from_json(format!("[{}]", args.join(",")), attachments).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn inv54_any_bytes_are_decoded_or_refused(
        messages in proptest::collection::vec((any::<bool>(), "[0-6]?[0-9/,a\\[\\]{}\":_-]{0,12}|\\PC{0,8}"), 0..6),
    ) {
        let mut decoder = Decoder::new(DecoderLimits::default());
        for (binary, content) in messages {
            let result = if binary {
                decoder.decode_binary(Bytes::from(content))
            } else {
                decoder.decode_text(Text::from(content))
            };
            prop_assert_eq!(decoder.is_awaiting(), result == Ok(None));
        }
    }

    #[test]
    fn inv54_mutated_packets_are_decoded_or_refused(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let packet = r#"52-/admin,12["a\u0062",{"_placeholder":true,"num":1},[{"num":0,"_placeholder":true}]]"#;
        let mut bytes = packet.as_bytes().to_vec();
        bytes[at.index(packet.len())] = byte;
        bytes.truncate(cut.index(packet.len() * 2));
        if let Ok(text) = Text::try_from(Bytes::from(bytes)) {
            let mut decoder = Decoder::new(DecoderLimits::default());
            let result = decoder.decode_text(text);
            prop_assert_eq!(decoder.is_awaiting(), result == Ok(None));
            while decoder.is_awaiting() {
                let packet = decoder.decode_binary(Bytes::new()).unwrap();
                if let Some(Body::Event { args, .. }) = packet.map(|packet| packet.body) {
                    let _ = args.decode::<Bytes>();
                    let _ = args.decode::<crate::Args<(serde_json::Value, Vec<Bytes>)>>();
                }
            }
        }
    }

    #[test]
    fn inv54_decoding_what_was_encoded_gives_it_back(
        namespace in namespaces(),
        name in "[a-z\"\\\\é\n ]{1,8}",
        args in arguments(),
        ack in proptest::option::of(any::<u64>().prop_map(AckId::new)),
    ) {
        let sent = Outgoing::event(&namespace, &name, &args, ack).unwrap();
        let body = Body::Event { name: Text::from(name), args: args.clone(), ack };
        let packet = Packet { namespace: Text::from(namespace.clone()), body };
        prop_assert_eq!(receive(&sent), Ok(Some(packet)));

        let id = ack.unwrap_or(AckId::new(0));
        let sent = Outgoing::ack(&namespace, id, &args).unwrap().packet;
        let body = Body::Ack { id, args };
        let packet = Packet { namespace: Text::from(namespace), body };
        prop_assert_eq!(receive(&sent), Ok(Some(packet)));
    }
}
