//! Tasks, timers and the clock.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_driver::{Listener as _, Runtime as _, Server, Timer as _};
use klatch_sim::{Link, Sim};
use parking_lot::Mutex;

const SECOND: Duration = Duration::from_secs(1);

/// What a panic said.
fn panic_of(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("panics speak")).to_owned(),
    }
}

/// The order in which ten tasks run that are ready at once.
fn order(seed: u64) -> Vec<u32> {
    let sim = Sim::new(seed);
    let order = Arc::new(Mutex::new(Vec::new()));
    for number in 0..10 {
        let order = order.clone();
        sim.runtime().spawn(async move { order.lock().push(number) });
    }
    sim.advance(Duration::ZERO);
    order.lock().clone()
}

#[test]
fn the_seed_decides_who_runs_next() {
    assert_eq!(order(7), order(7));
    assert_ne!(order(7), order(8));
    assert_eq!(order(7).len(), 10);
}

#[test]
fn time_moves_only_when_everybody_waits() {
    let sim = Sim::new(1);
    let began = sim.now();
    let runtime = sim.runtime();
    sim.block_on(async {
        let mut timer = runtime.timer(began + 5 * SECOND);
        assert!((&mut timer).now_or_never().is_none());
        timer.reset(began + 2 * SECOND);
        timer.await;
    });
    assert_eq!(sim.now(), began + 2 * SECOND);
    sim.advance(SECOND);
    assert_eq!(sim.now(), began + 3 * SECOND);
}

#[test]
fn a_timer_that_is_set_again_wakes_who_waited_for_it() {
    let sim = Sim::new(1);
    let runtime = sim.runtime();
    let timer = Arc::new(Mutex::new(runtime.timer(runtime.now() + 50 * SECOND)));
    let (done, finished) = oneshot::channel();
    let waiting = timer.clone();
    runtime.spawn(async move {
        futures::future::poll_fn(|cx| {
            std::future::Future::poll(std::pin::Pin::new(&mut *waiting.lock()), cx)
        })
        .await;
        let _ = done.send(());
    });
    sim.advance(SECOND);
    timer.lock().reset(runtime.now() + SECOND);
    sim.block_on(finished).expect("the task goes on");
    assert_eq!(sim.now().offset(), 2 * SECOND);
}

#[test]
fn the_day_begins_at_the_same_time_for_everybody() {
    let sim = Sim::new(1);
    let began = sim.runtime().time_of_day();
    assert!(began > SystemTime::UNIX_EPOCH);
    assert_eq!(Sim::new(2).runtime().time_of_day(), began);
    sim.advance(SECOND);
    assert_eq!(sim.runtime().time_of_day(), began + SECOND);
}

#[test]
fn a_future_that_nobody_wakes_is_a_panic_and_not_a_test_that_hangs() {
    let sim = Sim::new(1);
    let said = panic_of(|| sim.block_on(pending()));
    assert!(said.contains("nothing is left to wait for"), "{said}");
    assert_eq!(sim.now().offset(), Duration::ZERO, "nothing happened, and no time passed");
}

#[test]
fn a_future_that_is_not_done_after_an_hour_is_told_from_one_that_nobody_wakes() {
    let sim = Sim::new(1);
    let runtime = sim.runtime();
    sim.runtime().spawn(async move {
        loop {
            runtime.sleep(SECOND).await;
        }
    });
    let said = panic_of(|| sim.block_on(pending()));
    assert!(said.contains("not done after 3600s"), "{said}");
    assert_eq!(sim.now().offset(), Duration::from_hours(1));
}

