//! Why a server cannot be built.

use std::io;

use klatch_core::ConfigFault;

/// A setting that cannot work, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// One of the connections' settings.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// No request could have this path.
    #[error("no request has the path {path:?}: leave out `?`, `#`, spaces, and what is not ASCII")]
    Path {
        /// What was set.
        path: String,
    },
    /// A packet that a client may send could not be passed on.
    #[error(
        "a mailbox of {bytes} bytes cannot hold one packet of `max_payload`: set `mailbox_budget` to \
         {needed} or more, or `max_payload` to less"
    )]
    MailboxBudget {
        /// What was set.
        bytes: usize,
        /// The least that can work.
        needed: usize,
    },
    /// Recovery would cost, and let nobody come back.
    #[error("recovery has a `max_disconnection` or `sessions` of zero: leave recovery out instead")]
    Recovery,
}

/// So that `?` serves where the rest of `main` is about listening.
impl From<ConfigError> for io::Error {
    fn from(error: ConfigError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
