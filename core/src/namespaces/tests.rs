//! The directory, call by call.

use super::*;

type Directory = Namespaces<&'static str, &'static str>;

fn directory() -> Directory {
    Namespaces::new(HashKey::from_entropy([3; 16]))
}

/// Asks every parent that there is, all of which say no.
fn asked(directory: &mut Directory, name: &str) -> Vec<&'static str> {
    let (mut asked, mut refused_by) = (Vec::new(), None);
    while let Route::Ask(parent, value) = directory.route(name, refused_by) {
        asked.push(*value);
        refused_by = Some(parent);
    }
    asked
}

fn enter(directory: &mut Directory, parent: ParentKey, name: &str) -> Option<(NamespaceKey, bool)> {
    let mut made = None;
    let entered = directory.enter(parent, name, |key, _| {
        made = Some(key);
        "child"
    });
    let is_new = entered?.is_new;
    assert_eq!(made.is_some(), is_new);
    Some((directory.by_name[name], is_new))
}

#[test]
fn names_come_in_order_and_what_is_inserted_first_stands() {
    let mut directory = Namespaces::<u32>::new(HashKey::from_entropy([3; 16]));
    assert!(directory.is_empty());
    assert!(directory.insert("/z", |_| 1).expect("a name").is_new);
    assert!(directory.insert("a", |_| 2).expect("a name").is_new);
    let again = directory.insert("z", |_| 3).expect("a name");
    assert_eq!((again.value, again.is_new), (&1, false));
    let error = directory.insert("b,", |_| 4).map(|_| ());
    assert_eq!(error, Err(InvalidNamespaceName::Comma));
    assert_eq!(directory.names().collect::<Vec<_>>(), ["/z", "/a"]);
    assert_eq!(directory.iter().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(directory.len(), 2);
    assert_eq!(directory.get("/z"), Some(&1));
    *directory.get_mut("/a").expect("it was registered") = 5;
    assert_eq!(directory.get("/a"), Some(&5));
    assert_eq!(directory.get("a"), None);
    assert_eq!(format!("{directory:?}"), r#"Namespaces ["/z", "/a"]"#);
}

/// Invariant 45.
#[test]
fn what_exists_is_before_all_parents_and_these_come_in_order() {
    let mut directory = directory();
    for parent in ["first", "second", "third"] {
        directory.insert_parent(|_| parent);
    }
    directory.insert("/lobby", |_| "lobby").expect("a name");
    assert!(matches!(directory.route("/lobby", None), Route::Into(&"lobby")));
    assert_eq!(asked(&mut directory, "/other"), ["first", "second", "third"]);
    let second = directory.parents().nth(1).expect("there are three").0;
    directory.remove_parent(second);
    assert_eq!(asked(&mut directory, "/other"), ["first", "third"]);
    let Route::Ask(third, _) = directory.route("/other", Some(second)) else { panic!("a third") };
    directory.insert_parent(|_| "late");
    assert!(matches!(directory.route("/other", Some(third)), Route::Ask(_, &"late")));
    assert_eq!(directory.len(), 1, "asking makes nothing");
}

#[test]
fn no_parent_is_asked_for_what_could_not_be_made() {
    let mut directory = directory();
    let parent = directory.insert_parent(|_| "parent");
    for name in ["no slash", "", "/a?b", "/a\nb"] {
        assert_eq!(asked(&mut directory, name), [""; 0], "{name:?}");
        assert_eq!(enter(&mut directory, parent, name), None, "{name:?}");
    }
}

/// Invariant 45.
#[test]
fn whoever_is_let_in_second_enters_what_the_first_made() {
    let mut directory = directory();
    let [first, second] = ["first", "second"].map(|parent| directory.insert_parent(|_| parent));
    let (child, is_new) = enter(&mut directory, first, "/1").expect("it may");
    assert!(is_new);
    assert_eq!(enter(&mut directory, first, "/1"), Some((child, false)));
    assert_eq!(enter(&mut directory, second, "/1"), Some((child, false)));
    assert!(matches!(directory.route("/1", None), Route::Into(&"child")));
    assert_eq!(directory.children(first).count(), 1);
    assert_eq!(directory.children(second).count(), 0);
    for _ in 0..3 {
        assert_eq!(directory.leave(child), None);
    }
    assert_eq!(directory.leave(child), Some("child"));
    assert_eq!((directory.len(), directory.children(first).count()), (0, 0));
}

#[test]
fn a_late_goodbye_is_not_for_the_next_child_of_that_name() {
    let mut directory = directory();
    let parent = directory.insert_parent(|_| "parent");
    let (first, _) = enter(&mut directory, parent, "/1").expect("it may");
    assert_eq!(directory.remove(first), Some("child"));
    let (second, is_new) = enter(&mut directory, parent, "/1").expect("it may");
    assert!(is_new);
    assert_ne!(first, second);
    assert_eq!((directory.leave(first), directory.remove(first)), (None, None));
    assert_eq!(directory.get("/1"), Some(&"child"));
}

#[test]
fn what_the_caller_inserts_stays_though_it_is_a_child() {
    let mut directory = directory();
    let parent = directory.insert_parent(|_| "parent");
    let (child, _) = enter(&mut directory, parent, "/1").expect("it may");
    assert_eq!(directory.get_lasting("/1"), None);
    assert!(!directory.insert("/1", |_| "mine").expect("a name").is_new);
    assert_eq!(directory.get_lasting("/1"), Some(&"child"));
    assert_eq!(directory.leave(child), None);

    let inserted = directory.insert_child(parent, "2", |_, parent| parent).expect("a name");
    assert!(inserted.is_some_and(|it| it.is_new && *it.value == "parent"));
    assert!(matches!(directory.route("/2", None), Route::Into(_)));
    assert_eq!(directory.children(parent).copied().collect::<Vec<_>>(), ["child", "parent"]);
}

#[test]
fn a_parent_takes_its_children_with_it() {
    let mut directory = directory();
    let [doomed, other] = ["doomed", "other"].map(|parent| directory.insert_parent(|_| parent));
    enter(&mut directory, doomed, "/1");
    enter(&mut directory, other, "/2");
    directory.insert_child(doomed, "/3", |_, _| "kept").expect("a name");
    let gone = directory.remove_parent(doomed);
    assert_eq!(gone, Some(("doomed", vec!["child", "kept"])));
    assert_eq!(directory.names().collect::<Vec<_>>(), ["/2"]);
    assert_eq!(directory.parent(doomed), None);
    // It may have said yes before it was removed.
    assert_eq!(enter(&mut directory, doomed, "/1"), None);
    assert!(directory.insert_child(doomed, "/1", |_, _| "").expect("a name").is_none());
    assert_eq!(directory.remove_parent(doomed), None);
}

/// Invariant 53.
#[test]
fn nothing_is_kept_for_those_who_are_gone() {
    let mut directory = directory();
    directory.insert("/", |_| "root").expect("a name");
    let parent = directory.insert_parent(|_| "parent");
    let children: Vec<_> =
        (0..10_000).map(|n| enter(&mut directory, parent, &format!("/{n}"))).collect();
    assert_eq!(directory.len(), 10_001);
    for (child, _) in children.into_iter().flatten() {
        assert_eq!(directory.leave(child), Some("child"));
    }
    assert_eq!(directory.len(), 1);
    assert!(directory.by_name.capacity() < 32, "{}", directory.by_name.capacity());
}

#[test]
fn the_room_of_many_names_is_given_back_as_they_go() {
    let (mut directory, mut keys) = (directory(), Vec::new());
    for n in 0..1_000 {
        let name = format!("/{n}");
        let made = directory.insert(&name, |key| {
            keys.push(key);
            "one of many"
        });
        assert!(made.expect("a name").is_new);
    }
    for key in keys {
        let before = directory.by_name.capacity();
        assert_eq!(directory.remove(key), Some("one of many"));
        let (names, room) = (directory.by_name.len(), directory.by_name.capacity());
        // The place of a name that went may be counted as taken.
        assert!(room + 1 >= before || room >= 2 * names, "as many may come at once");
    }
    assert!(directory.by_name.capacity() < 10);
}
