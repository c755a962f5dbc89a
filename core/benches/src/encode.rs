//! What a server sends, from a handler's type to what waits in a mailbox.

use std::hint::black_box;

use bytes::Bytes;
use klatch_core::{AckId, Outgoing};
use serde::Serialize;

use crate::Case;

const TIMES: usize = 1_000;
const RECIPIENTS: usize = 10_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        event("event of 2 B", || "x".repeat(2)),
        event("event of 64 B", || "x".repeat(64)),
        event("event of 4 KiB", || "x".repeat(4096)),
        event("event with a struct", || Message {
            room: "lobby",
            user: "Ada Lovelace",
            number: 1843,
            urgent: false,
        }),
        event("event with an attachment", || Bytes::from(vec![7; 1024])),
        Case::new("encode", "acknowledgement of 64 B", TIMES, acknowledgement),
        Case::new("encode", "one more recipient", RECIPIENTS, recipients),
    ]
}

#[derive(Serialize)]
struct Message {
    room: &'static str,
    user: &'static str,
    number: u64,
    urgent: bool,
}

fn event<T: Serialize + 'static>(name: &'static str, args: impl Fn() -> T + 'static) -> Case {
    Case::new("encode", name, TIMES, move || {
        let args = args();
        move || {
            for _ in 0..TIMES {
                black_box(&encoded(&args));
            }
        }
    })
}

fn encoded(args: &impl Serialize) -> Outgoing {
    Outgoing::event("/", "message", args, None).expect("the arguments have a JSON")
}

fn acknowledgement() -> impl FnMut() {
    let text = "x".repeat(64);
    move || {
        for id in 0..TIMES {
            let answer = Outgoing::ack("/", AckId::new(id as u64), &text);
            assert!(black_box(&answer).is_ok());
        }
    }
}

/// The clone, its place in a list, and its end.
fn recipients() -> impl FnMut() {
    let packet = encoded(&"x".repeat(64));
    let mut mailboxes = Vec::with_capacity(RECIPIENTS);
    move || {
        mailboxes.extend(std::iter::repeat_n(&packet, RECIPIENTS).cloned());
        black_box(&mailboxes);
        mailboxes.clear();
    }
}
