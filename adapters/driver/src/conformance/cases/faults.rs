//! Application code that panics, or does what it is not expected to.

use std::future::Ready;

use klatch_core::CloseReason;

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::{Log, Pen, Yield};
use crate::server::Server;
use crate::socket::Socket;

/// A server in whose namespace `/` much panics, and one that is well.
async fn faulty(bed: &Bed) -> (Server, Pen, Log, Address<'_>) {
    let server = Server::new();
    let (pen, log) = bed.log();
    let namespace = server.namespace("/");
    let writer = pen.clone();
    namespace.on_error(move |_, event, error| writer.write(format!("{event}: {error}")));
    namespace.on("panics", async |_: Socket, (): ()| -> () { panic!("on purpose") });
    namespace.on("panics later", async |_: Socket, (): ()| -> () {
        Yield::default().await;
        panic!("on purpose")
    });
    namespace.on("well", async |_: Socket, (): ()| ());
    server.namespace("/well").on("well", async |_: Socket, (): ()| ());
    let address = bed.serve(&server).await.address;
    (server, pen, log, address)
}

pub(crate) async fn a_panic_disconnects_its_own_socket_and_no_other(bed: &Bed) {
    let (_server, _pen, mut log, address) = faulty(bed).await;
    let mut other = Client::connected(address).await;
    for event in ["panics", "panics later"] {
        let mut client = Client::connected(address).await;
        client.send("40/well,").await;
        client.accepted("/well,").await;
        client.send(&format!("420[\"{event}\"]")).await;
        client.expect(&["41"]).await;
        log.expect(&[&format!("{event}: the handler panicked")]).await;
        client.send("42/well,0[\"well\"]").await;
        client.expect(&["43/well,0[]"]).await;
    }
    other.send("420[\"well\"]").await;
    other.expect(&["430[]"]).await;
}

pub(crate) async fn a_connect_handler_may_panic_before_it_is_a_future(bed: &Bed) {
    let (server, _pen, mut log, address) = faulty(bed).await;
    let namespace = server.namespace("/");
    namespace.on_connect(|_: Socket| -> Ready<()> { panic!("on purpose") });
    let mut client = Client::connected(address).await;
    client.expect(&["41"]).await;
    log.expect(&["connect: the handler panicked"]).await;
    assert!(namespace.is_empty());
}

pub(crate) async fn a_disconnect_handler_may_panic_before_it_is_a_future(bed: &Bed) {
    let (server, pen, mut log, address) = faulty(bed).await;
    let namespace = server.namespace("/");
    namespace.on_disconnecting(|_: Socket, _: CloseReason| -> Ready<()> { panic!("on purpose") });
    namespace.on_disconnect(async move |_: Socket, _: CloseReason| pen.write("disconnect"));
    drop(Client::connected(address).await);
    log.expect(&["disconnecting: the handler panicked", "disconnect"]).await;
    assert!(namespace.is_empty());
}

pub(crate) async fn an_error_hook_may_panic(bed: &Bed) {
    let (server, pen, mut log, address) = faulty(bed).await;
    let namespace = server.namespace("/");
    namespace.on_error(move |_, _, _| {
        pen.write("hook");
        panic!("on purpose")
    });
    let mut client = Client::connected(address).await;
    client.send("40/well,").await;
    client.accepted("/well,").await;
    client.send("42[\"panics\"]").await;
    client.expect(&["41"]).await;
    log.expect(&["hook"]).await;
    client.send("42/well,0[\"well\"]").await;
    client.expect(&["43/well,0[]"]).await;
}
