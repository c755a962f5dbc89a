use super::*;
use crate::ENTROPY_BYTES;
use crate::Limit;

const KEY: HashKey = HashKey::from_entropy([9; 16]);

fn id(n: u8) -> SocketId {
    SocketId::from_entropy([n; ENTROPY_BYTES])
}

fn payload(n: u8) -> Payload {
    Payload::from_args(&n).expect("a number is JSON")
}

/// A namespace with `N` sockets of the ids 0, 1 and so on.
fn with_sockets<const N: usize>() -> (Namespace, [SocketKey; N]) {
    let mut namespace = Namespace::new(KEY);
    let keys = std::array::from_fn(|n| namespace.connect(id(n as u8)).expect("the id is new"));
    (namespace, keys)
}

fn selected(namespace: &mut Namespace, target: &Target) -> Vec<SocketKey> {
    let mut list = Vec::new();
    namespace.select(target, &mut list);
    list
}

fn rooms(namespace: &Namespace, key: SocketKey) -> Vec<&str> {
    namespace.rooms(key).collect()
}

fn asked(namespace: &mut Namespace, keys: &[SocketKey], deadline: u64) -> AckId {
    let id = namespace.next_ack_id();
    namespace
        .expect_acks(id, keys, Timestamp::from_millis(deadline))
        .expect("nobody is at the limit");
    id
}

fn done(
    id: AckId,
    answers: &[(SocketId, Payload)],
    missing: &[SocketId],
    cause: AckCause,
) -> NamespaceEvent {
    NamespaceEvent::AcksDone { id, answers: answers.to_vec(), missing: missing.to_vec(), cause }
}

#[test]
fn a_socket_is_found_by_key_and_by_id_while_it_is_connected() {
    let (mut namespace, [a, b]) = with_sockets();
    assert_eq!(namespace.connect(id(0)), Err(DuplicateId(id(0))));
    assert_eq!(namespace.key(&id(1)), Some(b));
    assert_eq!(namespace.id(a), Some(id(0)));
    assert_eq!(namespace.sockets().collect::<Vec<_>>(), [a, b]);

    assert!(namespace.disconnect(a));
    assert!(!namespace.disconnect(a));
    assert_eq!((namespace.key(&id(0)), namespace.id(a)), (None, None));
    assert_eq!((namespace.len(), namespace.is_empty()), (1, false));
}

#[test]
fn a_stale_key_does_nothing_to_whoever_took_the_place() {
    let (mut namespace, [old]) = with_sockets();
    namespace.disconnect(old);
    let new = namespace.connect(id(0)).expect("the id is free again");
    namespace.join(new, "a").expect("a room is a room");

    assert_ne!(old, new);
    assert_ne!(format!("{old:?}"), format!("{new:?}"));
    assert_eq!(namespace.join(old, "b"), Ok(false));
    assert_eq!(namespace.join_all(old, ["b"]), Ok(0));
    assert!(!namespace.leave(old, "a"));
    assert_eq!(namespace.leave_all(old), 0);
    assert!(!namespace.is_in(old, "a") && !namespace.contains(old));
    assert_eq!(rooms(&namespace, old), [""; 0]);
    assert_eq!(rooms(&namespace, new), [id(0).as_str(), "a"]);
    let all_but_the_old = Target::all().without(old);
    assert_eq!(selected(&mut namespace, &all_but_the_old), [new]);
}

#[test]
fn what_is_kept_beside_a_socket_is_found_until_it_is_taken_out() {
    let (_, [a, b]) = with_sockets();
    let mut map = SocketMap::new();
    assert!(map.is_empty());
    assert_eq!(map.insert(a, 1), None);
    assert!(!map.is_empty());
    assert_eq!((map.get(a), map.get(b)), (Some(&1), None));
    assert_eq!(map.remove(a), Some(1));
    assert!(map.is_empty());
}

