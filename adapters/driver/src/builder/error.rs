//! Why a server cannot be built.

use std::io;
use std::path::PathBuf;

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
    /// Browsers refuse it, and would have to.
    #[error("credentials cannot be allowed to any origin: list the origins, or choose them")]
    CorsCredentials,
    /// Every page would be refused.
    #[error("no origin is listed: leave CORS out, or list those that may come")]
    CorsNobody,
    /// No browser sends this as an origin.
    #[error(
        "{origin:?} is no origin as browsers send it: `https://example.org`, in lower case, without a \
         path or a slash at the end, with the port only where it is not the scheme's own"
    )]
    CorsOrigin {
        /// What was listed.
        origin: String,
    },
    /// A cookie's name is a token.
    #[error(
        "{name:?} cannot name a cookie: it has letters, digits, and marks such as `-`, `_`, `.`"
    )]
    CookieName {
        /// What was set.
        name: String,
    },
    /// It would end the attribute, or the header.
    #[error("{value:?} cannot be a cookie's path or domain: it is empty, or has `;` or no ASCII")]
    CookieAttribute {
        /// What was set.
        value: String,
    },
    /// Browsers drop it.
    #[error(
        "`SameSite::None` and the prefixes `__Secure-`, `__Host-` want a cookie that is `secure`"
    )]
    CookieNotSecure,
    /// Browsers drop it.
    #[error("the prefix `__Host-` wants a cookie with the path `/` and without a domain")]
    CookieHost,
    /// The client cannot be served.
    #[error("{} cannot be read as a part of the npm package socket.io-client: {reason}", path.display())]
    ClientBundle {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A limit so low that nothing would work.
    #[error("`{setting}` is {value}: it must be {least} at least")]
    TooLow {
        /// The setter's name.
        setting: &'static str,
        /// What was set.
        value: usize,
        /// The least that can work.
        least: usize,
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
