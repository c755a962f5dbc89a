//! From MessagePack to JSON: one pass, and no recursion.

use bytes::Bytes;
use serde::Serialize;

use super::{NOTEPACK, TIMESTAMP, date};
use crate::attachment::Attachment;
use crate::json::{ESCAPED_PLACEHOLDER, MAX_DEPTH, PLACEHOLDER, write_string};
use crate::packet::PacketError;

/// `undefined`, but for the byte behind it.
const UNDEFINED: [u8; 2] = [0xd4, NOTEPACK as u8];

/// A position in a message, and the JSON of what was read.
///
/// The JSON has at most six bytes for each of the message, and forty for each attachment. Lengths
/// are the client's word: nothing is reserved for what has not been seen.
pub(crate) struct Reader<'a> {
    message: &'a Bytes,
    position: usize,
    json: Vec<u8>,
    attachments: Vec<Attachment>,
    /// The arrays and maps that are open.
    levels: Vec<Level>,
    /// Where the member begins that is being read, its comma included.
    member: usize,
    max_depth: usize,
    max_attachments: usize,
}

struct Level {
    is_map: bool,
    /// Elements or members still to come.
    left: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of a message; a `max_depth` above [`MAX_DEPTH`] counts as that.
    pub(crate) fn new(message: &'a Bytes, max_depth: usize, max_attachments: usize) -> Self {
        Self {
            message,
            position: 0,
            json: Vec::new(),
            attachments: Vec::new(),
            levels: Vec::new(),
            member: 0,
            max_depth: max_depth.min(MAX_DEPTH),
            max_attachments,
        }
    }

