//! The ids of a connection and of its sockets, made from entropy that is handed in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

/// How many random bytes an id is made of: 120 bits, which base64 carries without a rest.
pub const ENTROPY_BYTES: usize = 15;

const TEXT_LEN: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Id([u8; TEXT_LEN]);

impl Id {
    fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        let mut text = [0; TEXT_LEN];
        let written = URL_SAFE_NO_PAD.encode_slice(entropy, &mut text);
        debug_assert_eq!(written, Ok(TEXT_LEN));
        Self(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; TEXT_LEN] = text.as_bytes().try_into().ok()?;
        let valid = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        valid.then_some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is 20 characters of base64url")
    }
}

/// The id of an Engine.IO session, 20 characters of base64url.
///
/// It is a bearer token: whoever knows it may read and write the session over polling. It
/// therefore has no `Display` and its `Debug` shows nothing of it; `as_str` is for the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid(Id);

impl Sid {
    /// Makes an id of 120 bits that must be unpredictable and never used for anything else.
    pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self(Id::from_entropy(entropy))
    }

    /// Reads an id from a request; `None` if it cannot be one that klatch made.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text).map(Self)
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid(..)")
    }
}

/// What a client proves with that it is the one that was connected before: 20 characters of
/// base64url, told to that client alone.
///
/// It is a bearer token as [`Sid`] is: whoever has it may take the socket's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(Id);

impl Pid {
    /// Makes an id of 120 bits that must be unpredictable and never used for anything else.
    pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self(Id::from_entropy(entropy))
    }

    /// Reads an id from what a client presents; `None` if it cannot be one that klatch made.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text).map(Self)
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid(..)")
    }
}

/// The public id of a socket: one client in one namespace. 20 characters of base64url.
///
/// Never equal to, nor derived from, the [`Sid`] of the connection beneath it, and different in
/// each namespace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(Id);

impl SocketId {
    /// Makes an id of 120 bits that must be unpredictable and never used for anything else.
    pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self(Id::from_entropy(entropy))
    }

    /// Reads an id, from a client's message say; `None` if it cannot be one that klatch made.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text).map(Self)
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// The name of the room that only this socket is in.
impl From<SocketId> for Box<str> {
    fn from(id: SocketId) -> Self {
        id.as_str().into()
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({})", self.as_str())
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_twenty_characters_of_base64url_and_reads_back() {
        let id = SocketId::from_entropy([0xfb; ENTROPY_BYTES]);
        assert_eq!(id.as_str(), "-_v7-_v7-_v7-_v7-_v7");
        assert_eq!(SocketId::parse(id.as_str()), Some(id));
        assert_eq!(id.as_ref(), id.as_str());
        assert_eq!(Box::<str>::from(id), id.as_str().into());
        assert_eq!(format!("{id:?}"), "SocketId(-_v7-_v7-_v7-_v7-_v7)");

        let pid = Pid::from_entropy([0xfb; ENTROPY_BYTES]);
        assert_eq!(Pid::parse(id.as_str()), Some(pid));
    }

    #[test]
    fn what_cannot_be_an_id_is_not_one() {
        for text in ["", "short", "__proto__", "twenty characters !!", "-_v7-_v7-_v7-_v7-_v7-"] {
            assert_eq!(Sid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_session_id_is_not_shown() {
        assert_eq!(format!("{:?}", Sid::from_entropy([1; ENTROPY_BYTES])), "Sid(..)");
        assert_eq!(format!("{:?}", Pid::from_entropy([1; ENTROPY_BYTES])), "Pid(..)");
    }
}
