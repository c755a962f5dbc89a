//! What klatch must do on every runtime, as tests to be run on yours.
//!
//! A [`Platform`] is a runtime, a listener and a way to connect to it; [`conformance!`] makes a
//! `#[test]` of each case. The tests of an adapter are nothing else:
//!
//! ```text
//! struct Mine;
//!
//! impl Platform for Mine { … }
//!
//! klatch_driver::conformance!(Mine);
//! klatch_driver::conformance!(Mine, threads);
//! ```
//!
//! No case reads the system's clock, sleeps or starts a thread, but for those that are named by
//! `threads`: a runtime with a clock of its own, on one thread, can run all others. Those named by
//! `shutdown` want a runtime that ends, with its tasks, when the platform is dropped.
//!
//! Not part of what is kept stable: a new version may ask more of a runtime.
//!
//! [`conformance!`]: crate::conformance!

mod bed;
mod cases;
mod client;
mod known;
mod list;
mod log;
mod script;
mod wire;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use self::bed::Bed;
use crate::runtime::{Listener, Runtime, Stream};
use crate::serve::Bound;
pub use crate::websocket::{Told, read_frames};

/// A runtime as its tests need it. Each case has one of its own.
pub trait Platform: Sized + 'static {
    /// What is tested.
    type Runtime: Runtime;
    /// Its listener.
    type Listener: Listener;
    /// What a client's connection is.
    type Stream: Stream;

    /// A fresh one.
    fn new() -> Self;

    /// The runtime; called in [`block_on`](Self::block_on).
    fn runtime(&self) -> Self::Runtime;

    /// Listens on an address that nobody else has; called in [`block_on`](Self::block_on).
    fn bind(&self) -> impl Future<Output = io::Result<Bound<Self::Runtime, Self::Listener>>>;

    /// Connects to a listener; called in [`block_on`](Self::block_on).
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Runs a future to its end, and tasks beside it.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;
}

/// Makes a `#[test]` of each case, on a [`Platform`]: `conformance!(Mine)` for those that must
/// pass on every runtime, `conformance!(Mine, threads)` for those that start threads of their own,
/// `conformance!(Mine, shutdown)` for those where the runtime ends.
#[macro_export]
macro_rules! conformance {
    ($platform:ident) => {
        $crate::conformance!($platform, everywhere);
    };
    ($platform:ident, $group:ident) => {
        $crate::conformance_list!($group conformance_tests $platform);
    };
}

/// The tests on a platform, of a list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($platform:ident; $($module:ident { $($case:ident)* })*) => {
        $(mod $module {
            use super::$platform;

            $(#[test]
            fn $case() {
                $crate::conformance::on::$module::$case::<$platform>();
            })*
        })*
    };
}

/// The cases as functions that a test can call. One that is in no list is dead code, and told so.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_functions {
    (; $($module:ident { $($case:ident)* })*) => {
        $(pub mod $module {
            use super::super::{Platform, cases, run};

            $(pub fn $case<P: Platform>() {
                run::<P>(cases::$module::$case);
            })*
        })*
    };
}

#[doc(hidden)]
pub mod on {
    crate::conformance_list!(everywhere conformance_functions);
    crate::conformance_list!(threads conformance_functions);
    crate::conformance_list!(shutdown conformance_functions);
}

/// Runs a case on a platform of its own.
fn run<P: Platform>(case: impl AsyncFnOnce(&Bed)) {
    let platform = Rc::new(P::new());
    let bed = platform.block_on(async {
        let bed = Bed::new(platform.clone());
        case(&bed).await;
        bed
    });
    drop(platform);
    bed.end();
}
