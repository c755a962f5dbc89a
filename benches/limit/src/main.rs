//! The bound that servers are held against: the app `bench` with canned answers, on one thread
//! and one bare event loop. It knows as much of Socket.IO as its load generator needs, keeps no
//! session and beats no heart. What it spends, no server can save.
//!
//! ```sh
//! PORT=0 klatch-limit limit|limit-coalesce
//! ```
//!
//! `limit` writes each delivery by itself. `limit-coalesce` gathers what one turn of the loop has
//! for a connection, and writes that at once.

mod connection;
mod server;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use server::{Mode, Server};

const USAGE: &str = "usage: klatch-limit limit|limit-coalesce; PORT (0: the system chooses)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mode = match &words[..] {
        [word] if word == "limit" => Mode::Each,
        [word] if word == "limit-coalesce" => Mode::Coalesce,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("klatch-limit: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mode: Mode) -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let port = port.parse().map_err(|_| io::Error::other(format!("PORT={port} is not a port")))?;
    let mut server = Server::bind(mode, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    println!("http://{}/", server.local_addr()?);
    println!("listening");
    loop {
        server.turn()?;
    }
}
