//! One TCP connection: hyper reads its requests and writes the answers.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, ready, select};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use klatch_core::Limit;

use super::bridge::Bridge;
use super::timer::HyperTimer;
use super::{Body, BrokenOff, Edge, Peer, empty};
use crate::drain::Stage;
use crate::stream::AnyStream;

/// What answers a request that is not the server's.
pub(crate) type Fallback = dyn Fn(Parts) -> BoxFuture<'static, http::Response<Bytes>> + Send + Sync;

/// Begins to answer a request as soon as it comes. hyper may read the end of the stream in the same
/// breath, and would drop the future before it was polled: the session of a poll that is given up
/// at once would never know.
pub(crate) fn begun<T: Send + 'static>(mut answer: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
    match (&mut answer).now_or_never() {
        Some(response) => Box::pin(ready(response)),
        None => answer,
    }
}

impl Edge {
    /// Serves one TCP connection until it ends or becomes a WebSocket.
    pub(crate) async fn serve(
        self: Arc<Self>,
        stream: AnyStream,
        peer: Peer,
        fallback: Option<Arc<Fallback>>,
    ) {
        // The answer to a poll is the session's last word: it is this task that writes it.
        let _writing = self.hub.writing();
        let service = service_fn(|request| {
            let (edge, fallback) = (self.clone(), fallback.clone());
            begun(Box::pin(async move {
                let mut response = edge.clone().route(request, peer, fallback).await;
                response.headers_mut().insert(header::DATE, edge.date());
                Ok::<_, Infallible>(response.map(Full::new))
            }))
        });
        let limits = &self.hub.limits;
        let connection = http1::Builder::new()
            .timer(HyperTimer::new(self.host.clone()))
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(limits.head_bytes)
            .max_headers(limits.headers)
            .serve_connection(Bridge::new(stream, self.clone()), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        // Who is between two polls when the server begins to end comes back for what is queued, over
        // the connection that it has.
        let empty = pin!(self.hub.draining().reached(Stage::Empty));
        let result = match select(connection.as_mut(), empty).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => {
                connection.as_mut().graceful_shutdown();
                match select(connection, pin!(self.hub.draining().reached(Stage::Cut))).await {
                    Either::Left((result, _)) => result,
                    Either::Right(_) => return,
                }
            }
        };
        if let Err(error) = result {
            if error.is_parse_too_large() {
                self.hub.counts.hit(Limit::Head);
            } else if error.is_timeout() {
                self.hub.counts.hit(Limit::HeadTime);
            }
            tracing::debug!(%error, "an HTTP connection ended badly");
        }
    }

    async fn route(
        self: Arc<Self>,
        request: http::Request<Incoming>,
        peer: Peer,
        fallback: Option<Arc<Fallback>>,
    ) -> http::Response<Bytes> {
        if self.is_ours(request.uri().path()) {
            let request = request.map(|body| Body::new(body.map_err(|_| BrokenOff)));
            return self.handle(request, peer).await;
        }
        match fallback {
            Some(fallback) => fallback(request.into_parts().0).await,
            None => empty(StatusCode::NOT_FOUND),
        }
    }

    /// By the runtime's time of day: hyper would ask the system.
    fn date(&self) -> HeaderValue {
        let date = httpdate::fmt_http_date(self.host.time_of_day());
        HeaderValue::try_from(date).expect("a date is ASCII")
    }
}
