//! Bytes to send and the bytes that must come for them, as lines of text.
//!
//! ```text
//! # A comment.
//! ada opens                a connection
//! ada > GET / HTTP/1.1\r\n sends bytes, escaped as in Rust
//! ada < HTTP/1.1 200 OK    reads as many bytes, which must be these
//! ada => 2probe            sends a WebSocket message of text
//! ada <= 3probe            reads one, in one frame
//! ada ends                 reads the end of the connection, and nothing before it
//! 25s pass                 lets time pass
//! the server closes
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::bed::{Address, Bed};
use crate::runtime::Stream;
use crate::server::Server;

/// Plays a script to a server of [`Bed::serve_known`].
pub(super) async fn play(bed: &Bed, server: &Server, address: Address<'_>, script: &str) {
    let mut stage = Stage { bed, server, address, streams: BTreeMap::new() };
    for (number, line) in script.lines().enumerate() {
        if !line.is_empty() && !line.starts_with('#') {
            stage.step(&format!("line {}", number + 1), line).await;
        }
    }
    assert!(stage.streams.is_empty(), "every connection's end is told");
}

struct Stage<'a, 'b> {
    bed: &'b Bed,
    server: &'a Server,
    address: Address<'b>,
    streams: BTreeMap<&'a str, Box<dyn Stream>>,
}

impl<'a> Stage<'a, '_> {
    async fn step(&mut self, at: &str, line: &'a str) {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        match (word(), word(), word()) {
            (name, "opens", "") => {
                let stream = self.address.connect().await.expect("the server listens");
                assert!(self.streams.insert(name, stream).is_none(), "{at}: {name} is open");
            }
            (name, ">", bytes) => self.write(name, &unescaped(bytes)).await,
            (name, "<", bytes) => self.read(at, name, &unescaped(bytes)).await,
            (name, "=>", text) => self.write(name, &masked(text)).await,
            (name, "<=", text) => self.read(at, name, &frame(text, 0)).await,
            (name, "ends", "") => self.ended(at, name).await,
            (seconds, "pass", "") => {
                let seconds = seconds.strip_suffix('s').and_then(|it| it.parse().ok());
                self.bed.advance(Duration::from_secs(seconds.expect("a number of seconds")));
            }
            ("the", "server", "closes") => {
                let server = self.server.clone();
                // Its end is seen by its connections'.
                drop(self.bed.spawn(async move { server.close().await }));
            }
            _ => panic!("{at}: {line} is no step"),
        }
    }

    fn stream(&mut self, name: &str) -> &mut dyn Stream {
        self.streams.get_mut(name).unwrap_or_else(|| panic!("{name} is not open"))
    }

    async fn write(&mut self, name: &str, bytes: &[u8]) {
        self.stream(name).write_all(bytes).await.expect("the server listens");
    }

    async fn read(&mut self, at: &str, name: &str, expected: &[u8]) {
        let bed = self.bed;
        let mut seen = Vec::new();
        while seen.len() < expected.len() && expected.starts_with(&seen) {
            let mut chunk = vec![0; expected.len() - seen.len()];
            let reading = self.stream(name).read(&mut chunk);
            let what = format!("{at}: what follows {:?}", escaped(&seen));
            let read = bed.soon(&what, reading).await.expect("the server answers");
            assert!(read > 0, "{at}: {name} ends after {:?}", escaped(&seen));
            seen.extend_from_slice(&chunk[..read]);
        }
        let (came, wanted) = (escaped(&seen), escaped(expected));
        assert!(came == wanted, "{at}: there came\n{came}\nnot\n{wanted}");
    }

    async fn ended(&mut self, at: &str, name: &str) {
        let mut stream = self.streams.remove(name).expect("it is open");
        let mut rest = Vec::new();
        let reading = stream.read_to_end(&mut rest);
        self.bed.soon(&format!("{at}: the end of {name}"), reading).await.expect("no reset");
        assert_eq!(escaped(&rest), "", "{at}");
    }
}

/// A text frame as a client sends it, under a mask that changes nothing (RFC 6455, section 5.3).
fn masked(text: &str) -> Vec<u8> {
    let mut bytes = frame(text, 0x80);
    bytes.splice(bytes.len() - text.len()..bytes.len() - text.len(), [0; 4]);
    bytes
}

/// A length that the next two bytes tell.
const TWO_BYTES: u8 = 0x7e;

/// A frame that is the whole of a short text message, RFC 6455, section 5.2.
fn frame(text: &str, mask_bit: u8) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match u16::try_from(text.len()).expect("a short text") {
        length @ 0..126 => bytes.push(mask_bit | length.to_be_bytes()[1]),
        length => {
            bytes.push(mask_bit | TWO_BYTES);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// `\r`, `\n`, `\\` and `\xNN` are bytes; all else stands for itself.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                u8::try_from(value.expect("two digits")).expect("two digits")
            }
            other => panic!("no escape: {other:?}"),
        });
    }
    bytes
}

/// As [`unescaped`] takes it.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => {
                let _ = write!(text, "\\x{other:02x}");
            }
        }
    }
    text
}
