//! klatch in an application of trillium's, on smol.
//!
//! trillium is not built on hyper, and its streams are those of `futures`, as klatch's are: klatch
//! makes the answer that turns a request into a WebSocket, trillium sends it and hands over the
//! stream. Each of the two brings an executor; one reactor serves both.
//!
//! ```sh
//! cargo run -p klatch-example-trillium
//! ```

use std::error::Error;

use klatch::{Bytes, Endpoint, Server, WebSocketRequest, http};
use trillium::{Conn, Handler, Headers, Info, Status, Transport, Upgrade};

fn main() {
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::smol::Runtime::new(), chat.clone());
    let (host, port) = klatch_example_chat::address();
    trillium_smol::config()
        .with_host(host)
        .with_port(port)
        .with_nodelay()
        .run((SocketIo { endpoint, chat }, health));
}

async fn health(conn: Conn) -> Conn {
    if conn.path() == "/health" { conn.ok("well\n") } else { conn }
}

/// Answers at klatch's path, and leaves the others to the handlers that follow.
struct SocketIo {
    endpoint: Endpoint,
    chat: Server,
}

impl Handler for SocketIo {
    async fn init(&mut self, info: &mut Info) {
        if let Some(address) = info.tcp_socket_addr() {
            klatch_example_chat::announce("http", address);
        }
        // trillium ends when a signal asks it to and nothing holds it up: this does.
        let (guard, shutting_down) = (info.swansong().guard(), info.swansong().shutting_down());
        let chat = self.chat.clone();
        let closing = async move {
            shutting_down.await;
            klatch_example_chat::end(&chat).await;
            drop(guard);
        };
        smol::spawn(closing).detach();
    }

    async fn run(&self, mut conn: Conn) -> Conn {
        if !self.endpoint.is_at(conn.path()) {
            return conn;
        }
        let Ok(head) = head(&conn) else { return conn.with_status(Status::BadRequest).halt() };
        let inner: &trillium_http::Conn<Box<dyn Transport>> = conn.as_ref();
        let address = inner.transport().peer_addr().ok().flatten();
        if Endpoint::is_websocket(head.headers()) {
            let (response, websocket) = self.endpoint.upgrade(&head, address).await;
            if let Some(websocket) = websocket {
                conn.insert_state(websocket);
            }
            return answer(conn, response);
        }
        let limit = self.endpoint.payload_limit() as u64;
        let Ok(body) = conn.request_body().with_max_len(limit).read_bytes().await else {
            return conn.with_status(Status::PayloadTooLarge).halt();
        };
        let answering = self.endpoint.answer(head.map(|()| body.into()), address);
        match conn.cancel_on_disconnect(answering).await {
            Some(response) => answer(conn, response),
            None => conn.halt(),
        }
    }

    fn has_upgrade(&self, upgrade: &Upgrade) -> bool {
        upgrade.state().contains::<WebSocketRequest>()
    }

    async fn upgrade(&self, mut upgrade: Upgrade) {
        if let Some(websocket) = upgrade.state_mut().take::<WebSocketRequest>() {
            let (read, stream) = upgrade.into_transport();
            websocket.accept_stream(stream, &read);
        }
    }
}

/// The head of a request of trillium's as one of the crate `http`.
fn head(conn: &Conn) -> Result<http::Request<()>, Box<dyn Error>> {
    let mut head = http::Request::new(());
    *head.method_mut() = conn.method().try_into()?;
    *head.uri_mut() = conn.path_and_query().parse()?;
    *head.headers_mut() = conn.request_headers().clone().try_into()?;
    Ok(head)
}

fn answer(mut conn: Conn, response: http::Response<Bytes>) -> Conn {
    let (head, body) = response.into_parts();
    conn.set_status(head.status.as_u16());
    conn.response_headers_mut().append_all(Headers::from(head.headers));
    if !body.is_empty() {
        conn.set_body(Vec::from(body));
    }
    conn.halt()
}
