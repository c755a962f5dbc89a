//! A whole klatch server and its clients in one test: in virtual time, from one seed.
//!
//! A [`Sim`] is a network, a clock and everybody who runs by it. The server in it is the real one,
//! HTTP, WebSocket and all; its clients speak to it byte by byte. Nothing waits for real: time
//! moves when everybody waits, so that an hour of heartbeats is over at once. And nothing is left
//! to chance but what is drawn from the seed, so that a run that failed can be run again.
//!
//! ```
//! use std::time::Duration;
//!
//! use klatch_driver::{Server, Socket}; // yours come from `klatch`
//! use klatch_sim::{DisconnectReason, Link, Sim, Transport};
//!
//! let server = Server::new();
//! let chat = server.namespace("/");
//! chat.on("chat message", async |socket: Socket, text: String| {
//!     socket.broadcast().emit("chat message", &text)
//! });
//! chat.on("ask", async |_: Socket, n: u32| n + 1);
//!
//! let sim = Sim::new(7);
//! sim.serve(&server);
//! let ada = sim.connect("/");
//! let slow = Link::new().latency(Duration::from_millis(80)..=Duration::from_millis(300)).chunk(1);
//! let bob = sim.client().transport(Transport::Upgrade).link(slow).connect("/");
//!
//! ada.emit("chat message", "hi");
//! assert_eq!(bob.expect::<String>("chat message"), "hi");
//! assert_eq!(bob.ask::<u32>("ask", &41), 42);
//! ada.expect_nothing_for(Duration::from_secs(1)); // not to the sender
//!
//! sim.partition(&bob);
//! ada.emit("chat message", "still there?");
//! sim.advance(Duration::from_secs(10));
//! sim.heal(&bob);
//! assert_eq!(bob.expect::<String>("chat message"), "still there?");
//!
//! sim.vanish(&bob);
//! sim.advance(Duration::from_secs(50)); // past the heartbeat
//! assert_eq!(chat.len(), 1);
//! sim.reset(&ada);
//! assert_eq!(ada.expect_disconnect(), DisconnectReason::TransportError);
//! ```
//!
//! A test that fails prints its seed and the last lines of the [`Trace`]. Two runs of a test have
//! equal traces, if what the test itself does is the same; a run from another seed takes another
//! of the orders in which things may happen.
//!
//! What the simulation does not know: threads, and whatever else comes from outside of it. A
//! handler that sleeps for real, spawns on another runtime or asks the system for the time or for
//! a random number is beyond its reach; [`Runtime`] has all of these for those who need them. And
//! a handler that panics is caught by the server, here as everywhere: assert in the test, not there.
//!
//! # The pieces
//!
//! - [`Client`], from [`Sim::connect`] or [`Sim::client`]: speaks Socket.IO. Every method that
//!   waits lets the simulation run, and panics if what it waits for does not happen.
//! - [`Host`], from [`Sim::host`]: connects, and leaves the bytes to you. [`Sim::open`] is one
//!   connection of the kind.
//! - [`Link`]: how long bytes take, into which pieces they break, how many may be under way.
//! - [`Runtime`] and [`Listener`]: what the driver runs on, as on those of any other adapter;
//!   [`Sim::block_on`] runs whatever else you want to run there.

mod client;
mod executor;
mod link;
mod network;
mod runtime;
mod sim;
mod stream;
mod trace;

pub use client::{Builder, Claim, Client, DisconnectReason, Event, Question, Refusal, Transport};
pub use link::Link;
pub use network::{Host, Listener};
pub use runtime::{Runtime, Timer};
pub use sim::Sim;
pub use stream::Stream;
pub use trace::Trace;
