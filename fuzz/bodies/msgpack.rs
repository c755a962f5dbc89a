//! One binary message, read as a packet in MessagePack.

use bytes::Bytes;
use klatch_core::{
    Args, Body, Decoder, DecoderLimits, Outgoing, Packet, Parser, Payload, Text, Value,
};
use serde::de::IgnoredAny;

pub(crate) fn run(input: &[u8]) {
    let message = Bytes::copy_from_slice(input);
    let Ok(packet) = Packet::from_msgpack(&message, &DecoderLimits::default()) else { return };
    assert!(packet.namespace.starts_with('/') && packet.namespace.len() <= 128);
    assert!(!packet.namespace.contains(','));
    match &packet.body {
        Body::Connect { auth } => read(auth, &message),
        Body::Event { name, args, ack } => {
            read(args, &message);
            assert!(name.len() <= 256);
            if !["newListener", "removeListener"].contains(&name.as_str()) {
                let sent = |parser: Parser| parser.event(&packet.namespace, name, args, *ack);
                echo(&packet, |parser| sent(parser).expect("it was just received"));
            }
        }
        Body::Ack { id, args } => {
            read(args, &message);
            let sent = |parser: Parser| parser.ack(&packet.namespace, *id, args);
            echo(&packet, |parser| sent(parser).expect("it was just received").packet);
        }
        Body::Disconnect | Body::StrayAck => {}
    }
}

/// Reads arguments as types that meet in practice: what fits is no matter here.
fn read(args: &Payload, message: &Bytes) {
    let json = format!("[{}]", args.as_json());
    assert!(json.len() <= 2 + 6 * message.len() + 40 * args.attachments().len());
    let all: Vec<IgnoredAny> = serde_json::from_str(&json).expect("what was accepted is JSON");
    assert_eq!(args.is_empty(), all.is_empty());
    let buffer = message.as_ptr_range();
    for attachment in args.attachments() {
        let bytes = attachment.bytes().as_ptr_range();
        assert!(
            attachment.bytes().is_empty() || buffer.start <= bytes.start && bytes.end <= buffer.end
        );
    }
    let _ = args.decode::<String>();
    let _ = args.decode::<Bytes>();
    let _ = args.decode::<serde_json::Value>();
    let values: Args<Vec<Value>> = args.decode().expect("it is JSON, and no deeper than it may be");
    let seen: usize = values.0.iter().map(binaries).sum();
    assert_eq!(seen, args.attachments().len(), "each where it was, and nothing else for one");
}

fn binaries(value: &Value) -> usize {
    match value {
        Value::Binary(_) => 1,
        Value::Array(list) => list.iter().map(binaries).sum(),
        Value::Object(members) => members.iter().map(|(_, value)| binaries(value)).sum(),
        _ => 0,
    }
}

/// What is sent again says the same.
fn echo(packet: &Packet, send: impl Fn(Parser) -> Outgoing) {
    let message = send(Parser::Msgpack);
    let [attachment] = message.attachments() else { panic!("one message") };
    let again = Packet::from_msgpack(attachment.bytes(), &DecoderLimits::default());
    // Lengths may have had a shorter form, never a longer one that is beyond the limit.
    assert_eq!(again.as_ref(), Ok(packet));

    let plain = send(Parser::Default);
    let mut decoder = Decoder::new(DecoderLimits::default().max_payload(usize::MAX));
    let text = Text::try_from(plain.text().slice(1..)).expect("packets are UTF-8");
    let mut received = decoder.decode_text(text);
    for attachment in plain.attachments() {
        if received.is_err() {
            break;
        }
        received = decoder.decode_binary(attachment.bytes().clone());
    }
    // There, what only looks like a placeholder cannot be told from one.
    if let Ok(received) = received {
        assert_eq!(received.as_ref(), Some(packet));
    } else {
        assert!(plain.text().windows(17).any(|text| text == b"\\u005fplaceholder"));
    }
}
