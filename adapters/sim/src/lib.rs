//! A deterministic runtime for klatch.

mod link;
mod network;
mod runtime;
mod sim;
mod stream;
mod trace;

pub use link::Link;
pub use network::{Host, Listener};
pub use runtime::{Runtime, Timer};
pub use sim::Sim;
pub use stream::Stream;
pub use trace::Trace;
