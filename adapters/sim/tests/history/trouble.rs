//! What befell a connection, and which ends that explains.

use klatch_core::CloseReason;
use klatch_sim::Transport;

/// Something that befell a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The client left one of its namespaces.
    Left,
    /// The page was closed.
    Dropped,
    /// The connection broke.
    Reset,
    /// Nothing comes of the client any more, and nobody tells the server so.
    Vanished,
    /// Nothing came or went for a while.
    Cut,
    /// The client does not read, or its link is slow.
    Stalled,
    /// One of its connections broke, while it was about to change to a WebSocket perhaps.
    Torn,
    /// The application disconnected it, or one of its handlers panicked.
    Kicked,
    /// It speaks byte by byte, and as nobody should.
    Rogue,
    /// It came back over another connection.
    Superseded,
}

impl Trouble {
    const ALL: [Self; 10] = [
        Self::Left,
        Self::Dropped,
        Self::Reset,
        Self::Vanished,
        Self::Cut,
        Self::Stalled,
        Self::Torn,
        Self::Kicked,
        Self::Rogue,
        Self::Superseded,
    ];

    /// Whether a socket may end so, for this reason. A WebSocket tells that its client is gone; of one
    /// that polls nothing may be there just then to tell it.
    const fn explains(self, reason: CloseReason, transport: Transport) -> bool {
        use CloseReason as R;
        let is_told = matches!(reason, R::TransportClose | R::TransportError);
        let is_missed = matches!(reason, R::PingTimeout | R::SlowConsumer);
        let is_quiet = !matches!(transport, Transport::WebSocket);
        match self {
            Self::Left => is_told || matches!(reason, R::ClientNamespaceDisconnect),
            Self::Dropped | Self::Superseded | Self::Reset => is_told || (is_quiet && is_missed),
            Self::Vanished => is_missed,
            Self::Cut | Self::Torn | Self::Stalled => is_told || is_missed,
            Self::Kicked => matches!(reason, R::ServerNamespaceDisconnect),
            // Which of them it is for what, other tests say.
            Self::Rogue => is_told || is_missed || matches!(reason, R::ParseError | R::ForcedClose),
        }
    }
}

/// All that befell a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Troubles(u16);

impl Troubles {
    pub(crate) fn add(&mut self, trouble: Trouble) {
        self.0 |= 1 << trouble as u16;
    }

    pub(crate) const fn have(self, trouble: Trouble) -> bool {
        self.0 & (1 << trouble as u16) != 0
    }

    pub(crate) fn is_only(self, trouble: Trouble) -> bool {
        self.0 == 1 << trouble as u16
    }

    pub(crate) fn explain(self, reason: CloseReason, transport: Transport) -> bool {
        Trouble::ALL
            .into_iter()
            .filter(|trouble| self.have(*trouble))
            .any(|trouble| trouble.explains(reason, transport))
    }

    /// Whether the network or the client itself failed, and not only somebody's wish.
    pub(crate) fn are_faults(self) -> bool {
        let wishes = [Trouble::Left, Trouble::Dropped].map(|wish| 1 << wish as u16);
        self.0 & !(wishes[0] | wishes[1]) != 0
    }
}
