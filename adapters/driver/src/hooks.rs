//! What an application has a say in at the HTTP edge.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Future};
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri, header};
use klatch_core::Sid;
use klatch_core::engine::RequestError;

/// Why a client may not open a session; see [`Builder::allow_request`](crate::Builder::allow_request).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    status: StatusCode,
    message: Option<String>,
}

impl Forbidden {
    /// The refusal that tells nothing: status 403, and `Forbidden` as the message.
    pub const fn new() -> Self {
        Self { status: StatusCode::FORBIDDEN, message: None }
    }

    /// What the client reads in place of `Forbidden`.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Another status than 403. One below 400 would be no refusal: it stays 403 then.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        if status.is_client_error() || status.is_server_error() {
            self.status = status;
        }
        self
    }

    pub(crate) fn code(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn into_message(self) -> Option<String> {
        self.message
    }

    /// The body, with Engine.IO's code 4.
    pub(crate) fn json(&self) -> String {
        RequestError::forbidden(self.message.as_deref())
    }
}

impl Default for Forbidden {
    fn default() -> Self {
        Self::new()
    }
}

type Allow = Arc<
    dyn Fn(Parts, Option<SocketAddr>) -> BoxFuture<'static, Result<(), Forbidden>> + Send + Sync,
>;
type Name = Arc<dyn Fn(Parts) -> BoxFuture<'static, Option<Sid>> + Send + Sync>;
type Headers = Arc<dyn Fn(&mut HeaderMap, &Parts) + Send + Sync>;
type Refused = Arc<dyn Fn(&ConnectionError) + Send + Sync>;

/// A request that was refused; see [`Builder::connection_error`](crate::Builder::connection_error).
///
/// It is made to be written down. What lets somebody act as the client is left out of the request, or
/// not shown: the session's id is cut out of the query, and `Debug` shows neither the headers
/// `Authorization` and `Cookie`, which are there to be read, nor anything of this type but code,
/// message, method, path and address.
pub struct ConnectionError {
    error: RequestError,
    message: String,
    request: Parts,
    address: Option<SocketAddr>,
}

impl ConnectionError {
    pub(crate) fn new(
        error: RequestError,
        message: String,
        mut request: Parts,
        address: Option<SocketAddr>,
    ) -> Self {
        request.uri = without_sid(&request.uri);
        for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
            if let header::Entry::Occupied(mut secrets) = request.headers.entry(name) {
                secrets.iter_mut().for_each(|secret| secret.set_sensitive(true));
            }
        }
        Self { error, message, request, address }
    }

    /// Engine.IO's number for it: 0 to 5.
    pub const fn code(&self) -> u8 {
        self.error.code()
    }

    /// What the client was told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The head of the request.
    pub const fn request(&self) -> &Parts {
        &self.request
    }

    /// The address at the other end of the TCP connection: a proxy's, if there is one between.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionError")
            .field("code", &self.code())
            .field("message", &self.message)
            .field("method", &self.request.method)
            .field("path", &self.request.uri.path())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A request's target, and in its query no session's id.
fn without_sid(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else { return uri.clone() };
    let pairs: Vec<_> =
        query.split('&').map(|pair| if pair.starts_with("sid=") { "sid=" } else { pair }).collect();
    let target = format!("{}?{}", uri.path(), pairs.join("&"));
    target.parse().unwrap_or_default()
}

/// What is asked and told at the edge. Nobody pays for what is not set.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    allow: Option<Allow>,
    name: Option<Name>,
    initial_headers: Option<Headers>,
    headers: Option<Headers>,
    refused: Option<Refused>,
}

