//! What a client sends while its handlers cannot start.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use klatch_core::engine::Message;
use klatch_core::{CloseReason, Text, Timestamp};

use super::Carrier;

/// What a message that waits counts for beyond its bytes.
const OVERHEAD: usize = 128;

/// Messages that wait, and the end behind them.
#[derive(Default)]
pub(super) struct Parked {
    messages: VecDeque<(Message, Carrier)>,
    bytes: usize,
    /// Why the session is over, and until when that waits.
    pub(super) end: Option<(CloseReason, Timestamp)>,
}

impl Parked {
    pub(super) fn push(&mut self, message: Message, carrier: Carrier) {
        self.bytes += charge(&message);
        let last = self.messages.back().and_then(|(_, carrier)| carrier.as_ref());
        self.bytes += unshared(carrier.as_ref(), last);
        self.messages.push_back((detached(message), carrier));
    }

    pub(super) fn pop(&mut self) -> Option<(Message, Carrier)> {
        let (message, carrier) = self.messages.pop_front()?;
        self.bytes -= charge(&message);
        let next = self.messages.front().and_then(|(_, carrier)| carrier.as_ref());
        self.bytes -= unshared(carrier.as_ref(), next);
        Some((message, carrier))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A message that keeps what is counted for it, and not the body it came in.
fn detached(message: Message) -> Message {
    match message {
        Message::Text(text) => Message::Text(Text::from(text.as_str().to_owned())),
        Message::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(&bytes)),
    }
}

fn charge(message: &Message) -> usize {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
    };
    bytes + OVERHEAD
}

/// Bytes of a POST's head that is not its neighbour's, too.
fn unshared(head: Option<&Arc<Parts>>, neighbour: Option<&Arc<Parts>>) -> usize {
    let Some(head) = head else { return 0 };
    if neighbour.is_some_and(|neighbour| Arc::ptr_eq(head, neighbour)) {
        return 0;
    }
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    let url = head.uri.path_and_query().map_or(0, |url| url.as_str().len());
    url + headers.sum::<usize>() + OVERHEAD
}

/// A head that keeps no more than it has: that of a request keeps the buffer it was read into, which
/// may be a hundred times as large.
pub(super) fn copied(head: &Parts) -> Parts {
    let (mut copy, ()) = http::Request::new(()).into_parts();
    copy.method = head.method.clone();
    copy.uri = head.uri.to_string().parse().unwrap_or_default();
    copy.version = head.version;
    for (name, value) in &head.headers {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.headers.append(name.clone(), value);
        }
    }
    copy.extensions = head.extensions.clone();
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_counts_as_long_as_one_of_its_messages_waits() {
        let request = http::Request::post("/?a=%20b").header("x-a", "1").header("x-a", "\u{e9}");
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let copy = copied(&head);
        assert_eq!((&copy.method, &copy.uri), (&head.method, &head.uri));
        assert_eq!(copy.headers, head.headers);
        let heads = [head, copy].map(|head| Some(Arc::new(head)));
        let mut parked = Parked::default();
        let mut charged = Vec::new();
        for carrier in [&heads[0], &heads[0], &heads[1], &None] {
            parked.push(Message::Text("a".into()), carrier.clone());
            charged.push(parked.bytes());
        }
        let (message, head) = (1 + OVERHEAD, 8 + 4 + 5 + OVERHEAD);
        let mut expected = vec![message + head, 2 * message + head];
        expected.extend([3 * message + 2 * head, 4 * message + 2 * head]);
        assert_eq!(charged, expected);
        for left in [3 * message + 2 * head, 2 * message + head, message, 0] {
            assert!(parked.pop().is_some());
            assert_eq!(parked.bytes(), left);
        }
    }

    #[test]
    fn a_message_that_waits_keeps_no_body() {
        let body = Bytes::from(vec![b'a'; 1000]);
        let text = Text::try_from(body.slice(..100)).expect("it is ASCII");
        let mut parked = Parked::default();
        parked.push(Message::Binary(body.slice(..1)), None);
        parked.push(Message::Text(text.clone()), None);
        assert_eq!(parked.bytes(), 101 + 2 * OVERHEAD);
        let Some((Message::Binary(bytes), None)) = parked.pop() else { panic!("it waits") };
        assert!(bytes == b"a"[..] && bytes.is_unique());
        let Some((Message::Text(same), None)) = parked.pop() else { panic!("it waits") };
        assert!(same == text && same.as_bytes().as_ptr() != text.as_bytes().as_ptr());
    }
}
