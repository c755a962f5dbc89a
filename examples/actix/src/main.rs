//! klatch in an application of actix-web's.
//!
//! actix-web has types of its own for requests, and what it hands out stays on one thread. So a
//! head is copied for klatch, and a WebSocket's bytes go through a pipe: klatch holds the end that
//! may move, a task beside the connection the other one. Frames, limits and the close are klatch's
//! to mind.
//!
//! ```sh
//! cargo run -p klatch-example-actix
//! ```

use std::io;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Payload, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, guard, rt};
use futures::StreamExt as _;
use klatch::{Endpoint, http};
use tokio::io::AsyncWriteExt as _;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::io::ReaderStream;

/// What a pipe holds before its writer waits: what one read of a socket brings.
const PIPE: usize = 16 * 1024;

#[tokio::main]
async fn main() -> io::Result<()> {
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), chat.clone());
    let told = klatch_example_chat::told_to_end();
    let app = move || {
        let switches = guard::fn_guard(|request| {
            let to = request.head().headers().get("upgrade");
            request.head().upgrade()
                && to.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
        });
        let socket_io = web::resource(endpoint.paths())
            .app_data(PayloadConfig::new(endpoint.payload_limit()))
            .route(web::get().guard(switches).to(websocket))
            .route(web::route().to(polling));
        App::new()
            .app_data(Data::new(endpoint.clone()))
            .route("/health", web::get().to(async || "well\n"))
            .service(socket_io)
    };
    let server = HttpServer::new(app)
        .tcp_nodelay(true)
        // The session is to know when a client gives up a poll.
        .h1_allow_half_closed(false)
        .shutdown_signal(async move {
            told.await;
            klatch_example_chat::end(&chat).await;
        })
        .bind(klatch_example_chat::address())?;
    klatch_example_chat::announce("http", server.addrs()[0]);
    server.run().await
}

async fn polling(endpoint: Data<Endpoint>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match read(&request, body) {
        Ok(asked) => answer(endpoint.answer(asked, request.peer_addr()).await),
        Err(_) => HttpResponse::BadRequest().finish(),
    }
}

async fn websocket(
    endpoint: Data<Endpoint>,
    request: HttpRequest,
    mut payload: Payload,
) -> HttpResponse {
    let Ok(asked) = read(&request, ()) else { return HttpResponse::BadRequest().finish() };
    let (response, websocket) = endpoint.upgrade(&asked, request.peer_addr()).await;
    let Some(websocket) = websocket else { return answer(response) };
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (outgoing, mut incoming) = tokio::io::split(theirs);
    rt::spawn(async move {
        while let Some(Ok(bytes)) = payload.next().await {
            if incoming.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // klatch is told that the client is gone, unless it knows.
        let _ = incoming.shutdown().await;
    });
    websocket.accept_stream(ours.compat(), &[]);
    head(&response).upgrade("websocket").streaming(ReaderStream::new(outgoing))
}

/// A request of actix-web's as one of the crate `http`.
fn read<B>(request: &HttpRequest, body: B) -> Result<http::Request<B>, http::Error> {
    let mut copy =
        http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        copy = copy.header(name.as_str(), value.as_bytes());
    }
    copy.body(body)
}

fn answer(response: http::Response<Bytes>) -> HttpResponse {
    head(&response).body(response.into_body())
}

fn head<B>(response: &http::Response<B>) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(response.status().as_u16()).expect("it is a status");
    let mut head = HttpResponse::build(status);
    for (name, value) in response.headers() {
        head.append_header((name.as_str(), value.as_bytes()));
    }
    head
}
