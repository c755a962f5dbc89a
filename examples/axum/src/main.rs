//! klatch on a path of an axum application: beside its routes, below its layer, with its state.
//!
//! - `identify` is a layer that says who sent a request. It holds for the requests that become
//!   connections, too: the event `whoami` is answered with what it found.
//! - `GET /stats` counts: those who are connected, and how often somebody asked `whoami`.
//! - `POST /rooms/{room}` tells its body to all in a room of the chat.
//!
//! ```sh
//! cargo run -p klatch-example-axum
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use klatch::{Namespace, Server, Socket};
use tokio::net::TcpListener;

/// The state of the application.
#[derive(Clone)]
struct App {
    chat: Namespace,
    asked: Arc<AtomicU64>,
}

/// Who sent a request.
#[derive(Clone)]
struct User(String);

#[tokio::main]
async fn main() -> io::Result<()> {
    let server = Server::builder().keep::<User>().build()?;
    klatch_example_chat::open(&server);
    let state = App { chat: server.namespace("/"), asked: Arc::default() };

    // Handlers share state as closures do.
    let asked = state.asked.clone();
    state.chat.on("whoami", async move |socket: Socket, (): ()| {
        asked.fetch_add(1, Ordering::Relaxed);
        socket.handshake().extension::<User>().map(|user| user.0.clone())
    });

    let app = Router::new()
        .route("/stats", get(stats))
        .route("/rooms/{room}", post(tell))
        .merge(klatch::tokio::router(server.clone()))
        .layer(middleware::from_fn(identify))
        .with_state(state);

    let told = klatch_example_chat::told_to_end();
    let listener = TcpListener::bind(klatch_example_chat::address()).await?;
    klatch_example_chat::announce("http", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Without it a small packet would wait for the one before to be confirmed.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            told.await;
            klatch_example_chat::end(&server).await;
        })
        .await
}

/// Where an application would look at a cookie or a token, and could refuse.
async fn identify(mut request: Request, next: Next) -> Response {
    let name = request.headers().get("x-user").map(HeaderValue::to_str);
    if let Some(Ok(name)) = name {
        let user = User(name.to_owned());
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

async fn stats(State(app): State<App>) -> String {
    format!("{} connected, {} asked\n", app.chat.len(), app.asked.load(Ordering::Relaxed))
}

async fn tell(State(app): State<App>, Path(room): Path<String>, text: String) -> StatusCode {
    match app.chat.to(room).emit("room message", &text) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
