//! Clients for tests: they speak to the server over the simulated network as real ones do.

mod builder;
mod claim;
mod connection;
mod event;
mod http;
mod membership;
mod polling;
mod question;
mod reason;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use klatch_core::engine::Segment;
use klatch_core::{AckId, FromPayload, Outgoing, Payload, ToArgs};
use klatch_driver::Runtime as _;

pub use self::builder::{Builder, Transport};
pub use self::claim::Claim;
use self::connection::{Connection, State};
pub use self::event::Event;
pub use self::membership::Refusal;
use self::membership::{Membership, Received};
pub use self::question::Question;
pub use self::reason::DisconnectReason;
use crate::executor::Stopped;
use crate::network::Host;

/// What does not happen within so much virtual time does not happen, unless the test knows better:
/// longer than a heartbeat of a server that is configured as it comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client in one namespace. Cheap to clone.
///
/// Its methods run the simulation until what they wait for has happened, for a minute of virtual
/// time unless [`Builder::patience`] says otherwise. What it received and nobody looked at stays, in
/// order. When its last handle is dropped, in whatever namespace, the
/// client goes away, as when a page is closed.
#[derive(Clone)]
pub struct Client {
    held: Arc<Held>,
    namespace: Arc<str>,
}

/// A connection for as long as somebody has a client of it.
struct Held {
    connection: Arc<Connection>,
    host: Host,
    patience: Duration,
    /// Dropped, it tells the connection's task.
    _dropped: oneshot::Sender<()>,
}

impl Held {
    fn new(
        connection: Arc<Connection>,
        host: Host,
        patience: Duration,
        dropped: oneshot::Sender<()>,
    ) -> Arc<Self> {
        Arc::new(Self { connection, host, patience, _dropped: dropped })
    }
}

/// What stands behind a CONNECT's namespace.
fn auth(auth: &(impl ToArgs + ?Sized)) -> String {
    let auth = Payload::from_args(auth).unwrap_or_else(|error| panic!("no auth: {error}"));
    auth.as_json().to_owned()
}

impl Client {
    /// Asks for a namespace on a connection.
    fn new(held: Arc<Held>, namespace: &str, auth: Option<&str>) -> Self {
        held.connection.lock().memberships.ask_for(namespace, auth);
        let name = if namespace == "/" { String::new() } else { format!("{namespace},") };
        let packet = format!("40{name}{}", auth.unwrap_or_default());
        held.connection.send([Segment::Text(Bytes::from(packet))]);
        Self { held, namespace: namespace.into() }
    }

    /// Joins another namespace over the same connection.
    ///
    /// # Panics
    ///
    /// If it is not let in.
    #[track_caller]
    #[must_use]
    pub fn connect(&self, namespace: &str) -> Self {
        let client = Self::new(self.held.clone(), namespace, None);
        client.expect_connect();
        client
    }

    /// As [`connect`](Self::connect), and presents something.
    ///
    /// # Panics
    ///
    /// If it is not let in.
    #[track_caller]
    #[must_use]
    pub fn connect_with(&self, namespace: &str, auth: &(impl ToArgs + ?Sized)) -> Self {
        let client = Self::new(self.held.clone(), namespace, Some(&self::auth(auth)));
        client.expect_connect();
        client
    }

    /// Begins to join another namespace over the same connection, and returns at once:
    /// [`expect_connect`](Self::expect_connect) waits.
    #[must_use]
    pub fn start(&self, namespace: &str) -> Self {
        Self::new(self.held.clone(), namespace, None)
    }

    /// As [`start`](Self::start), and presents something.
    ///
    /// # Panics
    ///
    /// If it cannot be serialised.
    #[must_use]
    pub fn start_with(&self, namespace: &str, auth: &(impl ToArgs + ?Sized)) -> Self {
        Self::new(self.held.clone(), namespace, Some(&self::auth(auth)))
    }

