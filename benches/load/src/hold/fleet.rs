//! Many peers on one thread: what one of them meets is no business of the others.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll, Registry, Token};

use super::lane::Lane;
use super::peer::{LANES, News, Opener, Peer, Way};

/// As much as is read at once.
const SCRATCH: usize = 64 * 1024;

/// So many bits of a number are the place; those above tell who had it from who has it.
const PLACE_BITS: u32 = 20;
const LANE_BITS: u32 = 2;

/// One connection that there was: no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerId(u64);

impl PeerId {
    /// Where its things may be kept: the place of one that is gone is another's.
    pub(crate) fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }

    /// The one of a number that it has told.
    pub(crate) const fn numbered(number: u64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    fn token(self, lane: usize) -> Token {
        Token((self.0 as usize) << LANE_BITS | lane)
    }
}

/// Clients that come and go, of one server.
pub(crate) struct Fleet {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    scratch: Vec<u8>,
    peers: Vec<Option<(PeerId, Peer)>>,
    free: Vec<usize>,
    opened: u64,
    /// They read again: what lies in their sockets brings no event.
    resumed: Vec<PeerId>,
}

/// Opens the lanes of one peer.
struct Dock<'a> {
    registry: &'a Registry,
    address: SocketAddr,
    id: PeerId,
}

impl Opener for Dock<'_> {
    fn open(&self, lane: usize) -> io::Result<Lane> {
        Lane::open(self.address, self.registry, self.id.token(lane))
    }
}

impl Fleet {
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            address,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            scratch: vec![0; SCRATCH],
            peers: Vec::new(),
            free: Vec::new(),
            opened: 0,
            resumed: Vec::new(),
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.peers.len() - self.free.len()
    }

    /// One more client begins to connect.
    pub(crate) fn open(&mut self, way: Way) -> io::Result<PeerId> {
        let place = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() - 1
        });
        self.opened += 1;
        let id = PeerId(self.opened << PLACE_BITS | place as u64);
        let Self { poll, address, .. } = self;
        let dock = Dock { registry: poll.registry(), address: *address, id };
        self.peers[place] = Some((id, Peer::new(way, &dock)?));
        Ok(id)
    }

    /// Sends a Socket.IO packet, if it is still there.
    pub(crate) fn say(&mut self, id: PeerId, packet: &str) -> io::Result<()> {
        self.with(id, |peer, dock| peer.say(dock, packet))
    }

    /// Leaves in good order: it is gone when the server closes the connection.
    pub(crate) fn leave(&mut self, id: PeerId) -> io::Result<()> {
        self.with(id, |peer, dock| peer.leave(dock))
    }

    /// Reads no more.
    pub(crate) fn pause(&mut self, id: PeerId) -> io::Result<()> {
        self.with(id, |peer, _| {
            peer.pause();
            Ok(())
        })
    }

    pub(crate) fn resume(&mut self, id: PeerId) -> io::Result<()> {
        self.resumed.push(id);
        self.with(id, |peer, dock| peer.resume(dock))
    }

    /// Says nothing more, as a client that has lost its network.
    pub(crate) fn silence(&mut self, id: PeerId) -> io::Result<()> {
        self.with(id, |peer, _| {
            peer.mute = true;
            Ok(())
        })
    }

    /// Closes its half of each connection.
    pub(crate) fn shut(&mut self, id: PeerId) -> io::Result<()> {
        self.with(id, |peer, _| {
            peer.mute = true;
            peer.lanes.iter().flatten().for_each(Lane::shut);
            Ok(())
        })
    }

    /// Ends its connections with an RST each; nothing is heard of it any more.
    pub(crate) fn reset(&mut self, id: PeerId) -> io::Result<()> {
        let Some(peer) = self.remove(id) else { return Ok(()) };
        peer.lanes.into_iter().flatten().try_for_each(Lane::reset)
    }

    fn with(
        &mut self,
        id: PeerId,
        act: impl FnOnce(&mut Peer, &Dock<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self { poll, address, peers, .. } = self;
        let dock = Dock { registry: poll.registry(), address: *address, id };
        match &mut peers[id.place()] {
            Some((known, peer)) if *known == id => act(peer, &dock),
            _ => Ok(()),
        }
    }

    fn remove(&mut self, id: PeerId) -> Option<Peer> {
        let (_, peer) = self.peers[id.place()].take_if(|(known, _)| *known == id)?;
        self.free.push(id.place());
        Some(peer)
    }

    /// Waits for events, but not longer than that. What is heard comes in order for each peer.
    pub(crate) fn turn(&mut self, longest: Duration) -> io::Result<Vec<(PeerId, News)>> {
        let longest = if self.resumed.is_empty() { longest } else { Duration::ZERO };
        match self.poll.poll(&mut self.events, Some(longest)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Vec::new()),
            result => result?,
        }
        let mut heard = Vec::new();
        for id in mem::take(&mut self.resumed) {
            for lane in 0..LANES {
                self.read(id, lane, None, &mut heard)?;
            }
        }
        let events = mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            let Token(token) = event.token();
            let id = PeerId((token >> LANE_BITS) as u64);
            let lane = token & ((1 << LANE_BITS) - 1);
            self.read(id, lane, Some(event), &mut heard)?;
        }
        self.events = events;
        Ok(heard)
    }

    /// Lets a peer have an event of a lane's, or look at it without one.
    fn read(
        &mut self,
        id: PeerId,
        lane: usize,
        event: Option<&Event>,
        heard: &mut Vec<(PeerId, News)>,
    ) -> io::Result<()> {
        let mut scratch = mem::take(&mut self.scratch);
        let mut over = None;
        let read = self.with(id, |peer, dock| {
            if let Some(open) = &mut peer.lanes[lane]
                && event.is_none_or(Event::is_writable)
            {
                // If that fails, there is something to be read of it.
                let _ = open.flush();
            }
            if !peer.is_paused() {
                peer.read(lane, &mut scratch, dock)?;
            } else if event.is_some_and(|event| event.is_read_closed() || event.is_error()) {
                peer.overhear_end(lane);
            }
            heard.extend(peer.news.drain(..).map(|news| (id, news)));
            over = peer.end.take();
            Ok(())
        });
        self.scratch = scratch;
        if let Some(end) = over {
            heard.push((id, News::Gone(end)));
            drop(self.remove(id));
        }
        read
    }
}
