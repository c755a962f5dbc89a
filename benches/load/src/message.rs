//! What clients say: who says it, and which of its messages it is.

use std::io;
use std::ops::Range;

use crate::unexpected;
use crate::wire;

/// Digits of the sender, and of the number behind it.
const SENDER: usize = 4;
const NUMBER: usize = 10;

/// A message as a frame, whose digits are written anew for each sending.
pub(crate) struct Message {
    frame: Vec<u8>,
    digits: usize,
    /// What precedes the digits when the message comes back, and how long it is then.
    start: &'static [u8],
    length: usize,
}

impl Message {
    /// A payload of `size` bytes, with what is around it when it is sent and when it comes back.
    pub(crate) fn new(sent: &str, received: &'static str, size: usize) -> Self {
        let text = format!("{sent}{}\"]", "x".repeat(size));
        let frame = wire::frame(text.as_bytes());
        let digits = frame.len() - size - 2;
        let length = received.len() + size + 2;
        Self { frame, digits, start: received.as_bytes(), length }
    }

    pub(crate) fn frame(&mut self, sender: usize, number: u64) -> &[u8] {
        let end = self.digits + SENDER;
        write(&mut self.frame[self.digits..end], sender as u64);
        write(&mut self.frame[end..end + NUMBER], number);
        &self.frame
    }

    /// Who sent this, and its number.
    pub(crate) fn read(&self, text: &[u8]) -> io::Result<(usize, u64)> {
        let digits = text.strip_prefix(self.start).filter(|_| text.len() == self.length);
        let read = |range: Range<usize>| number(digits?.get(range)?);
        match (read(0..SENDER), read(SENDER..SENDER + NUMBER)) {
            (Some(sender), Some(number)) => Ok((sender as usize, number)),
            _ => Err(unexpected(text)),
        }
    }
}

/// Formatting costs more than a delivery does.
fn write(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn a_message_names_its_sender_and_its_number() {
        let mut message = Message::new(r#"420["ack",""#, r#"430[""#, 16);
        let sent = message.frame(21, 1_234_567_890).to_vec();
        assert_eq!(sent[6..], *br#"420["ack","00211234567890xx"]"#);
        let back = br#"430["00211234567890xx"]"#;
        assert_eq!(message.read(back).expect("its own"), (21, 1_234_567_890));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let message = Message::new(r#"42["echo",""#, r#"42["echo",""#, 16);
        for text in [
            r#"42["echo","00211234567890xxx"]"#,
            r#"42["echo","00211234567890x"]"#,
            r#"42["echo","0021123456789.xx"]"#,
            r#"42["ohce","00211234567890xx"]"#,
            "",
        ] {
            assert!(message.read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
