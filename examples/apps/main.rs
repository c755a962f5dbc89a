//! Small servers by which outside tests, real clients and load generators judge klatch:
//!
//! ```sh
//! cargo run --example apps --all-features -- protocol --runtime tokio
//! ```
//!
//! Each listens on 127.0.0.1 at the ports that its environment names (0: the system chooses),
//! prints where, and then `listening`.

mod bench;
mod client_suite;
mod differential;
mod engine_client_suite;
mod handshake;
mod interop;
mod load;
mod protocol;
mod run;

use std::process::ExitCode;

use run::Runtime;

const USAGE: &str = "usage: apps APP --runtime tokio|async-std|smol

  protocol             the official protocol suites     ENGINE_PORT (4100), SIO_PORT (4101)
  client-suite         socket.io-client's own tests     PORT (4210)
  engine-client-suite  engine.io-client's own tests     PORT (4220)
  interop              many real clients                PORT (4200), PORT + 1 (msgpack)
  bench                load generators                  PORT (4300), THREADS
  differential         the same inputs as Node's        PORT (4400)
  load                 trials under load                PORT (4310), THREADS, and milliseconds:
                       PING_INTERVAL, PING_TIMEOUT, CONNECT_TIMEOUT, UPGRADE_TIMEOUT, HEAD_TIMEOUT,
                       WRITE_TIMEOUT";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (app, runtime) = match arguments[..] {
        [app] => (app, Some(Runtime::Tokio)),
        [app, "--runtime", runtime] => (app, Runtime::named(runtime)),
        _ => ("", None),
    };
    let mut report = None;
    let (servers, threads) = match app {
        // The suite sends a GET and a POST at once and counts on their order: one thread keeps it.
        "protocol" => (protocol::servers(), 1),
        "client-suite" => (client_suite::servers(), run::threads()),
        "engine-client-suite" => (engine_client_suite::servers(), run::threads()),
        "interop" => (interop::servers(), run::threads()),
        "bench" => (bench::servers(), run::threads()),
        // Whoever compares asks it whether it is done: one thread answers behind what came before.
        "differential" => (differential::servers(), 1),
        "load" => {
            let (servers, of_load) = load::servers();
            report = Some(of_load);
            (servers, run::threads())
        }
        _ => (Vec::new(), 0),
    };
    let Some(runtime) = runtime.filter(|_| !servers.is_empty()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run::run(runtime, threads, servers) {
        Ok(()) => {
            if let Some(report) = report {
                report.print();
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("apps {app}: {error}");
            ExitCode::FAILURE
        }
    }
}
