//! All clients, on one thread.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::{Events, Interest, Poll, Token};

use crate::client::Client;

/// As much as is read at once.
const SCRATCH: usize = 256 * 1024;

/// Clients that have joined the namespace `/`.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    scratch: Vec<u8>,
    /// What is to be sent when the present event is done: a client cannot send while it reads.
    outbox: Vec<(usize, Vec<u8>)>,
    /// Who has something to send: one write carries all that an event made a client say.
    speakers: Vec<usize>,
}

/// Where what a client does next is put.
pub(crate) struct Outbox<'a>(&'a mut Vec<(usize, Vec<u8>)>);

impl Outbox<'_> {
    pub(crate) fn send(&mut self, client: usize, text: impl Into<Vec<u8>>) {
        self.0.push((client, text.into()));
    }
}

impl Crowd {
    pub(crate) fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut clients = Vec::with_capacity(count);
        for token in 0..count {
            let mut client = Client::connect(address)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut client.stream, Token(token), interest)?;
            clients.push(client);
        }
        let (events, scratch) = (Events::with_capacity(1024), vec![0; SCRATCH]);
        Ok(Self { poll, events, clients, scratch, outbox: Vec::new(), speakers: Vec::new() })
    }

    pub(crate) fn send(&mut self, client: usize, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.send_all(client, [text])
    }

    /// Sends messages in one write.
    pub(crate) fn send_all(
        &mut self,
        client: usize,
        texts: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> io::Result<()> {
        let client = &mut self.clients[client];
        texts.into_iter().for_each(|text| client.queue(text.as_ref()));
        client.flush()
    }

    /// Hands out every message until `end`, or until `each` has seen enough. Pings are answered.
    pub(crate) fn run(
        &mut self,
        end: Instant,
        mut each: impl FnMut(usize, &[u8], &mut Outbox<'_>) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut enough = false;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|_| !enough) {
            self.poll.poll(&mut self.events, Some(left))?;
            for event in &self.events {
                let Token(token) = event.token();
                let Self { clients, scratch, outbox, speakers, .. } = self;
                if event.is_writable() {
                    clients[token].flush()?;
                }
                if event.is_readable() {
                    clients[token].read(scratch, |text| {
                        let mut outbox = Outbox(outbox);
                        if text == b"2" {
                            outbox.send(token, "3");
                        } else {
                            enough |= each(token, text, &mut outbox)?;
                        }
                        Ok(())
                    })?;
                }
                for (client, text) in outbox.drain(..) {
                    clients[client].queue(&text);
                    speakers.push(client);
                }
                for client in speakers.drain(..) {
                    clients[client].flush()?;
                }
            }
        }
        Ok(())
    }
}
