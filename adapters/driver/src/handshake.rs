//! What is kept of the request that opened a connection.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use http::Extensions;

/// What [`Handshake::text`] begins with.
const OVER_TLS: char = 's';
const IN_THE_CLEAR: char = ' ';

/// The request that opened a connection.
///
/// It is copied out of the HTTP library's buffer, into one allocation: a slice of that buffer
/// would keep all of it alive as long as the connection.
///
/// `Debug` shows path, address, time, and whether it came over TLS: query and headers are where tokens
/// and cookies are.
pub struct Handshake {
    /// A character for [`is_secure`](Self::is_secure), path and query, then one line per header: its
    /// name, NUL, its value.
    text: Box<str>,
    address: Option<SocketAddr>,
    time: SystemTime,
    extensions: Extensions,
}

/// Among the extensions of a request, it says that the request came over TLS: see
/// [`Handshake::is_secure`]. For hosts that serve both, and for those behind a proxy whose
/// `X-Forwarded-Proto` they trust.
#[derive(Clone, Copy, Debug)]
pub struct Secure;

/// Copies one type of extension from a request.
pub(crate) type Keep = fn(&Extensions, &mut Extensions);

/// The [`Keep`] of a type.
pub(crate) fn keep<T: Clone + Send + Sync + 'static>(from: &Extensions, to: &mut Extensions) {
    if let Some(extension) = from.get::<T>() {
        to.insert(extension.clone());
    }
}

impl Handshake {
    pub(crate) fn new<B>(
        request: &http::Request<B>,
        address: Option<SocketAddr>,
        secure: bool,
        time: SystemTime,
        kept: &[Keep],
    ) -> Self {
        let url = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut text = String::with_capacity(512);
        text.push(if secure { OVER_TLS } else { IN_THE_CLEAR });
        text.push_str(url);
        for (name, value) in request.headers() {
            text.push('\n');
            text.push_str(name.as_str());
            text.push('\0');
            text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        let mut extensions = Extensions::new();
        for keep in kept {
            keep(request.extensions(), &mut extensions);
        }
        Self { text: text.into_boxed_str(), address, time, extensions }
    }

    /// Path and query, as the client sent them.
    pub fn url(&self) -> &str {
        self.text.split('\n').next().and_then(|line| line.get(1..)).unwrap_or_default()
    }

    /// The query without its `?`, as the client sent it.
    pub fn query(&self) -> &str {
        self.url().split_once('?').map_or("", |(_, query)| query)
    }

    /// The query's keys and values, decoded, in the order in which they came; a key may come twice.
    /// Node's `handshake.query`, with what Engine.IO itself puts there: `EIO`, `transport`, `t`.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().as_bytes())
    }

    /// The first value of this key in the query, decoded.
    pub fn query_value(&self, key: &str) -> Option<Cow<'_, str>> {
        self.query_pairs().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    /// The headers in the order in which they came; names in lower case. A value that is not
    /// UTF-8 shows replacement characters.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.split('\n').skip(1).filter_map(|line| line.split_once('\0'))
    }

    /// The first header of this name, whatever the case of its letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What a layer of the host put among the request's extensions, if the server was told to keep
    /// it: [`Builder::keep`](crate::Builder::keep).
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// The address at the other end of the TCP connection: a proxy's, if there is one between.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether it came over TLS, as far as the host says so: by [`Endpoint::secure`],
    /// [`Bound::secure`], or [`Secure`] among the request's extensions. klatch itself listens in the
    /// clear. Node's `handshake.secure`.
    ///
    /// [`Endpoint::secure`]: crate::Endpoint::secure
    /// [`Bound::secure`]: crate::Bound::secure
    pub fn is_secure(&self) -> bool {
        self.text.starts_with(OVER_TLS)
    }

    /// Whether a browser says which page sent it: it has an `Origin`, be it the server's own. Node's
    /// `handshake.xdomain`.
    pub fn is_cross_domain(&self) -> bool {
        self.header("origin").is_some()
    }

    /// When the request came, by the runtime's time of day. Node's `handshake.time`.
    pub const fn time(&self) -> SystemTime {
        self.time
    }

    /// [`time`](Self::time) as milliseconds since 1970. Node's `handshake.issued`.
    pub fn issued(&self) -> u64 {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("path", &self.url().split('?').next().unwrap_or_default())
            .field("address", &self.address)
            .field("secure", &self.is_secure())
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn handshake(uri: &str, origin: bool, secure: bool) -> Handshake {
        let mut request = http::Request::get(uri).header("x-a", "1").header("x-b", "2");
        if origin {
            request = request.header("origin", "https://page.example");
        }
        let request = request.body(()).expect("a request");
        let time = UNIX_EPOCH + Duration::from_millis(1_234_567_890_123);
        Handshake::new(&request, None, secure, time, &[])
    }

    #[test]
    fn it_has_what_nodes_has() {
        for secure in [false, true] {
            for origin in [false, true] {
                let handshake = handshake("/socket.io/?EIO=4&a=b", origin, secure);
                assert_eq!(handshake.url(), "/socket.io/?EIO=4&a=b");
                assert_eq!(handshake.query(), "EIO=4&a=b");
                assert_eq!(handshake.header("X-B"), Some("2"));
                assert_eq!(handshake.headers().count(), 2 + usize::from(origin));
                assert_eq!(handshake.is_cross_domain(), origin);
                assert_eq!(handshake.is_secure(), secure);
                assert_eq!(handshake.issued(), 1_234_567_890_123);
            }
        }
    }

    #[test]
    fn the_query_is_decoded() {
        let uri = "/socket.io/?EIO=4&%26a=%26%3D%3F+a&b&c=1&c=2&bad=%FF%zz";
        let handshake = handshake(uri, false, false);
        let pairs: Vec<_> = handshake.query_pairs().collect();
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(
            pairs,
            [
                ("EIO", "4"),
                ("&a", "&=? a"),
                ("b", ""),
                ("c", "1"),
                ("c", "2"),
                ("bad", "\u{fffd}%zz")
            ]
        );
        assert_eq!(handshake.query_value("&a").as_deref(), Some("&=? a"));
        assert_eq!(handshake.query_value("c").as_deref(), Some("1"));
        assert_eq!(handshake.query_value("C"), None);
    }

    #[test]
    fn debug_shows_no_secrets() {
        let request = http::Request::get("/socket.io/?EIO=4&token=SECRET")
            .header("cookie", "io=SECRET")
            .header("authorization", "Bearer SECRET")
            .body(())
            .expect("a request");
        let address = Some(SocketAddr::from(([192, 0, 2, 7], 80)));
        let shown = format!("{:?}", Handshake::new(&request, address, true, UNIX_EPOCH, &[]));
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(shown.contains("/socket.io/") && shown.contains("192.0.2.7"), "{shown}");
    }

    #[test]
    fn it_is_as_small_as_its_parts() {
        let parts = size_of::<(Box<str>, Option<SocketAddr>, SystemTime, Extensions)>();
        assert_eq!(size_of::<Handshake>(), parts);
    }
}
