//! An HTTP/1.1 client that keeps its connection: one request at a time, as the transports need it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use klatch_core::Timestamp;
use klatch_driver::Runtime as _;

use crate::network::Host;
use crate::runtime::Runtime;
use crate::stream::Stream;

/// How long a connection may lie idle and be used again. Servers wait longer before they close one.
const KEEP: Duration = Duration::from_secs(5);

/// Bytes that are read at once.
const CHUNK: usize = 1024;

/// Where requests go, and what all of them have in common.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) runtime: Runtime,
    pub(super) host: Host,
    pub(super) address: SocketAddr,
    pub(super) path: String,
    /// What the query says beside the protocol's own.
    pub(super) query: String,
    /// Header lines, each with its end.
    pub(super) headers: String,
}

/// One connection at a time.
pub(super) struct Http {
    server: Server,
    idle: Option<(Stream, Timestamp)>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Http {
    pub(super) fn new(server: Server) -> Self {
        Self { server, idle: None }
    }

    /// Sends a request and reads its answer.
    pub(super) async fn exchange(
        &mut self,
        method: &str,
        query: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let now = self.server.runtime.now();
        let mut stream = match self.idle.take() {
            Some((stream, since)) if now - since < KEEP => stream,
            _ => self.server.host.connect(self.server.address).await?,
        };
        let head = self.server.head(method, query, &format!("content-length: {}\r\n", body.len()));
        stream.write_all((head + body).as_bytes()).await?;
        let (answer, rest) = read_answer(&mut stream).await?;
        if rest.is_empty() {
            self.idle = Some((stream, self.server.runtime.now()));
        }
        Ok(answer)
    }
}

impl Server {
    fn head(&self, method: &str, query: &str, headers: &str) -> String {
        let Self { address, path, query: also, headers: own, .. } = self;
        format!(
            "{method} {path}?EIO=4&{query}{also} HTTP/1.1\r\nhost: {address}\r\n{own}{headers}\r\n"
        )
    }

    /// A connection that has become a WebSocket, and what came behind the answer.
    pub(super) async fn switch(&self, query: &str) -> io::Result<(Stream, Vec<u8>)> {
        let mut stream = self.host.connect(self.address).await?;
        // Any key is as good as another, and the same one every time keeps runs the same.
        let head = self.head(
            "GET",
            query,
            "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        );
        stream.write_all(head.as_bytes()).await?;
        let (answer, rest) = read_answer(&mut stream).await?;
        if answer.status != 101 {
            return Err(io::Error::other(format!("no WebSocket: {}", answer.status)));
        }
        Ok((stream, rest))
    }
}

/// An answer, and what came behind it.
async fn read_answer(stream: &mut Stream) -> io::Result<(Answer, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(stream, &mut read).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no status line"))?;
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let length = fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    while read.len() < end + length {
        read_more(stream, &mut read).await?;
    }
    let rest = read.split_off(end + length);
    Ok((Answer { status, body: read.split_off(end) }, rest))
}

async fn read_more(stream: &mut Stream, read: &mut Vec<u8>) -> io::Result<()> {
    let before = read.len();
    read.resize(before + CHUNK, 0);
    let length = stream.read(&mut read[before..]).await?;
    read.truncate(before + length);
    if length == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
