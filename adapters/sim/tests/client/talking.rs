//! What clients say and hear.

use std::time::Duration;

use bytes::Bytes;
use klatch_core::{Args, Config};
use klatch_driver::{Server, Socket};
use klatch_sim::{DisconnectReason, Link, Sim};

use crate::{SECOND, TRANSPORTS, panic_of, serve};

#[test]
fn what_one_says_the_others_hear_in_order() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, _chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        let bob = sim.client().transport(transport).link(Link::new().chunk(1)).connect("/");
        for n in 0..50 {
            ada.emit("say", &format!("line {n}"));
        }
        for n in 0..50 {
            assert_eq!(bob.expect::<String>("said"), format!("line {n}"));
        }
        ada.expect_nothing_for(SECOND);
        bob.expect_nothing_for(SECOND);
    }
}

#[test]
fn a_question_is_answered_and_so_is_the_servers() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, chat) = serve(&sim);
        chat.on("ask me", async |socket: Socket, n: u32| {
            socket.emit_with_ack::<u32>("question", &n).await.expect("it answers")
        });
        let ada = sim.client().transport(transport).connect("/");
        assert_eq!(ada.ask::<u32>("add", &Args((1, 2))), 3);
        ada.emit("ask me", &20);
        let question = ada.expect_event("question");
        let n: u32 = question.decode();
        question.answer(&(n + 1));
        assert_eq!(ada.ask::<u32>("add", &Args((20, 1))), 21);
    }
}

#[test]
fn bytes_travel_both_ways() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, chat) = serve(&sim);
        chat.on("mirror", async |socket: Socket, Args((n, bytes)): Args<(u32, Bytes)>| {
            socket.emit("mirrored", &Args((bytes.clone(), n))).map(|()| bytes)
        });
        let ada = sim.client().transport(transport).connect("/");
        let bytes = Bytes::from_static(&[0, 1, 2, 255]);
        ada.emit("mirror", &Args((7, &bytes)));
        let Args((mirrored, n)): Args<(Bytes, u32)> = ada.expect("mirrored");
        assert_eq!((mirrored, n), (bytes.clone(), 7));
        assert_eq!(ada.ask::<Bytes>("mirror", &Args((8, &bytes))), bytes);
    }
}

#[test]
fn events_wait_in_order_until_they_are_looked_at() {
    let sim = Sim::new(1);
    let (_server, chat) = serve(&sim);
    let ada = sim.connect("/");
    chat.emit("one", &1).expect("it is a number");
    chat.emit("two", &2).expect("it is a number");
    assert!(ada.received().is_empty(), "nothing has happened yet");
    sim.advance(SECOND);
    let received = ada.received();
    let names: Vec<_> = received.iter().map(|event| (event.name(), event.decode())).collect();
    assert_eq!(names, [("one", 1), ("two", 2)]);
    assert!(ada.received().is_empty());
}

#[test]
fn what_was_not_expected_fails_the_test() {
    let sim = Sim::new(1);
    let (_server, chat) = serve(&sim);
    let ada = sim.connect("/");
    let emit = || chat.emit("one", &1).expect("it is a number");

    emit();
    let said = panic_of(|| ada.expect::<u32>("two"));
    assert_eq!(said, "client 1 expected \"two\", and got \"one\" with 1");
    emit();
    assert!(panic_of(|| ada.expect::<String>("one")).contains("other arguments"));
    emit();
    assert!(panic_of(|| ada.expect_nothing_for(SECOND)).contains("got \"one\" with 1"));
    emit();
    assert!(panic_of(|| ada.expect_disconnect()).contains("got \"one\" with 1"));
    emit();
    assert!(panic_of(|| ada.expect_event("one").answer(&1)).contains("no answer is awaited"));

    let before = sim.now();
    assert!(panic_of(|| ada.expect::<u32>("one")).contains("waited 60s"));
    assert_eq!(sim.now() - before, Duration::from_mins(1));
    assert!(panic_of(|| ada.ask::<u32>("nobody handles this", &())).contains("waited 60s"));
    assert!(panic_of(|| ada.ask::<String>("add", &Args((1, 2)))).contains("another answer"));
}

#[test]
fn a_client_waits_as_long_as_it_is_told() {
    let sim = Sim::new(1);
    let config = Config::new().ping_interval(600 * SECOND);
    let server = Server::builder().config(config).build().expect("it is valid");
    let chat = server.namespace("/");
    sim.serve(&server);
    let (ada, bob) = (sim.connect("/"), sim.client().patience(700 * SECOND).connect("/"));
    sim.vanish(&ada);
    sim.vanish(&bob);
    let before = sim.now();
    assert!(panic_of(|| ada.expect_disconnect()).contains("waited 60s to be disconnected"));
    assert_eq!(bob.expect_disconnect(), DisconnectReason::PingTimeout);
    assert!(sim.now() - before > 600 * SECOND);
    assert!(chat.is_empty());
}

#[test]
fn a_client_that_nothing_can_reach_any_more_is_deadlocked() {
    let sim = Sim::new(1);
    let (_server, _chat) = serve(&sim);
    let ada = sim.connect("/");
    sim.reset(&ada);
    sim.advance(3600 * SECOND);
    let before = sim.now();
    ada.expect_disconnect();
    assert!(
        panic_of(|| ada.expect::<u32>("one")).contains("deadlocked: client 1 waits for \"one\"")
    );
    assert_eq!(sim.now(), before);
}

#[test]
fn what_is_asked_can_be_looked_for_later() {
    for transport in TRANSPORTS {
        let sim = Sim::new(1);
        let (_server, _chat) = serve(&sim);
        let ada = sim.client().transport(transport).connect("/");
        let questions = [1, 2, 3].map(|n| ada.ask_later("add", &Args((n, n))));
        assert_eq!(questions[0].answer::<u32>(), None, "nothing has run yet");
        sim.advance(SECOND);
        let answers = questions.each_ref().map(|question| question.answer::<u32>());
        assert_eq!(answers, [Some(2), Some(4), Some(6)]);
        assert_eq!(questions[0].answer::<u32>(), None, "it is taken");
    }
}
