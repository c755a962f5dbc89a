//! Serving on the runtime that the command line names.

use std::io;
use std::pin::pin;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;
use futures::future::{self, join_all, pending, select, try_join_all};
use klatch::{Bound, EngineServer, Server};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Clone, Copy)]
pub(crate) enum Runtime {
    Tokio,
    AsyncStd,
    Smol,
}

impl Runtime {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "tokio" => Some(Self::Tokio),
            "async-std" => Some(Self::AsyncStd),
            "smol" => Some(Self::Smol),
            _ => None,
        }
    }
}

/// A server and the port that it listens on.
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) server: Either,
}

#[derive(Clone)]
pub(crate) enum Either {
    Engine(EngineServer),
    Socket(Server),
}

impl Either {
    async fn close(&self) {
        match self {
            Self::Engine(server) => server.close().await,
            Self::Socket(server) => server.close().await,
        }
    }
}

/// The port in an environment variable, or the app's own.
pub(crate) fn port(variable: &str, otherwise: u16) -> u16 {
    match std::env::var(variable) {
        Ok(port) => port.parse().unwrap_or_else(|_| panic!("{variable}={port} is not a port")),
        Err(_) => otherwise,
    }
}

/// Worker threads: THREADS, or the cores that the process may run on.
pub(crate) fn threads() -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match std::env::var("THREADS") {
        Ok(threads) => threads.parse().unwrap_or_else(|_| panic!("THREADS={threads} is no number")),
        Err(_) => cores(),
    }
}

pub(crate) fn run(runtime: Runtime, threads: usize, places: Vec<Place>) -> io::Result<()> {
    match runtime {
        Runtime::Tokio => tokio(threads, places),
        Runtime::AsyncStd => async_std(threads, places),
        Runtime::Smol => smol(threads, places),
    }
}

fn tokio(threads: usize, places: Vec<Place>) -> io::Result<()> {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        // Its own, which need no thread: the system knows of a process that has one.
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let told = async {
            let _ = select(pin!(term.recv()), pin!(int.recv())).await;
        };
        serve(places, async |port| klatch::tokio::bind(("127.0.0.1", port)).await, told).await
    })
}

fn async_std(threads: usize, places: Vec<Place>) -> io::Result<()> {
    with_pool("ASYNC_STD_THREAD_COUNT", threads)?;
    let bind = async |port| klatch::async_std::bind(("127.0.0.1", port)).await;
    async_std::task::block_on(serve(places, bind, told(Signals::new(ENDS)?)))
}

fn smol(threads: usize, places: Vec<Place>) -> io::Result<()> {
    with_pool("SMOL_THREADS", threads)?;
    let bind = async |port| klatch::smol::bind(("127.0.0.1", port)).await;
    smol::block_on(serve(places, bind, told(Signals::new(ENDS)?)))
}

/// What ends a process in good order.
const ENDS: [Signal; 2] = [Signal::Term, Signal::Int];

async fn told(mut signals: Signals) {
    signals.next().await;
}

async fn serve<R: klatch::Runtime, L: klatch::Listener>(
    places: Vec<Place>,
    bind: impl AsyncFn(u16) -> io::Result<Bound<R, L>>,
    told: impl Future<Output = ()>,
) -> io::Result<()> {
    let servers: Vec<_> = places.iter().map(|place| place.server.clone()).collect();
    let mut serving = Vec::new();
    for Place { port, server } in places {
        let bound = bind(port).await?;
        let address = bound.local_addr()?;
        match &server {
            Either::Engine(_) => println!("http://{address}/engine.io/"),
            Either::Socket(_) => println!("http://{address}/socket.io/"),
        }
        serving.push(async {
            match server {
                Either::Engine(server) => bound.serve(server).await,
                Either::Socket(server) => bound.serve(server).await,
            }
        });
    }
    println!("listening");
    let ending = async {
        told.await;
        join_all(servers.iter().map(Either::close)).await;
        // Whoever serves them ends, too.
        pending().await
    };
    match select(pin!(try_join_all(serving)), pin!(ending)).await {
        future::Either::Left((served, _)) => served.map(drop),
        future::Either::Right((never, _)) => never,
    }
}

/// Returns if the pool has this many threads. async-std and smol have one global executor, which
/// reads its size from the environment before its first task. Safe code cannot set a variable for
/// itself, but can start the program anew with it; nothing else runs yet.
fn with_pool(variable: &str, threads: usize) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    let threads = threads.to_string();
    if std::env::var_os(variable).is_some_and(|count| *count == *threads) {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let program = arguments.next().ok_or(io::ErrorKind::NotFound)?;
    let mut command = std::process::Command::new(program);
    Err(command.args(arguments).env(variable, threads).exec())
}
