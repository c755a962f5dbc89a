//! Clients that speak byte by byte, and as none should.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_sim::{Host, Link, Runtime, Stream};
use parking_lot::Mutex;

use super::ledger::Ledger;
use super::server::MS;

/// What breaks the rules of Engine.IO or of Socket.IO, once a client is in.
const POISON: [&str; 24] = [
    "",
    "7",
    "2",
    "x",
    "4",
    "49",
    "4x",
    "4-1",
    "42",
    "42{}",
    "42[]",
    "42[null]",
    "42[{}]",
    "42\"s\"",
    "42[1",
    "42[\"connect\"]",
    "42-1[\"a\"]",
    "42/nowhere,[\"a\"]",
    "40",
    "44{}",
    "41{}",
    "450-[\"a\"]",
    "4511-[\"a\"]",
    "1",
];

/// One of them: where it connects from and to, and who it says it is.
#[derive(Clone)]
pub(crate) struct Rogue {
    pub(crate) runtime: Runtime,
    pub(crate) host: Host,
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) life: u64,
    /// By which handlers know what it says.
    pub(crate) speaker: u64,
}

impl Rogue {
    pub(crate) fn link(below: impl FnOnce(u64) -> u64) -> Link {
        match below(4) {
            0 => Link::new().chunk(1),
            1 => Link::new().latency(Duration::ZERO..=80 * MS),
            _ => Link::new(),
        }
    }

    fn below(&self, limit: usize) -> usize {
        self.runtime.below(limit as u64) as usize
    }

    /// Does what it does, until it is done or the server will have no more of it.
    pub(crate) async fn run(self) {
        // The network may fail it, and the server ends it: both are to be expected.
        let _ = match self.below(8) {
            0 => self.polls_twice().await,
            1 => self.posts_twice().await,
            2 => self.loses_an_answer().await,
            3 => self.sends_poison_in_a_frame().await,
            4 => self.posts_poison().await,
            5 => self.drops_in_the_middle().await,
            6 => self.dawdles().await,
            _ => self.upgrades_badly().await,
        };
    }

    /// The packet by which it joins `/`.
    fn introduction(&self) -> String {
        format!("40{{\"life\":{}}}", self.life)
    }

    fn poison(&self) -> String {
        match POISON[self.below(POISON.len())] {
            // If the server has ended its socket meanwhile, it is let in by this.
            "40" => self.introduction(),
            packet => packet.to_owned(),
        }
    }

    async fn connect(&self) -> io::Result<Stream> {
        self.host.connect(self.address).await
    }

    /// Opens a session by polling and joins `/`; its id.
    async fn open(&self) -> io::Result<String> {
        let handshake = self.exchange("GET", "transport=polling", "").await?;
        let sid = handshake.body.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let sid = sid.ok_or(io::ErrorKind::InvalidData)?.to_owned();
        self.exchange("POST", &polling(&sid), &self.introduction()).await?;
        Ok(sid)
    }

    async fn exchange(&self, method: &str, query: &str, body: &str) -> io::Result<Answer> {
        let mut stream = self.connect().await?;
        stream.write_all(request(method, query, body).as_bytes()).await?;
        read_answer(&mut stream).await
    }

    /// Of two requests for what is next, one is refused, the other ended with the session; nothing is in
    /// both answers.
    async fn polls_twice(&self) -> io::Result<()> {
        let sid = self.open().await?;
        self.join_rooms(&sid).await?;
        let query = polling(&sid);
        let poll = || self.exchange("GET", &query, "");
        let (one, other) = join(poll(), poll()).await;
        let events = |answer: &io::Result<Answer>| -> Vec<String> {
            let body = answer.as_ref().map(|answer| answer.body.clone()).unwrap_or_default();
            let packets = body.split('\u{1e}').filter(|packet| packet.starts_with("42"));
            packets.map(str::to_owned).collect()
        };
        if events(&one).iter().any(|event| events(&other).contains(event)) {
            let what = format!("two polls of life {} had the same: {one:?}, {other:?}", self.life);
            self.ledger.lock().violate(what);
        }
        Ok(())
    }

    async fn posts_twice(&self) -> io::Result<()> {
        let sid = self.open().await?;
        let query = polling(&sid);
        let body = format!("42[\"join\",[[{},0],1]]", self.speaker);
        let head = request("POST", &query, &body);
        let (mut one, mut other) = (self.connect().await?, self.connect().await?);
        let cut = head.len() - 1 - self.below(body.len());
        one.write_all(&head.as_bytes()[..cut]).await?;
        self.runtime.sleep(10 * MS).await;
        other.write_all(request("POST", &query, "3").as_bytes()).await?;
        read_answer(&mut other).await?;
        one.write_all(&head.as_bytes()[cut..]).await?;
        read_answer(&mut one).await.map(drop)
    }

