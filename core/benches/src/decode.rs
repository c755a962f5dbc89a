//! What a client sent, from the bytes to a handler's type.

use std::hint::black_box;

use bytes::Bytes;
use klatch_core::engine::{Event, Input, RequestId, Session, Transport};
use klatch_core::{
    Body, Config, Decoder, DecoderLimits, ENTROPY_BYTES, Payload, Sid, Text, Timestamp,
};
use serde::Deserialize;

use crate::Case;

const TIMES: usize = 1_000;
/// Packets in one polling payload.
const PACKETS: usize = 100;
const OBJECT: &str = r#"{"room":"lobby","user":"Ada Lovelace","number":1843,"urgent":false}"#;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        event("event of 2 B", || event_text(2)),
        event("event of 64 B", || event_text(64)),
        event("event of 4 KiB", || event_text(4096)),
        event("event with an object", || format!(r#"2["message",{OBJECT}]"#)),
        event("event in another namespace", || r#"2/chat,["message","hi"]"#.to_owned()),
        Case::new("decode", "event with an attachment", TIMES, attachment),
        Case::new("decode", "polling payload of 100 events", TIMES, polling),
        Case::new("decode", "arguments into a String", TIMES, || into(&"x".repeat(64))),
        Case::new("decode", "arguments into a struct", TIMES, into_struct),
    ]
}

fn event_text(length: usize) -> String {
    format!(r#"2["message","{}"]"#, "x".repeat(length))
}

fn event(name: &'static str, text: impl Fn() -> String + 'static) -> Case {
    Case::new("decode", name, TIMES, move || {
        let mut decoder = Decoder::new(DecoderLimits::default());
        let text = Text::from(text());
        move || {
            for _ in 0..TIMES {
                let packet = decoder.decode_text(text.clone());
                assert!(matches!(black_box(&packet), Ok(Some(_))));
            }
        }
    })
}

fn attachment() -> impl FnMut() {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let text = Text::from(r#"51-["message",{"_placeholder":true,"num":0}]"#);
    let bytes = Bytes::from(vec![7; 1024]);
    move || {
        for _ in 0..TIMES {
            assert_eq!(decoder.decode_text(text.clone()), Ok(None));
            let packet = decoder.decode_binary(bytes.clone());
            assert!(matches!(black_box(&packet), Ok(Some(_))));
        }
    }
}

/// Up to the messages: what is in them, the other cases read.
fn polling() -> impl FnMut() {
    let now = Timestamp::ZERO;
    let sid = Sid::from_entropy([7; ENTROPY_BYTES]);
    let mut session = Session::new(&Config::default(), sid, Transport::Polling, now);
    let packet = format!("4{}", event_text(64));
    let body = Bytes::from(vec![packet; PACKETS].join("\x1e"));
    let mut posts = 0;
    move || {
        for _ in 0..TIMES / PACKETS {
            posts += 1;
            let post = RequestId::new(posts);
            session.handle(now, Input::PostHead(post));
            session.handle(now, Input::PostBody(post, body.clone()));
            let mut messages = 0;
            while let Some(event) = session.poll_event() {
                assert!(matches!(black_box(&event), Event::Message(_)));
                messages += 1;
            }
            assert_eq!(messages, PACKETS);
            assert!(black_box(session.poll_transmit()).is_some(), "the answer to the POST");
        }
    }
}

fn into(text: &str) -> impl FnMut() + use<> {
    let payload = payload(format!(r#"2["message","{text}"]"#));
    move || {
        for _ in 0..TIMES {
            let text = payload.decode::<String>();
            assert!(black_box(&text).is_ok());
        }
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read from JSON, and no further")]
struct Message {
    room: String,
    user: String,
    number: u64,
    urgent: bool,
}

fn into_struct() -> impl FnMut() {
    let payload = payload(format!(r#"2["message",{OBJECT}]"#));
    move || {
        for _ in 0..TIMES {
            let message = payload.decode::<Message>();
            assert!(black_box(&message).is_ok());
        }
    }
}

fn payload(text: String) -> Payload {
    let packet = Decoder::new(DecoderLimits::default()).decode_text(Text::from(text));
    match packet.expect("a packet").expect("without attachments").body {
        Body::Event { args, .. } => args,
        other => panic!("{other:?}"),
    }
}
