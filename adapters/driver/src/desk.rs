//! What a handler says first to the client whose event it handles: mostly, all that it says.

use std::cell::Cell;

use klatch_core::Outgoing;

use crate::socket::Socket;
use crate::sync::thread_local;

thread_local! {
    static DESK: Desk = const { Desk { at: Cell::new(NOBODY), said: Cell::new(None) } };
}

/// Where a connection's task looks when it has polled a handler, on the thread on which it did. The
/// first packet for the socket of that handler is laid here, and leaves before the next frame is looked
/// at: it need not pass the mailbox, which has a lock, and where it would lie until the end of the turn.
///
/// What is sent leaves in the order in which it was, all the same. A packet is laid here only if nothing
/// is in the mailbox, and the task has none that it took from there; whatever is sent after it goes
/// through the mailbox, and is taken from there after it has left.
struct Desk {
    at: Cell<At>,
    said: Cell<Option<Outgoing>>,
}

/// Who sits there.
#[derive(Clone, Copy)]
struct At {
    /// Where the socket is whose handler is polled; 0 if none is, or it may lay nothing here.
    socket: usize,
    has_said: bool,
}

const NOBODY: At = At { socket: 0, has_said: false };

/// Polls a handler of this socket, which does not panic, and hands out what it laid here. It is for a
/// task that has passed on all that it took from the mailbox.
#[inline]
pub(crate) fn hear<T>(socket: &Socket, handler: impl FnOnce() -> T) -> (T, Option<Outgoing>) {
    let at = At { socket: socket.address(), has_said: false };
    // A handler may drive other tasks from within.
    let outer = DESK.with(|desk| (desk.at.replace(at), desk.said.take()));
    let polled = handler();
    let said = DESK.with(|desk| {
        desk.at.set(outer.0);
        desk.said.replace(outer.1)
    });
    (polled, said)
}

/// Lays a packet for this socket here, if it may: it is handed back otherwise.
#[inline]
pub(crate) fn lay(socket: &Socket, packet: Outgoing) -> Option<Outgoing> {
    DESK.with(|desk| {
        let at = desk.at.get();
        let may = at.socket == socket.address() && !at.has_said && packet.attachments().is_empty();
        if !may || !socket.is_at_rest() {
            return Some(packet);
        }
        desk.at.set(At { has_said: true, ..at });
        desk.said.set(Some(packet));
        None
    })
}

/// Whether something for this socket lies here, and leaves before all else: what is volatile does not
/// wait for it.
pub(crate) fn has_said(socket: &Socket) -> bool {
    let at = DESK.with(|desk| desk.at.get());
    at.socket == socket.address() && at.has_said
}
