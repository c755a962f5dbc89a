//! All clients, on one thread.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, REQUEST, Stage};
use crate::wire::frame;
use crate::{PATIENCE, unexpected};

/// As much as is read at once.
const SCRATCH: usize = 256 * 1024;

/// Connections that are opened at a time: below the shortest queue that a listener has by default.
const OPENING: usize = 100;

/// Clients that have joined the namespace `/`.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    joined: usize,
    scratch: Vec<u8>,
    pub(crate) outbox: Outbox,
    connect: Vec<u8>,
    pong: Vec<u8>,
}

/// What clients have to send: one write carries all that an event made a client say.
#[derive(Default)]
pub(crate) struct Outbox {
    queues: Vec<Vec<u8>>,
    /// Whose queue is not empty any more.
    speakers: Vec<usize>,
}

impl Outbox {
    #[cfg(test)]
    pub(crate) fn with_queues(count: usize) -> Self {
        Self { queues: vec![Vec::new(); count], speakers: Vec::new() }
    }

    pub(crate) fn send(&mut self, client: usize, frame: &[u8]) {
        let queue = &mut self.queues[client];
        if queue.is_empty() {
            self.speakers.push(client);
        }
        queue.extend_from_slice(frame);
    }

    /// Writes what there is; the rest waits until its client becomes writable.
    fn flush(&mut self, clients: &mut [Client]) -> io::Result<()> {
        for client in self.speakers.drain(..) {
            clients[client].flush(&mut self.queues[client])?;
        }
        Ok(())
    }
}

impl Crowd {
    /// Opens `count` connections, many at a time.
    pub(crate) fn open(address: SocketAddr, count: usize) -> io::Result<Self> {
        let mut crowd = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::with_capacity(count),
            joined: 0,
            scratch: vec![0; SCRATCH],
            outbox: Outbox::default(),
            connect: frame(b"40"),
            pong: frame(b"3"),
        };
        let end = Instant::now() + PATIENCE;
        while crowd.joined < count {
            while crowd.clients.len() < count.min(crowd.joined + OPENING) {
                crowd.add(address)?;
            }
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                let joined = crowd.joined;
                return Err(io::Error::other(format!("{joined} of {count} clients connected")));
            };
            crowd.turn(left, |_, text, _| Err(unexpected(text)))?;
        }
        for (client, queue) in crowd.clients.iter_mut().zip(&mut crowd.outbox.queues) {
            client.shrink();
            queue.shrink_to_fit();
        }
        Ok(crowd)
    }

    fn add(&mut self, address: SocketAddr) -> io::Result<()> {
        let (mut client, token) = (Client::new(address)?, self.clients.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut client.stream, Token(token), interest)?;
        self.clients.push(client);
        self.outbox.queues.push(Vec::new());
        self.outbox.send(token, REQUEST);
        self.outbox.flush(&mut self.clients)
    }

    /// Writes what was put in the outbox outside of a turn.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.outbox.flush(&mut self.clients)
    }

    /// Waits for events, but not longer than that, and hands out every message that they bring.
    /// Pings are answered.
    pub(crate) fn turn(
        &mut self,
        longest: Duration,
        mut each: impl FnMut(usize, &[u8], &mut Outbox) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(longest)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let Self { events, clients, joined, scratch, outbox, connect, pong, .. } = self;
        for event in &*events {
            let Token(token) = event.token();
            if event.is_writable() {
                clients[token].flush(&mut outbox.queues[token])?;
            }
            if event.is_readable() {
                clients[token].read(scratch, |stage, text| {
                    if text == b"2" {
                        outbox.send(token, pong);
                    } else if *stage == Stage::Joined {
                        each(token, text, outbox)?;
                    } else if stage.advance(text)? {
                        outbox.send(token, connect);
                    } else {
                        *joined += 1;
                    }
                    Ok(())
                })?;
            }
            outbox.flush(clients)?;
        }
        Ok(())
    }

    /// Turns until `end`, or until `each` has seen enough.
    pub(crate) fn run(
        &mut self,
        end: Instant,
        mut each: impl FnMut(usize, &[u8], &mut Outbox) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut enough = false;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|_| !enough) {
            self.turn(left, |client, text, outbox| {
                enough |= each(client, text, outbox)?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Has each of the first `count` clients join a room, and waits until all have.
    pub(crate) fn join(&mut self, count: usize, room: impl Fn(usize) -> String) -> io::Result<()> {
        self.ask(count, "430[", |client| format!(r#"420["join","{}"]"#, room(client)))
    }

    /// Has each client join another namespace, and waits until all have.
    pub(crate) fn enter(&mut self, namespace: &str) -> io::Result<()> {
        let (connect, connected) = (format!("40{namespace},"), format!("40{namespace},{{"));
        self.ask(self.clients.len(), &connected, |_| connect.clone())
    }

    /// Has each of the first `count` clients send something, and waits for as many answers.
    fn ask(
        &mut self,
        count: usize,
        answer: &str,
        packet: impl Fn(usize) -> String,
    ) -> io::Result<()> {
        for client in 0..count {
            self.outbox.send(client, &frame(packet(client).as_bytes()));
        }
        self.flush()?;
        let mut answered = 0;
        self.run(Instant::now() + PATIENCE, |_, text, _| {
            if !text.starts_with(answer.as_bytes()) {
                return Err(unexpected(text));
            }
            answered += 1;
            Ok(answered == count)
        })?;
        if answered == count {
            return Ok(());
        }
        Err(io::Error::other(format!("{answered} of {count} were answered {answer}")))
    }
}
