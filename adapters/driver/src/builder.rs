//! What a server is made of: every setting, checked when it is built.

mod error;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use klatch_core::Config;

pub use self::error::ConfigError;
use crate::engine::EngineServer;
use crate::handshake::{Keep, keep};
use crate::hooks::{Forbidden, Hooks};
use crate::hub::Hub;
use crate::mailbox::ENTRY_OVERHEAD;
use crate::recovery::Recovery;
use crate::server::Server;

/// What may wait for one client unless it is told: see [`Builder::mailbox_budget`].
const MAILBOX_BUDGET: usize = 4 << 20;

/// Settings of a server; see [`Server::builder`].
#[derive(Clone, Debug)]
#[must_use = "`build` makes the server"]
pub struct Builder {
    config: Config,
    path: String,
    mailbox_budget: Option<usize>,
    kept: Vec<Keep>,
    recovery: Option<Recovery>,
    hooks: Hooks,
}

impl Builder {
    /// The defaults, at a path.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            config: Config::default(),
            path: path.to_owned(),
            mailbox_budget: None,
            kept: Vec::new(),
            recovery: None,
            hooks: Hooks::default(),
        }
    }

    /// The settings of connections.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Where clients find the server. `/socket.io/`, as in Node.
    ///
    /// Given with or without the last slash, it is served at both: a client of which
    /// `addTrailingSlash` is false leaves it out.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Bytes that may wait for one client, each packet with 64 more for its bookkeeping; a client that
    /// would need more is closed as a slow consumer.
    ///
    /// 4 MiB: a few seconds of a busy room, and what a reader that stopped may cost. It is as much as a
    /// packet of [`Config::max_payload`] needs, where that is more.
    pub fn mailbox_budget(mut self, bytes: usize) -> Self {
        self.mailbox_budget = Some(bytes);
        self
    }

    /// Asks `allow` whether a client may open a session: with the request's head, and the address at
    /// the other end of its TCP connection. It is asked once for each session, by whatever transport
    /// it begins, and not for the requests and upgrades of one that is open.
    ///
    /// A refusal has status 403 and the body `{"code":4,"message":"Forbidden"}`, unless
    /// [`Forbidden`] says otherwise. A panic refuses. While it awaits, the client waits.
    pub fn allow_request<F, Fut>(mut self, allow: F) -> Self
    where
        F: FnOnce(Parts, Option<SocketAddr>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Forbidden>> + Send + 'static,
    {
        self.hooks.allow(allow);
        self
    }

    /// Lets `hook` add to the headers of the answer that opens a session: of the first poll, or of
    /// the switch to a WebSocket. It sees the head of the request. Node's event `initial_headers`.
    pub fn initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.initial_headers(hook);
        self
    }

    /// Lets `hook` add to the headers of every answer, behind
    /// [`initial_headers`](Self::initial_headers). Node's event `headers`.
    pub fn headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.headers(hook);
        self
    }

    /// Lets clients that were lost come back as who they were. Off by default, as in Node: every
    /// event has an argument more then, and is kept for a while.
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Keeps an extension of the request that opens a connection, for handlers to ask for:
    /// [`Handshake::extension`]. So a host's layers tell who the client is.
    ///
    /// None is kept unless it is asked for: what frameworks put there holds on to the buffer that
    /// the request was read into, and would do so as long as the connection lasts.
    pub fn keep<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.kept.push(keep::<T>);
        self
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// If something that was set cannot work: the first such thing.
    pub fn build(mut self) -> Result<Server, ConfigError> {
        let recovery = self.recovery.take().map(|recovery| recovery.within(&self.config));
        if recovery.as_ref().is_some_and(|recovery| !recovery.recovers()) {
            return Err(ConfigError::Recovery);
        }
        Ok(Server::on(self.hub()?, recovery))
    }

    /// An Engine.IO server with these settings, where there is no Socket.IO to set: see
    /// [`EngineServer::builder`].
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_engine(self) -> Result<EngineServer, ConfigError> {
        Ok(EngineServer::on(self.hub()?))
    }

    fn hub(self) -> Result<Arc<Hub>, ConfigError> {
        let Self { config, path, mailbox_budget, kept, hooks, .. } = self;
        config.validate()?;
        let needed = config.payload_limit().saturating_add(ENTRY_OVERHEAD);
        let mailbox_budget = mailbox_budget.unwrap_or_else(|| needed.max(MAILBOX_BUDGET));
        if mailbox_budget < needed {
            return Err(ConfigError::MailboxBudget { bytes: mailbox_budget, needed });
        }
        Ok(Arc::new(Hub::new(config, slashed(path)?, mailbox_budget, kept, hooks)))
    }
}

/// A path with slashes at both ends.
fn slashed(path: String) -> Result<String, ConfigError> {
    // What a client asks for comes escaped, if it must be.
    let is_path = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
    match path.trim_matches('/') {
        _ if !is_path => Err(ConfigError::Path { path }),
        "" => Ok("/".to_owned()),
        path => Ok(format!("/{path}/")),
    }
}
