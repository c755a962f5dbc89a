//! Answers made smaller for clients that take them so (RFC 9110, sections 8.4 and 12.5.3).

use std::future::poll_fn;
use std::io::Write as _;
use std::task::Poll;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::{HeaderMap, HeaderValue, header};

/// How much is compressed before others get their turn: less than a millisecond's work.
const PIECE: usize = 16 * 1024;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    /// zlib's format, whatever its name says.
    Deflate,
}

impl Coding {
    /// In the order in which they are preferred where the client has no preference.
    const ALL: [Self; 2] = [Self::Gzip, Self::Deflate];

    fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// What a client with these headers likes best; `None` if it takes none.
    pub(super) fn negotiated(headers: &HeaderMap) -> Option<Self> {
        let lists = headers.get_all(header::ACCEPT_ENCODING).into_iter();
        let offers = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
        let offers: Vec<_> = offers.map(offer).collect();
        let find = |name: &str| {
            let at = offers.iter().position(|(offer, _)| offer.eq_ignore_ascii_case(name))?;
            // The heaviest, then the first, comes first in order.
            Some((std::cmp::Reverse(offers[at].1), at))
        };
        let weighed = Self::ALL.into_iter().filter_map(|coding| {
            let rank = find(coding.as_str()).or_else(|| find("*"))?;
            (rank.0.0 > 0).then_some((rank, coding))
        });
        weighed.min_by_key(|(rank, _)| *rank).map(|(_, coding)| coding)
    }

    /// Says so in the headers of an answer.
    pub(super) fn declare(self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(self.as_str()));
    }

    /// A body in this coding.
    pub(super) fn compress_at_once(self, body: &[u8]) -> Bytes {
        let mut encoder = Encoder::new(self, body.len());
        encoder.write(body);
        encoder.finish()
    }

    /// A body in this coding, made a piece after the other.
    pub(super) async fn compress(self, body: &[u8]) -> Bytes {
        let mut encoder = Encoder::new(self, body.len());
        for piece in body.chunks(PIECE) {
            encoder.write(piece);
            let mut yielded = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut yielded, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        encoder.finish()
    }
}

/// The name and the weight, in thousandths, of one coding that a client takes.
fn offer(text: &str) -> (&str, u16) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let thousandths = weight.map_or(1000, |weight| {
        // What is no number is no wish.
        let weight = weight.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0);
        #[expect(clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
        let thousandths = (weight * 1000.0) as u16;
        thousandths
    });
    (name.trim(), thousandths)
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding, length: usize) -> Self {
        let (room, level) = (Vec::with_capacity(length / 4), Compression::default());
        match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(room, level)),
            Coding::Deflate => Self::Deflate(ZlibEncoder::new(room, level)),
        }
    }

    fn write(&mut self, piece: &[u8]) {
        let written = match self {
            Self::Gzip(encoder) => encoder.write_all(piece),
            Self::Deflate(encoder) => encoder.write_all(piece),
        };
        written.expect("a Vec takes it");
    }

    fn finish(self) -> Bytes {
        let finished = match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
        };
        Bytes::from(finished.expect("a Vec takes it"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::{GzDecoder, ZlibDecoder};
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn the_client_chooses() {
        let (gzip, deflate) = (Some(Coding::Gzip), Some(Coding::Deflate));
        for (accepted, coding) in [
            (&[][..], None),
            (&[""], None),
            (&["identity"], None),
            (&["br, zstd"], None),
            (&["gzip, deflate, br"], gzip),
            (&["GZip"], gzip),
            (&["deflate, gzip"], deflate),
            (&["gzip;q=0.5, deflate"], deflate),
            (&["gzip;q=0.5, deflate;q=0.5"], gzip),
            (&["gzip ; q=0 , deflate ; q=0.001"], deflate),
            (&["*"], gzip),
            (&["*;q=0.1, gzip;q=0"], deflate),
            (&["gzip;q=0"], None),
            (&["*;q=0"], None),
            (&["gzip;q=x"], None),
            (&["br", "deflate"], deflate),
        ] {
            let mut headers = HeaderMap::new();
            for value in accepted {
                let value = HeaderValue::from_static(value);
                headers.append(header::ACCEPT_ENCODING, value);
            }
            assert_eq!(Coding::negotiated(&headers), coding, "{accepted:?}");
        }
    }

    #[test]
    fn what_is_compressed_reads_back() {
        for body in [&b""[..], b"hello", &b"klatch ".repeat(20_000)] {
            let packed = block_on(Coding::Gzip.compress(body));
            let mut read = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut read).expect("it is gzip");
            assert_eq!(read, body);
            let packed = block_on(Coding::Deflate.compress(body));
            read.clear();
            ZlibDecoder::new(&packed[..]).read_to_end(&mut read).expect("it is zlib");
            assert_eq!(read, body);
        }
    }
}
