//! What must not allocate. A binary of its own: the counter takes the place of the allocator.

use allocation_counter::measure;
use bytes::Bytes;
use klatch_core::{
    Attachment, Body, Decoder, DecoderLimits, ENTROPY_BYTES, HashKey, Namespace, Outgoing, Packet,
    PacketError, Payload, SocketId, SocketKey, Target, Text,
};

const SOCKETS: usize = 2_000;

fn namespace() -> (Namespace, Vec<SocketKey>) {
    let mut namespace = Namespace::new(HashKey::from_entropy([5; 16]));
    let sockets: Vec<_> = (0..SOCKETS)
        .map(|n| {
            let mut entropy = [0; ENTROPY_BYTES];
            entropy[..8].copy_from_slice(&(n as u64).to_le_bytes());
            namespace.connect(SocketId::from_entropy(entropy)).expect("the ids differ")
        })
        .collect();
    for (n, key) in sockets.iter().enumerate() {
        let half = if n % 2 == 0 { "even" } else { "odd" };
        assert_eq!(namespace.join_all(*key, [half, "all"]), Ok(2));
    }
    (namespace, sockets)
}

#[test]
fn a_target_is_selected_into_a_list_that_is_used_again() {
    let (mut namespace, sockets) = namespace();
    let own = namespace.id(sockets[1]).expect("it is connected");
    let even = Target::rooms(["even"]);
    let cases = [
        (Target::all(), SOCKETS),
        (Target::all().without(sockets[0]), SOCKETS - 1),
        (even.clone(), SOCKETS / 2),
        (even.clone().without(sockets[0]), SOCKETS / 2 - 1),
        (even.clone().to("odd"), SOCKETS),
        (even.clone().to("all").without(sockets[0]), SOCKETS - 1),
        (even.clone().to(own), SOCKETS / 2 + 1),
        (even.clone().except("all"), 0),
        (Target::all().except("odd").except("nobody"), SOCKETS / 2),
        (Target::rooms(["nobody"]), 0),
    ];
    let mut list = Vec::with_capacity(SOCKETS);
    for (target, found) in cases {
        let cost = measure(|| namespace.select(&target, &mut list));
        assert_eq!(list.len(), found, "{target:?}");
        assert_eq!(cost.count_total, 0, "{target:?}");
    }
}

#[test]
fn a_packet_is_shared_by_all_who_get_it() {
    let packet = Outgoing::event("/", "message", "hello", None).expect("a string has a JSON");
    let mut mailboxes = Vec::with_capacity(SOCKETS);
    let cost = measure(|| mailboxes.extend(std::iter::repeat_n(&packet, SOCKETS).cloned()));
    assert_eq!(mailboxes.len(), SOCKETS);
    assert_eq!(cost.count_total, 1, "where its owners are counted, once it has a second one");
}

/// The memory in which it is written is used again, if that is not more than 16 KiB.
#[test]
fn a_packet_takes_one_allocation() {
    let event = |text: &str| Outgoing::event("/", "message", text, None).expect("it has a JSON");
    for text in ["hello", &"x".repeat(8_000)] {
        drop(event(text));
        let mut packet = None;
        let cost = measure(|| packet = Some(event(text)));
        assert_eq!(cost.count_total, 1, "{packet:?}");
    }
    let text = "x".repeat(100_000);
    let cost = measure(|| drop(event(&text)));
    assert!(cost.bytes_current <= 0, "{cost:?}");
}

/// What comes from a client and goes on as it came is long, and for many.
#[test]
fn what_is_passed_on_is_written_once_in_as_much_memory_as_it_has() {
    let long = format!("[\"{}\"]", "é".repeat(50_000));
    for args in [r#"[ 1.0 , "\u0041" ]"#, "[\"\"]", &long] {
        let payload = Payload::from_json(args.to_owned(), Vec::new()).expect("it is an array");
        for namespace in ["/", "/admin"] {
            for name in ["a", "a name that has some length"] {
                let mut packet = None;
                let cost =
                    measure(|| packet = Outgoing::event(namespace, name, &payload, None).ok());
                let packet = packet.expect("it is JSON");
                let taken = (cost.count_total, cost.bytes_total);
                assert_eq!(taken, (1, packet.len() as u64), "{packet:?}");
            }
        }
    }
}

