//! The app `bench` on socketioxide, as its documentation writes such an app, with TCP_NODELAY.
//! It reads PORT (0: the system chooses) and THREADS.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt as _;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Packets that may wait for one client. By default socketioxide drops what is past 128, which a
/// few senders fill before their first packet is written.
const MAILBOX: usize = 4096;

/// The room that a socket joined last.
#[derive(Clone)]
struct Room(Arc<str>);

async fn on_connect(socket: SocketRef) {
    socket.on("join", async |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
        socket.extensions.insert(Room(room.as_str().into()));
        socket.join(room);
        ack.send(&[(); 0]).ok();
    });
    socket.on("msg", async |socket: SocketRef, Data(payload): Data<Value>| {
        if let Some(Room(room)) = socket.extensions.get() {
            socket.to(room.to_string()).emit("msg", &payload).await.ok();
        }
    });
    socket.on("echo", async |socket: SocketRef, Data(payload): Data<Value>| {
        socket.emit("echo", &payload).ok();
    });
    socket.on("ack", async |Data(payload): Data<Value>, ack: AckSender| {
        ack.send(&payload).ok();
    });
}

async fn serve(port: u16) -> io::Result<()> {
    let (layer, io) = SocketIo::builder().max_buffer_size(MAILBOX).build_layer();
    io.ns("/", on_connect);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("http://{}/socket.io/", listener.local_addr()?);
    println!("listening");
    let listener = listener.tap_io(|stream| {
        // Without it, what is pipelined waits for the client's delayed acknowledgements.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().layer(layer)).await
}

fn number(variable: &str, otherwise: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => otherwise,
    }
}

fn main() -> io::Result<()> {
    let threads = number("THREADS", std::thread::available_parallelism().map_or(1, usize::from));
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(number("PORT", 0) as u16))
}
