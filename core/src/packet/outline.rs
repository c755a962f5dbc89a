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

/// An event as it stands in a packet's text, whose bytes have not been checked yet.
#[derive(Debug, PartialEq)]
pub(crate) struct Plain<'a> {
    pub(crate) namespace: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) args: &'a [u8],
    pub(crate) ack: Option<AckId>,
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

    /// What nearly all messages are: an event with nothing to escape in its name. It is one if this finds
    /// it, and [`read`](Self::read) finds the same; if not, that is to be asked.
    #[expect(
        clippy::inline_always,
        reason = "what it finds would be moved as often as it is passed on"
    )]
    #[inline(always)]
    pub(super) fn plain_event<'a>(text: &'a [u8], limits: &DecoderLimits) -> Option<Plain<'a>> {
        let rest = text.strip_prefix(b"2")?;
        let (namespace, ack, rest) =
            if rest.first() == Some(&b'[') { (&b"/"[..], None, rest) } else { address(rest)? };
        let rest = rest.strip_prefix(br#"[""#)?;
        let (name, rest) = rest.split_at(plain(rest)?);
        let Some(rest) = rest.strip_prefix(br#"","#) else {
            let is_one = rest == br#""]"# && limits.json_depth > 0;
            return is_one.then_some(Plain { namespace, name, args: &[], ack });
        };
        let mut scanner = Scanner::inside_array(rest, limits.json_depth)?;
        // A comma has an argument behind it.
        if scanner.peek() == Some(b']') {
            return None;
        }
        let args = scanner.rest_of_array().ok()?;
        scanner.end().ok()?;
        Some(Plain { namespace, name, args: &rest[args], ack })
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

/// The namespace and the ack of a packet that has one of them, and what follows.
#[inline(never)]
fn address(text: &[u8]) -> Option<(&[u8], Option<AckId>, &[u8])> {
    let (namespace, rest) = match text.first()? {
        b'/' => {
            let comma = text.iter().position(|byte| *byte == b',')?;
            (&text[..comma], &text[comma + 1..])
        }
        _ => (&b"/"[..], text),
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(digits);
    let ack = if digits.is_empty() { None } else { Some(AckId::new(number(digits)?)) };
    Some((namespace, ack, rest))
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
            let asked = format!("27[\"name\",{text}]");
            let elsewhere = format!("2/a,[\"name\",{text}]");
            let silent = "2[\"name\"]".to_owned();
            for text in [&text, &begun, &format!("{begun}]"), &asked, &elsewhere, &silent] {
                let Some(found) = Outline::plain_event(text.as_bytes(), &limits) else { continue };
                let outline = Outline::read(text.as_bytes(), &limits).expect("it was found");
                prop_assert_eq!(outline.announced, 0);
                let text = text.as_bytes();
                let namespace = outline.namespace(text);
                let Parts::Event { name, escaped: false, args, ack } = outline.body else {
                    panic!("{text:?} is no such event");
                };
                let name = &text[name.start + 1..name.end - 1];
                prop_assert_eq!(Plain { namespace, name, args: &text[args], ack }, found);
            }
        }
    }

    #[test]
    fn events_are_found_at_once_and_nothing_else_is() {
        let find = |text: &str| {
            let plain = Outline::plain_event(text.as_bytes(), &DecoderLimits::default())?;
            let [namespace, name, args] = [plain.namespace, plain.name, plain.args]
                .map(|part| String::from_utf8_lossy(part).into_owned());
            Some((namespace, name, args, plain.ack.map(AckId::get)))
        };
        let found = |namespace: &str, name: &str, args: &str, ack| {
            Some((namespace.to_owned(), name.to_owned(), args.to_owned(), ack))
        };
        assert_eq!(find(r#"2["echo","hello"]"#), found("/", "echo", r#""hello""#, None));
        assert_eq!(find(r#"2["", 1, {"a":[]} ]"#), found("/", "", r#"1, {"a":[]}"#, None));
        assert_eq!(find(r#"2["echo"]"#), found("/", "echo", "", None));
        assert_eq!(find(r#"2012["echo",1]"#), found("/", "echo", "1", Some(12)));
        assert_eq!(find(r#"2/a,["echo",1]"#), found("/a", "echo", "1", None));
        assert_eq!(find(r#"2/a,7["echo"]"#), found("/a", "echo", "", Some(7)));
        for other in [
            r#"2["echo"] "#,
            r#"2["echo",]"#,
            r#"2["echo",1"#,
            r#"2["echo",1]]"#,
            r#"2["e\u0063ho",1]"#,
            r#"27"echo",1]"#,
            r#"218446744073709551616["echo",1]"#,
            r#"2-7["echo",1]"#,
            r#"2/a["echo",1]"#,
            r#"3["echo",1]"#,
            "2[1,1]",
            "2[\"",
            "",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
