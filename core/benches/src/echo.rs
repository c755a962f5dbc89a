//! One message all the way through: in as a frame, out as a frame.

use std::hint::black_box;

use klatch_core::{Encoder, Parser, PlainEvent, Timestamp};

use crate::Case;
use crate::client::joined;

const TIMES: usize = 1_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("echo", "event of 64 B", TIMES, || echo(&event(""))),
        Case::new("echo", "event of 64 B, acknowledged", TIMES, || echo(&event("7"))),
    ]
}

fn event(ack: &str) -> String {
    format!(r#"42{ack}["message","{}"]"#, "x".repeat(64))
}

fn echo(message: &str) -> impl FnMut() + use<> {
    let mut connection = joined(Timestamp::ZERO);
    let frame = message.as_bytes().to_vec();
    let mut encoder = Encoder::new();
    move || {
        for _ in 0..TIMES {
            let event = connection.plain_event(black_box(&frame)).expect("it is one");
            answer(&event, &mut encoder);
            assert!(connection.transmits_at_once());
            black_box(encoder.text());
            assert!(connection.poll_event().is_none());
            assert!(connection.poll_transmit().is_none());
        }
    }
}

fn answer(event: &PlainEvent<'_>, encoder: &mut Encoder) {
    let args = event.args();
    match event.ack() {
        Some(id) => encoder.ack(Parser::Default, "/", id, &args),
        None => encoder.event(Parser::Default, "/", "message", &args),
    }
    .expect("what came can go");
}
