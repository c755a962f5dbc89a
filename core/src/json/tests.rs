use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn check(json: &str, attachments: Option<usize>) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(json.as_bytes(), attachments, MAX_DEPTH);
    scanner.value()?;
    scanner.end()
}

#[test]
fn depth_is_bounded_at_the_limit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
        assert_eq!(check(&nested(MAX_DEPTH), None), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1), None), Err(JsonError::TooDeep));
    }
    assert_eq!(check(&"[".repeat(1_000_000), None), Err(JsonError::TooDeep));
}

#[test]
fn placeholders_are_checked_at_any_depth_and_in_any_order() {
    for good in [
        r#"{"_placeholder":true,"num":1}"#,
        r#"[{"a":{"num":0,"_placeholder":true}}]"#,
        r#"{"_placeholder":true,"num":7,"num":0}"#,
        r#"{"_placeholder":false,"num":7}"#,
        r#"{"_placeholder":"true"}"#,
        r#"{"_placeholder":[true],"num":7}"#,
        r#"{"num":7}"#,
    ] {
        assert_eq!(check(good, Some(2)), Ok(()), "{good}");
    }
    for bad in [
        r#"{"_placeholder":true,"num":2}"#,
        r#"[[{"a":{"_placeholder":true}}]]"#,
        r#"{"_placeholder":true,"num":-1}"#,
        r#"{"_placeholder":true,"num":0.5}"#,
        r#"{"_placeholder":true,"num":"0"}"#,
        r#"{"_placeholder":true,"num":0,"num":[0]}"#,
        r#"{"_placeholder":true,"num":99999999999999999999}"#,
        r#"{"\u005fplace\u0068older":true,"num":2}"#,
        r#"{"\u005fplaceholder":true,"num":1}"#,
        r#"{"_place\u0068older":null}"#,
        r#"{"_placeholder":true,"num":{"_placeholder":true,"num":0}}"#,
    ] {
        assert_eq!(check(bad, Some(2)), Err(JsonError::Placeholder), "{bad}");
        assert_eq!(check(bad, None), Ok(()), "{bad}");
    }
}

#[test]
fn an_array_is_read_element_by_element() {
    let mut scanner = Scanner::new(br#" [ "a" , 1 ,{"b":[]} ] "#, None, MAX_DEPTH);
    assert_eq!(scanner.open_array(), Ok(()));
    assert_eq!(scanner.value(), Ok(3..6));
    assert!(scanner.eat(b','));
    assert_eq!(scanner.peek(), Some(b'1'));
    assert_eq!(scanner.rest_of_array(), Ok(9..20));
    assert_eq!(scanner.end(), Ok(()));
}

#[test]
fn an_array_that_was_read_is_open_no_more() {
    for (array, elements) in [("[]", 1..1), ("[ 1]", 2..3)] {
        let twice = format!("{array}[2]");
        let mut scanner = Scanner::new(twice.as_bytes(), None, 1);
        assert_eq!(scanner.open_array(), Ok(()));
        assert_eq!(scanner.rest_of_array(), Ok(elements));
        assert_eq!(scanner.value(), Ok(array.len()..twice.len()));
        assert_eq!(scanner.end(), Ok(()));
    }
}

#[test]
fn a_word_is_spelled_with_escapes_and_only_with_its_own() {
    for (key, spelled) in [
        (br"num".as_slice(), true),
        (br"n\u0075m", true),
        (br"\u006E\u0075\u006d", true),
        (br"n\u0015m", false),
        (br"n\u0035m", false),
        (br"n\u0057m", false),
        (br"n\u0175m", false),
        (br"nu", false),
        (br"nu\u006dm", false),
        (br"nu\n", false),
    ] {
        assert_eq!(spells(key, b"num"), spelled, "{}", key.escape_ascii());
    }
}

proptest! {
    #[test]
    fn the_plain_part_of_a_string_ends_where_a_look_at_each_byte_says(
        text in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), 0..0x21_u8, 0x7f..0x82_u8, any::<u8>()], 0..8),
        before in 0..60_usize,
    ) {
        let text = [&[b'a'; 60][..before], &text].concat();
        let expected = text.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20);
        prop_assert_eq!(plain(&text), expected);
    }

    #[test]
    fn grammar_is_what_serde_json_accepts(
        json in r#"([\[\]{}:, 01eE.+"\\u-]|true|null|"a":|"b"|\\n|é|[\x00-\x20]){0,12}"#,
    ) {
        let expected = serde_json::from_str::<IgnoredAny>(&json).is_ok();
        prop_assert_eq!(check(&json, None).is_ok(), expected);
        prop_assert_eq!(check(&json, Some(1)).is_ok(), expected);
    }

    #[test]
    fn a_mutated_value_is_judged_as_serde_json_does(at in 0usize..120, byte in 0u8..128) {
        let mut json = br#"{"a string of more than sixteen bytes":[1,-2.5e+3,{"b":null,"\u00e9":"x\n"}],"c":true,"d":[[],{}], "e":false}   "#.to_vec();
        let at = at % json.len();
        json[at] = byte;
        let expected = serde_json::from_slice::<IgnoredAny>(&json).is_ok();
        let mut scanner = Scanner::new(&json, None, MAX_DEPTH);
        prop_assert_eq!(scanner.value().and_then(|_| scanner.end()).is_ok(), expected);
    }
}
