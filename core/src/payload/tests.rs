use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::{AckId, Outgoing};

fn plain(array: &'static str) -> Payload {
    Payload::from_json(array, Vec::new()).unwrap()
}

fn binary(array: &'static str) -> Payload {
    let blobs = [&b"zero"[..], b"one"];
    let attachments = blobs.map(|blob| Attachment::new(Bytes::from_static(blob)));
    Payload::from_json(array, attachments.to_vec()).unwrap()
}

/// What `serde_bytes` does: bytes by way of a visitor that takes no sequence.
#[derive(Debug, PartialEq)]
struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytewise;

        impl serde::de::Visitor<'_> for Bytewise {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(Bytewise)
    }
}

#[test]
fn a_type_is_read_from_the_first_argument() {
    assert_eq!(plain(r#"["a",2]"#).decode(), Ok("a".to_owned()));
    assert_eq!(plain("[1,2]").decode(), Ok(1_u32));
    assert_eq!(plain("[[1,2],3]").decode(), Ok((1, 2)));
    assert_eq!(plain("[ 1 , 2 ]").decode(), Ok(Args((1, 2))));
    assert_eq!(plain(r#"[{"a":1},2]"#).decode(), Ok(json!({"a": 1})));
    assert_eq!(plain("[1,2]").decode::<Payload>(), Ok(plain("[1,2]")));
    assert_eq!(Payload::from_owned(plain("[1,2]")), Ok(plain("[1,2]")));
}

#[test]
fn payloads_are_equal_that_say_the_same_with_the_same_attachments() {
    let array = r#"[{"_placeholder":true,"num":0}]"#;
    assert_eq!(binary(array), binary(array));
    assert_ne!(binary(array), plain(array));
    assert_ne!(plain("[1]"), plain("[2]"));
    assert_ne!(binary("[1]"), binary("[2]"));
}

#[test]
fn a_missing_argument_is_null() {
    let empty = Payload::default();
    assert!(empty.is_empty());
    assert_eq!(empty.decode(), Ok(()));
    assert_eq!(empty.decode(), Ok(None::<u8>));
    assert_eq!(empty.decode(), Ok(Value::Null));
    assert_eq!(empty.decode(), Ok(Args(())));
    assert_eq!(empty.decode(), Ok(Args(Vec::<u8>::new())));
    assert_eq!(empty.decode::<u8>(), Err(DecodeError::MissingArgument));
    assert_eq!(empty.decode::<Bytes>(), Err(DecodeError::MissingArgument));
    let missing = empty.decode::<Args<(u8,)>>();
    assert_eq!(missing, Err(DecodeError::MissingArgument));
    assert_eq!(plain("[1]").decode(), Ok(Args((1, None::<u8>, ()))));
    let missing = plain("[1]").decode::<Args<(u8, String)>>();
    assert_eq!(missing, Err(DecodeError::MissingArgument));
    assert_eq!(plain("[null]").decode(), Ok(()));
    assert_eq!(empty.decode(), Ok(Perhaps(None)));
    assert_eq!(empty.decode::<Wrapped>(), Err(DecodeError::MissingArgument));
}

#[test]
fn an_argument_that_nobody_asks_for_is_ignored() {
    for array in ["[]", "[null]", "[1,2]", r#"[{"a":1}]"#] {
        assert_eq!(plain(array).decode::<()>(), Ok(()), "{array}");
    }
    assert_eq!(binary(r#"[{"_placeholder":true,"num":0}]"#).decode::<()>(), Ok(()));
    assert_eq!(plain("[1,2]").decode::<Args<((), u8)>>(), Ok(Args(((), 2))));
    assert!(plain("[[1]]").decode::<[(); 1]>().is_err(), "what is inside of one is of its type");
}

#[test]
fn args_reads_each_argument() {
    assert_eq!(plain("[1,2,3]").decode(), Ok(Args(vec![1, 2, 3])));
    assert_eq!(plain("[1,2,3]").decode(), Ok(Args((1, 2))));
    let mixed = plain(r#"["a,]\"",[1,[2]],{"b":"}"}]"#).decode();
    let expected = Args(("a,]\"".to_owned(), json!([1, [2]]), json!({"b": "}"})));
    assert_eq!(mixed, Ok(expected));
    // Inside of a value it is what it holds.
    assert_eq!(plain("[[[1,2]]]").decode(), Ok(vec![Args((1, 2))]));
}

#[test]
fn a_mismatch_says_so() {
    let error = plain("[1]").decode::<String>().unwrap_err();
    assert!(error.to_string().contains("invalid type"), "{error}");
    assert!(plain("[1e999]").decode::<f64>().is_err());
    assert!(plain("[99999999999999999999]").decode::<u64>().is_err());
    assert!(plain(r#"["\ud800"]"#).decode::<String>().is_err());
    let other: Result<Args<u8>, serde::de::value::Error> =
        Args::deserialize(serde::de::value::U8Deserializer::new(1));
    let error = other.unwrap_err().to_string();
    assert_eq!(error, "invalid type: integer `1`, expected arguments");
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Upload {
    name: String,
    data: Bytes,
    parts: Vec<Option<Bytes>>,
    by_name: BTreeMap<String, Bytes>,
    kind: Kind,
    wrapped: Wrapped,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Wrapped(Bytes);

#[derive(Debug, Deserialize, PartialEq)]
struct Perhaps(Option<u8>);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Kind {
    Unit,
    Newtype(Bytes),
    Tuple(u8, Bytes),
    Struct { data: Bytes },
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum Untagged {
    Text(String),
    Data(Bytes),
    Many(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Either {
    Data(Bytes),
    Other(Value),
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type")]
enum Tagged {
    File { data: Bytes },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Bytes>,
}

#[test]
fn placeholders_are_resolved_at_any_depth() {
    let (zero, one) = (Bytes::from_static(b"zero"), Bytes::from_static(b"one"));
    let payload = binary(r#"[{"_placeholder":true,"num":1}]"#);
    assert_eq!(payload.decode(), Ok(one.clone()));
    assert_eq!(payload.decode(), Ok(Blob(b"one".to_vec())));
    assert_eq!(payload.decode(), Ok(Some(one.clone())));
    let seen = payload.decode();
    assert_eq!(seen, Ok(Either::Data(one.clone())));
    let payload = binary(r#"[{"num":0,"extra":[{}],"_placeholder":true}]"#);
    assert_eq!(payload.decode(), Ok(zero.clone()));
    let payload =
        binary(r#"[[{"_placeholder":true,"num":1},null,"text"],{"_placeholder":true,"num":0}]"#);
    let expected = Args((vec![Some(one.clone()), None, Some("text".into())], zero.clone()));
    assert_eq!(payload.decode(), Ok(expected));
    let payload = binary(r#"[{"id":1,"a":{"_placeholder":true,"num":0}}]"#);
    let rest = BTreeMap::from([("a".to_owned(), zero.clone())]);
    assert_eq!(payload.decode(), Ok(Flat { id: 1, rest }));
    let payload = binary(r#"[{"type":"File","data":{"_placeholder":true,"num":0}}]"#);
    assert_eq!(payload.decode(), Ok(Tagged::File { data: zero }));
}

#[test]
fn in_a_binary_packet_what_is_no_placeholder_is_data() {
    assert_eq!(binary("[[1,2]]").decode(), Ok(Bytes::from_static(&[1, 2])));
    assert_eq!(binary(r#"["ab"]"#).decode(), Ok(Bytes::from_static(b"ab")));
    assert!(binary("[{}]").decode::<Bytes>().is_err());
    assert!(binary("[1]").decode::<Bytes>().is_err());
    assert!(binary("[null]").decode::<Bytes>().is_err());
    let error = |error: DecodeError| error.to_string();
    let bytes = binary("[1]").decode::<Blob>().map_err(error);
    assert!(bytes.is_err_and(|error| error.contains("integer `1`, expected bytes")));
    let map = binary("[[1]]").decode::<BTreeMap<u8, u8>>().map_err(error);
    assert!(map.is_err_and(|error| error.contains("sequence, expected a map")));
    let odd = json!({"_placeholder": [1], "num": 9});
    assert_eq!(binary(r#"[{"_placeholder":[1],"num":9}]"#).decode(), Ok(odd));
    let raw: Box<RawValue> = binary(r#"[{"_placeholder":true, "num":0},1]"#).decode().unwrap();
    assert_eq!(raw.get(), r#"{"_placeholder":true, "num":0}"#);
    assert_eq!(binary(r#"[{"Unit":null}]"#).decode(), Ok(Kind::Unit));
    assert!(binary(r#"[{"Unit":[1]}]"#).decode::<Kind>().is_err());
    let addresses = binary(r#"[["127.0.0.1"]]"#).decode();
    let localhost = vec![std::net::Ipv4Addr::LOCALHOST];
    assert_eq!(addresses, Ok(localhost), "JSON is for humans, at any depth");
    let keyed = binary(r#"[{"1":{"_placeholder":true,"num":0}}]"#).decode();
    assert_eq!(keyed, Ok(BTreeMap::from([(1, Bytes::from_static(b"zero"))])));
}

#[test]
fn b11_in_a_plain_packet_placeholders_are_data() {
    let payload = plain(r#"[{"_placeholder":true,"num":0}]"#);
    assert!(payload.decode::<Bytes>().is_err());
    assert_eq!(payload.decode(), Ok(json!({"_placeholder": true, "num": 0})));
    assert_eq!(plain("[[1,2]]").decode(), Ok(Bytes::from_static(&[1, 2])));
}

#[test]
fn what_was_sent_as_data_is_read_as_data_though_it_looks_like_a_placeholder() {
    let looks = json!({"_placeholder": true, "num": 0});
    let raw = RawValue::from_string(r#"{ "_placeholder" : true, "num":9}"#.to_owned()).unwrap();
    let sent = Args(("_placeholder", looks.clone(), Bytes::from_static(b"zero"), raw));
    let payload = Payload::from_args(&sent).unwrap();
    let expected = concat!(
        r#""_placeholder",{"\u005fplaceholder":true,"num":0},{"_placeholder":true,"num":0},"#,
        r#"{ "\u005fplaceholder" : true, "num":9}"#
    );
    assert_eq!(payload.as_json(), expected);
    let read: Args<(String, Value, Bytes, Value)> = payload.decode().unwrap();
    assert_eq!((&read.0.1, &read.0.2), (&looks, &sent.0.2));
    assert_eq!(read.0.3, json!({"_placeholder": true, "num": 9}));
    assert!(payload.decode::<Args<(String, Bytes)>>().is_err());
    let plain = Payload::from_args(&looks).unwrap();
    assert_eq!(plain.as_json(), r#"{"_placeholder":true,"num":0}"#);
}

#[test]
fn the_deepest_packet_can_still_be_read() {
    // The array of the event is one of the 128 levels.
    let json = format!("[{}{}]", "[".repeat(127), "]".repeat(127));
    let payload = Payload::from_json(json, Vec::new()).unwrap();
    assert!(payload.decode::<Value>().is_ok());
}

#[test]
fn from_json_takes_one_array() {
    assert_eq!(Payload::from_json("{}", vec![]), Err(PacketError::IllegalPayload));
    assert_eq!(Payload::from_json("[1", vec![]), Err(PacketError::IllegalJson));
    let unannounced = r#"[{"_placeholder":true,"num":1}]"#;
    let one = vec![Attachment::new(Bytes::new())];
    let refused = Payload::from_json(unannounced, one);
    assert_eq!(refused, Err(PacketError::IllegalPlaceholder));
}

#[test]
fn debug_shows_sizes_only() {
    let payload = plain(r#"["hunter2"]"#);
    assert_eq!(format!("{payload:?}"), "Payload(9 bytes, 0 attachments)");
    let writer = ArgsWriter::new(b"[1".to_vec(), Opening::Array);
    assert_eq!(format!("{writer:?}"), "ArgsWriter(2 bytes)");
}

fn blobs() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..6).prop_map(Bytes::from)
}

/// Serde takes bytes that are UTF-8 for a `String` if the type leaves it the choice.
fn non_texts() -> impl Strategy<Value = Bytes> {
    blobs().prop_map(|blob| [&[0xff], &blob[..]].concat().into())
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Unit),
        blobs().prop_map(Kind::Newtype),
        (any::<u8>(), blobs()).prop_map(|(n, data)| Kind::Tuple(n, data)),
        blobs().prop_map(|data| Kind::Struct { data }),
    ]
}

prop_compose! {
    fn uploads()(
        name in ".{0,5}",
        data in blobs(),
        parts in proptest::collection::vec(proptest::option::of(blobs()), 0..4),
        by_name in proptest::collection::btree_map(".{0,3}", blobs(), 0..3),
        kind in kinds(),
        wrapped in blobs().prop_map(Wrapped),
    ) -> Upload {
        Upload { name, data, parts, by_name, kind, wrapped }
    }
}

fn untagged() -> impl Strategy<Value = Untagged> {
    let leaf =
        prop_oneof![".{0,4}".prop_map(Untagged::Text), non_texts().prop_map(Untagged::Data),];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            // An empty array would be bytes just as well.
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Untagged::Many),
            proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(Untagged::Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_number_is_read_as_the_one_that_was_written(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let payload = Payload::from_args(&number).expect("a finite number has a JSON form");
        prop_assert_eq!(payload.decode::<f64>().map(f64::to_bits), Ok(bits));
    }

    #[test]
    fn what_was_sent_is_what_is_read(upload in uploads(), n in any::<i64>(), any in untagged()) {
        // One attachment is always there, so that the untagged part needs none of its own.
        let sent = Args((upload, n, any));
        let payload = Payload::from_args(&sent).unwrap();
        prop_assert_eq!(payload.decode(), Ok(sent));
    }
    /// A string with nothing to escape is written past `serde_json`, by the call for bytes.
    #[test]
    fn a_string_is_written_as_serde_json_does(
        text in prop_oneof!["\\PC{0,40}", any::<String>(), "[a-z\"\\\\\n]{0,60}"],
        blob in blobs(),
    ) {
        let expected = serde_json::to_string(&text).unwrap();
        let one = Payload::from_args(&text).unwrap();
        prop_assert_eq!(one.as_json(), &expected);
        prop_assert!(one.attachments().is_empty());
        let bytes = Payload::from_args(&blob).unwrap();
        prop_assert_eq!(bytes.as_json(), r#"{"_placeholder":true,"num":0}"#);
        prop_assert_eq!(bytes.attachments()[0].bytes(), &blob);
    }
}

/// A value is written as what came from it is, which has been written already: so all that goes on
/// as it came is known to be what it would be otherwise.
fn goes_on(value: &(impl Serialize + ?Sized)) {
    let payload = Payload::from_args(value).expect("it has a JSON form");
    assert_eq!(ToArgs::raw(&value), None);
    assert_eq!(payload.raw().is_some(), payload.attachments().is_empty());
    for (namespace, name) in [("/", "event"), ("/admin", ""), ("/", "\"escaped\"")] {
        for ack in [None, Some(AckId::new(7))] {
            let event = |args: &dyn ToArgs| Outgoing::event(namespace, name, args, ack).ok();
            let (first, again) = (event(&value), event(&payload));
            assert!(first.is_some() && first == again, "{first:?}, {again:?}");
            assert_eq!(event(&payload.detached()), again);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_goes_on_as_it_came_is_what_it_was_made_of(
        text in prop_oneof!["\\PC{0,40}", any::<String>(), "[a-z\"\\\\\n\u{0}-\u{20}\u{7f}é\u{10ffff}]{0,60}"],
        (int, float) in (prop_oneof![any::<i64>(), -1000..1000_i64], any::<f64>()),
        upload in uploads(),
        any in untagged(),
        space in "[ \t\r\n]{0,3}",
    ) {
        goes_on(&text);
        goes_on(text.as_str());
        goes_on(&text.chars().next());
        goes_on(&(int, int.unsigned_abs() as u8, float, i128::from(int) << 60, u128::MAX));
        goes_on(&(&text, (&text, [((), float)], Some((int, (&text,)))), &any));
        goes_on(&Args((&text, Args((int, ())), &upload)));
        goes_on(&Args(vec![&text; (int.unsigned_abs() % 3) as usize]));
        goes_on(&Err::<(), _>(&text));
        goes_on(&Ok::<_, ()>(&upload));
        goes_on(&BTreeMap::from([(&text, (int, float))]));
        goes_on(&json!({ &text: [&text, int, float, null, true] }));
        goes_on(&format_args!("{text}{int}"));
        for nothing in [Args(&[][..]), Args(&[()][..0])] {
            goes_on(&nothing);
        }
        goes_on(&());
        let quoted = serde_json::to_string(&text).expect("it is a string");
        let raw = format!("{space}{quoted}{space},{space}[{space}{int}{space}]{space}");
        let raw = Payload::from_json(format!("[{raw}]"), Vec::new()).expect("it is an array");
        let event = Outgoing::event("/", "event", &raw, None).expect("it is JSON");
        let expected = format!(r#"42["event",{}]"#, raw.as_json());
        prop_assert_eq!(&event.text()[..], expected.as_bytes());
        let event = Outgoing::event("/", "event", &Payload::default(), None).expect("it is JSON");
        prop_assert_eq!(&event.text()[..], br#"42["event"]"#);
    }
}

/// A list that must not be looked into.
struct Sealed;

impl Serialize for Sealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serde::Serializer::serialize_seq(serializer, Some(1))?;
        panic!("{}", serde::ser::SerializeSeq::serialize_element(&mut seq, &1).is_ok())
    }
}

#[test]
fn a_value_is_one_argument_whatever_it_is() {
    let sent = |args: &dyn ToArgs| -> String {
        let mut writer = ArgsWriter::new(Vec::new(), Opening::Array);
        args.write_args(&mut writer).expect("it has a JSON form");
        String::from_utf8(writer.finish().0).expect("JSON is UTF-8")
    };
    assert_eq!(sent(&Some(1)), "[1]");
    assert_eq!(sent(&Some(Args((1, 2)))), "[[1,2]]");
    assert_eq!(sent(&None::<u8>), "[null]");
    assert_eq!(sent(&()), "[]");
    assert_eq!(sent(&Some(())), "[null]");
    assert_eq!(sent(&format_args!("a {}", "\"b\"")), r#"["a \"b\""]"#);
    assert_eq!(sent(&std::net::Ipv4Addr::LOCALHOST), r#"["127.0.0.1"]"#);
}

#[test]
fn an_error_is_told_from_the_outermost_layer_and_kept_as_one_argument() {
    fn error(args: &(impl ToArgs + ?Sized)) -> Option<String> {
        args.error().map(|error| error.expect("it has a JSON form").as_json().to_owned())
    }

    let failed = |text: &str| Some(text.to_owned());
    assert_eq!(error(&Err::<(), _>("no such thing")), failed(r#""no such thing""#));
    assert_eq!(error(&Err::<Sealed, _>(Args((1, 2)))), failed("[1,2]"));
    assert_eq!(error(&Err::<(), _>(())), failed("null"));
    assert_eq!(error(&Ok::<_, ()>(Err::<(), _>(1))), failed("1"));
    assert_eq!(error(&Args(Err::<(), _>(Err::<(), _>(1)))), failed(r#"{"Err":1}"#));
    for none in [error(&Ok::<_, &str>(Sealed)), error(&Sealed), error(&()), error("Err")] {
        assert_eq!(none, None);
    }
    assert_eq!(error(&(Err::<(), _>(1),)), None, "within a value it is one like any other");
    assert_eq!(error(&Payload::from_args(&Err::<(), _>(1)).expect("it has a JSON form")), None);
    let odd = Err::<(), _>(std::collections::HashMap::from([((), 1)]));
    assert!(matches!(odd.error(), Some(Err(EncodeError::Serialize(_)))));
}
