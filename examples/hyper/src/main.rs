//! klatch beside the routes of a service of hyper's.
//!
//! [`Endpoint::handle`] answers a request that hyper has read, whatever the host did with it
//! before, and makes a WebSocket of one that asks for it: hence `with_upgrades`. The end comes in
//! two steps: klatch tells its clients, and hyper writes what it has begun.
//!
//! ```sh
//! cargo run -p klatch-example-hyper
//! ```

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use klatch::Endpoint;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// How long the head of a request may take, and how long a connection may idle before the next.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection: it is out of files, say, and will be
/// for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> io::Result<()> {
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), chat.clone());
    let told = klatch_example_chat::told_to_end();
    let listener = TcpListener::bind(klatch_example_chat::address()).await?;
    klatch_example_chat::announce("http", listener.local_addr()?);
    let (end, ended) = watch::channel(());
    // Whoever polls needs connections until it has been told.
    let mut ending = pin!(async {
        told.await;
        klatch_example_chat::end(&chat).await;
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ending => break,
        };
        match accepted {
            Ok((stream, address)) => {
                tokio::spawn(serve(endpoint.clone(), ended.clone(), stream, address));
            }
            Err(error) => {
                eprintln!("a connection could not be accepted: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(ended);
    // It fails if no connection is left.
    let _ = end.send(());
    end.closed().await;
    Ok(())
}

async fn serve(
    endpoint: Endpoint,
    mut end: watch::Receiver<()>,
    stream: TcpStream,
    address: SocketAddr,
) {
    // Without it a small packet would wait for the one before to be confirmed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(&endpoint, request, address));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        _ = end.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        eprintln!("{address}: {error}");
    }
}

async fn answer(
    endpoint: &Endpoint,
    request: Request<Incoming>,
    address: SocketAddr,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match request.uri().path() {
        path if endpoint.is_at(path) => endpoint.handle(request, Some(address)).await,
        "/health" => Response::new(Bytes::from_static(b"well\n")),
        _ => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    };
    Ok(response.map(Full::new))
}
