//! What every runtime adapter of klatch shares: HTTP and WebSocket transports, rooms under a
//! lock, mailboxes and handlers. It names no runtime: an adapter brings a clock, a timer, a spawn
//! and a listener ([`Runtime`], [`Listener`]).
//!
//! Users of klatch depend on the crate `klatch`, with the feature of their runtime.

mod ack;
mod application;
mod broadcast;
mod budget;
mod builder;
mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod counts;
mod data;
mod desk;
mod directory;
mod drain;
mod edge;
mod endpoint;
mod engine;
mod entropy;
mod error;
#[cfg(klatch_explore)]
#[path = "../explore/scenes/mod.rs"]
pub mod explore;
mod flags;
mod gate;
mod handler;
mod handshake;
mod hooks;
mod housekeeper;
mod hub;
mod inbox;
mod limits;
mod link;
mod mailbox;
mod memory;
mod meter;
mod namespace;
mod parent;
mod recovery;
mod registry;
mod remote;
mod reply;
mod rooms;
mod runtime;
mod rush;
mod serve;
mod server;
mod snapshot;
mod socket;
mod start;
mod stream;
mod sync;
mod task;
mod unicast;
mod wakers;
mod websocket;

pub use ack::Ack;
pub use broadcast::Broadcast;
pub use builder::{Builder, ConfigError};
pub use counts::LimitHits;
pub use drain::{Drain, DrainReport};
pub use edge::{Cookie, Cors, SameSite};
pub use endpoint::{Endpoint, WebSocketRequest};
pub use engine::{EngineServer, EngineSocket};
pub use error::{EmitError, EventError, HandlerError, ReplyError};
pub use handler::{Call, EventHandler, Handlers};
pub use handshake::{Handshake, Secure};
pub use hooks::{ConnectionError, Forbidden};
pub use namespace::Namespace;
pub use parent::{InvalidPattern, ParentBroadcast, ParentNamespace};
pub use recovery::Recovery;
pub use remote::RemoteSocket;
pub use reply::{Answers, Replies, Reply};
pub use rooms::Rooms;
pub use runtime::{Listener, Runtime, Stream, Timer};
pub use serve::{Bound, Service};
pub use server::Server;
pub use snapshot::{NamespaceSnapshot, Snapshot};
pub use socket::Socket;
pub use unicast::Unicast;
pub use websocket::WebSocketMessage;