    /// Waits until the namespace has let the client in.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn expect_connect(&self) {
        let outcome = self.wait("to be let in", |membership| match membership {
            Membership { refusal: Some(refusal), .. } => Some(Err(refusal.message().to_owned())),
            Membership { is_over: true, .. } => Some(Err("the connection ended".to_owned())),
            Membership { id, .. } => id.is_some().then_some(Ok(())),
        });
        if let Err(why) = outcome {
            panic!("{self} was not let in: {why}");
        }
    }

    #[track_caller]
    fn expect_refusal(&self) -> Refusal {
        let refusal = self.wait("to be refused", |membership| {
            let is_decided = membership.id.is_some() || membership.is_over;
            is_decided.then(|| membership.refusal.take())
        });
        refusal.unwrap_or_else(|| panic!("{self} was not refused"))
    }

    /// Its socket's id in the namespace.
    ///
    /// # Panics
    ///
    /// If it was never let in.
    #[track_caller]
    pub fn id(&self) -> String {
        let id = self.membership(|membership| membership.id.clone());
        id.unwrap_or_else(|| panic!("{self} was never let in"))
    }

    /// What it presents to come back as who it is now; `None` if it was never let in, or the server
    /// recovers no connections. What it last received counts, whether the test has looked at it or not.
    pub fn claim(&self) -> Option<Claim> {
        self.membership(|membership| membership.id.as_ref().and(membership.claim.clone()))
    }

    /// Which client this is: the number by which the trace knows it.
    pub fn number(&self) -> u16 {
        self.held.connection.number
    }

    /// Whether it is in the namespace, as far as it knows.
    pub fn is_connected(&self) -> bool {
        self.membership(|membership| membership.id.is_some() && !membership.is_over)
    }

    /// Whether it has been refused or disconnected: nothing more comes but what is received.
    pub fn is_over(&self) -> bool {
        self.membership(|membership| membership.is_over)
    }

    /// Whether it speaks over a WebSocket by now.
    pub fn is_on_websocket(&self) -> bool {
        self.held.connection.lock().is_on_websocket()
    }

    /// Sends an event. It leaves when the simulation runs.
    ///
    /// # Panics
    ///
    /// If the client is not connected, or the value cannot be encoded.
    #[track_caller]
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) {
        self.send_event(event, args, None);
    }

    /// Sends an event and waits for the answer.
    ///
    /// # Panics
    ///
    /// If none comes, or one of another type.
    #[track_caller]
    pub fn ask<D: FromPayload>(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> D {
        let ack = self.send_question(event, args);
        let answer = self.wait(&format!("for an answer to {event:?}"), |membership| {
            let answer = membership.answers.remove(&ack);
            (answer.is_some() || membership.is_over).then_some(answer)
        });
        let answer = answer.unwrap_or_else(|| panic!("{self} was disconnected before an answer"));
        answer.decode().unwrap_or_else(|error| {
            panic!("{self} got another answer to {event:?}: {error}: {}", answer.as_json())
        })
    }

    /// Sends an event whose answer is looked for later. It leaves when the simulation runs.
    ///
    /// # Panics
    ///
    /// If the client is not connected, or the value cannot be encoded.
    #[track_caller]
    pub fn ask_later(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Question {
        Question::new(self.clone(), self.send_question(event, args))
    }

    #[track_caller]
    fn send_question(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> AckId {
        let ack = self.held.connection.lock().memberships.next_ack();
        self.send_event(event, args, Some(ack));
        ack
    }

    #[track_caller]
    fn send_event(&self, event: &str, args: &(impl ToArgs + ?Sized), ack: Option<AckId>) {
        assert!(self.is_connected(), "{self} is not connected, and has {event:?} to send");
        let packet = Outgoing::event(&self.namespace, event, args, ack);
        let packet = packet.unwrap_or_else(|error| panic!("{event:?} cannot be sent: {error}"));
        self.held.connection.send_packet(&packet);
    }

    /// Waits for the next event, which is to be this one, and reads its arguments.
    ///
    /// # Panics
    ///
    /// If another one comes or none, or its arguments are of another type.
    #[track_caller]
    pub fn expect<D: FromPayload>(&self, event: &str) -> D {
        self.expect_event(event).decode()
    }

    /// Waits for the next event, which is to be this one: to answer it, say.
    ///
    /// # Panics
    ///
    /// If another one comes or none.
    #[track_caller]
    pub fn expect_event(&self, event: &str) -> Event {
        match self.next(&format!("for {event:?}")) {
            Received::Event { name, args, ack } if name == event => {
                Event::new(self.clone(), name, args, ack)
            }
            other => panic!("{self} expected {event:?}, and got {other}"),
        }
    }

    /// Takes the events that have come and nobody has looked at; waits for none.
    pub fn received(&self) -> Vec<Event> {
        let received = self.membership(|membership| {
            let is_event = |received: &Received| matches!(received, Received::Event { .. });
            let events = membership.received.iter().take_while(|received| is_event(received));
            let count = events.count();
            membership.received.drain(..count).collect::<Vec<_>>()
        });
        let event = |received| match received {
            Received::Event { name, args, ack } => Some(Event::new(self.clone(), name, args, ack)),
            Received::Disconnected(_) => None,
        };
        received.into_iter().filter_map(event).collect()
    }

    /// Lets so much time pass, in which nothing is to come.
    ///
    /// # Panics
    ///
    /// If something comes, or has come before.
    #[track_caller]
    pub fn expect_nothing_for(&self, duration: Duration) {
        let runtime = &self.held.connection.runtime;
        let received = runtime.executor().run_until(runtime.now() + duration, || {
            self.membership(|membership| membership.received.pop_front())
        });
        if let Some(received) = received {
            panic!("{self} expected nothing, and got {received}");
        }
    }

    /// Waits until the client is disconnected from the namespace, for whatever reason.
    ///
    /// # Panics
    ///
    /// If it is not, or an event comes before.
    #[track_caller]
    pub fn expect_disconnect(&self) -> DisconnectReason {
        match self.next("to be disconnected") {
            Received::Disconnected(reason) => reason,
            other @ Received::Event { .. } => {
                panic!("{self} expected to be disconnected, and got {other}")
            }
        }
    }

    /// Leaves the namespace. With the last one that it is in, the client closes the connection.
    pub fn disconnect(&self) {
        let was_connected = self.is_connected();
        self.membership(|membership| membership.end(DisconnectReason::ClientDisconnect));
        if was_connected {
            self.held.connection.send_packet(&Outgoing::disconnect(&self.namespace));
        }
        if self.held.connection.lock().memberships.are_over() {
            self.held.connection.close();
        }
    }

    /// Stops reading, until [`resume`](Self::resume): what the server sends fills the link, then
    /// waits at the server.
    pub fn stall(&self) {
        self.held.connection.stall(true);
    }

    /// Reads on.
    pub fn resume(&self) {
        self.held.connection.stall(false);
    }

    #[track_caller]
    fn next(&self, what: &str) -> Received {
        self.wait(what, |membership| membership.received.pop_front())
    }

    /// Runs the simulation until the namespace has what is wanted.
    #[track_caller]
    fn wait<T>(&self, what: &str, mut take: impl FnMut(&mut Membership) -> Option<T>) -> T {
        let (runtime, patience) = (&self.held.connection.runtime, self.held.patience);
        let limit = runtime.now() + patience;
        match runtime.executor().run(limit, || self.membership(|m| take(m))) {
            Ok(taken) => taken,
            Err(Stopped::Limit) => panic!("{self} waited {patience:?} {what}"),
            Err(Stopped::Deadlocked) => panic!("deadlocked: {self} waits {what}"),
        }
    }

    fn membership<T>(&self, act: impl FnOnce(&mut Membership) -> T) -> T {
        let State { memberships, .. } = &mut *self.held.connection.lock();
        act(memberships.get(&self.namespace))
    }
}

impl AsRef<Host> for Client {
    fn as_ref(&self) -> &Host {
        &self.held.host
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.number())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}, {:?})", self.number(), self.namespace)
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { name, args, .. } => write!(f, "{name:?} with {}", args.as_json()),
            Self::Disconnected(reason) => write!(f, "disconnected: {reason}"),
        }
    }
}
