//! What an application has a say in at the HTTP edge.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Future};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
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
type Headers = Arc<dyn Fn(&mut HeaderMap, &Parts) + Send + Sync>;

/// What is asked and told at the edge. Nobody pays for what is not set.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    allow: Option<Allow>,
    initial_headers: Option<Headers>,
    headers: Option<Headers>,
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
        (self.initial_headers.is_some() || self.headers.is_some()).then(|| head(request))
    }

    /// Asks whether a client may open a session with this request. What it gives does not hold
    /// the request, whose body is nobody's to share.
    pub(crate) fn ask<B>(&self, request: &http::Request<B>, address: Option<SocketAddr>) -> Asked {
        let asked = self.allow.as_ref().map(|allow| allow(head(request), address));
        Asked(asked)
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
}

/// A question to the application that may be under way.
#[must_use = "nobody is asked before it is awaited"]
pub(crate) struct Asked(Option<BoxFuture<'static, Result<(), Forbidden>>>);

impl Asked {
    /// There is nothing to ask.
    pub(crate) const fn nothing() -> Self {
        Self(None)
    }

    pub(crate) async fn answer(self) -> Result<(), Forbidden> {
        let Some(asked) = self.0 else { return Ok(()) };
        AssertUnwindSafe(asked).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("`allow_request` panicked: the request is refused");
            Err(Forbidden::new())
        })
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
