//! klatch's core alone, on a loop written by hand: one thread, `mio`, no async, no driver.
//!
//! What it takes to drive the core is all here. What arrives goes into `Connection::handle` with
//! the time; `poll_event` says what the client did (`chat.rs`), `poll_transmit` what to send
//! (`wire.rs`), `poll_timeout` when to be back. WebSocket only: a client that begins by polling
//! is refused in Engine.IO's words, "Transport unknown".
//!
//! ```sh
//! cargo run -p klatch-example-mio  # and: io("http://127.0.0.1:3000", { transports: ["websocket"] })
//! ```

mod chat;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read as _};
use std::time::{Duration, Instant};

use klatch_core::engine::{Transport, Transports};
use klatch_core::{CloseReason, Config, Connection, Sid, Timestamp};
use mio::net::{TcpListener, TcpStream, UnixStream};
use mio::{Events, Interest, Poll, Token};
use signal_hook::consts::{SIGINT, SIGTERM};

use chat::Chat;
use wire::{Client, Clients, Newcomer, Request};

const LISTENER: Token = Token(0);
const SIGNALS: Token = Token(1);

/// What one client may say before the others are heard.
const FRAMES_PER_TURN: usize = 16;

/// How long clients have to take what waits for them, once the process is told to end.
const END: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection: it is out of files, say, and will be
/// for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

struct Server {
    poll: Poll,
    listener: Option<TcpListener>,
    /// Has something to read when the process is told to end.
    signals: UnixStream,
    /// When it ends at the latest, once it has been told.
    end: Option<Timestamp>,
    /// When to accept again, without being told.
    accept_at: Option<Timestamp>,
    origin: Instant,
    config: Config,
    last: Token,
    newcomers: BTreeMap<Token, Newcomer>,
    clients: Clients,
    chat: Chat,
    /// Who may have something to read. mio tells once: what is left unread is noted here.
    ready: BTreeSet<Token>,
}

fn main() -> io::Result<()> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let address = ([127, 0, 0, 1], port.map_err(io::Error::other)?).into();
    let mut listener = TcpListener::bind(address)?;
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut signals = signals()?;
    poll.registry().register(&mut signals, SIGNALS, Interest::READABLE)?;
    println!("http://{}/\nlistening", listener.local_addr()?);
    let mut server = Server {
        poll,
        listener: Some(listener),
        signals,
        end: None,
        accept_at: None,
        origin: Instant::now(),
        config: Config::default().transports(Transports::WebSocketOnly),
        last: SIGNALS,
        newcomers: BTreeMap::new(),
        clients: Clients::new(),
        chat: Chat::new(),
        ready: BTreeSet::new(),
    };
    let mut events = Events::with_capacity(1024);
    while !server.has_ended() {
        server.turn(&mut events)?;
    }
    Ok(())
}

/// What can be read of the signals that tell a process to end.
fn signals() -> io::Result<UnixStream> {
    let (read, write) = std::os::unix::net::UnixStream::pair()?;
    read.set_nonblocking(true)?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
    }
    Ok(UnixStream::from_std(read))
}

impl Server {
    fn now(&self) -> Timestamp {
        Timestamp::from_offset(self.origin.elapsed())
    }

