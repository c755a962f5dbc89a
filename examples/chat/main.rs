//! A chat: rooms, private messages, "somebody is typing", and two tenants that never meet.
//!
//! ```sh
//! cargo xtask chat
//! ```
//!
//! builds the page in `page/` and serves it with this. What a chat is, is in `talk.rs`; here it
//! is put on a runtime and on a port.

mod files;
mod people;
mod talk;
mod wire;

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;
use klatch::{Drain, Server};

use files::Files;

const USAGE: &str = "usage: chat [--port N] [--runtime tokio|async-std|smol] [--page DIR]

  --port     where to listen on 127.0.0.1; 0 lets the system choose (3000)
  --runtime  whose tasks and sockets to use (tokio)
  --page     the built page (examples/chat/page/dist)";

struct Arguments {
    port: u16,
    runtime: String,
    page: PathBuf,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut arguments = Self {
            port: 3000,
            runtime: "tokio".to_owned(),
            page: PathBuf::from("examples/chat/page/dist"),
        };
        while let Some(option) = words.next() {
            let value = words.next()?;
            match option.as_str() {
                "--port" => arguments.port = value.parse().ok()?,
                "--runtime" => arguments.runtime = value,
                "--page" => arguments.page = value.into(),
                _ => return None,
            }
        }
        Some(arguments)
    }
}

fn main() -> ExitCode {
    let Some(Arguments { port, runtime, page }) = Arguments::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let server = Server::new();
    for tenant in ["/acme", "/globex"] {
        talk::open(&server.namespace(tenant));
    }
    let outcome = Files::read(&page).and_then(|files| match runtime.as_str() {
        "tokio" => on_tokio(port, server, files),
        "async-std" => on_async_std(port, server, files),
        "smol" => on_smol(port, server, files),
        other => Err(io::Error::other(format!("no runtime is called {other}\n{USAGE}"))),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn on_tokio(port: u16, server: Server, files: Files) -> io::Result<()> {
    let bound =
        klatch::tokio::bind(("127.0.0.1", port)).await.map_err(|error| taken(port, &error))?;
    tokio::spawn(end(told_to_end()?, server.clone()));
    say(bound.local_addr()?);
    bound.fallback(move |request| ready(files.answer(&request))).serve(server).await
}

fn on_async_std(port: u16, server: Server, files: Files) -> io::Result<()> {
    async_std::task::block_on(async {
        let bound = klatch::async_std::bind(("127.0.0.1", port))
            .await
            .map_err(|error| taken(port, &error))?;
        async_std::task::spawn(end(told_to_end()?, server.clone()));
        say(bound.local_addr()?);
        bound.fallback(move |request| ready(files.answer(&request))).serve(server).await
    })
}

fn on_smol(port: u16, server: Server, files: Files) -> io::Result<()> {
    smol::block_on(async {
        let bound =
            klatch::smol::bind(("127.0.0.1", port)).await.map_err(|error| taken(port, &error))?;
        smol::spawn(end(told_to_end()?, server.clone())).detach();
        say(bound.local_addr()?);
        bound.fallback(move |request| ready(files.answer(&request))).serve(server).await
    })
}

/// What a terminal says to a program that is to end, and what says so to a service.
fn told_to_end() -> io::Result<Signals> {
    Signals::new([Signal::Int, Signal::Term])
}

/// Ends the server when the process is told to: those who chat have some time to read what waits.
async fn end(mut told: Signals, server: Server) {
    told.next().await;
    println!("{}", server.shutdown(Drain::new()).await);
}

fn say(address: SocketAddr) {
    println!("listening on http://{address}/");
}

fn taken(port: u16, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot listen on 127.0.0.1:{port}: {error}; try --port 0"),
    )
}
