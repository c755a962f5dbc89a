//! klatch in an application of Rocket's.
//!
//! Rocket has types of its own for requests, which `convert.rs` copies. A WebSocket is
//! accepted by `rocket_ws`, and its messages are mapped to klatch's. Rocket runs a handler to its
//! end: of a client that gave up a poll klatch hears by the ping that it does not answer.
//!
//! ```sh
//! cargo run -p klatch-example-rocket
//! ```

mod convert;

use std::future::ready;
use std::net::SocketAddr;

use klatch::{Bytes, Endpoint};
use rocket::data::{Limits, ToByteUnit as _};
use rocket::fairing::AdHoc;
use rocket::{Config, State, get, options, post, routes};
use rocket_ws::{Channel, WebSocket};

use crate::convert::{Answer, Head, messages};

#[rocket::main]
async fn main() -> Result<(), Box<rocket::Error>> {
    let chat = klatch_example_chat::chat();
    let endpoint = Endpoint::new(klatch::tokio::Runtime::current(), chat.clone());
    let (address, port) = klatch_example_chat::address();
    let config = Config::figment()
        .merge(("address", address))
        .merge(("port", port))
        .merge(("log_level", "off"))
        .merge(("limits", Limits::new().limit("bytes", endpoint.payload_limit().bytes())));
    rocket::custom(config)
        .mount("/", routes![health])
        .mount(endpoint.path().to_owned(), routes![polling, posting, preflight])
        .manage(endpoint)
        .attach(AdHoc::on_liftoff("announce", |rocket| {
            let Config { address, port, .. } = rocket.config();
            klatch_example_chat::announce("http", SocketAddr::new(*address, *port));
            Box::pin(ready(()))
        }))
        // Rocket listens for signals itself: SIGTERM is among them, and so is SIGINT.
        .attach(AdHoc::on_shutdown("end", |_| {
            Box::pin(async move { klatch_example_chat::end(&chat).await })
        }))
        .launch()
        .await?;
    Ok(())
}

#[get("/health")]
fn health() -> &'static str {
    "well\n"
}

#[get("/")]
async fn polling(
    endpoint: &State<Endpoint>,
    address: Option<SocketAddr>,
    head: Head,
    websocket: Option<WebSocket>,
) -> Result<Channel<'static>, Answer> {
    let Some(websocket) = websocket else {
        return Err(Answer(endpoint.answer(head.0.map(|()| Bytes::new()), address).await));
    };
    let accepted = endpoint.websocket(&head.0, address).await.map_err(Answer)?;
    let limit = Some(endpoint.payload_limit());
    let config =
        rocket_ws::Config { max_message_size: limit, max_frame_size: limit, ..Default::default() };
    Ok(websocket.config(config).channel(|stream| {
        accepted.accept(messages(stream));
        Box::pin(ready(Ok(())))
    }))
}

#[post("/", data = "<body>")]
async fn posting(
    endpoint: &State<Endpoint>,
    address: Option<SocketAddr>,
    head: Head,
    body: Vec<u8>,
) -> Answer {
    Answer(endpoint.answer(head.0.map(|()| body.into()), address).await)
}

/// A page of another origin asks whether it may: it does if the server has a `Cors`.
#[options("/")]
async fn preflight(endpoint: &State<Endpoint>, address: Option<SocketAddr>, head: Head) -> Answer {
    Answer(endpoint.answer(head.0.map(|()| Bytes::new()), address).await)
}
