//! A moderated room: who is not invited does not enter, and who is muted is not heard.
//!
//! [`Moderated`] is the application, on klatch's core alone. [`Act`] is what can happen in it, and
//! [`House`] what should come of that; a server is held to the same in the crate beside this one.

mod act;
mod house;
mod moderated;

pub use act::{Act, histories};
pub use house::House;
pub use moderated::{Moderated, Mutes};
