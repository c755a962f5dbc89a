//! What members of a namespace see while several threads send, join and leave at once.

use std::collections::HashMap;

use futures::future::join_all;
use klatch_core::Args;

use crate::conformance::bed::{Address, Bed, in_thread};
use crate::conformance::client::Client;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

const THREADS: usize = 3;
/// Sockets that one thread, and no other, lets join and leave.
const OWN: usize = 2;
/// Sockets that stay in the room: what the first sees is the order.
const MEMBERS: usize = 2;
const STEPS: usize = 5_000;

/// A packet as a client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A broadcast: its thread, and its place among all that this thread sent.
    Broadcast(usize, usize),
    /// Sent to this client alone, before its socket joined.
    Joining(usize),
    /// Sent to this client alone, after its socket left.
    Left(usize),
}

/// xorshift64: the order of calls within a thread is the seed's; how threads meet is not.
pub(super) struct Random(u64);

impl Random {
    /// Another one for each thread.
    pub(super) fn of(thread: usize) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (thread as u64 + 1))
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What one thread does.
fn act(thread: usize, namespace: &Namespace, own: &[Socket]) {
    let mut random = Random::of(thread);
    let room = namespace.to("room");
    let mut joined = [false; OWN];
    for step in 0..STEPS {
        let nth = random.below(OWN as u64) as usize;
        match random.below(10) {
            0..7 => room.emit("all", &Args((thread, step))).expect("numbers are encoded"),
            _ if joined[nth] => {
                own[nth].leave("room");
                own[nth].emit("left", &step).expect("it is connected");
                joined[nth] = false;
            }
            _ => {
                own[nth].emit("joining", &step).expect("it is connected");
                own[nth].join("room").expect("the name is short");
                joined[nth] = true;
            }
        }
    }
}

fn parse(packet: &str) -> Option<Seen> {
    let inner = packet.strip_prefix("42[\"")?.strip_suffix(']')?;
    let (name, numbers) = inner.split_once("\",")?;
    let mut numbers = numbers.split(',').map(|n| n.parse().expect("a number"));
    let mut number = || numbers.next().expect("one more number");
    match name {
        "all" => Some(Seen::Broadcast(number(), number())),
        "joining" => Some(Seen::Joining(number())),
        "left" => Some(Seen::Left(number())),
        _ => None,
    }
}

/// All that a client sees before it is told that this was all.
async fn watch(mut client: Client) -> Vec<Seen> {
    let mut seen = Vec::new();
    loop {
        let packet = client.next().await;
        if packet == "42[\"done\"]" {
            return seen;
        }
        seen.push(parse(&packet).unwrap_or_else(|| panic!("nobody sent {packet}")));
    }
}

/// What each client saw, the members first, then two by two the sockets of each thread.
async fn run(bed: &Bed, namespace: &Namespace, address: Address<'_>) -> Vec<Vec<Seen>> {
    let mut sockets = Vec::new();
    let mut watching = Vec::new();
    for _ in 0..MEMBERS + THREADS * OWN {
        let (client, id) = Client::connected_as(address).await;
        let all = namespace.sockets();
        let socket = all.into_iter().find(|socket| socket.id().as_str() == id);
        sockets.push(socket.expect("it is connected"));
        watching.push(bed.spawn(watch(client)));
    }
    let (members, others) = sockets.split_at(MEMBERS);
    for member in members {
        member.join("room").expect("the name is short");
    }
    let threads: Vec<_> = (others.chunks(OWN).enumerate())
        .map(|(thread, own)| {
            let (namespace, own) = (namespace.clone(), own.to_vec());
            in_thread(move || act(thread, &namespace, &own))
        })
        .collect();
    for ended in bed.soon("the end of the threads", join_all(threads)).await {
        ended.expect("nothing fails");
    }
    namespace.emit("done", &()).expect("a name is encoded");
    join_all(watching).await.into_iter().map(|seen| seen.expect("nothing fails")).collect()
}

/// The order that the first member saw: every broadcast's place in it.
fn order(seen: &[Seen]) -> HashMap<(usize, usize), usize> {
    let mut order = HashMap::new();
    let mut last = [None; THREADS];
    for (place, seen) in seen.iter().enumerate() {
        let Seen::Broadcast(thread, step) = *seen else { panic!("not for a member: {seen:?}") };
        assert!(last[thread] < Some(step), "thread {thread} sent {step} after {:?}", last[thread]);
        last[thread] = Some(step);
        assert_eq!(order.insert((thread, step), place), None, "twice: {seen:?}");
    }
    order
}

/// Between joining and leaving: a stretch of the order without gaps. Outside: nothing.
fn check(owner: usize, seen: &[Seen], order: &HashMap<(usize, usize), usize>) {
    let mut is_member = false;
    let mut last_place = None;
    let mut last_of_owner = None;
    for seen in seen {
        let of_owner = match *seen {
            Seen::Broadcast(thread, step) => {
                assert!(is_member, "{seen:?} came after its socket had left");
                let place = order[&(thread, step)];
                assert!(
                    last_place.is_none_or(|last| place == last + 1),
                    "{seen:?} is number {place}, and came after number {last_place:?}"
                );
                last_place = Some(place);
                (thread == owner).then_some(step)
            }
            Seen::Joining(step) => {
                (is_member, last_place) = (true, None);
                Some(step)
            }
            Seen::Left(step) => {
                is_member = false;
                Some(step)
            }
        };
        if let Some(step) = of_owner {
            assert!(last_of_owner < Some(step), "{seen:?} came after {last_of_owner:?}");
            last_of_owner = Some(step);
        }
    }
}

pub(crate) async fn members_agree_on_one_order_and_nothing_arrives_after_leave(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let running = bed.serve(&server).await;
    let seen = run(bed, &namespace, running.address).await;
    let order = order(&seen[0]);
    assert!(order.len() > THREADS * STEPS / 2, "most steps are broadcasts: {}", order.len());
    assert!(seen[0] == seen[1], "the members disagree");
    for (nth, seen) in seen[MEMBERS..].iter().enumerate() {
        assert!(seen.len() > STEPS / 10, "socket {nth} was a member now and then");
        check(nth / OWN, seen, &order);
    }
    bed.close(&server).await;
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
}
