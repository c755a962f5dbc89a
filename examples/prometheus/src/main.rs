//! klatch with its numbers on a page for Prometheus: `/metrics`, beside the chat.
//!
//! What happens is counted where it happens, by the recorder that is installed when the server is
//! built; what there is at a moment is looked at when somebody asks for the page.
//! `docs/observability.md` says what each number means.
//!
//! ```sh
//! cargo run -p klatch-example-prometheus
//! ```

use std::future::ready;
use std::io;

use klatch::http::{HeaderValue, Response, StatusCode, header};
use klatch::{Bytes, Server};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper ends of what is counted together, in seconds: most handlers take microseconds.
const BUCKETS: [f64; 8] = [0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

#[tokio::main]
async fn main() -> io::Result<()> {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(io::Error::other)?;
    let numbers = recorder.install_recorder().map_err(io::Error::other)?;
    let chat = klatch_example_chat::chat();
    let told = klatch_example_chat::told_to_end();
    let bound = klatch::tokio::bind(klatch_example_chat::address()).await?;
    klatch_example_chat::announce("http", bound.local_addr()?);
    let (ending, shown) = (chat.clone(), chat.clone());
    tokio::spawn(async move {
        told.await;
        klatch_example_chat::end(&ending).await;
    });
    let bound = bound.fallback(move |request| {
        ready(match request.uri.path() {
            "/metrics" => page(&shown, &numbers),
            _ => nothing(),
        })
    });
    bound.serve(chat).await
}

fn page(chat: &Server, numbers: &PrometheusHandle) -> Response<Bytes> {
    chat.snapshot().record();
    let mut page = Response::new(Bytes::from(numbers.render()));
    let text = HeaderValue::from_static("text/plain; version=0.0.4");
    page.headers_mut().insert(header::CONTENT_TYPE, text);
    page
}

fn nothing() -> Response<Bytes> {
    let mut nothing = Response::new(Bytes::new());
    *nothing.status_mut() = StatusCode::NOT_FOUND;
    nothing
}