impl Hooks {
    pub(crate) fn allow<F, Fut>(&mut self, allow: F)
    where
        F: FnOnce(Parts, Option<SocketAddr>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Forbidden>> + Send + 'static,
    {
        self.allow = Some(Arc::new(move |request, address| {
            let allow = allow.clone();
            // Called when the future is polled, which is where a panic is caught.
            Box::pin(async move { allow(request, address).await })
        }));
    }

    pub(crate) fn name<F, Fut>(&mut self, name: F)
    where
        F: FnOnce(Parts) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Option<Sid>> + Send + 'static,
    {
        self.name = Some(Arc::new(move |request| {
            let name = name.clone();
            Box::pin(async move { name(request).await })
        }));
    }

    pub(crate) fn refused(&mut self, hook: impl Fn(&ConnectionError) + Send + Sync + 'static) {
        self.refused = Some(Arc::new(hook));
    }

    pub(crate) fn initial_headers(
        &mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) {
        self.initial_headers = Some(Arc::new(hook));
    }

    pub(crate) fn headers(
        &mut self,
        hook: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) {
        self.headers = Some(Arc::new(hook));
    }

    /// A request's head, if somebody will want it.
    pub(crate) fn head<B>(&self, request: &http::Request<B>) -> Option<Parts> {
        let wanted =
            self.initial_headers.is_some() || self.headers.is_some() || self.refused.is_some();
        wanted.then(|| head(request))
    }

    /// Asks whether a client may open a session with this request, and how it is to be named. What
    /// it gives does not hold the request, whose body is nobody's to share.
    pub(crate) fn ask<B>(&self, request: &http::Request<B>, address: Option<SocketAddr>) -> Asked {
        let allow = self.allow.as_ref().map(|allow| allow(head(request), address));
        let name = self.name.as_ref().map(|name| name(head(request)));
        Asked { allow, name }
    }

    /// Adds to the headers of an answer; `opens` says whether a session begins with it.
    pub(crate) fn add(&self, headers: &mut HeaderMap, head: Option<&Parts>, opens: bool) {
        let Some(head) = head else { return };
        let initial = self.initial_headers.as_ref().filter(|_| opens);
        for hook in initial.into_iter().chain(&self.headers) {
            if catch_unwind(AssertUnwindSafe(|| hook(headers, head))).is_err() {
                tracing::error!("a hook for headers panicked");
            }
        }
    }

    /// Tells of a request that was refused.
    pub(crate) fn tell(&self, error: impl FnOnce() -> Option<ConnectionError>) {
        let Some(hook) = &self.refused else { return };
        let Some(error) = error() else { return };
        if catch_unwind(AssertUnwindSafe(|| hook(&error))).is_err() {
            tracing::error!("`connection_error` panicked");
        }
    }
}

/// Questions to the application that may be under way.
#[must_use = "nobody is asked before it is awaited"]
#[derive(Default)]
pub(crate) struct Asked {
    allow: Option<BoxFuture<'static, Result<(), Forbidden>>>,
    name: Option<BoxFuture<'static, Option<Sid>>>,
}

/// Why the application opens no session.
pub(crate) enum Denied {
    Forbidden(Forbidden),
    /// It has no name for it.
    Nameless,
}

impl Asked {
    /// The name that the application has for the session, if it chooses one.
    pub(crate) async fn answer(self) -> Result<Option<Sid>, Denied> {
        if let Some(allow) = self.allow {
            let allowed = AssertUnwindSafe(allow).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!("`allow_request` panicked: the request is refused");
                Err(Forbidden::new())
            });
            allowed.map_err(Denied::Forbidden)?;
        }
        let Some(name) = self.name else { return Ok(None) };
        let named = AssertUnwindSafe(name).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("`generate_id` panicked: the request is refused");
            None
        });
        named.map(Some).ok_or(Denied::Nameless)
    }
}

fn head<B>(request: &http::Request<B>) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    request.method().clone_into(&mut parts.method);
    request.uri().clone_into(&mut parts.uri);
    parts.version = request.version();
    request.headers().clone_into(&mut parts.headers);
    request.extensions().clone_into(&mut parts.extensions);
    parts
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_refusal_has_no_secrets() {
        for (uri, shown) in [
            ("/socket.io/?EIO=4&sid=SECRET&t=a", "/socket.io/?EIO=4&sid=&t=a"),
            ("/socket.io/?sid=SECRET", "/socket.io/?sid="),
            ("/socket.io/?sid=SECRET&sid=SECRET", "/socket.io/?sid=&sid="),
            ("/socket.io/", "/socket.io/"),
        ] {
            let request = http::Request::get(uri)
                .header(header::COOKIE, "io=SECRET")
                .header(header::AUTHORIZATION, "Bearer SECRET")
                .body(())
                .expect("a request");
            let (bad, message) = (RequestError::BadRequest, "Bad request".to_owned());
            let error = ConnectionError::new(bad, message, head(&request), None);
            assert_eq!(error.request().uri, *shown);
            assert_eq!(error.request().headers[header::COOKIE], "io=SECRET");
            let all = format!("{error:?} {:?}", error.request());
            assert!(!all.contains("SECRET"), "{all}");
        }
    }
}
