//! One client: a WebSocket, a poll, or the way from one to the other.

use std::io;
use std::mem;
use std::time::Duration;

use super::http;
use super::lane::Lane;
use crate::wire::{self, CLOSE, GOODBYE, TEXT};

/// By what a client comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    WebSocket,
    Polling,
    /// Polls first, then moves to a WebSocket, as official clients do.
    Upgrade,
}

/// What a peer hears.
#[derive(Debug, PartialEq)]
pub(crate) enum News {
    /// It is in the namespace `/`, where its socket has this id.
    Joined(String),
    /// A Socket.IO packet.
    Packet(String),
    /// It is over; nothing follows.
    Gone(End),
}

/// How a connection ended that its client did not end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// The server closed the TCP connection, without a word of Engine.IO's or of WebSocket's.
    Closed,
    /// A close frame came.
    CloseFrame(Option<u16>),
    /// Engine.IO's packet came.
    ClosePacket,
    /// A request was answered with this status.
    Status(u16, String),
    /// The system says that it is over.
    Lost(io::ErrorKind),
    /// What came is nothing that a server may say.
    Nonsense(String),
}

/// The lanes: of a WebSocket or of polls, of posts, of a WebSocket that is to take their place.
const MAIN: usize = 0;
const POST: usize = 1;
const PROBE: usize = 2;
pub(crate) const LANES: usize = 3;

/// A server closes a connection without a request after ten seconds: one that idled for longer than
/// this might be closed just when a request is on its way.
const STALE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// The answer to the request for it is awaited.
    Switching,
    /// On this lane.
    WebSocket(usize),
    Polling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upgrade {
    None,
    /// The answer to the request, then that to the probe is awaited.
    Asked,
    Probing,
    /// The server has agreed: what is under way by the old transport is to end.
    Agreed,
}

/// Whether what comes is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Ever,
    Paused,
    /// There was a time when it was not.
    Again,
}

pub(crate) struct Peer {
    pub(crate) lanes: [Option<Lane>; LANES],
    way: Way,
    transport: Transport,
    upgrade: Upgrade,
    sid: String,
    /// Whether a request is under way, a poll or a post.
    asks: [bool; LANES],
    /// Engine.IO packets that wait for a post to end.
    held: Vec<String>,
    joined: bool,
    reading: Reading,
    /// It does not say anything any more, not even a pong.
    pub(crate) mute: bool,
    /// Whether it is over, and how.
    pub(crate) end: Option<End>,
    pub(crate) news: Vec<News>,
}

/// Opens lanes, of this peer's number.
pub(crate) trait Opener {
    fn open(&self, lane: usize) -> io::Result<Lane>;
}

impl Peer {
    pub(crate) fn new(way: Way, opener: &impl Opener) -> io::Result<Self> {
        let transport =
            if way == Way::WebSocket { Transport::Switching } else { Transport::Polling };
        let mut peer = Self {
            lanes: [None, None, None],
            way,
            transport,
            upgrade: Upgrade::None,
            sid: String::new(),
            asks: [false; LANES],
            held: Vec::new(),
            joined: false,
            reading: Reading::Ever,
            mute: false,
            end: None,
            news: Vec::new(),
        };
        if transport == Transport::Switching {
            peer.request(opener, MAIN, &http::upgrade(None))?;
        } else {
            peer.pump(opener)?;
        }
        Ok(peer)
    }

    /// Sends a Socket.IO packet, as soon as its transport takes it.
    pub(crate) fn say(&mut self, opener: &impl Opener, packet: &str) -> io::Result<()> {
        self.send(opener, format!("4{packet}"))
    }

    /// Sends an Engine.IO packet.
    fn send(&mut self, opener: &impl Opener, packet: String) -> io::Result<()> {
        if self.mute {
            return Ok(());
        }
        if let Transport::WebSocket(lane) = self.transport {
            self.write(lane, &wire::frame(packet.as_bytes()));
            return Ok(());
        }
        self.held.push(packet);
        self.pump(opener)
    }

    /// Leaves the namespace and closes the connection, as a client does that is told to.
    pub(crate) fn leave(&mut self, opener: &impl Opener) -> io::Result<()> {
        self.say(opener, "1")?;
        if let Transport::WebSocket(lane) = self.transport {
            self.write(lane, &GOODBYE);
            return Ok(());
        }
        self.send(opener, "1".to_owned())
    }

    /// Reads no more.
    pub(crate) fn pause(&mut self) {
        self.reading = Reading::Paused;
    }

