//! The end of a server.

use klatch_core::CloseReason;

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::conformance::wire::{Wire, head};
use crate::server::Server;
use crate::socket::Socket;

pub(crate) async fn sockets_end_and_clients_are_not_told_to_stay_away(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let running = bed.serve(&server).await;
    let mut client = Client::connected(running.address).await;
    namespace.emit("last", &()).expect("a name is encoded");
    bed.soon("the server's end", server.close()).await;
    assert_eq!(client.rest().await, ["42[\"last\"]"], "no 41");
    log.expect(&["server shutting down"]).await;
    bed.soon("the end of serve", running.serving).await.expect("no panic").expect("no error");
    assert_eq!((server.clients_count(), namespace.len()), (0, 0));
}

pub(crate) async fn a_poll_that_waits_is_answered(bed: &Bed) {
    let server = Server::new();
    let _namespace = server.namespace("/");
    let running = bed.serve(&server).await;
    // The same connection: the server knows it, and so will not close it before its poll.
    let mut wire = Wire::open(running.address).await;
    wire.write(&head("GET", "EIO=4&transport=polling", &[])).await;
    let query = format!("EIO=4&transport=polling&sid={}", wire.answer().await.sid());
    wire.write(&head("GET", &query, &[])).await;
    let closing = bed.spawn(async move { server.close().await });
    let answer = wire.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "1"));
    bed.soon("the server's end", closing).await.expect("no panic");
    wire.closed().await;
}
