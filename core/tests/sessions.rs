//! What holds for a session whatever its client, the network and the application do: histories as they
//! are likely, for the body of the fuzz target, which knows what must hold. One that fails is an
//! input: it belongs into the target's corpus.

#[path = "../../fuzz/bodies/session.rs"]
mod session;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a session lives through without harm, most of the time.
fn friendly() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("g"),
        2 => Just("p"),
        2 => select(vec!["1", "2", "3", "[3]"]),
        2 => Just("w"),
        2 => Just("(2probe)"),
        2 => Just("(5)"),
        1 => Just("(3)"),
        1 => Just("m"),
        1 => Just("b"),
        4 => Just("s"),
        1 => select(vec!["n", "u", "h"]),
        2 => select(vec![",", "-", "t", "."]),
        12 => Just(";"),
    ]
}

/// What ends a session, or at least a transport.
fn hostile() -> impl Strategy<Value = &'static str> {
    select(vec![
        "[]", "[1]", "[2]", "[x]", "[3\x1e]", "()", "(1)", "(2)", "(x)", "(0)", "(6)", "L", "O",
        "E", "S", "I", "T", "P", "U", "x", "y", "c", "C", "A", "-----",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_session_keeps_its_word(
        settings in select(vec!["", "w:", "i:", "wi:", "n:"]),
        acts in vec(prop_oneof![12 => friendly(), 1 => hostile()], 0..60),
    ) {
        session::run([settings, &acts.concat()].concat().as_bytes());
    }
}

/// Every order in which polling, the steps of an upgrade, messages and time can meet.
#[test]
fn no_interleaving_of_an_upgrade_loses_doubles_or_reorders() {
    const OFFERED: &str = "g;w";
    const PROBED: &str = "g;w(2probe)pg;";
    const ACTS: [&str; 8] = ["g;", "p;", "2;", "(2probe);", "(5)m;", "c;", "s;", "t;"];
    const STEPS: u32 = 5;
    for run in 0..ACTS.len().pow(STEPS) {
        let choice = |step| ACTS[run / ACTS.len().pow(step) % ACTS.len()];
        let acts: String = (0..STEPS).map(choice).collect();
        for start in [OFFERED, PROBED] {
            session::run([start, &acts].concat().as_bytes());
        }
    }
}
