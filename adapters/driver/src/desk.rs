//! What a handler says first to the client whose event it handles: mostly, all that it says.

use std::cell::{Cell, RefCell};

use klatch_core::{EncodeError, Encoder, Outgoing};

use crate::socket::Socket;
use crate::sync::thread_local;

thread_local! {
    static DESK: Desk = const {
        Desk {
            socket: Cell::new(NOBODY),
            is_taken: Cell::new(false),
            tray: RefCell::new(Encoder::new()),
            pad: RefCell::new(Encoder::new()),
        }
    };
}

/// The address of no socket.
const NOBODY: usize = 0;

/// Where a connection's task looks when it has polled a handler, on the thread on which it did. The
/// first packet for the socket of that handler is encoded here, stays here, and leaves before the next
/// frame is looked at: it need not pass the mailbox, which has a lock, and where it would lie until the end
/// of the turn, in memory of its own.
///
/// What is sent leaves in the order in which it was, all the same. A packet stays here only if nothing
/// is in the mailbox, and the task has none that it took from there; whatever is sent after it goes
/// through the mailbox, and is taken from there after it has left.
struct Desk {
    /// Where the socket is whose handler is polled; nobody's if none is, or it may lay nothing here.
    socket: Cell<usize>,
    /// Whether something lies here.
    is_taken: Cell<bool>,
    tray: RefCell<Encoder>,
    /// Where packets are encoded that find the tray taken.
    pad: RefCell<Encoder>,
}

/// Polls a handler of this socket; whether it left something here, which is to be
/// [passed on](pass_on) at once. It is for a task that has passed on all that it took from the mailbox.
#[inline]
pub(crate) fn hear<T>(socket: &Socket, handler: impl FnOnce() -> T) -> (T, bool) {
    DESK.with(|desk| {
        // A handler may drive other tasks from within. What it said before that is not passed on yet.
        if desk.is_taken.get() {
            return (handler(), false);
        }
        let outer = desk.socket.replace(socket.address());
        let mut seat = Seat { desk, outer, is_left: false };
        let polled = handler();
        seat.is_left = true;
        drop(seat);
        (polled, desk.is_taken.get())
    })
}

/// A socket's seat at the desk, which it leaves whatever happens.
struct Seat<'a> {
    desk: &'a Desk,
    outer: usize,
    /// In good order: what lies there is taken care of.
    is_left: bool,
}

impl Drop for Seat<'_> {
    #[inline]
    fn drop(&mut self) {
        self.desk.socket.set(self.outer);
        if !self.is_left {
            self.desk.is_taken.set(false);
        }
    }
}

/// Shows the text that lies here, which is passed on with that.
#[inline]
pub(crate) fn pass_on(to: impl FnOnce(&[u8])) {
    DESK.with(|desk| {
        let mut tray = desk.tray.borrow_mut();
        // From here on it is gone, whatever a host's WebSocket does with it.
        desk.is_taken.set(false);
        to(tray.text().unwrap_or_default());
        tray.clear();
    });
}

/// Encodes a packet for this socket, and lays it here, if it may: it is handed out otherwise.
#[inline]
pub(crate) fn lay(
    socket: &Socket,
    encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
) -> Result<Option<Outgoing>, EncodeError> {
    DESK.with(|desk| match desk.tray.try_borrow_mut() {
        Ok(mut tray) if !desk.is_taken.get() => {
            encode(&mut tray)?;
            // Asked now: what it encoded is the application's, and may have sent something, too.
            let may = desk.socket.get() == socket.address() && tray.text().is_some();
            if !may || !socket.is_at_rest() {
                return Ok(Some(tray.take()));
            }
            desk.is_taken.set(true);
            Ok(None)
        }
        _ => match desk.pad.try_borrow_mut() {
            Ok(mut pad) => packet(&mut pad, encode),
            // What is encoded sends something itself.
            Err(_) => packet(&mut Encoder::new(), encode),
        }
        .map(Some),
    })
}

fn packet(
    encoder: &mut Encoder,
    encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
) -> Result<Outgoing, EncodeError> {
    encode(encoder)?;
    Ok(encoder.take())
}

/// Whether something for this socket lies here, and leaves before all else: what is volatile does not
/// wait for it.
pub(crate) fn has_said(socket: &Socket) -> bool {
    DESK.with(|desk| desk.socket.get() == socket.address() && desk.is_taken.get())
}
