//! What holds for a connection whatever its client and the application do: histories as they are
//! likely, for the body of the fuzz target, which knows what must hold. One that fails is an input: it
//! belongs into the target's corpus.

#[path = "../../fuzz/bodies/connection.rs"]
mod connection;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// One packet of the client, mostly one that it may send.
fn say() -> impl Strategy<Value = String> {
    let at = || select(vec!["0", "1", "2"]);
    let word = select(vec!["c", "d", "e", "a", "s", "b", "x0", "x1", "x2", "x3", "x4", "q"]);
    prop_oneof![
        300 => (at(), select(vec!["f0", "f1", "f2", "f3", "f4"])).prop_map(|(at, say)| [at, say].concat()),
        30 => Just("o".to_owned()),
        12 => (at(), select(vec!["p", "P"])).prop_map(|(at, say)| [at, say].concat()),
        7 => (at(), word).prop_map(|(at, say)| [at, say].concat()),
    ]
}

fn act() -> impl Strategy<Value = String> {
    let of = |letter: &'static str| (0..4_u8).prop_map(move |number| format!("{letter}{number}"));
    prop_oneof![
        20 => vec(say(), 1..4).prop_map(|says| says.concat()),
        16 => of("A"),
        1 => of("R"),
        5 => of("L"),
        4 => of("S"),
        12 => Just(".".to_owned()),
        10 => Just(";".to_owned()),
        2 => select(vec!["u", "h", ",", "-", "t", "C", "X"]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_connection_does_as_the_model(
        transport in select(vec!["", "w"]),
        acts in vec(act(), 0..60),
    ) {
        connection::run([transport, &acts.concat()].concat().as_bytes());
    }
}
