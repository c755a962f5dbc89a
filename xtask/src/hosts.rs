//! What klatch lives in: each host example is built by itself, as its header says, and serves the
//! chat to the official client.

use crate::Outcome;
use crate::command::Line;
use crate::step::Record;
use crate::{layout, node};

const TESTS: &str = "tests/e2e/hosts";

/// An example that serves `examples/mini-chat`.
struct Host {
    package: &'static str,
    /// By which ways clients can come.
    transports: &'static str,
}

const ALL: &str = "polling,websocket,upgrade";

const HOSTS: &[Host] = &[
    Host { package: "klatch-example-actix", transports: ALL },
    Host { package: "klatch-example-axum", transports: ALL },
    Host { package: "klatch-example-hyper", transports: ALL },
    Host { package: "klatch-example-mio", transports: "websocket" },
    Host { package: "klatch-example-own-runtime", transports: ALL },
    Host { package: "klatch-example-rocket", transports: ALL },
    Host { package: "klatch-example-tls-smol", transports: ALL },
    Host { package: "klatch-example-tls-tokio", transports: ALL },
    Host { package: "klatch-example-trillium", transports: ALL },
];

pub(crate) fn check(record: &mut Record) -> Outcome {
    let root = layout::root();
    record.cargo(&root, "clippy -p klatch-example-chat --all-targets -- -D warnings")?;
    record.cargo(&root, "test -p klatch-example-own-runtime")?;
    for Host { package, transports } in HOSTS {
        record.cargo(&root, &format!("clippy -p {package} --all-targets -- -D warnings"))?;
        record.cargo(&root, &format!("build -p {package}"))?;
        let server = layout::binary(package)?;
        let mut line = Line::new(&root, "node --test --test-reporter=spec")
            .env("KLATCH_SERVER", &server)
            .env("KLATCH_TRANSPORTS", transports);
        for file in node::tests(&layout::existing(TESTS)?)? {
            line = line.arg(file.strip_prefix(&root).unwrap_or(&file));
        }
        record.run(line)?;
        record.note(format!("{package}: {transports}"));
    }
    Ok(())
}
