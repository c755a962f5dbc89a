use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::attachment::Attachment;
use crate::json::MAX_DEPTH;
use crate::packet::PacketError;

/// Bytes of hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Bytes {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A message as JSON, with the bytes of its attachments.
fn read(message: &Bytes) -> Result<(String, Vec<Bytes>), PacketError> {
    let mut reader = Reader::new(message, MAX_DEPTH, 10);
    reader.value()?;
    reader.end()?;
    let (json, attachments) = reader.finish();
    let attachments = attachments.iter().map(|attachment| attachment.bytes().clone()).collect();
    Ok((String::from_utf8(json).expect("it is UTF-8"), attachments))
}

fn write(json: &str, attachments: &[Attachment], placeholders: bool) -> Bytes {
    let mut writer = Writer::new(0);
    writer.json(json.as_bytes(), attachments, placeholders);
    writer.finish().into()
}

/// What `notepack.io` 2.2.0 writes, and the JSON of it: they are each other's.
const BOTH: &[(&str, &str)] = &[
    ("c0", "null"),
    ("c2", "false"),
    ("c3", "true"),
    ("00", "0"),
    ("7f", "127"),
    ("cc80", "128"),
    ("ccff", "255"),
    ("cd0100", "256"),
    ("cdffff", "65535"),
    ("ce00010000", "65536"),
    ("ceffffffff", "4294967295"),
    ("cf0000000100000000", "4294967296"),
    ("cf001fffffffffffff", "9007199254740991"),
    ("cfffffffffffffffff", "18446744073709551615"),
    ("ff", "-1"),
    ("e0", "-32"),
    ("d0df", "-33"),
    ("d080", "-128"),
    ("d1ff7f", "-129"),
    ("d18000", "-32768"),
    ("d2ffff7fff", "-32769"),
    ("d280000000", "-2147483648"),
    ("d3ffffffff7fffffff", "-2147483649"),
    ("d3ffe0000000000001", "-9007199254740991"),
    ("d38000000000000000", "-9223372036854775808"),
    ("cb3ff8000000000000", "1.5"),
    ("cbbfd0000000000000", "-0.25"),
    ("cb4010000000000000", "4.0"),
    ("cb4480f0cf064dd592", "1e+22"),
    ("cb0000000000000001", "5e-324"),
    ("a0", r#""""#),
    ("a5c3a90a225c", r#""é\n\"\\""#),
    ("a4f09f9880", r#""😀""#),
    ("a100", r#""\u0000""#),
    ("90", "[]"),
    ("80", "{}"),
    ("93919080a0", r#"[[[]],{},""]"#),
    ("82a16101a1629181a091c0", r#"{"a":1,"b":[{"":[null]}]}"#),
];

#[test]
fn values_are_read_and_written_as_notepack_does() {
    for (message, json) in BOTH {
        assert_eq!(read(&hex(message)), Ok(((*json).to_owned(), Vec::new())), "{json}");
        assert_eq!(write(json, &[], false), hex(message), "{json}");
    }
}

#[test]
fn lengths_have_the_shortest_form() {
    for (length, head) in [
        (31, "bf"),
        (32, "d920"),
        (255, "d9ff"),
        (256, "da0100"),
        (65_535, "daffff"),
        (65_536, "db00010000"),
    ] {
        let text = "x".repeat(length);
        let message: Bytes = [hex(head), text.clone().into()].concat().into();
        assert_eq!(write(&format!("\"{text}\""), &[], false), message, "{length}");
        assert_eq!(read(&message), Ok((format!("\"{text}\""), Vec::new())), "{length}");
    }
    for (length, array, map) in [
        (15, "9f", "8f"),
        (16, "dc0010", "de0010"),
        (65_535, "dcffff", "deffff"),
        (65_536, "dd00010000", "df00010000"),
    ] {
        let json = format!("[{}]", vec!["1"; length].join(","));
        let message: Bytes = [hex(array), vec![1; length].into()].concat().into();
        assert_eq!(write(&json, &[], false), message, "{length}");
        assert_eq!(read(&message), Ok((json, Vec::new())), "{length}");
        let json = format!("{{{}}}", vec!["\"\":1"; length].join(","));
        let message: Bytes = [hex(map), [0xa0, 1].repeat(length).into()].concat().into();
        assert_eq!(write(&json, &[], false), message, "{length}");
        assert_eq!(read(&message), Ok((json, Vec::new())), "{length}");
    }
    for (length, head) in
        [(0, "c400"), (255, "c4ff"), (256, "c50100"), (65_535, "c5ffff"), (65_536, "c600010000")]
    {
        let bytes = Bytes::from(vec![7; length]);
        let message: Bytes = [hex(head), bytes.clone()].concat().into();
        assert_eq!(write("#0", &[Attachment::new(bytes.clone())], false), message, "{length}");
        let json = r#"{"_placeholder":true,"num":0}"#.to_owned();
        assert_eq!(read(&message), Ok((json, vec![bytes])), "{length}");
    }
}

#[test]
fn what_need_not_be_so_long_is_read_all_the_same() {
    for (message, json) in [
        ("cc01", "1"),
        ("cd0001", "1"),
        ("cf0000000000000001", "1"),
        ("d001", "1"),
        ("d3ffffffffffffffff", "-1"),
        ("ca3fc00000", "1.5"),
        ("ca3dcccccd", "0.10000000149011612"),
        ("d90161", r#""a""#),
        ("db0000000161", r#""a""#),
        ("dc0001c0", "[null]"),
        ("df00000001a161c0", r#"{"a":null}"#),
    ] {
        assert_eq!(read(&hex(message)), Ok((json.to_owned(), Vec::new())), "{message}");
    }
}

#[test]
fn what_json_does_not_have_is_read_as_stringify_writes_it() {
    for (message, json) in [
        // NaN and the infinities, of both widths.
        ("cb7ff8000000000000", "null"),
        ("cbfff0000000000000", "null"),
        ("ca7f800000", "null"),
        // undefined: [undefined, {a: undefined, b: 1, c: undefined}, {a: undefined}]
        ("d40000", "null"),
        ("93d4000083a161d40000a16201a163d4000081a161d40000", r#"[null,{"b":1},{}]"#),
        ("82a161d40000a1629101", r#"{"b":[1]}"#),
        ("81a16182a162d40000a16301", r#"{"a":{"c":1}}"#),
        // Date: 2026-01-31T12:34:56.789Z, -1, the first and the last, and one beyond.
        ("d7000000019c140c9c95", r#""2026-01-31T12:34:56.789Z""#),
        ("d700ffffffffffffffff", r#""1969-12-31T23:59:59.999Z""#),
        ("d700001eb208c2dc0000", r#""+275760-09-13T00:00:00.000Z""#),
        ("d700ffe14df73d240000", r#""-271821-04-20T00:00:00.000Z""#),
        ("d700001eb208c2dc0001", "null"),
        ("d7008000000000000000", "null"),
        // Timestamps of 32, 64 and 96 bits.
        ("d6ff697df6f0", r#""2026-01-31T12:34:56.000Z""#),
        ("d7ffbc1cbd00697df6f0", r#""2026-01-31T12:34:56.789Z""#),
        ("d6ffffffffff", r#""2106-02-07T06:28:15.000Z""#),
        ("c70cff3b8b87c0ffffffffffffffff", r#""1969-12-31T23:59:59.999Z""#),
        ("c70cff00000000fffffff1868b8400", r#""0000-01-01T00:00:00.000Z""#),
        ("c70cff000000007fffffffffffffff", "null"),
        ("c70cff3b9ac9ff0000000000000000", r#""1970-01-01T00:00:00.999Z""#),
        // A key that would make a placeholder of an object.
        ("82ac5f706c616365686f6c646572c3a36e756d00", r#"{"\u005fplaceholder":true,"num":0}"#),
    ] {
        assert_eq!(read(&hex(message)), Ok((json.to_owned(), Vec::new())), "{message}");
    }
}

#[test]
fn bytes_are_slices_of_the_message() {
    for (message, bytes, typed) in [
        ("c4020102", &[1, 2][..], None),
        ("c5000101", &[1], None),
        ("c60000000101", &[1], None),
        // ArrayBuffer
        ("c703000102ff", &[1, 2, 0xff], None),
        ("c70100ff", &[0xff], None),
        ("c700 00", &[], None),
        ("c800010007", &[7], None),
        ("c9000000010007", &[7], None),
        // Types that nobody knows.
        ("d40507", &[7], Some(5)),
        ("d5000708", &[7, 8], Some(0)),
        ("d600 00000007", &[0, 0, 0, 7], Some(0)),
        (
            "d880 00000000000000000000000000000007",
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
            Some(-128),
        ),
        ("c701ff07", &[7], Some(-1)),
        ("c80001fe07", &[7], Some(-2)),
    ] {
        let message = hex(&message.replace(' ', ""));
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        let json = match typed {
            Some(kind) => format!("[{kind},{placeholder}]"),
            None => placeholder.to_owned(),
        };
        let found = read(&message).expect("it is MessagePack");
        assert_eq!(found, (json, vec![Bytes::copy_from_slice(bytes)]));
        let end = message.as_ptr_range().end;
        assert!(bytes.is_empty() || found.1[0].as_ptr_range().end == end, "no copy");
    }
}

#[test]
fn what_is_no_messagepack_is_refused() {
    for message in [
        "",
        "c1",
        "cc",
        "cd00",
        "ce000000",
        "cf00000000000000",
        "d0",
        "d3",
        "ca000000",
        "cb00000000000000",
        "a1",
        "d9",
        "d901",
        "da00",
        "dbffffffff61",
        "c4",
        "c401",
        "c5ff",
        "c6ffffffff",
        "c7",
        "c701",
        "c70100",
        "c8ffff00",
        "c9ffffffff00",
        "d4",
        "d400",
        "d405",
        "d7",
        "d700000000",
        "d7ff00",
        "91",
        "9201",
        "dc0001",
        "ddffffffff",
        "ddffffffff01",
        "81",
        "81a161",
        "82a16101",
        "dfffffffff",
        "deffff",
        // Something behind it.
        "c0c0",
        "90c1",
        // Keys that are no strings.
        "8101c0",
        "81c0c0",
        "81c40161c0",
        "8190c0",
        "81cb3ff8000000000000c0",
        // No UTF-8.
        "a1ff",
        "a1c3",
        "a3eda080",
        "81a1ffc0",
        // More nanoseconds than a second has.
        "d7ffee6b2800697df6f0",
        "c70cff3b9aca000000000000000000",
    ] {
        assert_eq!(read(&hex(message)), Err(PacketError::IllegalMsgpack), "{message}");
    }
}

#[test]
fn depth_and_attachments_are_bounded_at_the_limit() {
    let nested = |head: &str, n: usize| hex(&format!("{}c0", head.repeat(n)));
    for head in ["91", "81a161", "dd00000001"] {
        assert!(read(&nested(head, MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(head, MAX_DEPTH + 1)), Err(PacketError::TooDeep));
        assert_eq!(read(&nested(head, 100_000)), Err(PacketError::TooDeep));
    }
    let typed = |n: usize| hex(&format!("{}d40500", "91".repeat(n)));
    assert!(read(&typed(MAX_DEPTH - 2)).is_ok());
    assert_eq!(read(&typed(MAX_DEPTH - 1)), Err(PacketError::TooDeep));
    let bytes = |n: usize| hex(&format!("{}c400", "91".repeat(n)));
    assert!(read(&bytes(MAX_DEPTH - 1)).is_ok());
    assert_eq!(read(&bytes(MAX_DEPTH)), Err(PacketError::TooDeep));
    let blobs = |n: u8| hex(&format!("9{n:x}{}", "c400".repeat(n.into())));
    assert_eq!(read(&blobs(10)).map(|(_, attachments)| attachments.len()), Ok(10));
    assert_eq!(read(&blobs(11)), Err(PacketError::TooManyAttachments));
}

#[test]
fn json_grows_by_a_known_factor() {
    for part in
        ["c2", "c0", "c3", "a100", "80", "90", "ff", "d40000", "ca7f800000", "81a0c2", "81a100c2"]
    {
        let message = hex(&format!("dd00001000{}", part.repeat(4096)));
        let (json, _) = read(&message).expect("it is MessagePack");
        assert!(json.len() <= 6 * message.len(), "{part}: {} of {}", json.len(), message.len());
    }
    let (json, _) = read(&hex(&format!("9a{}", "c400".repeat(10)))).expect("it is MessagePack");
    assert!(json.len() <= 10 * 40);
}

#[test]
fn numbers_of_json_are_written_as_what_they_are() {
    for (json, message) in [
        ("-0", "00"),
        ("-0.0", "cb8000000000000000"),
        ("18446744073709551616", "cb43f0000000000000"),
        ("-9223372036854775809", "cbc3e0000000000000"),
        ("1e3", "cb408f400000000000"),
        ("1E-2", "cb3f847ae147ae147b"),
        // As JSON.parse has it.
        ("1e999", "cb7ff0000000000000"),
    ] {
        assert_eq!(write(json, &[], false), hex(message), "{json}");
    }
}

#[test]
fn strings_of_json_lose_their_escapes() {
    for (json, text) in [
        (r#""\u00e9\/\b\ud83d\ude00""#, "é/\u{8}😀"),
        (r#""\"]},\\""#, r#""]},\"#),
        // What is no character has no UTF-8.
        (r#""\ud800""#, "\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        let message: Bytes = [&[0xa0 | text.len() as u8], text.as_bytes()].concat().into();
        assert_eq!(write(json, &[], false), message, "{json}");
    }
}

#[test]
fn placeholders_are_resolved_where_a_payload_has_them() {
    let blobs = [&[1][..], &[2, 3]].map(|blob| Attachment::new(Bytes::from_static(blob)));
    for (json, message) in [
        (r#"[{"_placeholder":true,"num":1},1]"#, "92c402020301"),
        // As whoever calls `Payload::from_json` may spell them.
        (
            r#" { "num" : 0 , "extra" : [ { } , {"_placeholder":true,"num":1} ] , "_placeholder" : true } "#,
            "c40101",
        ),
        (r#"{"_placeholder":false,"num":9,"_placeholder":true,"n\u0075m":1}"#, "c4020203"),
        (
            r#"[{"a":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":0},[]]"#,
            "9381a161c40101c4010190",
        ),
        // Not placeholders.
        (r#"{"_placeholder":"true","num":0}"#, "82ac5f706c616365686f6c646572a474727565a36e756d00"),
        (r#"{"_placeholder":[true],"num":0}"#, "82ac5f706c616365686f6c64657291c3a36e756d00"),
        (
            r#"{"_placeholder":true,"_placeholder":null,"num":0}"#,
            "83ac5f706c616365686f6c646572c3ac5f706c616365686f6c646572c0a36e756d00",
        ),
        (r#"{"\u005fplaceholder":true,"num":0}"#, "82ac5f706c616365686f6c646572c3a36e756d00"),
    ] {
        assert_eq!(write(json, &blobs, true), hex(message), "{json}");
    }
    let data = write(r#"{"_placeholder":true,"num":0}"#, &blobs, false);
    assert_eq!(data, hex("82ac5f706c616365686f6c646572c3a36e756d00"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        message in prop::collection::vec(any::<u8>(), 0..64),
        start in prop::sample::select(vec!["", "93", "82a161", "de0004", "dd00000003"]),
    ) {
        let message: Bytes = [hex(start), message.into()].concat().into();
        if let Ok((json, attachments)) = read(&message) {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{}", json);
            prop_assert!(json.len() <= 6 * message.len() + 40 * attachments.len());
            // What was read can be written, and reads the same.
            let attachments: Vec<_> = attachments.into_iter().map(Attachment::new).collect();
            let again = read(&write(&json, &attachments, true)).expect("it was just written");
            prop_assert_eq!(again.0, json);
        }
    }

    #[test]
    fn whatever_is_written_does_not_panic_and_loses_nothing_of_json(
        json in r#"([\[\]{}:, 01"\\u#-]|true|null|"a":|"b"|\\n|é|"num":){0,14}"#,
        placeholders in any::<bool>(),
    ) {
        let message = write(&json, &[], placeholders);
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&json) {
            let (again, _) = read(&message).expect("it was just written");
            prop_assert_eq!(serde_json::from_str(&again).ok(), Some(value), "{}", json);
        }
    }
}
