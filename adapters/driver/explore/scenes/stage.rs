//! Where a scene is played: a server, its clients, and what they wrote down.

use std::future::Future;

use futures::channel::oneshot;
use klatch_core::SocketId;
use shuttle::future::{JoinHandle, block_on};

use super::client::{Client, Transport};
use super::history::{History, NAMESPACE};
use super::runtime::Explored;
use crate::application::Application as _;
use crate::builder::Builder;
use crate::endpoint::Endpoint;
use crate::server::Server;

pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) endpoint: Endpoint,
    pub(super) runtime: Explored,
    pub(super) history: History,
}

impl Stage {
    pub(super) fn new(builder: Builder) -> Self {
        let server = builder.build().expect("it is valid");
        let runtime = Explored::default();
        let endpoint = Endpoint::new(runtime.clone(), server.clone());
        Self { server, endpoint, runtime, history: History::default() }
    }

    /// A client that joins `/`, and then hears all there is until its connection ends. Returns when
    /// it is in.
    pub(super) fn listener(&self, transport: Transport) -> (SocketId, JoinHandle<()>) {
        let (endpoint, history) = (self.endpoint.clone(), self.history.clone());
        let (tell, told) = oneshot::channel();
        let ends = shuttle::future::spawn(async move {
            let mut client = Client::open(&endpoint, transport).await.expect("there is a place");
            let since = history.now();
            client.send("40").await;
            let welcome = client.next().await.expect("it is let in");
            let id = Welcome::read(&welcome).expect("a CONNECT").id;
            history.came(id, since, &[NAMESPACE]);
            tell.send(id).expect("somebody waits");
            while let Some(packet) = client.next().await {
                if let Some(message) = message(&packet) {
                    history.hears(id, &message);
                }
            }
        });
        (block_on(told).expect("it is let in"), ends)
    }

    /// Closes the server; nothing is left of anybody.
    pub(super) fn close(self, clients: impl IntoIterator<Item = JoinHandle<()>>) {
        block_on(self.server.close());
        for client in clients {
            block_on(client).expect("no client panics");
        }
        self.is_empty();
    }

    /// Nobody is there, nothing waits, and nobody keeps anything.
    pub(super) fn is_empty(&self) {
        let snapshot = self.server.snapshot();
        assert_eq!((snapshot.sessions, snapshot.queued_bytes, snapshot.handlers), (0, 0, 0));
        assert_eq!(self.server.hub().budget.held(), 0, "bytes are counted that nobody holds");
        for namespace in self.server.namespaces() {
            assert!(namespace.is_empty() && namespace.rooms().is_empty());
            assert!(namespace.0.is_at_rest(), "something is kept for somebody who is gone");
        }
    }
}

/// What a client is told when it is let in.
pub(super) struct Welcome {
    pub(super) id: SocketId,
    pub(super) pid: Option<String>,
}

impl Welcome {
    pub(super) fn read(packet: &str) -> Option<Self> {
        let json = packet.strip_prefix("40")?;
        let json = json.trim_start_matches(|character| character != '{');
        let value: serde_json::Value = serde_json::from_str(json).ok()?;
        let id = SocketId::parse(value["sid"].as_str()?)?;
        Some(Self { id, pid: value["pid"].as_str().map(str::to_owned) })
    }
}

/// An event's arguments, as texts.
pub(super) fn texts(packet: &str) -> Option<Vec<String>> {
    let json = packet.strip_prefix("42")?;
    let json = json.trim_start_matches(|character| character != '[');
    let mut texts: Vec<String> = serde_json::from_str(json).ok()?;
    texts.remove(0);
    Some(texts)
}

/// What an event says.
pub(super) fn message(packet: &str) -> Option<String> {
    texts(packet).map(|mut texts| texts.remove(0))
}

/// Waits for something in a thread.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    block_on(future)
}
