//! What is kept of the request that opened a connection.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::SystemTime;

use http::Extensions;

/// The request that opened a connection.
///
/// It is copied out of the HTTP library's buffer, into one allocation: a slice of that buffer
/// would keep all of it alive as long as the connection.
#[derive(Debug)]
pub struct Handshake {
    /// Path and query, then one line per header: its name, NUL, its value.
    text: Box<str>,
    address: Option<SocketAddr>,
    time: SystemTime,
    extensions: Extensions,
}

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
        time: SystemTime,
        kept: &[Keep],
    ) -> Self {
        let url = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut text = String::with_capacity(512);
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
        self.text.split('\n').next().unwrap_or_default()
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

    /// When the request came, by the runtime's time of day.
    pub const fn time(&self) -> SystemTime {
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_decoded() {
        let request = http::Request::builder().uri("/socket.io/?EIO=4&%26a=%26%3D%3F+a&b&c=1&c=2");
        let request = request.body(()).expect("a request");
        let handshake = Handshake::new(&request, None, SystemTime::UNIX_EPOCH, &[]);
        let pairs: Vec<_> = handshake.query_pairs().collect();
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(pairs, [("EIO", "4"), ("&a", "&=? a"), ("b", ""), ("c", "1"), ("c", "2")]);
        assert_eq!(handshake.query_value("&a").as_deref(), Some("&=? a"));
        assert_eq!(handshake.query_value("c").as_deref(), Some("1"));
        assert_eq!(handshake.query_value("C"), None);
    }
}
