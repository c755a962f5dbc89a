//! The fuzz targets once more, over what is kept of their inputs: no fuzzer needed.

#[path = "../../fuzz/bodies/connection.rs"]
mod connection;
#[path = "../../fuzz/bodies/msgpack.rs"]
mod msgpack;
#[path = "../../fuzz/bodies/namespace.rs"]
mod namespace;
#[path = "../../fuzz/bodies/packet.rs"]
mod packet;
#[path = "../../fuzz/bodies/payload.rs"]
mod payload;
#[path = "../../fuzz/bodies/replay.rs"]
mod replay;
#[path = "../../fuzz/bodies/session.rs"]
mod session;

use replay::replay;

#[test]
fn connections() {
    replay("connection", connection::run);
}

#[test]
fn messages() {
    replay("msgpack", msgpack::run);
}

#[test]
fn namespaces() {
    replay("namespace", namespace::run);
}

#[test]
fn packets() {
    replay("packet", packet::run);
}

#[test]
fn payloads() {
    replay("payload", payload::run);
}

#[test]
fn sessions() {
    replay("session", session::run);
}
