//! The chat of `examples/mini-chat`: from what a client did to what is sent to whom.

use klatch_core::{
    Args, CloseReason, ConnectError, DecodeError, Event, HashKey, Namespace, Namespaces, Outgoing,
    Payload, Slot, SocketId, SocketKey, SocketMap, Target, Text, Timestamp, ToArgs,
};
use mio::Token;

use crate::entropy;
use crate::wire::Clients;

/// A client in one namespace.
#[derive(Clone)]
pub(crate) struct Socket {
    slot: Slot,
    namespace: Text,
    key: SocketKey,
}

/// A namespace, and whose sockets are in it. It asks nobody for an ack, and so has no deadlines.
struct Tenant {
    sockets: Namespace,
    clients: SocketMap<Token>,
}

pub(crate) struct Chat {
    tenants: Namespaces<Tenant>,
}

impl Chat {
    pub(crate) fn new() -> Self {
        let key = HashKey::from_entropy(entropy());
        let mut tenants = Namespaces::new(key);
        for name in ["/", "/acme"] {
            let tenant = Tenant { sockets: Namespace::new(key), clients: SocketMap::new() };
            tenants.insert(name, |_| tenant).expect("a good name");
        }
        Self { tenants }
    }

    /// Acts on what a client did.
    pub(crate) fn handle(
        &mut self,
        clients: &mut Clients,
        from: Token,
        now: Timestamp,
        event: Event,
    ) {
        let Some(client) = clients.get_mut(&from) else { return };
        let place = |slot| client.sockets.iter().position(|socket| socket.slot == slot);
        match event {
            Event::Connect { slot, namespace, .. } => {
                let connection = &mut client.connection;
                let Some(tenant) = self.tenants.get_mut(&namespace) else {
                    let error = ConnectError::unknown_namespace();
                    connection.send(Outgoing::connect_error(&namespace, &error));
                    let _ = connection.reject(now, slot); // fails if it is gone: so be it
                    return;
                };
                if connection.accept(slot).is_ok() {
                    let id = SocketId::from_entropy(entropy());
                    let key = tenant.sockets.connect(id).expect("random bits do not come twice");
                    tenant.clients.insert(key, from);
                    connection.send(Outgoing::connect(&namespace, &id, None));
                    client.sockets.push(Socket { slot, namespace, key });
                    println!("a user connected: {id}");
                }
            }
            Event::Event { slot, name, args, ack } => {
                let Some(place) = place(slot) else { return };
                let socket = client.sockets[place].clone();
                let answer = self.say(clients, &socket, &name, args);
                let answer = answer.unwrap_or_else(|_| Box::new(Err::<(), _>("invalid arguments")));
                if let (Some(id), Some(client)) = (ack, clients.get_mut(&from)) {
                    let answer = Outgoing::ack(&socket.namespace, id, &*answer);
                    client.connection.send(answer.expect("it has a JSON form").packet);
                }
            }
            Event::Disconnect { slot } => {
                let Some(place) = place(slot) else { return };
                let socket = client.sockets.swap_remove(place);
                self.goodbye(&socket, CloseReason::ClientNamespaceDisconnect);
            }
            Event::Closed { reason } => {
                for socket in std::mem::take(&mut client.sockets) {
                    self.goodbye(&socket, reason);
                }
            }
            _ => {} // no ack was asked for, and nobody came by polling
        }
    }

    fn goodbye(&mut self, Socket { namespace, key, .. }: &Socket, reason: CloseReason) {
        let Some(tenant) = self.tenants.get_mut(namespace) else { return };
        if let Some(id) = tenant.sockets.id(*key) {
            tenant.sockets.disconnect(*key);
            tenant.clients.remove(*key);
            println!("a user disconnected: {id} ({reason})");
        }
    }

    /// An event, and the answer to it.
    fn say(
        &mut self,
        clients: &mut Clients,
        Socket { namespace, key, .. }: &Socket,
        event: &str,
        args: Payload,
    ) -> Result<Box<dyn ToArgs>, DecodeError> {
        let tenant = self.tenants.get_mut(namespace).expect("no tenant is ever removed");
        let (target, text): (_, String) = match event {
            "join" => {
                return Ok(Box::new(
                    tenant.sockets.join(*key, &args.decode::<String>()?).map(drop),
                ));
            }
            "leave" => {
                tenant.sockets.leave(*key, &args.decode::<String>()?);
                return Ok(Box::new(()));
            }
            "ask" => return Ok(Box::new(args.decode::<u32>()?.wrapping_add(1))),
            "echo" => return Ok(Box::new(args)),
            "chat message" => (Target::all(), args.decode()?),
            "room message" => {
                let Args((room, text)) = args.decode::<Args<(String, String)>>()?;
                (Target::rooms([room]), text)
            }
            _ => return Ok(Box::new(())),
        };
        let packet = Outgoing::event(namespace, event, &text, None).expect("text has a JSON form");
        let mut reached = Vec::new();
        tenant.sockets.select(&target.without(*key), &mut reached);
        for token in reached.into_iter().filter_map(|key| tenant.clients.get(key)) {
            if let Some(client) = clients.get_mut(token) {
                client.connection.send(packet.clone());
            }
        }
        Ok(Box::new(()))
    }
}
