//! Frames as clients are likely to send them, for the body of the fuzz target, which holds what is read of
//! them against tungstenite.

#[path = "../../../fuzz/bodies/frames.rs"]
mod frames;

use frames::MAX;
use klatch_core::testing::proptest;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..Default::default() })]
    #[test]
    fn klatch_and_tungstenite_read_the_same(frames in vec(any_frame(), 1..12), length in any::<u8>()) {
        frames::run(&[vec![length], frames.concat()].concat());
    }
}

/// Mostly what a client may send, in its place or not.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let mask = any::<[u8; 4]>;
    let kind = prop_oneof![
        12 => select(vec![0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        8 => "[a-z]{0,12}".prop_map(String::into_bytes),
        1 => vec(b'a'..=b'z', 120..MAX + 2),
    ];
    let text = vec(any::<u8>(), 0..6);
    let goodbye = (990..1020_u16, vec(any::<u8>(), 0..3));
    prop_oneof![
        12 => (kind, mask(), payload).prop_map(|(kind, mask, payload)| frame(kind, mask, &payload)),
        1 => (mask(), text).prop_map(|(mask, text)| frame(0x81, mask, &text)),
        1 => (mask(), goodbye).prop_map(|(mask, (code, reason))| {
            frame(0x88, mask, &[&code.to_be_bytes(), &reason[..]].concat())
        }),
        1 => vec(any::<u8>(), 0..20),
    ]
}

/// A frame of a client that is not long: its first byte, its mask, its payload.
fn frame(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        length @ ..126 => vec![0x80 | length as u8],
        length => [&[0xfe], &(length as u16).to_be_bytes()[..]].concat(),
    };
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [vec![first], length, mask.to_vec(), masked.collect()].concat()
}