    /// Reads again. The server may have given up what it did not use meanwhile.
    pub(crate) fn resume(&mut self, opener: &impl Opener) -> io::Result<()> {
        self.reading = Reading::Again;
        if self.transport == Transport::Polling {
            self.lanes.iter_mut().flatten().for_each(Lane::retire);
        }
        self.pump(opener)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.reading == Reading::Paused
    }

    /// Takes in what a lane has brought.
    pub(crate) fn read(
        &mut self,
        lane: usize,
        scratch: &mut [u8],
        opener: &impl Opener,
    ) -> io::Result<()> {
        let Some(open) = &mut self.lanes[lane] else { return Ok(()) };
        let filled = open.fill(scratch);
        self.understand(lane, opener)?;
        let end = match filled {
            Ok(false) => return Ok(()),
            Ok(true) => End::Closed,
            Err(error) => End::Lost(error.kind()),
        };
        // What was read may have been the reason for a new one in its place.
        if self.lanes[lane].as_ref().is_none_or(Lane::is_retired) {
            self.lane_ended(lane, end);
        }
        self.pump(opener)
    }

    /// The system says of a lane that is not read that it has ended.
    pub(crate) fn overhear_end(&mut self, lane: usize) {
        // What was answered before may be a poll: whoever is going to read finds it, and the end.
        if self.mute || self.transport != Transport::Polling {
            self.lane_ended(lane, End::Closed);
        }
    }

    /// A lane has ended: that may be the end of the peer.
    fn lane_ended(&mut self, lane: usize, end: End) {
        self.lanes[lane] = None;
        let needed = match (self.transport, lane) {
            (Transport::Polling, MAIN | POST) => self.asks[lane],
            // One that was late goes on polling, as official clients do.
            (Transport::Polling, PROBE) if self.reading != Reading::Ever => {
                self.upgrade = Upgrade::None;
                false
            }
            (Transport::Polling | Transport::Switching, _) => true,
            (Transport::WebSocket(carrier), lane) => lane == carrier,
        };
        // Whoever says nothing more has no use for another.
        let is_last = self.mute && self.lanes.iter().all(Option::is_none);
        if needed || is_last {
            self.end.get_or_insert(end);
        }
    }

    fn understand(&mut self, lane: usize, opener: &impl Opener) -> io::Result<()> {
        match (self.transport, lane) {
            (Transport::WebSocket(carrier), _) if lane == carrier => self.read_frames(lane, opener),
            // What the transport before still says is nothing any more.
            (Transport::WebSocket(_), _) => Ok(()),
            (Transport::Switching, _) => self.switched(lane, opener),
            (_, PROBE) if self.upgrade == Upgrade::Asked => self.switched(lane, opener),
            (_, PROBE) => self.read_frames(lane, opener),
            _ => self.read_answers(lane, opener),
        }
    }

    /// The answer to a request for a WebSocket may be there.
    fn switched(&mut self, lane: usize, opener: &impl Opener) -> io::Result<()> {
        let Some(answer) = self.answer(lane) else { return Ok(()) };
        if answer.status != 101 {
            self.end.get_or_insert(End::Status(answer.status, answer.body));
            return Ok(());
        }
        if lane == PROBE {
            self.upgrade = Upgrade::Probing;
            self.write(PROBE, &wire::frame(b"2probe"));
        } else {
            self.transport = Transport::WebSocket(lane);
        }
        self.read_frames(lane, opener)
    }

    fn answer(&mut self, lane: usize) -> Option<http::Answer> {
        let unread = &mut self.lanes[lane].as_mut()?.unread;
        http::answer(unread).unwrap_or_else(|why| {
            self.end.get_or_insert(End::Nonsense(why));
            None
        })
    }

    fn read_frames(&mut self, lane: usize, opener: &impl Opener) -> io::Result<()> {
        let Some(open) = &mut self.lanes[lane] else { return Ok(()) };
        let unread = mem::take(&mut open.unread);
        let mut rest = &unread[..];
        while let Some((kind, carried)) = wire::next_of_any_kind(&mut rest) {
            match kind {
                TEXT => self.hear(lane, &String::from_utf8_lossy(carried), opener)?,
                CLOSE => {
                    let code = carried.first_chunk().map(|code| u16::from_be_bytes(*code));
                    // RFC 6455, section 5.5.1: it is answered, which lets the server go.
                    self.write(lane, &GOODBYE);
                    self.lane_ended(lane, End::CloseFrame(code));
                    return Ok(());
                }
                kind => {
                    let why = format!("a frame of kind {kind:#x}");
                    self.end.get_or_insert(End::Nonsense(why));
                }
            }
        }
        if let Some(open) = self.lanes[lane].as_mut().filter(|_| !rest.is_empty()) {
            open.unread = rest.to_vec();
        }
        Ok(())
    }

