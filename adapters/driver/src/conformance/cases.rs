//! What must hold on every runtime.

pub(crate) mod answers;
pub(crate) mod backpressure;
pub(crate) mod bundle;
pub(crate) mod children;
pub(crate) mod closing;
pub(crate) mod crowds;
pub(crate) mod ends;
pub(crate) mod engine;
pub(crate) mod event_middlewares;
pub(crate) mod faults;
pub(crate) mod handlers;
pub(crate) mod hooks;
pub(crate) mod http;
pub(crate) mod limits;
pub(crate) mod middlewares;
pub(crate) mod operators;
pub(crate) mod options;
pub(crate) mod order;
pub(crate) mod origins;
pub(crate) mod parents;
pub(crate) mod recovery;
pub(crate) mod room_events;
pub(crate) mod shutdown;
pub(crate) mod threads;
pub(crate) mod transcript;
pub(crate) mod utilities;
