//! The Socket.IO and Engine.IO state machines of klatch: no I/O, no clock, no async.
//!
//! Two machines hold all the rules. [`Connection`] is one client: the Engine.IO session
//! (handshake, heartbeat, polling and WebSocket, the upgrade from one to the other) and, on top of
//! it, the Socket.IO packets and the namespaces that the client is in. [`Namespace`] is what
//! clients share: sockets, rooms, who a broadcast reaches, which acks are awaited.
//!
//! Whoever drives them has the sockets, the clock and the random numbers:
//!
//! - what arrives goes in by [`Connection::handle`], the time with it;
//! - what is to be sent comes out of [`Connection::poll_transmit`], what the client did out of
//!   [`Connection::poll_event`], and when to come back out of [`Connection::poll_timeout`];
//! - an [`Outgoing`] packet is encoded once, whoever it is for: [`Namespace::select`] says who.
//!
//! With the feature `proptest` there is the kit that rooms are tested with, for those of yours: the
//! module `testing`.
//!
//! A client's mistake is never an error of a call: it ends in one [`Event::Closed`], then silence.
//! A panic is a bug of klatch's, and none can be reached from what a client sends.
//!
//! # A server of two clients
//!
//! ```
//! use klatch_core::engine::{Frame, Input, Transmit, Transport};
//! use klatch_core::{
//!     Config, Connection, Event, HashKey, Namespace, Outgoing, Sid, SocketId, SocketKey, Target,
//!     Timestamp,
//! };
//!
//! /// A client, and who it is in the one namespace that there is.
//! struct Client {
//!     connection: Connection,
//!     socket: Option<SocketKey>,
//! }
//!
//! /// What a client sent arrives; what is said reaches everybody else.
//! fn receive(clients: &mut [Client], lobby: &mut Namespace, from: usize, text: &'static str) {
//!     let now = Timestamp::ZERO;
//!     let frame = Frame::Text(text.as_bytes().into());
//!     clients[from].connection.handle(now, Input::Frame(frame));
//!     while let Some(event) = clients[from].connection.poll_event() {
//!         match event {
//!             Event::Connect { slot, .. } => {
//!                 let id = SocketId::from_entropy([from as u8; 15]); // yours are random
//!                 clients[from].connection.accept(slot).unwrap();
//!                 clients[from].connection.send(Outgoing::connect("/", &id, None));
//!                 clients[from].socket = lobby.connect(id).ok();
//!             }
//!             Event::Event { name, args, .. } => {
//!                 let packet = Outgoing::event("/", &name, &args, None).unwrap();
//!                 let sender = clients[from].socket.unwrap();
//!                 let mut reached = Vec::new();
//!                 lobby.select(&Target::all().without(sender), &mut reached);
//!                 for client in clients.iter_mut() {
//!                     if client.socket.is_some_and(|socket| reached.contains(&socket)) {
//!                         client.connection.send(packet.clone());
//!                     }
//!                 }
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//!
//! /// The text frames that are to go out on a client's WebSocket.
//! fn sent(client: &mut Client) -> Vec<String> {
//!     std::iter::from_fn(|| client.connection.poll_transmit())
//!         .map(|transmit| match transmit {
//!             Transmit::Frame(Frame::Text(text)) => String::from_utf8(text.into()).unwrap(),
//!             other => panic!("{other:?}"),
//!         })
//!         .collect()
//! }
//!
//! let mut lobby = Namespace::new(HashKey::from_entropy([42; 16])); // yours is random
//! let mut clients = [0, 1].map(|n| Client {
//!     connection: Connection::new(
//!         &Config::default(),
//!         Sid::from_entropy([n + 100; 15]), // random, too, and the client's secret
//!         Transport::WebSocket,
//!         Timestamp::ZERO,
//!     ),
//!     socket: None,
//! });
//!
//! receive(&mut clients, &mut lobby, 0, "40");
//! receive(&mut clients, &mut lobby, 1, "40");
//! assert_eq!(
//!     sent(&mut clients[0]),
//!     [
//!         concat!(
//!             r#"0{"sid":"ZGRkZGRkZGRkZGRkZGRk","upgrades":[],"#,
//!             r#""pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
//!         ),
//!         r#"40{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#,
//!     ]
//! );
//! assert_eq!(sent(&mut clients[1])[1], r#"40{"sid":"AQEBAQEBAQEBAQEBAQEB"}"#);
//!
//! receive(&mut clients, &mut lobby, 0, r#"42["chat message","hello",{"to":["you"]}]"#);
//! assert_eq!(sent(&mut clients[0]), [""; 0], "not to the sender");
//! assert_eq!(sent(&mut clients[1]), [r#"42["chat message","hello",{"to":["you"]}]"#]);
//!
//! // Nothing happens until the first ping is due.
//! let due = clients[1].connection.poll_timeout().unwrap();
//! assert_eq!(due, Timestamp::from_millis(25_000));
//! clients[1].connection.handle_timeout(due);
//! assert_eq!(sent(&mut clients[1]), ["2"]);
//! ```

mod attachment;
mod config;
mod connection;
pub mod engine;
mod id;
mod json;
mod keyed;
mod limit;
mod msgpack;
mod namespace;
mod namespaces;
mod offset;
mod outgoing;
mod packet;
mod parser;
mod payload;
mod queue;
mod reason;
#[cfg(feature = "proptest")]
pub mod testing;
mod text;
mod time;

pub use attachment::Attachment;
pub use config::{Config, ConfigFault};
pub use connection::{Connection, Event, PlainEvent, Slot, SlotError};
pub use id::{ENTROPY_BYTES, Pid, Sid, SocketId};
pub use keyed::{HashKey, KeyedHasher};
pub use limit::Limit;
pub use namespace::{
    AckCause, AckError, DuplicateId, JoinError, Luggage, Namespace, NamespaceEvent,
    NamespaceLimits, NotRecovered, Recovered, RecoveryLimits, RoomEvent, SocketKey, SocketMap,
    Target,
};
pub use namespaces::{
    Entered, InvalidNamespaceName, MAX_NAMESPACE_NAME, NamespaceKey, Namespaces, ParentKey, Route,
    namespace_name,
};
pub use offset::Offset;
pub use outgoing::{Answer, ConnectError, Draft, Encoder, Outgoing};
pub use packet::{AckId, Body, Decoder, DecoderLimits, Packet, PacketError};
pub use parser::Parser;
pub use payload::{Args, DecodeError, EncodeError, FromPayload, Payload, ToArgs, Value};
pub use reason::CloseReason;
pub use text::Text;
pub use time::Timestamp;
