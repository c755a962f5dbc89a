//! One message all the way through: in as a frame, out as a frame.

use std::hint::black_box;

use bytes::Bytes;
use klatch_core::engine::Frame;
use klatch_core::{Event, Outgoing, Timestamp};

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
    let frame = Bytes::copy_from_slice(message.as_bytes());
    move || {
        for _ in 0..TIMES {
            let event = connection.receive(Timestamp::ZERO, Frame::Text(frame.clone()));
            let transmit = event.and_then(|event| connection.transmit(answer(event)));
            assert!(black_box(&transmit).is_some());
            assert!(connection.poll_event().is_none());
            assert!(connection.poll_transmit().is_none());
        }
    }
}

fn answer(event: Event) -> Outgoing {
    let Event::Event { name, args, ack, .. } = event else { panic!("{event:?}") };
    let packet = match ack {
        Some(id) => Outgoing::ack("/", id, &args).map(|answer| answer.packet),
        None => Outgoing::event("/", &name, &args, None),
    };
    packet.expect("what came can go")
}
