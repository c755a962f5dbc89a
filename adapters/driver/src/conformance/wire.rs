//! An HTTP/1.1 client that sends what it is told and reads one answer at a time.

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::bed::{Address, Clock};
use crate::runtime::Stream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body, if it is text.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of a header, one after the other.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let named = fields.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value).collect()
    }

    /// The session's id in a handshake.
    pub(crate) fn sid(&self) -> String {
        let sid = self.body.strip_prefix("0{\"sid\":\"").and_then(|rest| rest.split('"').next());
        sid.unwrap_or_else(|| panic!("no handshake: {self:?}")).to_owned()
    }
}

/// One TCP connection.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    clock: Clock,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(address: Address<'_>) -> Self {
        let stream = address.connect().await.expect("the server listens");
        Self { stream, clock: address.clock(), unread: Vec::new() }
    }

    /// Sends bytes as they stand.
    pub(crate) async fn write(&mut self, bytes: &str) {
        // A server that has refused the request may have closed its side already.
        let _ = self.stream.write_all(bytes.as_bytes()).await;
    }

    /// Reads an answer to a request that was not HEAD.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.clock.clone().soon("an answer", self.read_answer(true)).await
    }

    /// Reads an answer that has no body whatever its head says.
    pub(crate) async fn answer_to_head(&mut self) -> Answer {
        self.clock.clone().soon("an answer", self.read_answer(false)).await
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ =
            self.clock.soon("the end of the connection", self.stream.read_to_end(&mut rest)).await;
    }

    /// Sends bytes that are no text.
    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) {
        // A server that has refused the request may have closed its side already.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads so many bytes, as they stand.
    pub(crate) async fn read(&mut self, bytes: usize) -> Vec<u8> {
        while self.unread.len() < bytes {
            self.clock.clone().soon("bytes", self.read_more()).await;
        }
        self.unread.drain(..bytes).collect()
    }

    async fn read_answer(&mut self, has_body: bool) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.read_more().await;
        };
        let head = String::from_utf8(self.unread.drain(..end + 4).collect()).expect("ASCII");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.expect("a status line");
        let mut answer = Answer { status, head, body: String::new(), bytes: Vec::new() };
        let length = answer.header("content-length").map_or(0, |n| n.parse().expect("a length"));
        let length: usize = if has_body { length } else { 0 };
        while self.unread.len() < length {
            self.read_more().await;
        }
        answer.bytes = self.unread.drain(..length).collect();
        answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        answer
    }

    async fn read_more(&mut self) {
        let mut chunk = [0; 4096];
        let read = self.stream.read(&mut chunk).await.expect("the server answers");
        assert!(read > 0, "closed before the answer: {:?}", String::from_utf8_lossy(&self.unread));
        self.unread.extend_from_slice(&chunk[..read]);
    }
}

/// The head of a request to the server's path, with these further header lines.
pub(crate) fn head(method: &str, query: &str, headers: &[&str]) -> String {
    let mut head = format!("{method} /socket.io/?{query} HTTP/1.1\r\nhost: localhost\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head + "\r\n"
}

/// A POST with its body.
pub(crate) fn post(query: &str, body: &str) -> String {
    head("POST", query, &[&format!("content-length: {}", body.len())]) + body
}

/// One request on a connection of its own.
pub(crate) async fn request(address: Address<'_>, request: &str) -> Answer {
    let mut wire = Wire::open(address).await;
    wire.write(request).await;
    wire.answer().await
}

/// A session over polling: the query that names it.
pub(crate) async fn open(address: Address<'_>) -> String {
    let answer = request(address, &head("GET", "EIO=4&transport=polling", &[])).await;
    format!("EIO=4&transport=polling&sid={}", answer.sid())
}