#[test]
fn what_is_long_takes_as_many_allocations_as_what_is_short() {
    let cost = |bytes: usize| {
        let payload = Payload::from_args(&"x".repeat(bytes)).expect("a string has a JSON form");
        let event = measure(|| assert!(Outgoing::event("/", "a", &payload, None).is_ok()));
        let attachment = Attachment::from(Bytes::from(vec![0; bytes]));
        let segment = measure(|| assert!(attachment.segment().len() > bytes));
        (event.count_total, segment.count_total)
    };
    assert_eq!(cost(100_000), cost(1));
}

/// Lengths are a client's word, and what is long is paid for by what is there.
#[test]
fn a_message_takes_memory_by_what_it_has_not_by_what_it_says() {
    let limits = DecoderLimits::default();
    let head = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data".as_slice();
    for claim in [
        b"\xdd\xff\xff\xff\xff\xa1a".as_slice(),
        b"\xdf\xff\xff\xff\xff\xa1a",
        b"\x92\xa1a\xdb\xff\xff\xff\xff",
        b"\x92\xa1a\xc6\xff\xff\xff\xff",
        b"\x92\xa1a\xc9\xff\xff\xff\xff\x00",
        b"\x92\xa1a\xdd\xff\xff\xff\xff\xc0",
    ] {
        let message = Bytes::from([head, claim].concat());
        let cost = measure(|| assert!(Packet::from_msgpack(&message, &limits).is_err()));
        assert!(cost.bytes_total < 512, "{claim:?} takes {} bytes", cost.bytes_total);
    }
    for part in [
        b"\xc2".as_slice(),
        b"\xa1\x00",
        b"\x80",
        b"\x91\x91\x91\xc0",
        b"\x82\xa1a\xd4\x00\x00\xa1b\xc0",
        b"\xac_placeholder",
        b"\x81\xac_placeholder\xc3",
        b"\xd7\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\xca\x7f\x7f\xff\xff",
    ] {
        let of = |parts: usize| {
            let count = (parts as u32 + 1).to_be_bytes();
            let message = [head, b"\xdd", &count, b"\xa1a", &part.repeat(parts)].concat();
            let message = Bytes::from(message);
            let cost = measure(|| assert!(Packet::from_msgpack(&message, &limits).is_ok()));
            (message.len() as u64, cost)
        };
        let (length, cost) = of(50_000);
        assert!(cost.bytes_max <= 20 * length, "{part:?}: {} for {length}", cost.bytes_max);
        // All that was ever asked for, too, the copies of what had to grow among it.
        assert!(cost.bytes_total <= 40 * length, "{part:?}: {} for {length}", cost.bytes_total);
        assert!(cost.count_total <= of(25_000).1.count_total + 8, "{part:?}: as good as none each");
    }
}

/// What waits is counted by its length.
#[test]
fn arguments_that_are_detached_keep_nothing_but_themselves() {
    let limits = DecoderLimits::default();
    let junk = 900_000_usize;
    let text = || {
        let text = format!(r#"2["a",{}{{"b":1}}{}]"#, " ".repeat(junk / 2), " ".repeat(junk / 2));
        let text = Text::from(text);
        Decoder::new(limits).decode_text(text)
    };
    let message = || {
        let head =
            b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x93\xa1a\xc4\x01\x07\xc4\x01\x08\xa4junk\xdb";
        let junk = [&(junk as u32).to_be_bytes()[..], &vec![b' '; junk]].concat();
        let message = Bytes::from([&head[..], &junk].concat());
        Packet::from_msgpack(&message, &limits).map(Some)
    };
    let kept = |decode: &dyn Fn() -> Result<Option<Packet>, PacketError>, detaches: bool| {
        let mut kept = None;
        let cost = measure(|| {
            let Ok(Some(Packet { body: Body::Event { args, .. }, .. })) = decode() else {
                panic!("it is an event");
            };
            kept = Some(if detaches { args.detached() } else { args });
        });
        (cost.bytes_current, kept)
    };
    for decode in [&text as &dyn Fn() -> _, &message] {
        let (as_it_came, args) = kept(decode, false);
        let (detached, same) = kept(decode, true);
        assert_eq!(args, same);
        assert!(
            as_it_came >= junk.cast_signed() as i64 && detached < 1000,
            "{as_it_came}, {detached}"
        );
    }
}

/// Or the others would pass whatever they tried.
#[test]
fn an_allocation_is_counted() {
    let (mut namespace, _) = namespace();
    let mut list = Vec::new();
    let cost = measure(|| namespace.select(&Target::all(), &mut list));
    assert_eq!(cost.count_total, 1);
}