    fn read_answers(&mut self, lane: usize, opener: &impl Opener) -> io::Result<()> {
        while let Some(answer) = self.answer(lane) {
            self.asks[lane] = false;
            if answer.status != 200 {
                self.end.get_or_insert(End::Status(answer.status, answer.body));
                return Ok(());
            }
            if lane == MAIN {
                for packet in answer.body.split('\u{1e}') {
                    self.hear(lane, packet, opener)?;
                }
            }
        }
        self.pump(opener)
    }

    /// An Engine.IO packet has come.
    fn hear(&mut self, lane: usize, packet: &str, opener: &impl Opener) -> io::Result<()> {
        match packet.as_bytes() {
            [b'0', b'{', ..] if self.sid.is_empty() => {
                sid(packet).clone_into(&mut self.sid);
                self.say(opener, "0")
            }
            b"1" => {
                self.end.get_or_insert(End::ClosePacket);
                Ok(())
            }
            b"2" => self.send(opener, "3".to_owned()),
            b"6" => Ok(()),
            b"3probe" if lane == PROBE => {
                self.upgrade = Upgrade::Agreed;
                self.pump(opener)
            }
            [b'4', b'0', b'{', ..] if !self.joined => {
                self.joined = true;
                self.news.push(News::Joined(sid(packet).to_owned()));
                if self.way == Way::Upgrade {
                    self.upgrade = Upgrade::Asked;
                    let request = http::upgrade(Some(&self.sid));
                    return self.request(opener, PROBE, &request);
                }
                Ok(())
            }
            [b'4', ..] if self.joined => {
                self.news.push(News::Packet(packet[1..].to_owned()));
                Ok(())
            }
            _ => {
                self.end.get_or_insert(End::Nonsense(format!("a packet `{packet}`")));
                Ok(())
            }
        }
    }

    /// Polls, posts what is held, or changes to the other transport: whatever is due.
    pub(crate) fn pump(&mut self, opener: &impl Opener) -> io::Result<()> {
        if self.transport != Transport::Polling || self.end.is_some() || self.mute {
            return Ok(());
        }
        if self.upgrade == Upgrade::Agreed {
            if !self.asks[MAIN] && !self.asks[POST] {
                (self.lanes[MAIN], self.lanes[POST]) = (None, None);
                self.transport = Transport::WebSocket(PROBE);
                self.write(PROBE, &wire::frame(b"5"));
                for packet in mem::take(&mut self.held) {
                    self.send(opener, packet)?;
                }
            }
            return Ok(());
        }
        let sid = Some(&*self.sid).filter(|sid| !sid.is_empty());
        let get = http::request(sid, None);
        if !self.asks[MAIN] && !self.is_paused() {
            self.asks[MAIN] = true;
            self.request(opener, MAIN, &get)?;
        }
        if !self.asks[POST] && !self.held.is_empty() && !self.sid.is_empty() {
            self.asks[POST] = true;
            let body = mem::take(&mut self.held).join("\u{1e}");
            let post = http::request(Some(&self.sid), Some(&body));
            self.request(opener, POST, &post)?;
        }
        Ok(())
    }

    fn request(&mut self, opener: &impl Opener, lane: usize, request: &str) -> io::Result<()> {
        if self.lanes[lane].as_ref().is_none_or(|open| open.is_stale(STALE)) {
            self.lanes[lane] = Some(opener.open(lane)?);
        }
        self.write(lane, request.as_bytes());
        Ok(())
    }

    /// What cannot be written tells the reader that it is over, who may have something to read first.
    fn write(&mut self, lane: usize, bytes: &[u8]) {
        if let Some(open) = &mut self.lanes[lane] {
            let _ = open.send(bytes);
        }
    }
}

/// The id that a packet tells, be it of a session or of a socket.
pub(crate) fn sid(packet: &str) -> &str {
    packet.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::sid;

    #[test]
    fn an_id_is_read_where_there_is_one() {
        assert_eq!(sid(r#"0{"sid":"abc","upgrades":[]}"#), "abc");
        assert_eq!(sid(r#"40{"sid":"x-y"}"#), "x-y");
        assert_eq!(sid("40{}"), "");
    }
}
