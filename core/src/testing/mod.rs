//! The kit by which you prove the room semantics of what you built: the one that klatch is tested with.
//!
//! A *history* is a list of things that happen: people connect, join, leave, speak. Your *system* does
//! them, *rules* say what should come of each, and [`check`] finds the first step where
//! the two differ. [`Histories`] draws histories and makes the one that fails small; what is told then
//! is a [story](Difference) of a few steps, with the names of people.
//!
//! - [`System`] is what you implement for what you built, one method.
//! - [`Model`] is klatch's own rules: rooms, broadcasts, several namespaces. Where yours say
//!   more, implement [`Rules`] on top of it, and [`Operation`] for what else can happen.
//! - [`Cast`] has the strategies, of the crate [`proptest`]. [`Search`] runs them, or proptest's own
//!   macro does: a difference is an error that `?` takes.
//!
//! # A plain namespace
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use klatch_core::testing::{Cast, Member, Op, Outcome, Search, System, check};
//! use klatch_core::{HashKey, Namespace, SocketKey};
//!
//! struct Rooms {
//!     namespace: Namespace,
//!     keys: BTreeMap<Member, SocketKey>,
//! }
//!
//! impl System for Rooms {
//!     fn perform(&mut self, op: &Op) -> Outcome {
//!         let Self { namespace, keys } = self;
//!         match op {
//!             Op::Connect(who) => drop(keys.insert(*who, namespace.connect(who.id()).unwrap())),
//!             Op::Disconnect(who) | Op::Close(who) => drop(namespace.disconnect(keys[who])),
//!             Op::Join(who, room) => return namespace.join(keys[who], &room.name()).into(),
//!             Op::Leave(who, room) => drop(namespace.leave(keys[who], &room.name())),
//!             Op::LeaveAll(who) => drop(namespace.leave_all(keys[who])),
//!             Op::Emit(aim) => {
//!                 let mut reached = Vec::new();
//!                 namespace.select(&aim.target(|who| keys[&who]), &mut reached);
//!                 let name = |key| keys.iter().find(|(_, other)| **other == key).unwrap().0;
//!                 return reached.into_iter().map(|key| *name(key)).collect();
//!             }
//!         }
//!         Outcome::nobody()
//!     }
//! }
//!
//! Search::new().prove(&Cast::new().history(), |history| {
//!     let namespace = Namespace::new(HashKey::from_entropy([7; 16])); // yours is random
//!     check(Rooms { namespace, keys: BTreeMap::new() }, history)
//! });
//! ```
//!
//! An asynchronous server is a system, too: on the simulated runtime of `klatch-sim` a step is over
//! when nothing more is under way. The guide *Proving rooms* in klatch's repository builds a moderated room both
//! ways, and finds the bug in it.

mod aim;
mod cast;
mod check;
mod history;
mod model;
mod operation;
mod outcome;
mod people;
mod search;
mod story;
#[cfg(test)]
mod tests;

pub use aim::{Aim, Room, Sender};
pub use cast::Cast;
pub use check::{Comparison, Difference, System, check, check_against};
pub use history::Histories;
pub use model::{Model, Rules};
pub use operation::{Op, Operation};
pub use outcome::Outcome;
pub use people::{Member, Person};
#[doc(no_inline)]
pub use proptest;
pub use search::Search;
