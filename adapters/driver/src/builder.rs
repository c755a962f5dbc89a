//! What a server is made of: every setting, checked when it is built.

mod error;
mod limits;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use klatch_core::{Config, Sid};

pub use self::error::ConfigError;
use crate::edge::{Bundle, Cookie, Cors, Web};
use crate::engine::EngineServer;
use crate::handshake::{Keep, keep};
use crate::hooks::{ConnectionError, Forbidden, Hooks};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::recovery::Recovery;
use crate::server::Server;

/// Bytes of an answer that is worth compressing: see [`Builder::http_compression`].
const COMPRESSION_THRESHOLD: usize = 1024;

/// Settings of a server; see [`Server::builder`].
#[derive(Clone, Debug)]
#[must_use = "`build` makes the server"]
pub struct Builder {
    config: Config,
    path: String,
    limits: Limits,
    kept: Vec<Keep>,
    recovery: Option<Recovery>,
    frees_children: bool,
    hooks: Hooks,
    cors: Option<Cors>,
    cookie: Option<Cookie>,
    compression: Option<usize>,
    client: Option<PathBuf>,
}

impl Builder {
    /// The defaults, at a path.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            config: Config::default(),
            path: path.to_owned(),
            limits: Limits::default(),
            kept: Vec::new(),
            recovery: None,
            frees_children: true,
            hooks: Hooks::default(),
            cors: None,
            cookie: None,
            compression: Some(COMPRESSION_THRESHOLD),
            client: None,
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

    /// Hears of every request that is refused with one of Engine.IO's codes: an unknown transport or
    /// session, a wrong method or version, an origin or a client that is not wanted. It is called
    /// before the answer is sent. Node's event `connection_error`.
    pub fn connection_error(
        mut self,
        hook: impl Fn(&ConnectionError) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.refused(hook);
        self
    }

    /// Lets the application choose the id of each new session, once it may be opened. Node's
    /// `generateId`.
    ///
    /// The id is a secret: whoever knows it reads and writes for the client over polling. Make it of
    /// randomness, or of what only your servers can make; klatch does not see whether it can be
    /// guessed. It has 20 characters of base64url ([`Sid::parse`]) and begins, say, with what tells a
    /// balancer the server. Without this, it is 120 random bits.
    ///
    /// An id that another session has gets status 503, and nobody's place. `None`, or a panic, refuses
    /// with status 400 and code 3.
    pub fn generate_id<F, Fut>(mut self, name: F) -> Self
    where
        F: FnOnce(Parts) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Option<Sid>> + Send + 'static,
    {
        self.hooks.name(name);
        self
    }

    /// Lets pages of other origins speak to the server, and keeps those of others out. Off, as in
    /// Node: browsers then let only the server's own pages poll it, and any page open a WebSocket.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Gives clients that poll a cookie with their session's id. Off, as in Node.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// From how many bytes the answer to a poll is compressed, with gzip or deflate, for a client that
    /// takes that; `None` for never. 1024, as in Node: below that it costs more than it spares.
    ///
    /// It is done where the answer is written, a piece after the other, and never for a WebSocket. Where an
    /// answer has a secret in it beside what an attacker can choose, its length over TLS tells of the
    /// secret: turn it off there, or send such events by `compress(false)`.
    pub fn http_compression(mut self, threshold: Option<usize>) -> Self {
        self.compression = threshold;
        self
    }

    /// Hands out the official client to pages: `/socket.io/socket.io.js`, and beside it `.min.js`,
    /// `.esm.min.js`, `.msgpack.min.js`, and the map of each. Off: in Node the package brings it.
    ///
    /// `package` is the folder of the npm package `socket.io-client`, 4.3 or later, such as
    /// `node_modules/socket.io-client`. Its files are read when the server is built, and kept in
    /// memory: a little over a megabyte.
    pub fn serve_client(mut self, package: impl Into<PathBuf>) -> Self {
        self.client = Some(package.into());
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

    /// Whether a child of a [parent](crate::ParentNamespace) ends with the last who was in it. It does,
    /// by default: clients choose the names, and could have any number of them made. In Node it does
    /// not, unless it is set there.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.frees_children = cleanup;
        self
    }

    /// Keeps an extension of the request that opens a connection, for handlers to ask for:
    /// [`Handshake::extension`](crate::Handshake::extension). So a host's layers tell who the client is.
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
        let frees_children = self.frees_children;
        Ok(Server::on(self.hub()?, recovery, frees_children))
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
        let Self { config, path, limits, kept, hooks, .. } = self;
        let Self { cors, cookie, compression, client, .. } = self;
        config.validate()?;
        limits.validate()?;
        cors.as_ref().map_or(Ok(()), Cors::validate)?;
        cookie.as_ref().map_or(Ok(()), Cookie::validate)?;
        let budget = limits.budget(&config)?;
        let path = slashed(path)?;
        let bundle = client.map(|package| Bundle::read(&package)).transpose()?;
        let web = Web { cors, cookie, compression, bundle };
        Ok(Hub::new(config, path, limits, budget, kept, hooks, web))
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
