//! Socket.IO messages of one client, as a sequence that its decoder reads.
//!
//! An input is messages with 0x1e between them. One that begins with `b` is binary, as it stands
//! after that; any other is text, without the Engine.IO type.

use bytes::Bytes;
use klatch_core::{
    Args, Body, Decoder, DecoderLimits, Outgoing, Packet, PacketError, Payload, Text, Value,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

pub(crate) fn run(input: &[u8]) {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let mut announced = 0;
    for message in input.split(|byte| *byte == 0x1e) {
        let result = match message.split_first() {
            Some((b'b', bytes)) => decoder.decode_binary(Bytes::copy_from_slice(bytes)),
            _ => match Text::try_from(Bytes::copy_from_slice(message)) {
                Ok(text) => {
                    announced = attachments(&text);
                    decoder.decode_text(text)
                }
                Err(_) => continue,
            },
        };
        assert_eq!(decoder.is_awaiting(), result == Ok(None), "an error leaves nothing awaited");
        if let Ok(Some(packet)) = result {
            if let Body::Event { args, .. } | Body::Ack { args, .. } = &packet.body {
                assert_eq!(args.attachments().len(), announced);
            }
            check(packet);
        }
    }
}

/// How many attachments a text announces, if it is a packet at all.
fn attachments(text: &str) -> usize {
    let digits = text.strip_prefix(['5', '6']).and_then(|rest| rest.split_once('-'));
    digits.and_then(|(digits, _)| digits.parse().ok()).unwrap_or(0)
}

fn check(packet: Packet) {
    assert!(packet.namespace.starts_with('/') && packet.namespace.len() <= 128);
    let sent = match &packet.body {
        Body::Connect { auth } => {
            read(auth);
            return;
        }
        Body::Event { name, args, ack } => {
            read(args);
            assert!(name.len() <= 256);
            if ["newListener", "removeListener"].contains(&name.as_str()) {
                // A client may send what klatch itself does not, for the sake of Node's clients.
                return;
            }
            Outgoing::event(&packet.namespace, name, args, *ack).expect("it was just received")
        }
        Body::Ack { id, args } => {
            read(args);
            Outgoing::ack(&packet.namespace, *id, args).expect("it was just received").packet
        }
        Body::Disconnect | Body::StrayAck => return,
    };
    assert_eq!(receive(&sent), Ok(Some(packet)), "what is sent again says the same");
}

/// Reads arguments as types that meet in practice: what fits is no matter here.
fn read(args: &Payload) {
    let json = format!("[{}]", args.as_json());
    let all: Vec<IgnoredAny> = serde_json::from_str(&json).expect("what was accepted is JSON");
    assert_eq!(args.is_empty(), all.is_empty());

    let _ = args.decode::<()>();
    let _ = args.decode::<Value>();
    let _ = args.decode::<serde_json::Value>();
    let _ = args.decode::<String>();
    let _ = args.decode::<Bytes>();
    let _ = args.decode::<Upload>();
    let _ = args.decode::<Args<(Option<f64>, Either, Vec<Bytes>)>>();
    if let Ok(values) = args.decode::<Args<Vec<Value>>>() {
        assert_eq!(values.0.len(), all.len());
        let again = Payload::from_args(&values).expect("it was just received");
        assert_eq!(again.is_empty(), all.is_empty());
    }
}

fn receive(packet: &Outgoing) -> Result<Option<Packet>, PacketError> {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let text = packet.text().slice(1..);
    let mut received = decoder.decode_text(Text::try_from(text).expect("packets are UTF-8"))?;
    for attachment in packet.attachments() {
        received = decoder.decode_binary(attachment.bytes().clone())?;
    }
    Ok(received)
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is only read")]
struct Upload {
    name: String,
    data: Bytes,
    parts: Option<Vec<Bytes>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code, reason = "it is only read")]
enum Either {
    Number(i64),
    Bytes(Bytes),
    Nested(Vec<Either>),
}
