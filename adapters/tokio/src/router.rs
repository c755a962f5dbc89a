//! klatch beside the routes of an axum application.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::routing::any;
use klatch_driver::{Endpoint, Service};

use crate::Runtime;

/// The routes of a server, to be merged into an application's: its path, with and without the
/// slash at the end, and the files of the client, if it serves them.
///
/// The layers of the router that they are merged into hold for them too. Mind those that time
/// out: a poll is answered when there is something to send, after
/// [`ping_interval`](klatch_core::Config::ping_interval) at the latest. Handlers reach the
/// application's state as closures that hold a clone of it, and what a layer put among a request's
/// extensions by [`Builder::keep`](klatch_driver::Builder::keep). The client's address is known
/// if the application is served with `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// Whoever serves the application reads the heads of requests: `axum::serve` gives them no deadline,
/// where klatch's own listener gives ten seconds.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn router<S: Clone + Send + Sync + 'static>(service: impl Service) -> Router<S> {
    let endpoint = Endpoint::new(Runtime::current(), service);
    let paths = endpoint.paths();
    let handle = any(move |request: Request| {
        let endpoint = endpoint.clone();
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        async move { endpoint.handle(request, address).await.map(Body::from) }
    });
    paths.iter().fold(Router::new(), |router, path| router.route(path, handle.clone()))
}