    /// Waits, reads, acts on deadlines, writes. It looks at every client: with thousands of them,
    /// one would keep the deadlines in a heap, and a list of those who are sent something.
    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        let deadlines = self.clients.values().filter_map(|client| client.connection.poll_timeout());
        let deadlines = deadlines.chain(self.newcomers.values().map(|newcomer| newcomer.until));
        let next = deadlines.chain(self.accept_at).chain(self.end).min();
        let wait = next.map(|deadline| deadline - self.now());
        let wait = if self.ready.is_empty() { wait } else { Some(Duration::ZERO) };
        match self.poll.poll(events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => self.ready.extend(events.iter().map(mio::event::Event::token)),
        }
        let now = self.now();
        if self.accept_at.take_if(|at| *at <= now).is_some() {
            self.ready.insert(LISTENER);
        }
        for token in std::mem::take(&mut self.ready) {
            if token == LISTENER {
                self.accept(now);
            } else if token == SIGNALS {
                self.begin_to_end(now);
            }
            self.welcome(token, now);
            self.read(token, now);
        }
        for token in self.clients.keys().copied().collect::<Vec<_>>() {
            if let Some(client) = self.clients.get_mut(&token) {
                client.connection.handle_timeout(now);
            }
            self.take_events(token, now);
        }
        for (token, client) in &mut self.clients {
            if !client.write(now) {
                self.ready.insert(*token); // its end is an event, too
            }
        }
        let is_ending = self.end.is_some();
        self.clients
            .retain(|_, client| !client.connection.is_finished() || (is_ending && client.unsent));
        self.newcomers.retain(|_, newcomer| newcomer.until > now);
        Ok(())
    }

    /// Nobody is let in any more, and those who are here are told: the sockets of each end with the
    /// reason `server shutting down`.
    fn begin_to_end(&mut self, now: Timestamp) {
        // Whichever signal it was, and however many.
        let _ = self.signals.read(&mut [0; 16]);
        self.listener = None;
        self.newcomers.clear();
        self.end.get_or_insert(now + END);
        for token in self.clients.keys().copied().collect::<Vec<_>>() {
            if let Some(client) = self.clients.get_mut(&token) {
                client.connection.close(now, CloseReason::ServerShuttingDown);
            }
            self.take_events(token, now);
        }
    }

    fn has_ended(&self) -> bool {
        self.end.is_some_and(|end| self.clients.is_empty() || end <= self.now())
    }

    fn accept(&mut self, now: Timestamp) {
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Ok((stream, _)) => self.receive(stream, now),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // A client that left already, or a signal: the next one waits.
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    // mio has told of those who wait, and will not tell again.
                    _ => {
                        eprintln!("a connection could not be accepted: {error}");
                        self.accept_at = Some(now + ACCEPT_PAUSE);
                        return;
                    }
                },
            }
        }
    }

    fn receive(&mut self, mut stream: TcpStream, now: Timestamp) {
        self.last = Token(self.last.0 + 1); // no number is used twice: no event goes astray
        let both = Interest::READABLE | Interest::WRITABLE;
        let watched = self.poll.registry().register(&mut stream, self.last, both);
        if stream.set_nodelay(true).and(watched).is_ok() {
            self.newcomers.insert(self.last, Newcomer::new(stream, now));
        }
    }

    /// Makes a client of a newcomer that has asked for a WebSocket.
    fn welcome(&mut self, token: Token, now: Timestamp) {
        let Some(newcomer) = self.newcomers.remove(&token) else { return };
        match newcomer.read(&self.config) {
            Ok(Request::Partial(newcomer)) => drop(self.newcomers.insert(token, newcomer)),
            Ok(Request::WebSocket(websocket)) => {
                let sid = Sid::from_entropy(entropy());
                let connection = Connection::new(&self.config, sid, Transport::WebSocket, now);
                self.clients.insert(token, Client::new(connection, websocket));
            }
            Err(error) => eprintln!("refused: {error}"),
        }
    }

    fn read(&mut self, token: Token, now: Timestamp) {
        for _ in 0..FRAMES_PER_TURN {
            let Some(client) = self.clients.get_mut(&token) else { return };
            let Some(input) = client.read() else { return };
            client.connection.handle(now, input);
            self.take_events(token, now);
        }
        self.ready.insert(token);
    }

    fn take_events(&mut self, token: Token, now: Timestamp) {
        while let Some(client) = self.clients.get_mut(&token) {
            let Some(event) = client.connection.poll_event() else { return };
            self.chat.handle(&mut self.clients, token, now, event);
        }
    }
}

/// What nobody can predict: the core is handed its randomness.
fn entropy<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system hands out random bytes");
    bytes
}
