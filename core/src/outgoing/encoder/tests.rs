//! What is encoded in one place is what it is elsewhere.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::payload::{Args, Payload};

/// What an application may send.
#[derive(Clone, Debug)]
enum Sent {
    Nothing,
    Value(serde_json::Value),
    Bytes(Vec<u8>),
    /// What came in is passed on.
    Payload(String),
    Several(u32, String),
}

impl Sent {
    fn with<T>(&self, to: impl FnOnce(&dyn Encode) -> T) -> T {
        match self {
            Self::Nothing => to(&()),
            Self::Value(value) => to(value),
            Self::Bytes(bytes) => to(&Bytes::from(bytes.clone())),
            Self::Payload(text) => {
                let array = serde_json::to_string(&[text, text]).unwrap();
                to(&Payload::from_json(array, Vec::new()).unwrap())
            }
            Self::Several(number, text) => to(&Args((number, text))),
        }
    }
}

/// Both ways to encode.
trait Encode {
    fn event(&self, parser: Parser, to: (&str, &str)) -> Result<Outgoing, EncodeError>;
    fn event_in(&self, at: &mut Encoder, parser: Parser, to: (&str, &str)) -> Option<EncodeError>;
    fn ack(&self, parser: Parser, namespace: &str) -> Answer;
    fn ack_in(&self, at: &mut Encoder, parser: Parser, namespace: &str);
}

const ID: AckId = AckId::new(7);

impl<T: ToArgs> Encode for T {
    fn event(&self, parser: Parser, to: (&str, &str)) -> Result<Outgoing, EncodeError> {
        parser.event(to.0, to.1, self, None)
    }

    fn event_in(&self, at: &mut Encoder, parser: Parser, to: (&str, &str)) -> Option<EncodeError> {
        at.event(parser, to.0, to.1, self).err()
    }

    fn ack(&self, parser: Parser, namespace: &str) -> Answer {
        parser.ack(namespace, ID, self).unwrap()
    }

    fn ack_in(&self, at: &mut Encoder, parser: Parser, namespace: &str) {
        at.ack(parser, namespace, ID, self).unwrap();
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        Just(Sent::Nothing),
        any::<f32>().prop_map(|number| Sent::Value(json!({"a": [number]}))),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Sent::Bytes),
        ".{0,40}".prop_map(Sent::Payload),
        // Longer than what is kept of memory.
        Just(Sent::Payload("x".repeat(MAX_SCRATCH))),
        (any::<u32>(), ".{0,9}").prop_map(|(number, text)| Sent::Several(number, text)),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_in_one_place_is_what_it_is_in_its_own_memory(
        steps in prop::collection::vec(
            (
                sent(),
                prop::sample::select(vec![Parser::Default, Parser::Msgpack]),
                prop::sample::select(vec!["/", "/a"]),
                prop::sample::select(vec!["a", "a longer name", "gr\u{fc}\u{df}e", "\"", "connect"]),
                any::<bool>(),
                any::<bool>(),
            ),
            1..6,
        ),
    ) {
        let mut encoder = Encoder::new();
        for (sent, parser, namespace, name, is_event, takes) in steps {
            let packet = if is_event {
                let expected = sent.with(|sent| sent.event(parser, (namespace, name)));
                let error = sent.with(|sent| sent.event_in(&mut encoder, parser, (namespace, name)));
                prop_assert_eq!(expected.as_ref().err(), error.as_ref());
                let Ok(packet) = expected else {
                    prop_assert_eq!(encoder.text(), Some(&b""[..]));
                    continue;
                };
                packet
            } else {
                sent.with(|sent| sent.ack_in(&mut encoder, parser, namespace));
                prop_assert!(!encoder.is_error());
                sent.with(|sent| sent.ack(parser, namespace)).packet
            };
            let text = packet.attachments().is_empty().then(|| &packet.text()[..]);
            prop_assert_eq!(encoder.text(), text);
            if takes {
                prop_assert_eq!(encoder.take(), packet);
            } else {
                encoder.clear();
                prop_assert!(encoder.text.capacity() <= MAX_SCRATCH);
            }
            prop_assert_eq!(encoder.text(), Some(&b""[..]));
        }
    }
}

#[test]
fn an_answer_that_is_an_error_says_so_until_the_next() {
    let mut encoder = Encoder::new();
    for parser in [Parser::Default, Parser::Msgpack] {
        encoder.ack(parser, "/", ID, &Err::<(), _>("no")).unwrap();
        assert!(encoder.is_error());
        encoder.event(parser, "/", "a", &Payload::default()).unwrap();
        assert!(!encoder.is_error());
    }
}
