//! What a client knows of the namespaces that it is in.

use std::collections::{BTreeMap, VecDeque};

use klatch_core::{AckId, Body, FromPayload, Packet, Payload};
use serde::Deserialize;

use super::{Claim, DisconnectReason};

/// The namespaces of one connection.
#[derive(Default)]
pub(super) struct Memberships {
    map: BTreeMap<String, Membership>,
    /// Why the connection has ended.
    ended: Option<DisconnectReason>,
    asked: u64,
}

/// One of them.
#[derive(Default)]
pub(super) struct Membership {
    /// Its socket's id, once it is in.
    pub(super) id: Option<String>,
    /// What it presents to come back, if the server recovers connections; before it is in, what it
    /// presented.
    pub(super) claim: Option<Claim>,
    pub(super) refusal: Option<Refusal>,
    pub(super) is_over: bool,
    /// The client was in the namespace before: what was sent to it then may still be under way.
    was_in_before: bool,
    pub(super) received: VecDeque<Received>,
    pub(super) answers: BTreeMap<AckId, Payload>,
}

/// Something that came and that the test has not looked at.
pub(super) enum Received {
    Event { name: String, args: Payload, ack: Option<AckId> },
    Disconnected(DisconnectReason),
}

/// Why a client was not let into a namespace: the JavaScript client's `connect_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    message: String,
    data: Payload,
}

impl Refusal {
    /// What the server said.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What it gave with it.
    ///
    /// # Panics
    ///
    /// If it is not of this type.
    #[track_caller]
    pub fn data<D: FromPayload>(&self) -> D {
        self.data.decode().unwrap_or_else(|error| panic!("the refusal has other data: {error}"))
    }
}

#[derive(Deserialize)]
struct Connected {
    sid: String,
    pid: Option<String>,
}

#[derive(Deserialize)]
struct ConnectError {
    message: String,
    data: Option<klatch_core::Value>,
}

impl Memberships {
    /// Asks for a namespace, again perhaps.
    pub(super) fn ask_for(&mut self, namespace: &str, auth: Option<&str>) {
        let before = self.map.get(namespace);
        let was_in_before = before.is_some_and(|it| it.id.is_some() || it.was_in_before);
        let claim = auth.and_then(Claim::presented);
        let mut membership = Membership { claim, was_in_before, ..Membership::default() };
        if let Some(reason) = self.ended {
            membership.end(reason);
        }
        self.map.insert(namespace.to_owned(), membership);
    }

    pub(super) fn get(&mut self, namespace: &str) -> &mut Membership {
        self.map.get_mut(namespace).expect("every handle has asked for its namespace")
    }

    /// An id for a question.
    pub(super) fn next_ack(&mut self) -> AckId {
        self.asked += 1;
        AckId::new(self.asked - 1)
    }

    /// Whether the client is in no namespace and asks for none.
    pub(super) fn are_over(&self) -> bool {
        self.map.values().all(|membership| membership.is_over)
    }

    /// The connection is over.
    pub(super) fn end(&mut self, reason: DisconnectReason) {
        self.ended = Some(reason);
        self.map.values_mut().for_each(|membership| membership.end(reason));
    }

    pub(super) fn take_in(&mut self, packet: Packet) {
        let Some(membership) = self.map.get_mut(packet.namespace.as_str()) else {
            panic!("the server speaks of {}, which nobody asked for", packet.namespace)
        };
        if membership.is_over || membership.is_of_an_earlier_life(&packet.body) {
            // Sent before the server knew that the client has left.
            return;
        }
        match packet.body {
            Body::Connect { auth } => {
                assert!(membership.id.is_none(), "connected to {} twice", packet.namespace);
                let connected: Connected = auth.decode().expect("a CONNECT has the socket's id");
                membership.id = Some(connected.sid);
                let presented = membership.claim.take();
                membership.claim = connected.pid.map(|pid| Claim::new(pid, presented.as_ref()));
            }
            Body::Disconnect => membership.end(DisconnectReason::ServerDisconnect),
            Body::Event { name, args, ack } => {
                assert!(membership.id.is_some(), "an event before the CONNECT");
                if let Some(claim) = &mut membership.claim {
                    claim.hear(&args);
                }
                let name = name.as_str().to_owned();
                membership.received.push_back(Received::Event { name, args, ack });
            }
            Body::Ack { id, args } => {
                let before = membership.answers.insert(id, args);
                assert!(before.is_none(), "question {id} was answered twice");
            }
            Body::StrayAck => panic!("the server answered no question of ours"),
        }
    }

    /// Takes in a `CONNECT_ERROR`, which core's decoder, a server's, does not know.
    pub(super) fn refuse(&mut self, packet: &str) {
        let (namespace, error) = match packet.split_once(',') {
            Some((namespace, error)) if namespace.starts_with('/') => (namespace, error),
            _ => ("/", packet),
        };
        let error: ConnectError = serde_json::from_str(error).expect("a CONNECT_ERROR is JSON");
        let data = error.data.unwrap_or(klatch_core::Value::Null);
        let data = Payload::from_args(&data).expect("what was JSON is JSON");
        let membership = self.get(namespace);
        membership.refusal = Some(Refusal { message: error.message, data });
        membership.is_over = true;
    }
}

impl Membership {
    /// A life begins with the server's CONNECT: what comes before it was for the one that was left.
    fn is_of_an_earlier_life(&self, body: &Body) -> bool {
        let begins = matches!(body, Body::Connect { .. });
        self.was_in_before && self.id.is_none() && !begins
    }

    pub(super) fn end(&mut self, reason: DisconnectReason) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.received.push_back(Received::Disconnected(reason));
        }
    }
}