    /// Goes away with the answer to a poll under way.
    async fn loses_an_answer(&self) -> io::Result<()> {
        let sid = self.open().await?;
        self.join_rooms(&sid).await?;
        for _ in 0..self.below(4) {
            self.exchange("GET", &polling(&sid), "").await?;
        }
        let mut stream = self.connect().await?;
        stream.write_all(request("GET", &polling(&sid), "").as_bytes()).await?;
        self.runtime.sleep(self.below(300) as u32 * MS).await;
        if self.below(2) == 0 {
            self.host.reset();
        }
        drop(stream);
        // Nothing more comes of it, or a poll as if nothing had been.
        if self.below(2) == 0 {
            self.exchange("GET", &polling(&sid), "").await?;
        }
        Ok(())
    }

    async fn join_rooms(&self, sid: &str) -> io::Result<()> {
        let join = |nth| format!("42[\"join\",[[{},{nth}],{nth}]]", self.speaker);
        let body = [0, 1, 2].map(join).join("\u{1e}");
        self.exchange("POST", &polling(sid), &body).await.map(drop)
    }

    async fn websocket(&self, query: &str) -> io::Result<Stream> {
        let mut stream = self.connect().await?;
        let head = format!(
            "GET /socket.io/?EIO=4&{query} HTTP/1.1\r\nhost: sim\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        read_answer(&mut stream).await?;
        Ok(stream)
    }

    async fn sends_poison_in_a_frame(&self) -> io::Result<()> {
        let mut stream = self.websocket("transport=websocket").await?;
        stream.write_all(&frame(&self.introduction())).await?;
        stream.write_all(&self.speech(2)).await?;
        self.runtime.sleep(self.below(20) as u32 * MS).await;
        stream.write_all(&frame(&self.poison())).await?;
        read_to_the_end(&mut stream).await
    }

    async fn posts_poison(&self) -> io::Result<()> {
        let sid = self.open().await?;
        self.join_rooms(&sid).await?;
        self.exchange("POST", &polling(&sid), &self.poison()).await.map(drop)
    }

    /// Events of its own, in frames.
    fn speech(&self, events: usize) -> Vec<u8> {
        let join = |nth| frame(&format!("42[\"join\",[[{},{nth}],{nth}]]", self.speaker));
        (0..events).flat_map(join).collect()
    }

    /// Breaks off at some byte of what it has to say: only what was whole is heard.
    async fn drops_in_the_middle(&self) -> io::Result<()> {
        let mut stream = self.websocket("transport=websocket").await?;
        let connect = frame(&self.introduction());
        let all = [connect.clone(), self.speech(5)].concat();
        let cut = self.below(all.len() + 1);
        stream.write_all(&all[..cut]).await?;
        let whole = cut.saturating_sub(connect.len()) / self.speech(1).len();
        if self.below(2) == 0 {
            self.runtime.sleep(self.below(20) as u32 * MS).await;
            self.host.reset();
        }
        drop(stream);
        self.runtime.sleep(1_000 * MS).await;
        let mut ledger = self.ledger.lock();
        let heard = ledger.heard_of(self.speaker);
        if heard > whole as u64 {
            ledger
                .violate(format!("life {} said {whole} events, and {heard} were heard", self.life));
        }
        Ok(())
    }

    /// Says half of something, and waits for what comes of it.
    async fn dawdles(&self) -> io::Result<()> {
        let head = request("GET", "transport=polling", "");
        let mut stream = self.connect().await?;
        stream.write_all(&head.as_bytes()[..self.below(head.len())]).await?;
        read_to_the_end(&mut stream).await
    }

    async fn upgrades_badly(&self) -> io::Result<()> {
        let sid = self.open().await?;
        self.join_rooms(&sid).await?;
        let mut stream = self.websocket(&format!("transport=websocket&sid={sid}")).await?;
        let words: &[&str] = match self.below(5) {
            0 => &["5"],
            1 => &["garbage"],
            2 => &["2probe"],
            3 => &["2probe", "2probe", "5"],
            _ => &["2probe", "5", "5"],
        };
        for word in words {
            stream.write_all(&frame(word)).await?;
            self.runtime.sleep(self.below(20) as u32 * MS).await;
        }
        let query = polling(&sid);
        let poll = self.exchange("GET", &query, "");
        let _ = join(poll, read_to_the_end(&mut stream)).await;
        Ok(())
    }
}

fn polling(sid: &str) -> String {
    format!("transport=polling&sid={sid}")
}

fn request(method: &str, query: &str, body: &str) -> String {
    format!(
        "{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A frame of text, whose mask changes nothing.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[derive(Debug)]
struct Answer {
    body: String,
}

async fn read_answer(stream: &mut Stream) -> io::Result<Answer> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Ok(Answer { body: body.to_owned() });
            }
        }
        let mut bytes = [0; 1024];
        match stream.read(&mut bytes).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => read.extend_from_slice(&bytes[..length]),
        }
    }
}

async fn read_to_the_end(stream: &mut Stream) -> io::Result<()> {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}
