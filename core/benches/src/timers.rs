//! What ten thousand clients cost that say nothing.

use std::hint::black_box;

use bytes::Bytes;
use klatch_core::{Connection, Timestamp};

use crate::Case;
use crate::client::{joined, text};

const IDLE: usize = 10_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("timers", "next deadline", IDLE, next_deadline),
        Case::new("timers", "timeout before its time", IDLE, too_early),
        Case::new("timers", "one heartbeat", IDLE, heartbeat),
    ]
}

fn idle() -> Vec<Connection> {
    (0..IDLE).map(|_| joined(Timestamp::ZERO)).collect()
}

fn next_deadline() -> impl FnMut() {
    let connections = idle();
    move || {
        for connection in &connections {
            assert!(black_box(connection.poll_timeout()).is_some());
        }
    }
}

fn too_early() -> impl FnMut() {
    let mut connections = idle();
    let now = Timestamp::from_millis(1);
    move || {
        for connection in &mut connections {
            connection.handle_timeout(now);
            assert!(black_box(connection.poll_transmit()).is_none());
        }
    }
}

/// The ping when it is due, and the pong at once.
fn heartbeat() -> impl FnMut() {
    let mut connections = idle();
    let pong = Bytes::from_static(b"3");
    move || {
        for connection in &mut connections {
            let due = connection.poll_timeout().expect("it is open");
            connection.handle_timeout(due);
            assert!(black_box(connection.poll_transmit()).is_some());
            assert!(connection.poll_transmit().is_none());
            connection.handle(due, text(&pong));
            assert!(connection.poll_event().is_none());
            assert!(black_box(connection.poll_timeout()) > Some(due));
        }
    }
}
