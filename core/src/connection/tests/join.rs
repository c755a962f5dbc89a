//! How a client gets into namespaces, and how it is kept out.

use super::*;

const TOO_MANY: &str = r#"{"message":"Too many namespaces"}"#;

/// What comes of a CONNECT beyond the cap.
fn too_many(name: &str) -> [String; 2] {
    ["limit namespaces".to_owned(), format!("frame 44/{name},{TOO_MANY}")]
}

fn no() -> ConnectError {
    ConnectError::new("no")
}

/// The config with room for so many namespaces.
fn room_for(namespaces: usize) -> Config {
    Config::new().max_namespaces(namespaces)
}

#[test]
fn a_client_joins_the_main_namespace() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.text("40"), ["#0 connect / []"]);
    assert_eq!(rig.accept(0), [r#"frame 40{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#]);
    assert_eq!(rig.text(r#"42["hi",1]"#), ["#0 event hi [1]"]);
}

#[test]
fn a_client_joins_over_polling() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.post("40"), ["#0 connect / []", "respond 1000 200 ok"]);
    assert_eq!(rig.accept(0), [r#"respond 1 200 40{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#]);
    assert_eq!(rig.post(r#"42["hi"]"#), ["#0 event hi []", "respond 1001 200 ok"]);
}

#[test]
fn what_a_client_presents_is_passed_on() {
    let mut rig = Rig::websocket();
    assert_eq!(
        rig.text(r#"40/admin,{"token": "abc"}"#),
        [r#"#0 connect /admin [{"token": "abc"}]"#]
    );
    assert_eq!(rig.accept(0), [r#"frame 40/admin,{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#]);
}

#[test]
fn a_client_is_kept_out_in_the_words_of_the_application() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.text("40/admin,"), ["#0 connect /admin []"]);
    let error = no().with_data(&[1, 2]).expect("numbers are JSON");
    assert_eq!(rig.reject(0, &error), [r#"frame 44/admin,{"message":"no","data":[1,2]}"#]);
    rig.assert_stale(0, SlotError::Gone);
    assert_eq!(rig.text("40/admin,"), ["#1 connect /admin []"], "it may ask again");
    assert_eq!(rig.accept(1).len(), 1);
}

#[test]
fn s9_a_client_that_was_kept_out_is_not_in() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text("40/admin,"), ["#1 connect /admin []"]);
    assert_eq!(rig.reject(1, &no()).len(), 1);
    assert_eq!(rig.text(r#"42/admin,["hi"]"#), FORCED);
}

#[test]
fn one_connection_is_in_several_namespaces_which_know_nothing_of_each_other() {
    let mut rig = Rig::joined();
    assert_eq!(rig.text("40/a,"), ["#1 connect /a []"]);
    assert_eq!(rig.text("40/b,"), ["#2 connect /b []"]);
    assert_eq!(rig.accept(2), [r#"frame 40/b,{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#]);
    assert_eq!(rig.text(r#"42/b,["x"]"#), ["#2 event x []"], "while #1 is not answered");
    assert_eq!(rig.accept(1), [r#"frame 40/a,{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#]);
    assert_eq!(rig.text(r#"42/a,7["y"]"#), ["#1 event y [] ack 7"]);
    assert_eq!(rig.text("41/a,"), ["#1 disconnect"]);
    assert_eq!(rig.text(r#"42["z"]"#), ["#0 event z []"]);
    assert_eq!(rig.text(r#"42/b,["x"]"#), ["#2 event x []"]);
}

#[test]
fn requests_of_one_payload_are_reported_in_order() {
    let mut rig = Rig::polling();
    assert_eq!(
        rig.post("40␞40/b,{}␞40/a,"),
        ["#0 connect / []", "#1 connect /b [{}]", "#2 connect /a []", "respond 1000 200 ok"]
    );
}

#[test]
fn an_answer_counts_once() {
    let mut rig = Rig::joined();
    rig.assert_stale(0, SlotError::Answered);
    assert_eq!(rig.text(r#"42["hi"]"#), ["#0 event hi []"], "and the second changes nothing");
}

#[test]
fn s15_unknown_namespaces_are_rejected_by_the_caller_five_times_and_no_more() {
    let mut rig = Rig::joined();
    for (number, name) in ["/no", "//", "/_0", "/__proto__", "/a?token=1"].into_iter().enumerate() {
        let connect = format!("#{} connect {name} []", number + 1);
        assert_eq!(rig.text(&format!("40{name},")), [connect]);
        let error = ConnectError::new("Invalid namespace");
        let refused = format!(r#"frame 44{name},{{"message":"Invalid namespace"}}"#);
        assert_eq!(rig.reject(number + 1, &error), [refused]);
        assert!(rig.is_open());
    }
    assert_eq!(rig.text("40/six,").len(), 1);
    assert_eq!(
        rig.reject(6, &no()),
        ["limit refusals", "closed forced close", r#"frame 44/six,{"message":"no"}"#, "close"],
        "it is told before"
    );
}

#[test]
fn s15_the_name_of_a_namespace_may_have_128_bytes() {
    let name = format!("/{}", "x".repeat(127));
    let mut rig = Rig::joined();
    assert_eq!(rig.text(&format!("40{name},")), [format!("#1 connect {name} []")]);
    assert_eq!(rig.text(&format!("40{name}x,")), forced_at("namespace_name"));
}

#[test]
fn refused_by_the_cap_and_refused_by_the_application_count_alike() {
    let mut rig = Rig::websocket_with(&room_for(1).max_refusals(2));
    assert_eq!(rig.text("40/a,").len(), 1);
    assert_eq!(rig.reject(0, &no()).len(), 1);
    assert_eq!(rig.text("40/a,").len(), 1);
    assert_eq!(rig.text("40/b,"), too_many("b"));
    assert_eq!(
        rig.text("40/c,"),
        [
            "limit namespaces",
            "limit refusals",
            "closed forced close",
            &format!("frame 44/c,{TOO_MANY}"),
            "close"
        ]
    );
    rig.assert_stale(1, SlotError::Gone);
}

#[test]
fn what_follows_the_last_refusal_in_a_payload_is_not_heard() {
    let mut rig = Rig::new(&room_for(0).max_refusals(0), Transport::Polling);
    assert_eq!(rig.get(0).len(), 1);
    let output = rig.post("40/a,␞40/b,␞4x");
    let limits = ["limit namespaces", "limit refusals"];
    assert_eq!(output, [limits[0], limits[1], "closed forced close", "respond 1000 200 ok"]);
    assert_eq!(rig.get(1), [format!("respond 1 200 44/a,{TOO_MANY}")]);
    assert_eq!(rig.get(2), ["respond 2 200 1"]);
}

#[test]
fn s22_sixteen_namespaces_joined_or_pending_are_the_most() {
    let mut rig = Rig::joined();
    for number in 1..16 {
        assert_eq!(rig.text(&format!("40/{number},")), [format!("#{number} connect /{number} []")]);
    }
    for number in 1..8 {
        assert_eq!(rig.accept(number).len(), 1);
    }
    assert_eq!(rig.text("40/16,"), too_many("16"));
    assert_eq!(rig.text(r#"42/7,["in"]"#), ["#7 event in []"], "the others go on");

    assert_eq!(rig.text("41/7,"), ["#7 disconnect"]);
    assert_eq!(rig.text("40/16,"), ["#16 connect /16 []"], "a place is free again");
    assert_eq!(rig.text("40/17,"), too_many("17"));
    assert_eq!(rig.reject(15, &no()).len(), 1);
    assert_eq!(rig.text("40/17,"), ["#17 connect /17 []"]);
    assert_eq!(rig.leave(3), ["frame 41/3,"]);
    assert_eq!(rig.text("40/18,"), ["#18 connect /18 []"]);
    assert_eq!(rig.text("40/19,"), too_many("19"));
}

#[test]
fn a_client_at_the_cap_may_leave_and_come_again_in_one_payload() {
    let mut rig = Rig::new(&room_for(1), Transport::Polling);
    assert_eq!(rig.get(0).len(), 1);
    assert_eq!(rig.post("40").len(), 2);
    assert_eq!(rig.accept(0), NOTHING);
    assert_eq!(
        rig.post("41␞40␞40/a,"),
        ["#0 disconnect", "#1 connect / []", "limit namespaces", "respond 1001 200 ok"],
        "the place of #0 is free before it is known to be"
    );
    assert_eq!(
        rig.get(1),
        [format!(r#"respond 1 200 40{{"sid":"AAAAAAAAAAAAAAAAAAAA"}}␞44/a,{TOO_MANY}"#)]
    );
    assert_eq!(rig.accept(1), NOTHING);
}

#[test]
fn a_slot_does_not_keep_the_message_that_its_name_came_in() {
    let auth = "x".repeat(10_000);
    let frame = Bytes::from(format!(r#"40/admin,{{"token":"{auth}"}}"#));
    let mut rig = Rig::websocket();
    assert_eq!(rig.input(Input::Frame(Frame::Text(frame.clone()))).len(), 1);
    assert_eq!(rig.accept(0).len(), 1);
    assert!(frame.is_unique(), "a name of seven bytes holds ten thousand");
    assert_eq!(rig.text(r#"42/admin,["hi"]"#), ["#0 event hi []"]);
}
