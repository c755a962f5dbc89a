//! What a test that fails leaves behind.

use std::process::Command;
use std::time::Duration;

use klatch_driver::{Server, Socket};
use klatch_sim::{Link, Sim, Transport};

#[test]
#[ignore = "it fails, for the test beside it to read"]
fn a_test_that_fails() {
    let server = Server::new();
    let chat = server.namespace("/");
    chat.on("say", async |socket: Socket, text: String| socket.broadcast().emit("said", &text));
    let sim = Sim::new(7);
    sim.serve(&server);
    let ada = sim.connect("/");
    let bob = sim.client().transport(Transport::Upgrade).link(Link::new().chunk(7)).connect("/");
    ada.emit("say", "hi");
    sim.advance(Duration::from_secs(1));
    sim.reset(&ada);
    assert_eq!(bob.expect::<String>("said"), "hello");
}

#[test]
#[ignore = "it fails, for the test below to read"]
fn a_test_that_fails_after_a_hundred_lines() {
    let sim = Sim::new(7);
    if let Ok(lines) = std::env::var("KEEP_LINES") {
        sim.keep_trace(lines.parse().expect("a number"));
    }
    let address = sim.serve(&Server::new());
    for _ in 0..100 {
        sim.open(address).expect("it is served");
    }
    panic!("as it should");
}

/// What it says, in a process of its own.
fn report() -> String {
    report_of("a_test_that_fails", None)
}

fn report_of(test: &str, lines: Option<&str>) -> String {
    let program = std::env::current_exe().expect("this test has a program");
    let arguments = ["--ignored", "--exact", test, "--nocapture"];
    let mut command = Command::new(program);
    command.args(arguments).env_remove("KEEP_LINES").envs(lines.map(|lines| ("KEEP_LINES", lines)));
    let output = command.output().expect("it can be run");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).expect("it is text");
    let (_, report) = said.split_once("the simulation failed: ").expect("it reports");
    report.to_owned()
}

#[test]
fn a_failed_test_tells_its_seed_and_what_happened_and_the_next_process_tells_the_same() {
    let report = report();
    assert!(report.starts_with("seed 7, at "), "{report}");
    for line in ["client 1 -> 42[\"say\",\"hi\"]", "client 2 <- 42[\"said\",\"hi\"]"] {
        assert!(report.contains(line), "{report}");
    }
    assert!(report.contains("client 2 is on a WebSocket"), "{report}");
    assert!(report.contains("1.0") && report.contains("client 1 is reset"), "{report}");
    assert_eq!(self::report(), report);
}

#[test]
fn a_failed_test_tells_as_much_as_was_asked_for() {
    for (asked, told) in [(None, 60), (Some("80"), 80), (Some("0"), 0)] {
        let report = report_of("a_test_that_fails_after_a_hundred_lines", asked);
        assert_eq!(report.matches(" connects\n").count(), told, "{asked:?}: {report}");
    }
}
