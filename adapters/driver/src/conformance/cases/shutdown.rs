//! The end of a runtime.

use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::server::Server;

pub(crate) async fn a_runtime_that_ends_leaves_no_socket_behind(bed: &Bed) {
    let server = Server::new();
    let namespace = server.namespace("/");
    let client = Client::connected(bed.serve(&server).await.address).await;
    assert_eq!(namespace.len(), 1);
    bed.when_it_has_ended(move || {
        assert!(namespace.is_empty());
        assert_eq!(server.clients_count(), 0);
        drop(client);
    });
}
