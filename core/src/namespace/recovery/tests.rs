//! Who comes back, with what.

mod properties;

use std::sync::Arc;

use super::*;
use crate::namespace::RoomEvent;
use crate::{ENTROPY_BYTES, JoinError, Payload};

const KEY: HashKey = HashKey::from_entropy([9; 16]);

fn id(n: u8) -> SocketId {
    SocketId::from_entropy([n; ENTROPY_BYTES])
}

fn pid(n: u8) -> Pid {
    Pid::from_entropy([100 + n; ENTROPY_BYTES])
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn limits() -> RecoveryLimits {
    RecoveryLimits::default()
}

/// A namespace with `N` sockets that were promised to come back.
fn promised<const N: usize>(limits: RecoveryLimits) -> (Namespace, [SocketKey; N]) {
    let mut namespace = Namespace::new(KEY).with_recovery(limits);
    let keys = std::array::from_fn(|n| {
        let key = namespace.connect(id(n as u8)).expect("the id is new");
        namespace.promise(key, pid(n as u8));
        key
    });
    (namespace, keys)
}

fn draft(n: u32) -> Draft {
    Outgoing::draft("/", "e", &n).expect("a number is JSON")
}

/// What an event carries, and its offset, as a client reads them.
fn read(packet: &Outgoing) -> (u32, String) {
    let text = std::str::from_utf8(packet.text()).expect("JSON is UTF-8");
    let array = text.strip_prefix("42").expect("it is an event");
    let (name, n, offset): (String, u32, String) = serde_json::from_str(array).expect("an event");
    assert_eq!(name, "e");
    (n, offset)
}

fn numbers(packets: &[Outgoing]) -> Vec<u32> {
    packets.iter().map(|packet| read(packet).0).collect()
}

fn say(namespace: &mut Namespace, now: Timestamp, target: &Target, n: u32) -> String {
    read(&namespace.record(now, target, draft(n))).1
}

#[test]
fn whoever_was_lost_comes_back_with_id_rooms_and_what_it_missed() {
    let (mut namespace, [a, b]) = promised(limits());
    namespace.join(a, "red").expect("a room is a room");
    namespace.leave(a, id(0).as_str());
    let heard = say(&mut namespace, at(0), &Target::all(), 1);
    let luggage = Luggage::new(std::sync::Arc::new(7));
    assert!(namespace.lose(at(1), a, Some(luggage.clone())));
    assert_eq!(namespace.len(), 1);

    say(&mut namespace, at(2), &Target::all(), 2);
    say(&mut namespace, at(2), &Target::rooms(["red"]).without(b), 3);
    say(&mut namespace, at(2), &Target::rooms(["blue"]), 4);
    say(&mut namespace, at(2), &Target::all().except("red"), 5);
    say(&mut namespace, at(2), &Target::rooms([id(0)]), 6);
    say(&mut namespace, at(2), &Target::rooms(["blue", "red"]), 7);
    namespace.record_for(at(2), b, draft(8));
    let back = namespace.recover(at(3), &pid(0), Some(&heard)).expect("it is known");
    assert_eq!((back.id, back.luggage), (id(0), Some(luggage)));
    assert_eq!(numbers(&back.missed), [2, 3, 7]);
    assert_eq!(namespace.rooms(back.key).collect::<Vec<_>>(), ["red"]);
    assert_eq!(namespace.poll_event(), None);
}

#[test]
fn what_was_said_to_one_socket_is_kept_for_it() {
    let (mut namespace, [a, b]) = promised(limits());
    namespace.record_for(at(0), a, draft(1));
    namespace.record_for(at(0), b, draft(2));
    namespace.lose(at(0), a, None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [1], "a client that read nothing has no offset");
}

#[test]
fn what_was_taken_back_was_not_missed() {
    let (mut namespace, [alice]) = promised(limits());
    for (n, is_refused) in [(1, false), (2, true), (3, false)] {
        let packet = namespace.record_for(at(1), alice, draft(n));
        assert_eq!(read(&packet).0, n);
        if is_refused {
            namespace.retract();
        }
    }
    assert!(namespace.lose(at(1), alice, None));
    let back = namespace.recover(at(2), &pid(0), None).expect("it may come back");
    assert_eq!(numbers(&back.missed), [1, 3]);
    assert_ne!(read(&back.missed[0]).1, read(&back.missed[1]).1, "they have one offset");
}

#[test]
fn whoever_is_put_out_of_a_room_missed_nothing_that_is_said_there() {
    let (mut namespace, [a]) = promised(limits());
    namespace.join(a, id(5).as_str()).expect("nobody has that id yet");
    let owner = namespace.connect(id(5)).expect("the id is new");
    say(&mut namespace, at(0), &Target::rooms([id(5)]), 1);
    namespace.lose(at(0), a, None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [0; 0]);
    assert_eq!(namespace.rooms(back.key).collect::<Vec<_>>(), [id(0).as_str()]);

    // The same for a socket that is away when the owner connects.
    namespace.disconnect(owner);
    namespace.join(back.key, id(5).as_str()).expect("nobody has that id");
    namespace.lose(at(0), back.key, None);
    namespace.connect(id(5)).expect("the id is free");
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    say(&mut namespace, at(0), &Target::rooms([id(5)]), 2);
    namespace.lose(at(0), back.key, None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [0; 0]);
}

/// PARITY 1.8: in Node a `pid` stays good while its socket is connected.
#[test]
fn a_pid_is_good_for_one_use_at_a_time() {
    let (mut namespace, [a]) = promised(limits());
    assert_eq!(namespace.promised(&pid(0)), Some(a));
    assert_eq!(namespace.recover(at(0), &pid(0), None).err(), Some(NotRecovered::Unknown));
    namespace.lose(at(0), a, None);
    assert_eq!(namespace.promised(&pid(0)), None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(namespace.recover(at(0), &pid(0), None).err(), Some(NotRecovered::Unknown));
    assert_eq!(namespace.promised(&pid(0)), Some(back.key));

    namespace.lose(at(0), back.key, None);
    assert!(namespace.recover(at(0), &pid(0), None).is_ok(), "and again, when it was lost again");
}

#[test]
fn whoever_disconnects_does_not_come_back() {
    let (mut namespace, [a, _]) = promised(limits());
    namespace.disconnect(a);
    assert_eq!(namespace.recover(at(0), &pid(0), None).err(), Some(NotRecovered::Unknown));
    assert!(!namespace.lose(at(0), a, None));
}

#[test]
fn who_is_away_for_too_long_expires() {
    let (mut namespace, [a, b]) = promised(limits());
    namespace.lose(at(0), a, None);
    assert_eq!(namespace.poll_timeout(), Some(at(120)));
    namespace.lose(at(1), b, Some(Luggage::new(std::sync::Arc::new(()))));
    namespace.handle_timeout(at(120));
    let expired = NamespaceEvent::Expired { id: id(0), luggage: None };
    assert_eq!(namespace.poll_event(), Some(expired));
    assert_eq!(namespace.poll_event(), None);
    assert_eq!(namespace.recover(at(120), &pid(0), None).err(), Some(NotRecovered::Unknown));
    // The time of the second is up, whether somebody looked or not.
    assert_eq!(namespace.recover(at(121), &pid(1), None).err(), Some(NotRecovered::Unknown));
    assert!(matches!(
        namespace.poll_event(),
        Some(NamespaceEvent::Expired { luggage: Some(_), .. })
    ));
}

#[test]
fn when_too_many_are_away_the_first_expires() {
    let (mut namespace, keys) = promised::<3>(limits().sessions(2));
    for key in keys {
        namespace.lose(at(0), key, None);
    }
    assert_eq!(namespace.poll_event(), Some(NamespaceEvent::Expired { id: id(0), luggage: None }));
    assert!(namespace.recover(at(0), &pid(1), None).is_ok());
}

#[test]
fn each_limit_is_set_beside_the_others() {
    let limits = limits()
        .max_disconnection(Duration::from_secs(1))
        .notice(Duration::from_secs(2))
        .packets(3)
        .bytes(4)
        .sessions(5);
    let times = (limits.max_disconnection.as_secs(), limits.notice.as_secs());
    assert_eq!((times, limits.packets, limits.bytes, limits.sessions), ((1, 2), 3, 4, 5));
}

#[test]
fn nobody_comes_back_where_no_time_or_no_socket_is_allowed_for() {
    assert!(limits().recovers());
    assert!(limits().sessions(1).recovers());
    assert!(!limits().sessions(0).recovers());
    assert!(!limits().max_disconnection(Duration::ZERO).recovers());

    let (mut namespace, [a]) = promised(limits().sessions(0));
    assert!(namespace.has_recovery());
    assert!(namespace.lose(at(0), a, None));
    assert_eq!((namespace.away(), namespace.poll_event()), (0, None));
}

#[test]
fn those_who_are_away_are_counted_until_they_are_forgotten() {
    let (mut namespace, [a, b, _]) = promised(limits());
    assert_eq!(namespace.away(), 0);
    for key in [a, b] {
        namespace.lose(at(0), key, None);
    }
    assert_eq!(namespace.away(), 2);
    namespace.forget_away();
    assert_eq!(namespace.away(), 0);
    for n in [0, 1] {
        let expired = NamespaceEvent::Expired { id: id(n), luggage: None };
        assert_eq!(namespace.poll_event(), Some(expired));
        assert_eq!(namespace.recover(at(0), &pid(n), None).err(), Some(NotRecovered::Unknown));
    }
}

#[test]
fn whoever_left_all_rooms_comes_back_into_none_with_what_was_said_before() {
    let (mut namespace, [a]) = promised(limits());
    namespace.join_all(a, ["red", "blue"]).expect("rooms are rooms");
    say(&mut namespace, at(0), &Target::rooms(["blue"]), 1);
    say(&mut namespace, at(0), &Target::rooms([id(0)]), 2);
    assert_eq!(namespace.leave_all(a), 3);
    say(&mut namespace, at(0), &Target::rooms(["red", "blue"]).to(id(0)), 3);
    namespace.lose(at(0), a, None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [1, 2]);
    assert_eq!(namespace.rooms(back.key).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn whoever_joined_none_of_several_rooms_comes_back_into_none_of_them() {
    let (mut namespace, [a, _]) = promised(limits());
    namespace.join(a, "red").expect("a room is a room");
    let own = id(0);
    for leaves in [false, true] {
        if leaves {
            namespace.leave(a, own.as_str());
        }
        let foreign = id(1);
        let rooms = ["blue", own.as_str(), foreign.as_str()];
        assert_eq!(namespace.join_all(a, rooms), Err(JoinError::ForeignId));
    }
    say(&mut namespace, at(0), &Target::rooms(["blue"]).to(own), 1);
    say(&mut namespace, at(0), &Target::rooms(["red"]), 2);
    namespace.lose(at(0), a, None);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [2]);
    assert_eq!(namespace.rooms(back.key).collect::<Vec<_>>(), ["red"]);
}

#[test]
fn what_nobody_can_ask_for_is_forgotten_at_once() {
    let is_at_rest = |namespace: &Namespace| namespace.recovery.as_ref().unwrap().is_at_rest();
    let (mut namespace, [a]) = promised(limits());
    say(&mut namespace, at(0), &Target::all(), 1);
    assert!(!is_at_rest(&namespace));
    namespace.disconnect(a);
    assert!(is_at_rest(&namespace), "who could come back has gone");

    let (mut namespace, [a]) = promised(limits());
    say(&mut namespace, at(0), &Target::all(), 1);
    namespace.lose(at(0), a, None);
    assert!(!is_at_rest(&namespace));
    namespace.handle_timeout(at(120));
    assert!(is_at_rest(&namespace), "who was away has expired");
}

#[test]
fn whoever_lacks_a_packet_that_was_dropped_is_not_brought_up_to_date() {
    for limits in [limits().packets(2), limits().bytes(2 * 192 + 60)] {
        let (mut namespace, [a, b, c]) = promised(limits);
        for (n, key) in [(1, a), (2, b), (3, c)] {
            namespace.lose(at(n), key, None);
        }
        let offsets = [4, 5, 6].map(|n| say(&mut namespace, at(n), &Target::all(), n as u32));
        assert_eq!(namespace.recover(at(7), &pid(0), None).err(), Some(NotRecovered::Incomplete));
        let expired = NamespaceEvent::Expired { id: id(0), luggage: None };
        assert_eq!(namespace.poll_event(), Some(expired), "a session is used up");
        let back = namespace.recover(at(7), &pid(1), Some(&offsets[0])).expect("5 and 6 are there");
        assert_eq!(numbers(&back.missed), [5, 6]);
        // When the dropped packet would have gone anyway, whoever left before is long expired.
        let now = at(4 + 120 + 65);
        namespace.lose(now, back.key, None);
        let back = namespace.recover(now, &pid(1), None).expect("it was with the client");
        assert_eq!(numbers(&back.missed), [5, 6]);
    }
}

#[test]
fn an_old_offset_is_as_good_as_the_log() {
    let (mut namespace, [a, _]) = promised(limits());
    let heard = say(&mut namespace, at(0), &Target::all(), 1);
    say(&mut namespace, at(1), &Target::rooms(["elsewhere"]), 2);
    // Silence for an hour, in which the log empties; then the client is lost.
    namespace.handle_timeout(at(3600));
    namespace.lose(at(3600), a, None);
    say(&mut namespace, at(3601), &Target::all(), 3);
    let back = namespace.recover(at(3602), &pid(0), Some(&heard)).expect("it is known");
    assert_eq!(numbers(&back.missed), [3]);
}

#[test]
fn an_offset_that_cannot_be_brings_nobody_back() {
    for offset in ["", "hello", "zzzzzzzz", "--------9"] {
        let (mut namespace, [a]) = promised(limits());
        namespace.record_for(at(0), a, draft(1));
        namespace.lose(at(0), a, None);
        let answer = namespace.recover(at(0), &pid(0), Some(offset));
        assert_eq!(answer.err(), Some(NotRecovered::Incomplete), "{offset}");
        assert_eq!(namespace.len(), 0);
    }
}

#[test]
fn an_offset_from_before_its_time_shows_a_client_nothing() {
    let (mut namespace, [_]) = promised(limits());
    let early = say(&mut namespace, at(0), &Target::all(), 1);
    say(&mut namespace, at(0), &Target::all(), 2);
    let late = namespace.connect(id(5)).expect("the id is new");
    namespace.promise(late, pid(5));
    namespace.lose(at(0), late, None);
    let back = namespace.recover(at(0), &pid(5), Some(&early)).expect("it is known");
    assert_eq!(numbers(&back.missed), [0; 0]);
}

#[test]
fn the_room_of_one_who_is_away_stays_its_own() {
    let (mut namespace, [a, b]) = promised(limits());
    namespace.lose(at(0), a, None);
    assert_eq!(namespace.join(b, id(0).as_str()), Err(JoinError::ForeignId));
    namespace.handle_timeout(at(120));
    assert_eq!(namespace.join(b, id(0).as_str()), Ok(true), "nobody comes back into it");
}

#[test]
fn where_a_socket_was_is_remembered_so_far_back() {
    let (mut namespace, [a]) = promised(limits());
    let mut offsets = Vec::new();
    for n in 1..=200 {
        namespace.join(a, "red").expect("a room is a room");
        offsets.push(say(&mut namespace, at(0), &Target::rooms(["red"]), n));
        namespace.leave(a, "red");
        say(&mut namespace, at(0), &Target::rooms(["red"]), 1000);
    }
    namespace.lose(at(0), a, None);
    // The stay of 73 is the first of the last 128.
    let back = namespace.recover(at(0), &pid(0), Some(&offsets[71])).expect("it is known");
    assert_eq!(numbers(&back.missed), (73..=200).collect::<Vec<_>>());
    namespace.lose(at(0), back.key, None);
    let answer = namespace.recover(at(0), &pid(0), Some(&offsets[70]));
    assert_eq!(answer.err(), Some(NotRecovered::Incomplete));
}

#[test]
fn a_sender_that_was_lost_does_not_get_what_it_said() {
    let (mut namespace, [a, _]) = promised(limits());
    namespace.lose(at(0), a, None);
    say(&mut namespace, at(0), &Target::all().without(a), 1);
    let back = namespace.recover(at(0), &pid(0), None).expect("it is known");
    assert_eq!(numbers(&back.missed), [0; 0]);
}

#[test]
fn whoever_comes_back_is_told_to_be_in_the_rooms_that_it_was_in() {
    let (mut namespace, [a, b]) = promised(limits());
    namespace.watch_rooms(true);
    namespace.join(a, "x").unwrap();
    assert!(namespace.leave(a, id(0).as_str()) && namespace.lose(at(0), a, None));
    assert!(namespace.lose(at(0), b, None));
    let rooms = |namespace: &mut Namespace| {
        std::iter::from_fn(|| namespace.poll_event()).collect::<Vec<_>>()
    };
    assert_eq!(rooms(&mut namespace).len(), 2 + 2 + 2 + 2, "what was made is gone again");
    namespace.recover(at(0), &pid(0), None).unwrap();
    namespace.recover(at(0), &pid(1), None).unwrap();
    let (own, room) = (id(1).as_str().into(), "x".into());
    let created = |room: &Arc<str>| RoomEvent::Created { room: room.clone() };
    let joined = |room: &Arc<str>, socket| RoomEvent::Joined { room: room.clone(), socket };
    let expected = [created(&room), joined(&room, id(0)), created(&own), joined(&own, id(1))];
    assert_eq!(rooms(&mut namespace), expected.map(NamespaceEvent::Room));
}

#[test]
fn luggage_is_itself_and_shows_nothing() {
    let luggage = Luggage::new(Arc::new("secret"));
    assert_eq!(luggage, luggage.clone());
    assert_ne!(luggage, Luggage::new(Arc::new("secret")));
    assert_eq!(format!("{luggage:?}"), "Luggage(..)");
    assert_eq!(luggage.into_inner().downcast_ref(), Some(&"secret"));
}

#[test]
fn without_recovery_and_without_a_promise_nothing_is_kept() {
    let mut namespace = Namespace::new(KEY);
    assert!(!namespace.has_recovery());
    let a = namespace.connect(id(0)).expect("the id is new");
    namespace.promise(a, pid(0));
    say(&mut namespace, at(0), &Target::all(), 1);
    assert!(namespace.lose(at(0), a, None));
    assert_eq!(namespace.recover(at(0), &pid(0), None).err(), Some(NotRecovered::Unknown));

    let mut namespace = Namespace::new(KEY).with_recovery(limits());
    let a = namespace.connect(id(0)).expect("the id is new");
    say(&mut namespace, at(0), &Target::all(), 1);
    assert!(namespace.lose(at(0), a, None));
    assert_eq!(namespace.recovery.as_ref().map(|recovery| recovery.log.len()), Some(0));
    assert_eq!(namespace.poll_timeout(), None);
}

#[test]
fn an_attachment_and_several_arguments_leave_room_for_the_offset() {
    let args = crate::Args((bytes::Bytes::from_static(b"!"), "two"));
    let mut namespace = Namespace::new(KEY).with_recovery(limits());
    let draft = Outgoing::draft("/a", "e", &args).expect("it is JSON");
    let packet = namespace.record(at(0), &Target::all(), draft);
    let expected = r#"451-/a,["e",{"_placeholder":true,"num":0},"two","-------0"]"#;
    assert_eq!(packet.text(), expected);
    assert_eq!(packet.attachments().len(), 1);
    let raw = Payload::from_json("[]", Vec::new()).expect("it is an array");
    let draft = Outgoing::draft("/", "e", &raw).expect("it is JSON");
    let packet = namespace.record(at(0), &Target::all(), draft);
    assert_eq!(packet.text(), r#"42["e","-------1"]"#);
}