    /// The JSON so far, and the attachments of its placeholders.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<Attachment>) {
        (self.json, self.attachments)
    }

    /// Checks that nothing is left.
    pub(crate) fn end(&self) -> Result<(), PacketError> {
        if self.position == self.message.len() { Ok(()) } else { Err(PacketError::IllegalMsgpack) }
    }

    /// Reads the head of a map: how many members it claims to have.
    pub(crate) fn map(&mut self) -> Result<usize, PacketError> {
        match self.byte()? {
            first @ 0x80..=0x8f => Ok(usize::from(first & 0x0f)),
            0xde => self.length(2),
            0xdf => self.length(4),
            _ => Err(PacketError::IllegalMsgpack),
        }
    }

    /// Reads the head of an array, if one comes next: how many elements it claims to have.
    pub(crate) fn array(&mut self) -> Result<Option<usize>, PacketError> {
        let length = match self.peek() {
            Some(first @ 0x90..=0x9f) => usize::from(first & 0x0f),
            Some(0xdc) => 2,
            Some(0xdd) => 4,
            _ => return Ok(None),
        };
        match self.byte()? {
            0x90..=0x9f => Ok(Some(length)),
            _ => self.length(length).map(Some),
        }
    }

    /// Whether a map comes next.
    pub(crate) fn is_at_map(&self) -> bool {
        matches!(self.peek(), Some(0x80..=0x8f | 0xde | 0xdf))
    }

    /// Reads a string, of which nothing gets into the JSON.
    pub(crate) fn string(&mut self) -> Result<&'a str, PacketError> {
        let length = match self.byte()? {
            first @ 0xa0..=0xbf => usize::from(first & 0x1f),
            0xd9 => self.length(1)?,
            0xda => self.length(2)?,
            0xdb => self.length(4)?,
            _ => return Err(PacketError::IllegalMsgpack),
        };
        self.text(length)
    }

    /// Reads `nil` or `undefined` if one comes next.
    pub(crate) fn nothing(&mut self) -> bool {
        let rest = &self.message[self.position..];
        let length = match rest {
            [0xc0, ..] => 1,
            [first, second, _, ..] if [*first, *second] == UNDEFINED => 3,
            _ => return false,
        };
        self.position += length;
        true
    }

    /// Reads a value, and forgets it but for its JSON, which is returned.
    pub(crate) fn aside(&mut self) -> Result<Vec<u8>, PacketError> {
        let (start, attachments) = (self.json.len(), self.attachments.len());
        self.value()?;
        self.attachments.truncate(attachments);
        Ok(self.json.split_off(start))
    }

    /// Reads the `count` elements of an array, with commas between them; where the first ends.
    pub(crate) fn elements(&mut self, count: usize) -> Result<usize, PacketError> {
        self.open(false, count)?;
        let mut first = self.json.len();
        for nth in 0..count {
            if nth > 0 {
                self.json.push(b',');
            }
            self.value()?;
            if nth == 0 {
                first = self.json.len();
            }
        }
        self.levels.pop();
        Ok(first)
    }

    /// Reads one value with all that is in it.
    pub(crate) fn value(&mut self) -> Result<(), PacketError> {
        let floor = self.levels.len();
        loop {
            self.begin_value(floor)?;
            loop {
                let Some(level) = self.levels[floor..].last_mut() else { return Ok(()) };
                let is_map = level.is_map;
                if let Some(left) = level.left.checked_sub(1) {
                    level.left = left;
                    self.begin_member(is_map)?;
                    break;
                }
                self.json.push(if is_map { b'}' } else { b']' });
                self.levels.pop();
            }
        }
    }

    /// Writes what stands before an element or a member's value.
    fn begin_member(&mut self, is_map: bool) -> Result<(), PacketError> {
        self.member = self.json.len();
        if !matches!(self.json.last(), Some(b'{' | b'[')) {
            self.json.push(b',');
        }
        if is_map {
            let key = self.string()?;
            if key.as_bytes() == PLACEHOLDER {
                self.push(ESCAPED_PLACEHOLDER);
            } else {
                write_string(&mut self.json, key);
            }
            self.json.push(b':');
        }
        Ok(())
    }

    /// Reads a scalar or the head of an array or a map, in one that is open above `floor`.
    fn begin_value(&mut self, floor: usize) -> Result<(), PacketError> {
        match self.byte()? {
            small @ 0x00..=0x7f => self.scalar(small),
            first @ 0x80..=0x8f => self.begin(true, usize::from(first & 0x0f))?,
            first @ 0x90..=0x9f => self.begin(false, usize::from(first & 0x0f))?,
            first @ 0xa0..=0xbf => self.push_text(usize::from(first & 0x1f))?,
            0xc0 => self.push(b"null"),
            0xc2 => self.push(b"false"),
            0xc3 => self.push(b"true"),
            first @ 0xc4..=0xc6 => {
                let length = self.length(1 << (first - 0xc4))?;
                self.bytes(length)?;
            }
            first @ 0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                self.extension(length)?;
            }
            0xca => {
                let bits = self.number(4)? as u32;
                self.scalar(f64::from(f32::from_bits(bits)));
            }
            0xcb => {
                let bits = self.number(8)?;
                self.scalar(f64::from_bits(bits));
            }
            first @ 0xcc..=0xcf => {
                let number = self.number(1 << (first - 0xcc))?;
                self.scalar(number);
            }
            first @ 0xd0..=0xd3 => {
                let bytes = 1 << (first - 0xd0);
                let unused = 64 - 8 * bytes as u32;
                // The sign is that of the first bit.
                let number = (self.number(bytes)? << unused).cast_signed() >> unused;
                self.scalar(number);
            }
            first @ 0xd4..=0xd8 => self.fixed_extension(1 << (first - 0xd4), floor)?,
            first @ 0xd9..=0xdb => {
                let length = self.length(1 << (first - 0xd9))?;
                self.push_text(length)?;
            }
            first @ 0xdc..=0xdd => {
                let length = self.length(2 << (first - 0xdc))?;
                self.begin(false, length)?;
            }
            first @ 0xde..=0xdf => {
                let length = self.length(2 << (first - 0xde))?;
                self.begin(true, length)?;
            }
            0xc1 => return Err(PacketError::IllegalMsgpack),
            negative @ 0xe0..=0xff => self.scalar(negative.cast_signed()),
        }
        Ok(())
    }

    fn begin(&mut self, is_map: bool, count: usize) -> Result<(), PacketError> {
        self.open(is_map, count)?;
        self.json.push(if is_map { b'{' } else { b'[' });
        Ok(())
    }

    fn open(&mut self, is_map: bool, left: usize) -> Result<(), PacketError> {
        self.check_depth()?;
        self.levels.push(Level { is_map, left });
        Ok(())
    }

    fn check_depth(&self) -> Result<(), PacketError> {
        if self.levels.len() < self.max_depth { Ok(()) } else { Err(PacketError::TooDeep) }
    }

    /// An extension whose length is told by its first byte.
    fn fixed_extension(&mut self, length: usize, floor: usize) -> Result<(), PacketError> {
        if self.peek() != Some(NOTEPACK as u8) {
            return self.extension(length);
        }
        match length {
            1 => {
                self.take(2)?;
                match self.levels[floor..].last() {
                    // As if it were not there.
                    Some(level) if level.is_map => self.json.truncate(self.member),
                    _ => self.push(b"null"),
                }
                Ok(())
            }
            8 => {
                self.byte()?;
                let millis = self.number(8)?.cast_signed();
                date::write(&mut self.json, Some(millis));
                Ok(())
            }
            _ => self.typed(length),
        }
    }

    /// An extension, from its type on.
    fn extension(&mut self, length: usize) -> Result<(), PacketError> {
        match (self.peek().map(u8::cast_signed), length) {
            (Some(NOTEPACK), _) => {
                self.byte()?;
                self.bytes(length)
            }
            (Some(TIMESTAMP), 4 | 8 | 12) => {
                self.byte()?;
                self.timestamp(length)
            }
            _ => self.typed(length),
        }
    }

    /// Source: the specification, "Timestamp extension type".
    fn timestamp(&mut self, length: usize) -> Result<(), PacketError> {
        let (nanos, seconds) = match length {
            4 => (0, self.number(4)?.cast_signed()),
            8 => {
                let both = self.number(8)?;
                (both >> 34, (both & (u64::MAX >> 30)).cast_signed())
            }
            _ => (self.number(4)?, self.number(8)?.cast_signed()),
        };
        if nanos > 999_999_999 {
            return Err(PacketError::IllegalMsgpack);
        }
        let millis = (nanos / 1_000_000).cast_signed();
        let millis = seconds.checked_mul(1000).and_then(|seconds| seconds.checked_add(millis));
        date::write(&mut self.json, millis);
        Ok(())
    }

    /// An extension that nobody knows: its type, and its bytes.
    fn typed(&mut self, length: usize) -> Result<(), PacketError> {
        let kind = self.byte()?.cast_signed();
        self.begin(false, 0)?;
        self.scalar(kind);
        self.json.push(b',');
        self.bytes(length)?;
        self.json.push(b']');
        self.levels.pop();
        Ok(())
    }

    fn bytes(&mut self, length: usize) -> Result<(), PacketError> {
        let end = self.position.checked_add(length).filter(|end| *end <= self.message.len());
        let end = end.ok_or(PacketError::IllegalMsgpack)?;
        // Whoever reads the JSON finds an object.
        self.check_depth()?;
        if self.attachments.len() >= self.max_attachments {
            return Err(PacketError::TooManyAttachments);
        }
        self.push(br#"{"_placeholder":true,"num":"#);
        self.scalar(self.attachments.len());
        self.json.push(b'}');
        self.attachments.push(Attachment::new(self.message.slice(self.position..end)));
        self.position = end;
        Ok(())
    }

    fn push_text(&mut self, length: usize) -> Result<(), PacketError> {
        let text = self.text(length)?;
        write_string(&mut self.json, text);
        Ok(())
    }

    fn push(&mut self, json: &[u8]) {
        self.json.extend_from_slice(json);
    }

    /// A number that JSON has is written as that, and any other as `null`.
    fn scalar(&mut self, number: impl Serialize) {
        serde_json::to_writer(&mut self.json, &number).expect("a Vec takes a number");
    }

    fn text(&mut self, length: usize) -> Result<&'a str, PacketError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| PacketError::IllegalMsgpack)
    }

    /// The length that stands in the next bytes.
    fn length(&mut self, bytes: usize) -> Result<usize, PacketError> {
        let length = self.number(bytes)?;
        usize::try_from(length).map_err(|_| PacketError::IllegalMsgpack)
    }

    /// The value of the next bytes, eight at most.
    fn number(&mut self, bytes: usize) -> Result<u64, PacketError> {
        let bytes = self.take(bytes)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn peek(&self) -> Option<u8> {
        self.message.get(self.position).copied()
    }

    fn byte(&mut self) -> Result<u8, PacketError> {
        let byte = self.peek().ok_or(PacketError::IllegalMsgpack)?;
        self.position += 1;
        Ok(byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PacketError> {
        let rest = &self.message[self.position..];
        let taken = rest.get(..length).ok_or(PacketError::IllegalMsgpack)?;
        self.position += length;
        Ok(taken)
    }
}