#[test]
fn a_room_is_there_from_its_first_member_to_its_last() {
    let (mut namespace, [a, b]) = with_sockets();
    assert_eq!(namespace.join(a, "x"), Ok(true));
    assert_eq!(namespace.join(a, "x"), Ok(false));
    assert_eq!(namespace.join_all(b, ["y", "x", "y"]), Ok(2));
    assert_eq!(namespace.room_names().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(namespace.members("x").collect::<Vec<_>>(), [a, b]);
    assert_eq!(namespace.room_len("x"), 2);
    assert_eq!(rooms(&namespace, b), [id(1).as_str(), "y", "x"]);

    assert!(namespace.leave(a, "x"));
    assert!(!namespace.leave(a, "x"));
    assert!(!namespace.leave(a, "nowhere"));
    assert_eq!(namespace.leave_all(b), 3);
    assert_eq!(namespace.room_names().count(), 0);
    assert_eq!(rooms(&namespace, b), [""; 0]);
}

#[test]
fn whoever_leaves_does_not_disturb_the_places_of_others() {
    let (mut namespace, [a, b, c]) = with_sockets();
    for key in [a, b, c] {
        namespace.join_all(key, ["x", "y", "z"]).expect("three rooms");
    }
    assert!(namespace.leave(a, "x"));
    assert_eq!(namespace.members("x").collect::<Vec<_>>(), [c, b]);
    assert_eq!(rooms(&namespace, a)[1..], ["z", "y"]);
    assert!(namespace.disconnect(c));
    assert_eq!(namespace.members("x").collect::<Vec<_>>(), [b]);
    assert_eq!(namespace.members("z").collect::<Vec<_>>(), [a, b]);
    assert!(namespace.leave(a, "y") && namespace.leave(a, "z"));
    assert_eq!(rooms(&namespace, b)[1..], ["x", "y", "z"]);
}

#[test]
fn the_room_of_an_id_is_there_without_being_made() {
    let (mut namespace, [a, b]) = with_sockets();
    let own = id(0);
    assert_eq!(namespace.room_names().count(), 0);
    assert!(namespace.is_in(a, own.as_str()) && !namespace.is_in(b, own.as_str()));
    assert_eq!(namespace.room_len(own.as_str()), 1);
    assert_eq!(namespace.join(a, own.as_str()), Ok(false));
    let to_a = Target::all().to(own.as_str());
    assert_eq!(selected(&mut namespace, &to_a), [a]);

    assert!(namespace.leave(a, own.as_str()));
    assert!(!namespace.leave(a, own.as_str()));
    assert_eq!(selected(&mut namespace, &to_a), []);
    assert_eq!(namespace.join(a, own.as_str()), Ok(true));
    assert_eq!(selected(&mut namespace, &to_a), [a]);
}

#[test]
fn nobody_gets_into_the_room_of_another_sockets_id() {
    let (mut namespace, [a, b]) = with_sockets();
    let foreign = id(0);
    assert_eq!(namespace.join(b, foreign.as_str()), Err(JoinError::ForeignId));
    namespace.leave(a, foreign.as_str());
    assert_eq!(namespace.join(b, foreign.as_str()), Err(JoinError::ForeignId));

    // While no such socket is connected it is a name like any other; a recovered one claims it.
    namespace.disconnect(a);
    assert_eq!(namespace.join_all(b, ["x", foreign.as_str(), "y"]), Ok(3));
    let a = namespace.connect(foreign).expect("the id is free");
    assert_eq!(rooms(&namespace, b), [id(1).as_str(), "x", "y"]);
    assert_eq!(namespace.members(foreign.as_str()).collect::<Vec<_>>(), [a]);
}

#[test]
fn limits_hold_at_n_and_not_at_n_plus_one() {
    let limits = NamespaceLimits::default().rooms_per_socket(2).room_name(ENTROPY_BYTES);
    assert_eq!(limits.max_rooms(), 2);
    let mut namespace = Namespace::with_limits(KEY, limits);
    let a = namespace.connect(id(0)).expect("the id is new");

    let too_long = Err(JoinError::NameTooLong { limit: 15 });
    assert_eq!(namespace.join(a, &"é".repeat(8)), too_long);
    assert_eq!(too_long.map_err(|error| error.limit()), Err(Some(Limit::RoomName)));
    assert_eq!(namespace.join(a, "15 bytes it has"), Ok(true));
    assert_eq!(namespace.join(a, ""), Ok(true));
    let too_many = JoinError::TooManyRooms { limit: 2 };
    assert_eq!(namespace.join(a, "third"), Err(too_many));
    assert_eq!(too_many.limit(), Some(Limit::Rooms));
    assert_eq!(namespace.join(a, ""), Ok(false));
    assert_eq!(namespace.join(a, id(0).as_str()), Ok(false));
}

#[test]
fn the_default_limit_of_rooms_does_not_count_the_own_one() {
    let (mut namespace, [a]) = with_sockets();
    let names: Vec<_> = (0..1024).map(|n| n.to_string()).collect();
    assert_eq!(namespace.join_all(a, &names), Ok(1024));
    let limit = 1024;
    assert_eq!(namespace.join(a, "one more"), Err(JoinError::TooManyRooms { limit }));
    assert!(namespace.leave(a, "17"));
    assert_eq!(namespace.join(a, &"x".repeat(257)), Err(JoinError::NameTooLong { limit: 256 }));
    assert_eq!(namespace.join(a, &"x".repeat(256)), Ok(true));
}

#[test]
fn join_all_is_all_or_nothing() {
    let limits = NamespaceLimits::default().rooms_per_socket(3);
    let mut namespace = Namespace::with_limits(KEY, limits);
    let a = namespace.connect(id(0)).expect("the id is new");
    let b = namespace.connect(id(1)).expect("the id is new");
    namespace.join(a, "x").expect("it may");
    namespace.join(b, "y").expect("it may");
    namespace.leave(a, id(0).as_str());

    let own = id(0);
    let rooms_of_b = [own.as_str(), "y", "x", "z", "one too many"];
    assert_eq!(namespace.join_all(a, rooms_of_b), Err(JoinError::TooManyRooms { limit: 3 }));
    assert_eq!(namespace.join_all(a, ["z", id(1).as_str()]), Err(JoinError::ForeignId));
    assert_eq!(rooms(&namespace, a), ["x"]);
    assert_eq!(namespace.room_names().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(namespace.members("y").collect::<Vec<_>>(), [b]);
}

#[test]
fn a_union_reaches_each_once_in_its_order_without_the_excepted_and_the_sender() {
    let (mut namespace, [a, b, c, d]) = with_sockets();
    for (key, room) in [(a, "x"), (b, "x"), (c, "x"), (c, "y"), (d, "y"), (b, "z")] {
        namespace.join(key, room).expect("it may");
    }
    let union = Target::rooms(["y", "x"]);
    let d_id = id(3);
    let cases = [
        (Target::all(), vec![a, b, c, d]),
        (Target::all().without(b), vec![a, c, d]),
        (Target::all().except("x"), vec![d]),
        (Target::all().to("x"), vec![a, b, c]),
        (Target::all().to("x").without(a), vec![b, c]),
        (Target::all().to("x").without(d), vec![a, b, c]),
        (union.clone(), vec![c, d, a, b]),
        (union.clone().without(c), vec![d, a, b]),
        (union.clone().except("z"), vec![c, d, a]),
        (union.clone().except("nowhere"), vec![c, d, a, b]),
        (union.clone().except(d_id.as_str()), vec![c, a, b]),
        (Target::all().to("z").to(d_id.as_str()), vec![b, d]),
        (Target::all().to("x").except("x"), vec![]),
        (Target::all().to("nowhere"), vec![]),
        (Target::rooms(["nowhere", "neither"]), vec![]),
        (Target::rooms([""; 0]), vec![]),
        (Target::all().to(d_id.as_str()).without(d), vec![]),
    ];
    for (target, expected) in cases {
        assert_eq!(selected(&mut namespace, &target), expected, "{target:?}");
    }
}

#[test]
fn the_sender_is_left_out_even_outside_its_own_room() {
    let (mut namespace, [a, b]) = with_sockets();
    namespace.leave_all(a);
    assert_eq!(selected(&mut namespace, &Target::all().without(a)), [b]);
    let not_b = Target::all().except(id(1).as_str()).without(a);
    assert_eq!(selected(&mut namespace, &not_b), []);
}

#[test]
fn a_list_that_is_used_again_is_cleared_and_kept() {
    let (mut namespace, [a, b]) = with_sockets();
    namespace.join_all(a, ["x", "y"]).expect("it may");
    namespace.join(b, "y").expect("it may");
    let mut list = vec![b; 8];
    let (memory, capacity) = (list.as_ptr(), list.capacity());
    for target in [Target::all(), Target::rooms(["x", "y"]).without(b)] {
        namespace.select(&target, &mut list);
        assert_eq!((list.as_ptr(), list.capacity()), (memory, capacity));
    }
    assert_eq!(list, [a]);
}

#[test]
fn ack_ids_count_from_zero() {
    let (mut namespace, [a]) = with_sockets();
    assert_eq!(namespace.next_ack_id(), AckId::new(0));
    assert_eq!(asked(&mut namespace, &[a], 1), AckId::new(1));
    let now = Timestamp::ZERO;
    for unusable in [1, 2] {
        let error = namespace.expect_acks(AckId::new(unusable), &[a], now);
        assert_eq!(error, Err(AckError::UnusableId));
    }
}

#[test]
fn answers_come_in_order_of_arrival_and_each_once() {
    let (mut namespace, [a, b, c]) = with_sockets();
    let ack = asked(&mut namespace, &[a, b, a], 100);
    let other = asked(&mut namespace, &[c], 50);
    assert_eq!(namespace.poll_timeout(), Some(Timestamp::from_millis(50)));
    assert!(!namespace.handle_ack(c, ack, payload(9)), "it was not asked");
    assert!(namespace.handle_ack(b, ack, payload(1)));
    assert!(!namespace.handle_ack(b, ack, payload(9)), "it has answered");
    assert!(!namespace.handle_ack(a, AckId::new(7), payload(9)));
    assert_eq!(namespace.poll_event(), None);
    assert!(namespace.handle_ack(a, ack, payload(2)));
    assert!(!namespace.handle_ack(a, ack, payload(9)), "it is over");

    let answers = [(id(1), payload(1)), (id(0), payload(2))];
    let expected = done(ack, &answers, &[], AckCause::Complete);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert!(namespace.handle_ack(c, other, payload(3)));
    let expected = done(other, &[(id(2), payload(3))], &[], AckCause::Complete);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert_eq!((namespace.poll_event(), namespace.poll_timeout()), (None, None));
}

#[test]
fn nobody_to_ask_is_done_at_once() {
    let (mut namespace, [a]) = with_sockets();
    let ack = asked(&mut namespace, &[], 100);
    assert_eq!(namespace.poll_timeout(), None);
    let expected = done(ack, &[], &[], AckCause::Complete);
    assert_eq!(namespace.poll_event(), Some(expected));

    namespace.disconnect(a);
    let ack = asked(&mut namespace, &[a], 100);
    let expected = done(ack, &[], &[], AckCause::Disconnected);
    assert_eq!(namespace.poll_event(), Some(expected));
}

#[test]
fn a_deadline_ends_what_is_due_with_the_answers_so_far() {
    let (mut namespace, [a, b, c]) = with_sockets();
    let later = asked(&mut namespace, &[a], 200);
    let ack = asked(&mut namespace, &[c, b, a], 100);
    assert!(namespace.handle_ack(b, ack, payload(1)));
    namespace.handle_timeout(Timestamp::from_millis(99));
    assert_eq!(namespace.poll_event(), None);
    namespace.handle_timeout(Timestamp::from_millis(100));
    let answers = [(id(1), payload(1))];
    let expected = done(ack, &answers, &[id(2), id(0)], AckCause::TimedOut);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert!(!namespace.handle_ack(a, ack, payload(9)), "too late");
    assert_eq!(namespace.poll_timeout(), Some(Timestamp::from_millis(200)));
    namespace.handle_timeout(Timestamp::from_millis(1000));
    let expected = done(later, &[], &[id(0)], AckCause::TimedOut);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert_eq!(namespace.poll_timeout(), None);
}

#[test]
fn whoever_leaves_is_not_awaited_any_more() {
    let (mut namespace, [a, b, c]) = with_sockets();
    let alone = asked(&mut namespace, &[a], 100);
    let many = asked(&mut namespace, &[a, b, c], 100);
    assert!(namespace.handle_ack(c, many, payload(1)));
    namespace.disconnect(a);
    let expected = done(alone, &[], &[id(0)], AckCause::Disconnected);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert_eq!(namespace.poll_event(), None);
    namespace.disconnect(c);
    assert!(namespace.handle_ack(b, many, payload(2)));
    let answers = [(id(2), payload(1)), (id(1), payload(2))];
    let expected = done(many, &answers, &[id(0)], AckCause::Disconnected);
    assert_eq!(namespace.poll_event(), Some(expected));
    assert_eq!(namespace.poll_timeout(), None);
}

#[test]
fn a_cancelled_ack_leaves_nothing() {
    let (mut namespace, [a, b]) = with_sockets();
    let ack = asked(&mut namespace, &[a, b], 100);
    assert!(namespace.cancel_acks(ack));
    assert!(!namespace.cancel_acks(ack));
    assert!(!namespace.handle_ack(a, ack, payload(1)));
    namespace.disconnect(b);
    namespace.handle_timeout(Timestamp::from_millis(100));
    assert_eq!((namespace.poll_event(), namespace.poll_timeout()), (None, None));
}

#[test]
fn a_socket_owes_as_many_acks_as_it_may_and_the_error_says_who_does() {
    let limits = NamespaceLimits::default().pending_acks_per_socket(2);
    let mut namespace = Namespace::with_limits(KEY, limits);
    let a = namespace.connect(id(0)).expect("the id is new");
    let b = namespace.connect(id(1)).expect("the id is new");
    let first = asked(&mut namespace, &[a], 100);
    asked(&mut namespace, &[a, b], 100);

    let id = namespace.next_ack_id();
    let deadline = Timestamp::from_millis(100);
    let error = AckError::TooManyPending { sockets: vec![a] };
    assert_eq!(error.to_string(), "sockets that owe as many acks as they may: 1");
    assert_eq!(namespace.expect_acks(id, &[b, a], deadline), Err(error));
    assert!(!namespace.handle_ack(b, id, payload(1)), "nothing was changed");
    assert_eq!(namespace.expect_acks(id, &[b], deadline), Ok(()));
    assert!(namespace.handle_ack(a, first, payload(1)));
    asked(&mut namespace, &[a], 100);
}

#[test]
fn nothing_is_kept_of_whoever_is_gone() {
    let (mut namespace, keys) = with_sockets::<100>();
    for key in keys {
        let names = (0..100).map(|n| n.to_string());
        namespace.join_all(key, names).expect("it may");
        asked(&mut namespace, &keys, 100);
    }
    for key in keys {
        assert!(namespace.disconnect(key));
    }
    while namespace.poll_event().is_some() {}
    assert_eq!(namespace.room_names().count(), 0);
    assert_eq!(namespace.poll_timeout(), None);
    assert_eq!(
        format!("{namespace:?}").split(", limits").next(),
        Some("Namespace { sockets: 0, rooms: 0")
    );
    assert!(namespace.rooms.is_at_rest() && namespace.sockets.is_at_rest());
}

/// What is told of rooms, in a line each.
fn told(namespace: &mut Namespace) -> Vec<String> {
    let line = |event| match event {
        NamespaceEvent::Room(RoomEvent::Created { room }) => format!("created {room}"),
        NamespaceEvent::Room(RoomEvent::Joined { room, socket }) => format!("{socket} in {room}"),
        NamespaceEvent::Room(RoomEvent::Left { room, socket }) => format!("{socket} out of {room}"),
        NamespaceEvent::Room(RoomEvent::Deleted { room }) => format!("deleted {room}"),
        other => panic!("{other:?}"),
    };
    std::iter::from_fn(|| namespace.poll_event()).map(line).collect()
}

#[test]
fn what_happens_to_rooms_is_told_in_its_order_if_it_is_watched() {
    let (mut namespace, [a, b]) = with_sockets();
    let (one, two, three) = (id(0).to_string(), id(1).to_string(), id(2).to_string());
    assert_eq!(namespace.join(a, "x"), Ok(true));
    assert_eq!(told(&mut namespace), [""; 0]);

    namespace.watch_rooms(true);
    namespace.watch_rooms(true);
    assert_eq!(namespace.join_all(b, ["x", "y", "x"]), Ok(2));
    let expected = [format!("{two} in x"), "created y".to_owned(), format!("{two} in y")];
    assert_eq!(told(&mut namespace), expected);
    assert_eq!(namespace.join(b, "y"), Ok(false));
    assert!(!namespace.leave(a, "y") && !namespace.leave(a, "z"));
    assert_eq!(told(&mut namespace), [""; 0], "nothing has changed");
    assert!(namespace.join_all(a, ["z", "y", &two]).is_err());
    assert_eq!(told(&mut namespace), [""; 0], "nothing has happened, in the end");

    assert!(namespace.leave(b, "y"));
    assert!(namespace.join_all(a, ["z", &two]).is_err());
    let expected = [format!("{two} out of y"), "deleted y".to_owned()];
    assert_eq!(told(&mut namespace), expected, "what happened before has happened");
    assert!(namespace.leave(b, &two));
    assert_eq!(namespace.join(b, &two), Ok(true));
    let own = [format!("{two} out of {two}"), format!("deleted {two}")];
    assert_eq!(told(&mut namespace)[..2], own);
    assert_eq!(namespace.leave_all(b), 2);
    let expected = [own[0].clone(), own[1].clone(), format!("{two} out of x")];
    assert_eq!(told(&mut namespace), expected);

    // Whoever is in the room of an id when it connects is put out.
    assert_eq!(namespace.join(b, &three), Ok(true));
    drop(told(&mut namespace));
    let c = namespace.connect(id(2)).expect("the id is new");
    let expected = [
        format!("{two} out of {three}"),
        format!("deleted {three}"),
        format!("created {three}"),
        format!("{three} in {three}"),
    ];
    assert_eq!(told(&mut namespace), expected);
    assert!(namespace.disconnect(c) && namespace.disconnect(a) && !namespace.disconnect(a));
    let expected = [
        format!("{three} out of {three}"),
        format!("deleted {three}"),
        format!("{one} out of {one}"),
        format!("deleted {one}"),
        format!("{one} out of x"),
        "deleted x".to_owned(),
    ];
    assert_eq!(told(&mut namespace), expected);
    assert_eq!(namespace.join(b, "x"), Ok(true));
    namespace.watch_rooms(false);
    assert!(namespace.disconnect(b));
    assert_eq!(told(&mut namespace), [""; 0], "nobody wants to know");
}

#[test]
fn the_names_of_a_target_are_counted() {
    assert_eq!(Target::all().bytes(), 0);
    let target = Target::rooms(["ab", ""]).except("cde");
    assert_eq!(target.bytes(), 3 * size_of::<Box<str>>() + 5);
    assert_eq!(Target::all().except("cde").bytes(), size_of::<Box<str>>() + 3);
}
