//! A look at a server.

use crate::counts::LimitHits;
use crate::hub::Hub;

/// What a server is made of at one moment, for a page that shows how it is; see
/// [`Server::snapshot`](crate::Server::snapshot).
///
/// Its parts are looked at one after the other, while the server goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Sessions that are open, or are closing and not done with it.
    pub sessions: usize,
    /// The namespaces, in order of registration. An Engine.IO server has none.
    pub namespaces: Vec<NamespaceSnapshot>,
    /// Bytes that wait for clients, a packet that waits for several counted for each, and 64 for each
    /// packet.
    pub queued_bytes: usize,
    /// Handlers that are under way.
    pub handlers: usize,
    /// How often each limit was hit since the server was built.
    pub limits_hit: LimitHits,
}

/// What a namespace is made of at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamespaceSnapshot {
    /// Its name, with the leading slash.
    pub name: String,
    /// Sockets that are connected.
    pub sockets: usize,
    /// Rooms that somebody is in, without those that are named by a socket's id.
    pub rooms: usize,
}

impl Snapshot {
    pub(crate) fn new(hub: &Hub, namespaces: Vec<NamespaceSnapshot>) -> Self {
        let loads = hub.loads();
        Self {
            sessions: hub.len(),
            namespaces,
            queued_bytes: loads.iter().map(|load| load.queued()).sum(),
            handlers: loads.iter().map(|load| load.handlers()).sum(),
            limits_hit: hub.counts.read(),
        }
    }
}
