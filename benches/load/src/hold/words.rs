//! What clients of the app `load` say, and what they hear.

use super::fleet::PeerId;

/// A room's name.
fn room(number: usize) -> String {
    format!("r{number}")
}

/// A question with an ack: an event whose arguments are written already.
pub(crate) fn question(ack: u64, event: &str, arguments: &str) -> String {
    if arguments.is_empty() {
        return format!(r#"2{ack}["{event}"]"#);
    }
    format!(r#"2{ack}["{event}",{arguments}]"#)
}

/// A question to join a room.
pub(crate) fn join(ack: u64, number: usize) -> String {
    question(ack, "join", &format!("\"{}\"", room(number)))
}

/// A question to leave it.
pub(crate) fn leave(ack: u64, number: usize) -> String {
    question(ack, "leave", &format!("\"{}\"", room(number)))
}

/// A message to a room, of so many bytes beside what says whose and which it is.
pub(crate) fn chat(
    ack: u64,
    room_number: usize,
    speaker: PeerId,
    number: u64,
    size: usize,
) -> String {
    let (room, speaker) = (room(room_number), speaker.number());
    let text = "x".repeat(size);
    question(ack, "chat", &format!(r#""{room}","{speaker}:{number}:{text}""#))
}

/// What a client hears.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A message to a room.
    Chat { room: usize, speaker: PeerId, number: u64 },
    /// An answer, and whether it is that all went well.
    Answer { ack: u64, well: bool },
}

/// Reads a Socket.IO packet; `None` if it is nothing that the app says.
pub(crate) fn read(packet: &str) -> Option<Heard> {
    if let Some(rest) = packet.strip_prefix(r#"2["chat","r"#) {
        let (room, rest) = rest.split_once(r#"",""#)?;
        let mut parts = rest.strip_suffix(r#""]"#)?.splitn(3, ':');
        let speaker = PeerId::numbered(parts.next()?.parse().ok()?);
        let number = parts.next()?.parse().ok()?;
        return Some(Heard::Chat { room: room.parse().ok()?, speaker, number });
    }
    let rest = packet.strip_prefix('3')?;
    let (ack, answer) = rest.split_at(rest.find('[')?);
    Some(Heard::Answer { ack: ack.parse().ok()?, well: !answer.contains("error") })
}

#[cfg(test)]
mod tests {
    use super::{Heard, PeerId, chat, read};

    #[test]
    fn what_is_said_comes_back() {
        let ann = PeerId::numbered(7);
        assert_eq!(chat(3, 12, ann, 5, 2), r#"23["chat","r12","7:5:xx"]"#);
        let heard = read(r#"2["chat","r12","7:5:xx"]"#);
        assert_eq!(heard, Some(Heard::Chat { room: 12, speaker: ann, number: 5 }));
        assert_eq!(read("33[]"), Some(Heard::Answer { ack: 3, well: true }));
        let error = r#"33[{"error":"closed"}]"#;
        assert_eq!(read(error), Some(Heard::Answer { ack: 3, well: false }));
    }

    #[test]
    fn anything_else_is_nothing() {
        for packet in ["1", r#"2["other"]"#, r#"2["chat","r12","7:x:"]"#, "3[]", ""] {
            assert_eq!(read(packet), None, "{packet}");
        }
    }
}