#[test]
fn whoever_only_wakes_himself_is_a_panic_and_not_a_test_that_hangs() {
    let yields = || {
        poll_fn(|cx| -> Poll<()> {
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    };
    let sim = Sim::new(1);
    let said = panic_of(|| sim.block_on(yields()));
    assert!(said.contains("no time has passed") && said.contains("`block_on`"), "{said}");

    let sim = Sim::new(1);
    sim.runtime().spawn(yields());
    let said = panic_of(|| sim.advance(SECOND));
    assert!(said.contains("wakes itself for ever"), "{said}");
}

#[test]
fn a_task_that_panics_fails_the_test() {
    let sim = Sim::new(1);
    sim.runtime().spawn(async { panic!("a task of mine") });
    assert_eq!(panic_of(|| sim.advance(SECOND)), "a task of mine");
    // And the simulation is still there to be looked at.
    sim.advance(SECOND);
}

#[test]
fn a_task_cannot_run_the_simulation_that_runs_it() {
    let sim = Sim::new(1);
    let runtime = sim.runtime();
    sim.runtime().spawn(async move { runtime.block_on(async {}) });
    assert!(panic_of(|| sim.advance(SECOND)).contains("runs already"));
}

#[test]
fn a_trace_keeps_its_last_lines_and_knows_of_all() {
    let sim = Sim::new(1);
    let address = sim.serve(&Server::new());
    sim.keep_trace(2);
    for _ in 0..5 {
        sim.open(address).expect("it is served");
    }
    let trace = sim.trace();
    assert_eq!((trace.len(), trace.lines().len()), (5, 2));
    assert!(trace.to_string().ends_with("client 5 connects\n"), "{trace}");
    sim.keep_trace(1);
    assert_eq!(sim.trace().to_string(), trace.lines().next_back().expect("two").to_owned() + "\n");
    assert_eq!(sim.trace(), trace, "nothing has happened");
    sim.keep_trace(0);
    sim.open(address).expect("it is served");
    assert_eq!((sim.trace().len(), sim.trace().lines().len()), (6, 0));
    sim.advance(SECOND);
    assert_ne!(sim.trace(), trace, "tasks have run");
}

/// Opens a session in bytes of its own, and returns the answer and the trace.
fn handshake(seed: u64) -> (String, klatch_sim::Trace) {
    let sim = Sim::new(seed);
    let address = sim.serve(&Server::new());
    let mut stream = sim.open(address).expect("it is served");
    let answer = sim.block_on(async {
        let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: sim\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("it is open");
        let mut answer = vec![0; 1000];
        let length = stream.read(&mut answer).await.expect("it answers");
        answer.truncate(length);
        String::from_utf8(answer).expect("it is text")
    });
    (answer, sim.trace())
}

#[test]
fn a_server_answers_the_same_from_the_same_seed() {
    let (answer, trace) = handshake(7);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"), "{answer}");
    assert_eq!(handshake(7), (answer.clone(), trace.clone()));
    assert_ne!(handshake(8).0, answer, "its id is another");
    assert_ne!(handshake(8).1, trace);
}

#[test]
fn a_trace_is_of_the_nanosecond() {
    let trace = |latency| {
        let sim = Sim::new(1);
        let address = sim.serve(&Server::new());
        let host = sim.host(Link::new().latency(latency..=latency));
        sim.block_on(host.connect(address)).expect("it is served");
        sim.trace()
    };
    let one = Duration::from_millis(1);
    let other = one + Duration::from_nanos(1);
    assert_eq!(trace(one).to_string(), trace(other).to_string());
    assert_ne!(trace(one), trace(other));
    assert_eq!(trace(one), trace(one));
}

#[test]
fn a_trace_is_of_the_bytes_that_a_test_sends_by_itself_and_of_their_end() {
    let trace = |bytes: &[u8], close: bool| {
        let sim = Sim::new(1);
        let listener = sim.runtime().listen();
        let address = listener.local_addr().expect("it listens");
        let mut stream = sim.open(address).expect("it listens");
        sim.block_on(stream.write_all(bytes)).expect("it is open");
        if close {
            sim.block_on(stream.close()).expect("it is open");
        }
        sim.trace()
    };
    assert_ne!(trace(b"a", false), trace(b"b", false));
    assert_ne!(trace(b"a", false), trace(b"a", true));
    assert_eq!(trace(b"a", true), trace(b"a", true));
}

#[test]
fn a_trace_knows_of_a_client_that_stops_reading() {
    let sim = Sim::new(1);
    let server = Server::new();
    server.namespace("/");
    sim.serve(&server);
    let ada = sim.connect("/");
    ada.stall();
    assert!(sim.trace().to_string().ends_with("client 1 stops reading\n"));
    ada.resume();
    assert!(sim.trace().to_string().ends_with("client 1 reads on\n"));
}
