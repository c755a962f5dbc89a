//! Who comes back, against a log of everything that ever happened.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const ROOMS: [&str; 3] = ["red", "blue", "green"];

#[derive(Clone, Debug)]
enum Step {
    Join(u8, usize),
    Leave(u8, usize),
    Say {
        from: Option<u8>,
        to: Vec<usize>,
        except: Vec<usize>,
    },
    Tell(u8),
    /// The client reads up to here: so many packets.
    Read(u8, usize),
    Lose(u8),
    Return(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..3u8;
    let rooms = || proptest::collection::vec(0..ROOMS.len(), 0..3);
    prop_oneof![
        2 => (who(), 0..ROOMS.len()).prop_map(|(who, room)| Step::Join(who, room)),
        1 => (who(), 0..ROOMS.len()).prop_map(|(who, room)| Step::Leave(who, room)),
        6 => (proptest::option::of(who()), rooms(), rooms())
            .prop_map(|(from, to, except)| Step::Say { from, to, except }),
        2 => who().prop_map(Step::Tell),
        3 => (who(), 0..4usize).prop_map(|(who, count)| Step::Read(who, count)),
        2 => who().prop_map(Step::Lose),
        2 => who().prop_map(Step::Return),
    ]
}

/// A client with all that ever was for it: the obvious way to know what it must have.
#[derive(Default)]
struct Client {
    key: Option<SocketKey>,
    rooms: BTreeSet<&'static str>,
    /// In order, with the offsets.
    due: Vec<(u32, String)>,
    sent: Vec<(u32, String)>,
    read: usize,
}

proptest! {
    /// Invariant 52.
    #[test]
    fn recovery_neither_loses_nor_doubles(steps in proptest::collection::vec(step(), 1..60)) {
        let (mut namespace, keys) = promised::<3>(limits());
        let mut clients: BTreeMap<u8, Client> = keys
            .into_iter()
            .zip(0..)
            .map(|(key, n)| (n, Client { key: Some(key), ..Client::default() }))
            .collect();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Join(who, room) => {
                    let client = clients.get_mut(&who).unwrap();
                    if let Some(key) = client.key {
                        namespace.join(key, ROOMS[room]).unwrap();
                        client.rooms.insert(ROOMS[room]);
                    }
                }
                Step::Leave(who, room) => {
                    let client = clients.get_mut(&who).unwrap();
                    if let Some(key) = client.key {
                        namespace.leave(key, ROOMS[room]);
                        client.rooms.remove(ROOMS[room]);
                    }
                }
                Step::Say { from, to, except } => {
                    next += 1;
                    let names = |rooms: &[usize]| -> BTreeSet<&'static str> {
                        rooms.iter().map(|room| ROOMS[*room]).collect()
                    };
                    let (to, except) = (names(&to), names(&except));
                    let mut target = if to.is_empty() {
                        Target::all()
                    } else {
                        Target::rooms(to.iter().copied())
                    };
                    for room in &except {
                        target = target.except(*room);
                    }
                    if let Some(key) = from.and_then(|from| clients[&from].key) {
                        target = target.without(key);
                    }
                    let from = from.filter(|from| clients[from].key.is_some());
                    let mut selected = Vec::new();
                    namespace.select(&target, &mut selected);
                    let offset = say(&mut namespace, at(0), &target, next);
                    for (who, client) in &mut clients {
                        let is_in = |rooms: &BTreeSet<_>| !rooms.is_disjoint(&client.rooms);
                        let meant = (to.is_empty() || is_in(&to)) && !is_in(&except) && Some(*who) != from;
                        if !meant {
                            continue;
                        }
                        client.due.push((next, offset.clone()));
                        if let Some(key) = client.key {
                            prop_assert!(selected.contains(&key));
                            client.sent.push((next, offset.clone()));
                        }
                    }
                }
                Step::Tell(who) => {
                    let client = clients.get_mut(&who).unwrap();
                    if let Some(key) = client.key {
                        next += 1;
                        let (n, offset) = read(&namespace.record_for(at(0), key, draft(next)));
                        client.due.push((n, offset.clone()));
                        client.sent.push((n, offset));
                    }
                }
                Step::Read(who, count) => {
                    let client = clients.get_mut(&who).unwrap();
                    client.read = client.sent.len().min(client.read + count);
                }
                Step::Lose(who) => {
                    let client = clients.get_mut(&who).unwrap();
                    if let Some(key) = client.key.take() {
                        prop_assert!(namespace.lose(at(0), key, None));
                        client.sent.truncate(client.read);
                    }
                }
                Step::Return(who) => {
                    let client = clients.get_mut(&who).unwrap();
                    if client.key.is_some() {
                        continue;
                    }
                    let last = client.sent.last().map(|(_, offset)| offset.clone());
                    let back = namespace.recover(at(0), &pid(who), last.as_deref()).unwrap();
                    prop_assert_eq!(back.id, id(who));
                    let is_missing = |(_, offset): &&(u32, String)| Some(offset) > last.as_ref();
                    let due = client.due.iter().filter(is_missing).map(|(n, _)| *n);
                    prop_assert_eq!(numbers(&back.missed), due.collect::<Vec<_>>());
                    let rooms: BTreeSet<&str> = namespace.rooms(back.key).skip(1).collect();
                    prop_assert_eq!(&rooms, &client.rooms);
                    client.key = Some(back.key);
                    client.sent.extend(back.missed.iter().map(read));
                }
            }
        }
        for client in clients.values() {
            if let Some(key) = client.key {
                namespace.disconnect(key);
            }
        }
        namespace.handle_timeout(at(1000));
        prop_assert!(namespace.recovery.unwrap().is_at_rest(), "nothing is left");
    }
}
