//! The event loop: what comes in, and who gets what for it.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read as _};
use std::mem;
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::connection::Connection;
use crate::wire;

const LISTENER: Token = Token(usize::MAX);

/// As much as is read at once, from any connection.
const SCRATCH: usize = 256 * 1024;

/// When a delivery is written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    /// By itself, at once.
    Each,
    /// With all that the same turn of the loop has for the same connection.
    Coalesce,
}

/// All connections, on one thread.
pub(crate) struct Server {
    mode: Mode,
    poll: Poll,
    events: Option<Events>,
    listener: TcpListener,
    /// By their tokens; the place of one that is gone is used again.
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    rooms: HashMap<Vec<u8>, u32>,
    members: Vec<Vec<usize>>,
    /// Those that this turn has something for.
    dirty: Vec<usize>,
    /// Buffers that no connection needs now.
    spare: Vec<Vec<u8>>,
    scratch: Vec<u8>,
    /// The frame that is being delivered.
    frame: Vec<u8>,
}

impl Server {
    pub(crate) fn bind(mode: Mode, address: SocketAddr) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            mode,
            poll,
            events: Some(Events::with_capacity(1024)),
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            rooms: HashMap::new(),
            members: Vec::new(),
            dirty: Vec::new(),
            spare: Vec::new(),
            scratch: vec![0; SCRATCH],
            frame: Vec::new(),
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for events, handles them, and writes what they left to be written.
    pub(crate) fn turn(&mut self) -> io::Result<()> {
        let mut events = self.events.take().expect("a turn puts them back");
        match self.poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            match event.token() {
                LISTENER => self.accept()?,
                Token(at) => {
                    if event.is_writable() {
                        self.flush(at);
                    }
                    if event.is_readable() {
                        self.read(at);
                    }
                }
            }
        }
        let mut dirty = mem::take(&mut self.dirty);
        dirty.drain(..).for_each(|at| self.flush(at));
        (self.dirty, self.events) = (dirty, Some(events));
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let (mut stream, _) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let at = self.free.pop().unwrap_or(self.connections.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(at), interest)?;
            if at == self.connections.len() {
                self.connections.push(None);
            }
            self.connections[at] = Some(Connection::new(stream));
        }
    }

    fn close(&mut self, at: usize) {
        let Some(connection) = self.connections[at].take() else { return };
        if let Some(room) = connection.room {
            self.members[room as usize].retain(|member| *member != at);
        }
        self.free.push(at);
    }

    fn flush(&mut self, at: usize) {
        let Some(connection) = &mut self.connections[at] else { return };
        if connection.unsent.is_empty() {
            return;
        }
        match connection.flush() {
            Ok(None) => {}
            Ok(Some(empty)) => {
                connection.queued = false;
                if self.mode == Mode::Coalesce {
                    self.spare.push(empty);
                }
            }
            Err(_) => self.close(at),
        }
    }

    /// Reads all there is, and acts on it. Any fault closes the connection.
    fn read(&mut self, at: usize) {
        let mut scratch = mem::take(&mut self.scratch);
        while let Some(connection) = &mut self.connections[at] {
            let handled = match connection.stream.read(&mut scratch) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.handle(at, &mut scratch[..read]).map(|()| read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => Err(error),
            };
            match handled {
                // epoll(7): a stream that gave less than it was asked for has no more.
                Ok(read) if read < scratch.len() => break,
                Ok(_) => {}
                Err(_) => self.close(at),
            }
        }
        self.scratch = scratch;
    }

    fn handle(&mut self, at: usize, fresh: &mut [u8]) -> io::Result<()> {
        let mut unread = mem::take(&mut self.connection(at)?.unread);
        if unread.is_empty() {
            let used = self.messages(at, fresh)?;
            unread.extend_from_slice(&fresh[used..]);
        } else {
            unread.extend_from_slice(fresh);
            let used = self.messages(at, &mut unread)?;
            unread.drain(..used);
        }
        if !unread.is_empty() {
            self.connection(at)?.unread = unread;
        }
        Ok(())
    }

    /// Acts on all whole messages, and says where they end.
    fn messages(&mut self, at: usize, bytes: &mut [u8]) -> io::Result<usize> {
        let mut used = 0;
        if !self.connection(at)?.upgraded {
            let Some((answer, end)) = wire::upgrade(bytes)? else { return Ok(0) };
            self.connection(at)?.upgraded = true;
            self.frame.clear();
            self.frame.extend_from_slice(answer);
            wire::frame(&[wire::OPEN], &mut self.frame);
            self.deliver(at)?;
            used = end;
        }
        while let Some(message) = wire::message(&mut bytes[used..])? {
            self.act(at, &bytes[used..][message.text])?;
            used += message.end;
        }
        Ok(used)
    }

    fn act(&mut self, at: usize, text: &[u8]) -> io::Result<()> {
        if text.starts_with(br#"42["msg","#) {
            self.build(&[text]);
            return self.broadcast(at);
        }
        if text.starts_with(br#"42["echo","#) {
            return self.answer(at, &[text]);
        }
        if text == b"40" {
            return self.answer(at, &[wire::CONNECTED]);
        }
        let unknown = || io::Error::other(String::from_utf8_lossy(text).into_owned());
        let asked = text.strip_prefix(b"42").ok_or_else(unknown)?;
        let digits = asked.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (id, question) = asked.split_at(digits);
        if let Some(payload) = question.strip_prefix(br#"["ack","#) {
            return self.answer(at, &[b"43", id, b"[", payload]);
        }
        let room = question.strip_prefix(br#"["join","#).ok_or_else(unknown)?;
        self.join(at, room)?;
        self.answer(at, &[b"43", id, b"[]"])
    }

    fn join(&mut self, at: usize, room: &[u8]) -> io::Result<()> {
        let known = self.members.len();
        let room = *self.rooms.entry(room.to_vec()).or_insert(known as u32);
        if room as usize == known {
            self.members.push(Vec::new());
        }
        if let Some(left) = self.connection(at)?.room.replace(room) {
            self.members[left as usize].retain(|member| *member != at);
        }
        self.members[room as usize].push(at);
        Ok(())
    }

    fn answer(&mut self, at: usize, parts: &[&[u8]]) -> io::Result<()> {
        self.build(parts);
        self.deliver(at)
    }

    fn build(&mut self, parts: &[&[u8]]) {
        self.frame.clear();
        wire::frame(parts, &mut self.frame);
    }

    /// Delivers the frame to all in the sender's room but the sender.
    fn broadcast(&mut self, sender: usize) -> io::Result<()> {
        let Some(room) = self.connection(sender)?.room else { return Ok(()) };
        let members = mem::take(&mut self.members[room as usize]);
        let mut gone = Vec::new();
        for &member in members.iter().filter(|member| **member != sender) {
            // Its fault is not the sender's.
            if self.deliver(member).is_err() {
                gone.push(member);
            }
        }
        self.members[room as usize] = members;
        for member in gone {
            self.close(member);
        }
        Ok(())
    }

    /// Delivers the frame to one.
    fn deliver(&mut self, to: usize) -> io::Result<()> {
        let Self { mode, connections, dirty, spare, frame, .. } = self;
        let connection = connections[to].as_mut().ok_or(ErrorKind::NotConnected)?;
        if *mode == Mode::Each {
            return connection.write(frame);
        }
        if !mem::replace(&mut connection.queued, true) {
            dirty.push(to);
            connection.unsent = spare.pop().unwrap_or_default();
        }
        connection.unsent.extend_from_slice(frame);
        Ok(())
    }

    fn connection(&mut self, at: usize) -> io::Result<&mut Connection> {
        self.connections[at].as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
    }
}
