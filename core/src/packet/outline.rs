//! What a text is made of: the grammar of packets, read from left to right. Nothing is cut out yet.

use std::ops::Range;

use super::{AckId, DecoderLimits, PacketError};
use crate::json::{Scanner, plain};

/// Where the parts of a packet's text are.
pub(crate) struct Outline {
    /// How many attachments follow.
    pub(crate) announced: usize,
    /// The namespace's name; `None` is `/`.
    pub(super) namespace: Option<Range<usize>>,
    pub(crate) body: Parts,
}

/// Where the parts of its body are.
pub(crate) enum Parts {
    Connect {
        /// One object, or nothing.
        auth: Range<usize>,
    },
    Disconnect,
    Event {
        /// A JSON string with its quotes, or a number.
        name: Range<usize>,
        /// The name has escapes.
        escaped: bool,
        args: Range<usize>,
        ack: Option<AckId>,
    },
    Ack {
        id: AckId,
        args: Range<usize>,
    },
    StrayAck,
}

impl Outline {
    #[inline]
    pub(super) fn read(text: &[u8], limits: &DecoderLimits) -> Result<Self, PacketError> {
        Reader { text, limits, position: 0 }.packet()
    }

    /// Name and arguments of what nearly all messages are: an event for `/` that asks for no answer, has
    /// arguments, and a name with nothing to escape. It is one if this finds it, and [`read`](Self::read)
    /// finds the same; if not, that is to be asked.
    #[inline]
    pub(super) fn plain_event(
        text: &[u8],
        limits: &DecoderLimits,
    ) -> Option<(Range<usize>, Range<usize>)> {
        const NAME: &[u8] = br#"2[""#;
        let rest = text.strip_prefix(NAME)?;
        let name = NAME.len()..NAME.len() + plain(rest)?;
        let rest = text[name.end..].strip_prefix(br#"","#)?;
        let at = text.len() - rest.len();
        let mut scanner = Scanner::inside_array(rest, limits.json_depth)?;
        // A comma has an argument behind it.
        if scanner.peek() == Some(b']') {
            return None;
        }
        let args = scanner.rest_of_array().ok()?;
        scanner.end().ok()?;
        Some((name, at + args.start..at + args.end))
    }

    /// The namespace's name, in the text that this is the outline of.
    pub(crate) fn namespace<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        self.namespace.clone().map_or(b"/", |name| &text[name])
    }
}

struct Reader<'a> {
    text: &'a [u8],
    limits: &'a DecoderLimits,
    position: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    fn packet(mut self) -> Result<Outline, PacketError> {
        let kind = *self.rest().first().ok_or(PacketError::UnknownType)?;
        self.position += 1;
        let announced = match kind {
            b'5' | b'6' => Some(self.attachments()?),
            b'0'..=b'3' => None,
            b'4' => return Err(PacketError::ConnectErrorFromClient),
            _ => return Err(PacketError::UnknownType),
        };
        let namespace = self.namespace()?;
        let body = match kind {
            b'0' => self.connect()?,
            b'1' if self.rest().is_empty() => Parts::Disconnect,
            b'1' => return Err(PacketError::IllegalPayload),
            b'2' | b'5' => self.event(announced)?,
            _ => self.ack(announced)?,
        };
        Ok(Outline { announced: announced.unwrap_or(0), namespace, body })
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.position..]
    }

    fn digits(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.position += digits;
        &rest[..digits]
    }

    fn attachments(&mut self) -> Result<usize, PacketError> {
        let digits = self.digits();
        if digits.is_empty() || self.rest().first() != Some(&b'-') {
            return Err(PacketError::IllegalAttachments);
        }
        self.position += 1;
        number(digits)
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count <= self.limits.attachments)
            .ok_or(PacketError::TooManyAttachments)
    }

    fn namespace(&mut self) -> Result<Option<Range<usize>>, PacketError> {
        let rest = self.rest();
        if rest.first() != Some(&b'/') {
            return Ok(None);
        }
        // Without a comma the name takes all that is left, as it does in Node.
        let comma = rest.iter().position(|b| *b == b',');
        let length = comma.unwrap_or(rest.len());
        if length > self.limits.namespace {
            return Err(PacketError::NamespaceTooLong);
        }
        let start = self.position;
        self.position += length + usize::from(comma.is_some());
        Ok(Some(start..start + length))
    }

    #[expect(clippy::inline_always, reason = "hardly any event has one")]
    #[inline(always)]
    fn ack_id(&mut self) -> Result<Option<AckId>, PacketError> {
        if !self.rest().first().is_some_and(u8::is_ascii_digit) {
            return Ok(None);
        }
        let digits = self.digits();
        let id = number(digits).ok_or(PacketError::IllegalAckId)?;
        Ok(Some(AckId::new(id)))
    }

    fn connect(self) -> Result<Parts, PacketError> {
        if self.rest().is_empty() {
            return Ok(Parts::Connect { auth: 0..0 });
        }
        let mut scanner = self.scanner(None);
        if scanner.peek() != Some(b'{') {
            return Err(PacketError::IllegalPayload);
        }
        let object = scanner.value()?;
        scanner.end()?;
        Ok(Parts::Connect { auth: self.found(&object) })
    }

    #[inline]
    fn event(mut self, announced: Option<usize>) -> Result<Parts, PacketError> {
        let ack = self.ack_id()?;
        let mut scanner = self.scanner(announced);
        open(&mut scanner)?;
        if !matches!(scanner.peek(), Some(b'"' | b'-' | b'0'..=b'9')) {
            return Err(PacketError::IllegalEventName);
        }
        let name = scanner.value()?;
        let escaped = scanner.has_escaped();
        // Either a comma with an argument behind it, or the end.
        if scanner.eat(b',') == (scanner.peek() == Some(b']')) {
            return Err(PacketError::IllegalJson);
        }
        let args = scanner.rest_of_array()?;
        scanner.end()?;
        Ok(Parts::Event { name: self.found(&name), escaped, args: self.found(&args), ack })
    }

    fn ack(mut self, announced: Option<usize>) -> Result<Parts, PacketError> {
        let id = self.ack_id()?;
        if self.rest().is_empty() {
            return Ok(Parts::StrayAck);
        }
        let mut scanner = self.scanner(announced);
        open(&mut scanner)?;
        let args = scanner.rest_of_array()?;
        scanner.end()?;
        Ok(id.map_or(Parts::StrayAck, |id| Parts::Ack { id, args: self.found(&args) }))
    }

    #[inline]
    fn scanner(&self, announced: Option<usize>) -> Scanner<'a> {
        Scanner::new(self.rest(), announced, self.limits.json_depth)
    }

    /// Where in the text it is what a scanner found, which began at the reader's position.
    fn found(&self, json: &Range<usize>) -> Range<usize> {
        self.position + json.start..self.position + json.end
    }
}

