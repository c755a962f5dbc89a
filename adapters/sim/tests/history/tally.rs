//! What happened, in numbers.

use std::fmt;
use std::ops::AddAssign;

/// What happened in one history, or in many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Connections that clients began, those that speak byte by byte among them.
    pub(crate) sessions: u64,
    /// Connections that something failed: the network, the client itself or the application.
    pub(crate) failed: u64,
    /// Namespaces that clients asked for, and left by themselves.
    pub(crate) connects: u64,
    pub(crate) disconnects: u64,
    /// Sockets that were let in, and how many of them as who they had been.
    pub(crate) sockets: u64,
    pub(crate) recovered: u64,
    /// Joins and leaves, one socket's or several's at once.
    pub(crate) joins: u64,
    pub(crate) leaves: u64,
    /// Broadcasts and messages to one.
    pub(crate) emits: u64,
    /// Questions of clients and of the server, and answers of clients.
    pub(crate) questions: u64,
    pub(crate) acks: u64,
    /// Whatever else a client or the application did: what panics, is malformed, or throws out.
    pub(crate) mischief: u64,
    /// What the network did.
    pub(crate) faults: u64,
    /// Ends of a server: closed, or dead.
    pub(crate) ends: u64,
    /// Messages that were received, and answers. They follow from the rest, and are no operations.
    pub(crate) heard: u64,
    pub(crate) answers: u64,
}

impl Tally {
    /// What a client, the application or the network did; what came of it does not count.
    pub(crate) const fn operations(&self) -> u64 {
        self.connects
            + self.disconnects
            + self.joins
            + self.leaves
            + self.emits
            + self.questions
            + self.acks
            + self.mischief
            + self.faults
            + self.ends
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.failed += other.failed;
        self.connects += other.connects;
        self.disconnects += other.disconnects;
        self.sockets += other.sockets;
        self.recovered += other.recovered;
        self.joins += other.joins;
        self.leaves += other.leaves;
        self.emits += other.emits;
        self.questions += other.questions;
        self.acks += other.acks;
        self.mischief += other.mischief;
        self.faults += other.faults;
        self.ends += other.ends;
        self.heard += other.heard;
        self.answers += other.answers;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, failed, heard, .. } = self;
        let operations = self.operations();
        write!(f, "{operations} operations, {sessions} sessions, {failed} failed, {heard} heard")
    }
}
