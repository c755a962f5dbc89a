//! Scenes on several threads, for an explorer of schedules: each is played again and again, in one order
//! of the threads' steps after the other, and says what holds in all of them.
//!
//! The smallest parts are played under [loom](https://docs.rs/loom), too, in all orders that there are,
//! with what a processor may reorder. The whole is played under
//! [shuttle](https://docs.rs/shuttle), in as many orders as there is time for: see `docs/proof.md`.

pub mod small;
pub(crate) mod sync;

#[cfg(klatch_explore = "shuttle")]
pub mod acks;
#[cfg(klatch_explore = "shuttle")]
pub mod answers;
#[cfg(klatch_explore = "shuttle")]
pub mod children;
#[cfg(klatch_explore = "shuttle")]
mod client;
#[cfg(klatch_explore = "shuttle")]
pub mod closing;
#[cfg(klatch_explore = "shuttle")]
pub mod comings;
#[cfg(klatch_explore = "shuttle")]
pub mod events;
#[cfg(klatch_explore = "shuttle")]
mod history;
#[cfg(klatch_explore = "shuttle")]
mod play;
#[cfg(klatch_explore = "shuttle")]
pub mod pressure;
#[cfg(klatch_explore = "shuttle")]
pub mod recovery;
#[cfg(klatch_explore = "shuttle")]
pub mod rooms;
#[cfg(klatch_explore = "shuttle")]
mod runtime;
#[cfg(klatch_explore = "shuttle")]
mod stage;

#[cfg(klatch_explore = "loom")]
use loom as explorer;
#[cfg(klatch_explore = "shuttle")]
use shuttle as explorer;

#[cfg(klatch_explore = "shuttle")]
pub use self::play::play;