/// Opens the array that is the payload.
#[inline]
fn open(scanner: &mut Scanner<'_>) -> Result<(), PacketError> {
    if scanner.peek() != Some(b'[') {
        return Err(PacketError::IllegalPayload);
    }
    scanner.open_array()?;
    Ok(())
}

/// The value of ASCII digits, unless it does not fit.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of which many an event is made, and many a text that is nearly one.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "2",
            "[",
            "\"",
            "]",
            ",",
            "a",
            "\"a\"",
            "2[\"a\",",
            "2[\"a\",\"b\"]",
            "{",
            "}",
            ":",
            " ",
            "\\",
            "\\u0061",
            "1",
            "{\"a\":[1]}",
            "/",
            "null",
            "grüße",
            "\n",
            "[[",
            "]]",
        ]);
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_found_at_once_is_what_the_grammar_says(text in texts(), depth in 0..4usize) {
            let limits = DecoderLimits::default().max_json_depth(depth);
            let begun = format!("2[\"name\",{text}");
            for text in [&text, &begun, &format!("{begun}]")] {
                let Some(found) = Outline::plain_event(text.as_bytes(), &limits) else { continue };
                let outline = Outline::read(text.as_bytes(), &limits).expect("it was found");
                prop_assert_eq!((outline.announced, &outline.namespace), (0, &None));
                let Parts::Event { name, escaped: false, args, ack: None } = outline.body else {
                    panic!("{text} is no such event");
                };
                prop_assert_eq!((name.start + 1..name.end - 1, args), found);
            }
        }
    }

    #[test]
    fn events_are_found_at_once_and_nothing_else_is() {
        let find = |text: &str| {
            let (name, args) = Outline::plain_event(text.as_bytes(), &DecoderLimits::default())?;
            Some((text[name].to_owned(), text[args].to_owned()))
        };
        let found = |name: &str, args: &str| Some((name.to_owned(), args.to_owned()));
        assert_eq!(find(r#"2["echo","hello"]"#), found("echo", r#""hello""#));
        assert_eq!(find(r#"2["", 1, {"a":[]} ]"#), found("", r#"1, {"a":[]}"#));
        for other in [
            r#"2["echo"]"#,
            r#"2["echo",]"#,
            r#"2["echo",1"#,
            r#"2["echo",1]]"#,
            r#"2["e\u0063ho",1]"#,
            r#"27["echo",1]"#,
            r#"2/a,["echo",1]"#,
            r#"3["echo",1]"#,
            "2[1,1]",
            "2[\"",
            "",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
