//! The limits that a server holds its clients and itself to, by name.

use std::fmt;

/// A limit that was hit, for those who count.
///
/// Some of them are held by the machines here, some by whoever does the I/O: they are in one list,
/// since a client meets them all at one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Limit {
    /// An HTTP body, a WebSocket message or a packet with its attachments was too long.
    Payload,
    /// A polling payload had too many packets.
    Packets,
    /// A packet announced too many attachments.
    Attachments,
    /// The attachments of a packet did not come in time.
    Assembly,
    /// The JSON of a packet nested too deep.
    JsonDepth,
    /// The name of an event was too long.
    EventName,
    /// The name of a namespace was too long.
    NamespaceName,
    /// A connection asked for one namespace too many.
    Namespaces,
    /// A connection was refused a namespace once too often.
    Refusals,
    /// The name of a room was too long.
    RoomName,
    /// A socket was to be in one room too many.
    Rooms,
    /// A socket owed one ack too many.
    Acks,
    /// The head of a request was too long, or had too many headers.
    Head,
    /// The head of a request did not come in time, be it the next of a connection that idled.
    HeadTime,
    /// The body of a request did not come in time.
    BodyTime,
    /// A client took nothing of what was written to it for too long.
    WriteTime,
    /// A packet did not fit a client's mailbox.
    Mailbox,
    /// All mailboxes of a server held too much: a mailbox was closed for it.
    Mailboxes,
    /// An event waited because its client does not read what is sent to it.
    SoftMark,
    /// A volatile packet was dropped: it would have had to wait.
    Volatile,
    /// An event waited because too many handlers of its connection were under way.
    Handlers,
    /// Too much waited for handlers: the connection was closed for it.
    Parked,
    /// A client was turned away: the server had as many sessions as it may.
    Sessions,
}

impl Limit {
    /// All of them, in order.
    pub const ALL: [Self; 23] = [
        Self::Payload,
        Self::Packets,
        Self::Attachments,
        Self::Assembly,
        Self::JsonDepth,
        Self::EventName,
        Self::NamespaceName,
        Self::Namespaces,
        Self::Refusals,
        Self::RoomName,
        Self::Rooms,
        Self::Acks,
        Self::Head,
        Self::HeadTime,
        Self::BodyTime,
        Self::WriteTime,
        Self::Mailbox,
        Self::Mailboxes,
        Self::SoftMark,
        Self::Volatile,
        Self::Handlers,
        Self::Parked,
        Self::Sessions,
    ];

    /// Its place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name, fit to label a metric.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Packets => "packets",
            Self::Attachments => "attachments",
            Self::Assembly => "assembly",
            Self::JsonDepth => "json_depth",
            Self::EventName => "event_name",
            Self::NamespaceName => "namespace_name",
            Self::Namespaces => "namespaces",
            Self::Refusals => "refusals",
            Self::RoomName => "room_name",
            Self::Rooms => "rooms",
            Self::Acks => "acks",
            Self::Head => "head",
            Self::HeadTime => "head_time",
            Self::BodyTime => "body_time",
            Self::WriteTime => "write_time",
            Self::Mailbox => "mailbox",
            Self::Mailboxes => "mailboxes",
            Self::SoftMark => "soft_mark",
            Self::Volatile => "volatile",
            Self::Handlers => "handlers",
            Self::Parked => "parked",
            Self::Sessions => "sessions",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_listed_at_its_place_under_a_name_of_its_own() {
        for (at, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit.index(), at);
            let namesakes = Limit::ALL.into_iter().filter(|other| other.as_str() == limit.as_str());
            assert_eq!(namesakes.count(), 1, "{limit}");
        }
        // The last one: whoever adds another adds it to the list.
        assert_eq!(Limit::Sessions.index() + 1, Limit::ALL.len());
    }
}
