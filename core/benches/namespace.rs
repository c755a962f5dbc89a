//! What a broadcast costs before it meets a network.

#![allow(missing_docs, reason = "criterion_group writes a function without docs")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use klatch_core::{ENTROPY_BYTES, HashKey, Namespace, SocketId, SocketKey, Target};

const SOCKETS: usize = 20_000;
/// Coprime to `SOCKETS`: stepping by it meets every socket once, far from the one before.
const STRIDE: usize = 7_919;

struct Fixture {
    namespace: Namespace,
    sockets: Vec<SocketKey>,
}

impl Fixture {
    fn new() -> Self {
        let mut namespace = Namespace::new(HashKey::from_entropy([5; 16]));
        let sockets = (0..SOCKETS)
            .map(|n| {
                let mut entropy = [0; ENTROPY_BYTES];
                entropy[..8].copy_from_slice(&(n as u64).to_le_bytes());
                let id = SocketId::from_entropy(entropy);
                namespace.connect(id).expect("the ids differ")
            })
            .collect();
        Self { namespace, sockets }
    }

    fn fill(&mut self, room: &str, members: impl IntoIterator<Item = usize>) {
        for n in members {
            let joined = self.namespace.join(self.sockets[n], room);
            assert_eq!(joined, Ok(true));
        }
    }
}

fn broadcast(c: &mut Criterion) {
    let mut fixture = Fixture::new();
    let payload = Bytes::from(vec![b'x'; 64]);
    // In no room, so that as many are reached as the name says.
    let sender = fixture.sockets[SOCKETS / 2 * STRIDE % SOCKETS];
    let mut group = c.benchmark_group("broadcast");
    for members in [1, 100, 10_000] {
        let room = format!("of {members}");
        fixture.fill(&room, (0..members).map(|n| n * STRIDE % SOCKETS));
        let target = Target::all().to(room).without(sender);
        let mut list = Vec::new();
        let mut mailboxes = Vec::new();
        group.throughput(Throughput::Elements(members as u64));
        group.bench_function(BenchmarkId::from_parameter(members), |b| {
            b.iter(|| {
                // What was queued before is dropped here, and counts: each entry is read once.
                mailboxes.clear();
                fixture.namespace.select(&target, &mut list);
                for key in &list {
                    mailboxes.push((*key, payload.clone()));
                }
                black_box(&mailboxes);
            });
        });
        assert_eq!(mailboxes.len(), members);
    }
    group.finish();
}

fn select(c: &mut Criterion) {
    let mut fixture = Fixture::new();
    let (all, half) = (SOCKETS, SOCKETS / 2);
    fixture.fill("first", 0..half);
    fixture.fill("second", half..all);
    fixture.fill("middle", half / 2..half / 2 + half);
    fixture.fill("scrambled", (0..half).map(|n| n * STRIDE % all));
    fixture.fill("others", (half..all).map(|n| n * STRIDE % all));
    let first = Target::rooms(["first"]);
    let disjoint = first.clone().to("second");
    let shared = first.clone().to("middle");
    let scrambled = Target::rooms(["scrambled", "others"]);
    let except = first.clone().except("middle");
    let member = fixture.sockets[half / 2];
    let by_member = first.clone().without(member);
    let everyone = Target::all().without(member);
    // How many members are looked at, which is what is paid for, and how many are found.
    let cases = [
        ("one room", first, half, half),
        ("one room, by a member", by_member, half, half - 1),
        ("everyone, by a member", everyone, all, all - 1),
        ("two rooms, disjoint", disjoint, all, all),
        ("two rooms, half shared", shared, all, all * 3 / 4),
        ("two rooms, scrambled", scrambled, all, all),
        ("one room except half of it", except, all, half / 2),
    ];
    let mut group = c.benchmark_group("select");
    for (name, target, visited, found) in cases {
        let mut list = Vec::new();
        group.throughput(Throughput::Elements(visited as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                fixture.namespace.select(&target, &mut list);
                black_box(&list);
            });
        });
        assert_eq!(list.len(), found, "{name}");
    }
    group.finish();
}

criterion_group!(benches, broadcast, select);
criterion_main!(benches);
