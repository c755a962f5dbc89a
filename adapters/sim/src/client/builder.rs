//! How a client connects.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use klatch_core::ToArgs;

use super::connection::Connection;
use super::http::Server;
use super::{Client, Held, PATIENCE, Refusal};
use crate::link::Link;
use crate::runtime::Runtime;

/// By what a client speaks: the JavaScript client's `transports`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP long-polling alone.
    Polling,
    /// A WebSocket from the start.
    WebSocket,
    /// Polling, then a WebSocket in its place: what the JavaScript client does unless told otherwise.
    Upgrade,
}

/// A client that is about to connect; see [`Sim::client`](crate::Sim::client).
#[derive(Clone, Debug)]
#[must_use = "`connect` connects it"]
pub struct Builder {
    runtime: Runtime,
    transport: Transport,
    link: Link,
    server: Option<SocketAddr>,
    path: String,
    query: String,
    headers: String,
    auth: Option<String>,
    patience: Duration,
}

impl Builder {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            transport: Transport::WebSocket,
            link: Link::new(),
            server: None,
            path: "/socket.io/".to_owned(),
            query: String::new(),
            headers: String::new(),
            auth: None,
            patience: PATIENCE,
        }
    }

    /// By what it speaks; a WebSocket unless something else is asked for.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// What the way to the server is like.
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// The server, if it is not the first that is served.
    pub fn server(mut self, address: SocketAddr) -> Self {
        self.server = Some(address);
        self
    }

    /// Where the server is, if not at `/socket.io/`.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// A field of the query, as it is to stand there.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        write!(self.query, "&{name}={value}").expect("a String takes it");
        self
    }

    /// A header of its requests.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.headers, "{name}: {value}\r\n").expect("a String takes it");
        self
    }

    /// What it presents to the namespace: an object.
    ///
    /// # Panics
    ///
    /// If it cannot be serialised.
    pub fn auth(mut self, auth: &(impl ToArgs + ?Sized)) -> Self {
        self.auth = Some(super::auth(auth));
        self
    }

    /// How long the client's methods wait, in virtual time; a minute unless something else is asked
    /// for. What has not happened by then fails the test. Where a server pings every minute or less
    /// often, whoever waits for a heartbeat wants more.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects to a namespace, and returns when the client is in.
    ///
    /// # Panics
    ///
    /// If it is not let in.
    #[track_caller]
    #[must_use = "a client that is dropped goes away"]
    pub fn connect(self, namespace: &str) -> Client {
        let client = self.start(namespace);
        client.expect_connect();
        client
    }

    /// Connects to a namespace, which is to refuse the client.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn refused(self, namespace: &str) -> Refusal {
        self.start(namespace).expect_refusal()
    }

    /// Begins to connect, and returns at once: [`Client::expect_connect`] waits.
    ///
    /// # Panics
    ///
    /// If no server is served, or the simulation has had 65,535 hosts.
    #[track_caller]
    #[must_use = "a client that is dropped goes away"]
    pub fn start(self, namespace: &str) -> Client {
        let first = self.runtime.network().first_listener();
        let address = self.server.or(first).expect("a server is served before clients connect");
        let Self { runtime, transport, link, path, query, headers, auth, patience, .. } = self;
        let host = runtime.host(link);
        let server = Server { runtime, host: host.clone(), address, path, query, headers };
        let (connection, dropped) = Connection::start(server, transport);
        Client::new(Held::new(connection, host, patience, dropped), namespace, auth.as_deref())
    }
}
