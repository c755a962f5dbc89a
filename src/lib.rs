//! Socket.IO for Rust services, on the runtime you already have.
//!
//! ```no_run
//! use klatch::{Server, Socket};
//!
//! # #[cfg(feature = "tokio")]
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let server = Server::new();
//!     let chat = server.namespace("/");
//!
//!     chat.on_connect(async |socket: Socket| {
//!         println!("a user connected: {}", socket.id());
//!     });
//!     chat.on("join", async |socket: Socket, room: String| socket.join(room));
//!     chat.on("chat message", async |socket: Socket, text: String| {
//!         socket.broadcast().emit("chat message", &text) // everyone but the sender
//!     });
//!     chat.on("ask", async |_socket: Socket, n: u32| n.wrapping_add(1)); // the return value is the ack
//!
//!     klatch::tokio::serve("127.0.0.1:3000", server).await
//! }
//! # #[cfg(not(feature = "tokio"))]
//! # fn main() {}
//! ```
//!
//! A [`Server`] has [`Namespace`]s, where handlers are registered; a client that joins one is a
//! [`Socket`] in it; a [`Broadcast`] is some of a namespace's sockets. None of them has a type
//! parameter, and none knows the runtime until the server is served.
//!
//! # Features
//!
//! None is on by default: no choice of runtime is made for you.
//!
//! - `tokio`: `klatch::tokio`
//! - `smol`: `klatch::smol`
//! - `async-std`: `klatch::async_std`; async-std is discontinued, and smol is its successor
//! - `axum`: `klatch::tokio::router`, the routes to merge into an axum application
//! - `metrics`: numbers for the recorder of the crate `metrics` that there is when a server is built,
//!   and `Snapshot::record`
//!
//! Without a feature there is everything but a runtime: [`Runtime`], [`Listener`] and [`Bound`]
//! are what you implement to bring your own, and [`core`] is the protocol alone.
//!
//! # What handlers take and give
//!
//! A handler takes the socket and one value, which is read from the event's first argument;
//! [`Args`] reads several, `()` none, [`Payload`] takes whatever comes. What it returns is the
//! acknowledgement; [`Ack`] as a third parameter is answered by hand. `bytes::Bytes` anywhere in a
//! value is an attachment.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use klatch::{Args, Bytes, JoinError, Server, Socket};
//!
//! let server = Server::new();
//! let files = server.namespace("/files");
//! let uploads = Arc::new(AtomicU64::new(0));
//!
//! files.on("upload", async move |socket: Socket, Args((name, bytes)): Args<(String, Bytes)>| {
//!     uploads.fetch_add(1, Ordering::Relaxed);
//!     socket.join(&name)?;
//!     Ok::<_, JoinError>(bytes.len()) // an `Err` would reach the client as `{"error": ..}`
//! });
//! ```

#[doc(no_inline)]
pub use bytes::Bytes;
#[doc(no_inline)]
pub use http;
#[doc(no_inline)]
pub use klatch_core as core;
pub use klatch_core::engine::{Message, Transport, Transports};
pub use klatch_core::{
    Args, CloseReason, Config, ConfigFault, ConnectError, DecodeError, EncodeError, FromPayload,
    JoinError, Limit, Parser, Payload, RoomEvent, Sid, SocketId, Timestamp, ToArgs, Value,
};
pub use klatch_driver::{
    Ack, Answers, Bound, Broadcast, Builder, Call, ConfigError, ConnectionError, Cookie, Cors,
    Drain, DrainReport, EmitError, Endpoint, EngineServer, EngineSocket, EventError, EventHandler,
    Forbidden, HandlerError, Handlers, Handshake, InvalidPattern, LimitHits, Listener, Namespace,
    NamespaceSnapshot, ParentBroadcast, ParentNamespace, Recovery, RemoteSocket, Replies, Reply,
    ReplyError, Rooms, Runtime, SameSite, Secure, Server, Service, Snapshot, Socket, Stream, Timer,
    Unicast, WebSocketMessage, WebSocketRequest,
};

#[cfg(feature = "async-std")]
pub use klatch_async_std as async_std;
#[cfg(feature = "smol")]
pub use klatch_smol as smol;
#[cfg(feature = "tokio")]
pub use klatch_tokio as tokio;

/// What a migration page says of klatch must compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/migration.md")]
struct Migration;
