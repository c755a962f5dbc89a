//! What the app says of its server: see `examples/apps/load.rs`.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::http;
use crate::server::Server;
use crate::wire::{self, frame, upgraded};
use crate::{PATIENCE, unexpected};

/// Between two looks at something that is about to become so.
const AGAIN: Duration = Duration::from_millis(20);

/// What a look at a server shows.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) sessions: usize,
    pub(crate) sockets: usize,
    pub(crate) rooms: usize,
    pub(crate) queued: usize,
    pub(crate) handlers: usize,
    limits: BTreeMap<String, u64>,
    ends: BTreeMap<String, u64>,
}

impl Health {
    /// Asks the server, by a connection of its own that does not count.
    pub(crate) fn look(address: SocketAddr) -> io::Result<Self> {
        let mut line = Line::open(address)?;
        line.say("40/health,")?;
        line.hear("40/health,")?;
        line.say(r#"42/health,0["look"]"#)?;
        let answer = line.hear("43/health,0[")?;
        let answer = answer.strip_suffix(']').ok_or_else(|| unexpected(answer.as_bytes()))?;
        let health: Self = serde_json::from_str(answer)?;
        Ok(Self { sessions: health.sessions - 1, ..health })
    }

    /// How often a limit was hit.
    pub(crate) fn hits(&self, limit: &str) -> u64 {
        self.limits.get(limit).copied().unwrap_or_default()
    }

    /// How many sockets ended for a reason.
    pub(crate) fn ended(&self, reason: &str) -> u64 {
        self.ends.get(reason).copied().unwrap_or_default()
    }

    /// All limits that were hit, such as `mailbox 3, write_time 1`.
    pub(crate) fn all_hits(&self) -> String {
        listed(&self.limits)
    }

    /// Likewise, why sockets ended.
    pub(crate) fn all_ends(&self) -> String {
        listed(&self.ends)
    }

    /// Whether nobody is connected, nothing waits and nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions + self.sockets + self.rooms + self.queued + self.handlers == 0
    }

    /// Looks until it is so, or for as long; the last look.
    pub(crate) fn until(
        server: &Server,
        longest: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> io::Result<Self> {
        let end = Instant::now() + longest;
        loop {
            let health = Self::look(server.address)?;
            if is_so(&health) || Instant::now() >= end {
                return Ok(health);
            }
            std::thread::sleep(AGAIN);
        }
    }
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    let listed: Vec<_> = counts.iter().map(|(name, times)| format!("{name} {times}")).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
}

/// A WebSocket that one question goes over.
struct Line {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Line {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        stream.write_all(http::upgrade(None).as_bytes())?;
        let mut line = Self { stream, unread: Vec::new() };
        let end = loop {
            match upgraded(&line.unread)? {
                Some(end) => break end,
                None => line.fill()?,
            }
        };
        line.unread.drain(..end);
        Ok(line)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut more = [0; 4096];
        let read = self.stream.read(&mut more)?;
        if read == 0 {
            return Err(io::Error::other(
                "the server closed the connection that asks for its health",
            ));
        }
        self.unread.extend_from_slice(&more[..read]);
        Ok(())
    }

    fn say(&mut self, packet: &str) -> io::Result<()> {
        self.stream.write_all(&frame(packet.as_bytes()))
    }

    /// What follows `start` in the first message that begins with it.
    fn hear(&mut self, start: &str) -> io::Result<String> {
        loop {
            let mut rest = &self.unread[..];
            while let Some(text) = wire::next_frame(&mut rest)? {
                if let Some(heard) = text.strip_prefix(start.as_bytes()) {
                    let heard = String::from_utf8_lossy(heard).into_owned();
                    self.unread = rest.to_vec();
                    return Ok(heard);
                }
            }
            self.unread = rest.to_vec();
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn limits_that_were_not_hit_were_hit_zero_times() {
        let json = r#"{"sessions":2,"sockets":1,"rooms":0,"queued":0,"handlers":0,
            "limits":{"mailbox":3,"write_time":1},"ends":{"slow consumer":4}}"#;
        let health: Health = serde_json::from_str(json).expect("it is what the app says");
        assert_eq!((health.hits("mailbox"), health.hits("acks")), (3, 0));
        assert_eq!(health.all_hits(), "mailbox 3, write_time 1");
        assert_eq!((health.ended("slow consumer"), health.ended("ping timeout")), (4, 0));
        assert_eq!(health.all_ends(), "slow consumer 4");
        assert!(!health.is_empty());
    }
}
