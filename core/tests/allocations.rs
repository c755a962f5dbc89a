//! What must not allocate. A binary of its own: the counter takes the place of the allocator.

use allocation_counter::measure;
use klatch_core::{ENTROPY_BYTES, HashKey, Namespace, Outgoing, SocketId, SocketKey, Target};

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

/// Or the others would pass whatever they tried.
#[test]
fn an_allocation_is_counted() {
    let (mut namespace, _) = namespace();
    let mut list = Vec::new();
    let cost = measure(|| namespace.select(&Target::all(), &mut list));
    assert_eq!(cost.count_total, 1);
}
