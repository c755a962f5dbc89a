//! Binary messages that travel beside a packet's text.

use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

/// One binary message, shared by all who are to receive it.
///
/// On a WebSocket it is a binary frame as it stands; polling needs it in base64, which is made
/// when first asked for and then shared by all clones. Two are equal if their bytes are.
#[derive(Clone)]
pub struct Attachment(Arc<Shared>);

struct Shared {
    bytes: Bytes,
    segment: OnceLock<Bytes>,
    /// What its packet says: see [`Outgoing::uncompressed`](crate::Outgoing::uncompressed). It is kept
    /// here, where it makes no packet larger.
    compress: bool,
}

impl Attachment {
    /// An attachment of these bytes, without copying them.
    pub fn new(bytes: Bytes) -> Self {
        Self(Arc::new(Shared { bytes, segment: OnceLock::new(), compress: true }))
    }

    /// The same bytes, of a packet that is not worth compressing.
    pub(crate) fn uncompressed(&self) -> Self {
        let Shared { bytes, segment, .. } = &*self.0;
        Self(Arc::new(Shared { bytes: bytes.clone(), segment: segment.clone(), compress: false }))
    }

    /// Whether its packet is worth compressing.
    pub(crate) fn is_compressed(&self) -> bool {
        self.0.compress
    }

    /// Puts other bytes in the place of the last; copies all if somebody shares them.
    pub(crate) fn overwrite_end(&mut self, end: &[u8]) {
        let overwritten = |bytes: Bytes| {
            let mut bytes = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
            let start = bytes.len() - end.len();
            bytes[start..].copy_from_slice(end);
            bytes.freeze()
        };
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.segment.take();
            shared.bytes = overwritten(std::mem::take(&mut shared.bytes));
        } else {
            let (bytes, compress) = (overwritten(self.bytes().clone()), self.0.compress);
            *self = Self(Arc::new(Shared { bytes, segment: OnceLock::new(), compress }));
        }
    }

    /// The bytes as they are, the content of one WebSocket frame.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// The bytes as a segment of a polling payload: `b`, then standard base64 with padding.
    ///
    /// Encoded on the first call of any clone. Source: Engine.IO protocol v4, "Payload encoding".
    pub fn segment(&self) -> &Bytes {
        self.0.segment.get_or_init(|| {
            let encoded = self.0.bytes.len().div_ceil(3) * 4;
            let mut segment = String::with_capacity(1 + encoded);
            segment.push('b');
            STANDARD.encode_string(&self.0.bytes, &mut segment);
            Bytes::from(segment)
        })
    }
}

impl From<Bytes> for Attachment {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes)
    }
}

impl PartialEq for Attachment {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.bytes() == other.bytes()
    }
}

impl Eq for Attachment {}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({} bytes)", self.bytes().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_is_made_once_for_all_clones() {
        let attachment = Attachment::new(Bytes::from_static(&[1, 2, 3, 4]));
        let clone = attachment.clone();
        assert_eq!(&attachment.segment()[..], b"bAQIDBA==");
        assert_eq!(clone.segment().as_ptr(), attachment.segment().as_ptr());
    }

    #[test]
    fn equality_is_by_content_and_debug_shows_none_of_it() {
        let a = Attachment::new(Bytes::from_static(b"secret"));
        let b = Attachment::new(Bytes::copy_from_slice(b"secret"));
        assert_eq!(a, b);
        assert_ne!(a, Attachment::new(Bytes::from_static(b"public")));
        assert_eq!(format!("{a:?}"), "Attachment(6 bytes)");
    }
}
