//! A server on a port of its own, and clients that speak to it in bytes.

pub(crate) mod http;
pub(crate) mod websocket;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use klatch::Server;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Longer than anything takes on a machine that is busy with other things: who waits for this
/// waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that is about to happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, future).await;
    outcome.unwrap_or_else(|_| panic!("{what} did not happen"))
}

/// A server that is served.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<io::Result<()>>,
}

/// Serves on a port that the system chooses.
pub(crate) async fn serve(server: &Server) -> Running {
    let bound = klatch::tokio::bind("127.0.0.1:0").await.expect("a port is free");
    let address = bound.local_addr().expect("it listens");
    Running { address, serving: tokio::spawn(bound.serve(server.clone())) }
}

/// What handlers write down, in order.
#[derive(Clone)]
pub(crate) struct Pen(mpsc::UnboundedSender<String>);

impl Pen {
    pub(crate) fn write(&self, line: impl Into<String>) {
        // The test may be over.
        let _ = self.0.send(line.into());
    }
}

/// Where the test reads it.
pub(crate) struct Log(mpsc::UnboundedReceiver<String>);

impl Log {
    pub(crate) fn new() -> (Pen, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Pen(sender), Self(receiver))
    }

    pub(crate) async fn next(&mut self) -> String {
        soon("a line of the log", self.0.recv()).await.expect("a handler holds the pen")
    }

    pub(crate) async fn expect(&mut self, lines: &[&str]) {
        for (nth, line) in lines.iter().enumerate() {
            assert_eq!(self.next().await, *line, "line {nth} of {lines:?}");
        }
    }

    /// What is written by now.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// Where handlers wait until the test lets all of them go on.
#[derive(Clone)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn passed(&self) {
        let mut watching = self.0.subscribe();
        watching.wait_for(|open| *open).await.expect("the gate holds its own sender");
    }
}
