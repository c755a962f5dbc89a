//! Clients that were lost, and are back.

use std::sync::Arc;

use klatch_core::{CloseReason, Outgoing, SocketKey};

use super::{Inner, Publish};
use crate::link::Link;
use crate::mailbox::{Mailbox, Order};
use crate::recovery::Claim;
use crate::socket::{Farewell, Socket};
use crate::wakers::wake_after;

impl Inner {
    /// Whether what a client presents lets it past the middlewares, if it is good for something.
    pub(crate) fn skips_middlewares(&self) -> bool {
        self.skips_middlewares
    }

    /// Lets a client in as the socket it was, with its CONNECT and all that it missed on their
    /// way. `None` if it is to be let in as a new one, which `arrival` would be.
    pub(crate) fn readmit(self: &Arc<Self>, arrival: &Socket) -> Option<Socket> {
        let claim = self.claim(arrival)?;
        self.supersede(&claim);
        let rooms = arrival.promised_rooms().unwrap_or_default();
        let (slot, link) = (arrival.slot(), arrival.link());
        let (mut kept, mut missed) = (None, 0);
        let (socket, events) = wake_after(|wakers| {
            let mut publish = self.change();
            if publish.is_closed {
                return (None, publish.events());
            }
            let now = self.housekeeper.now();
            let back = publish.namespace.recover(now, &claim.pid, claim.offset.as_deref());
            let Ok(back) = back else { return (None, publish.events()) };
            kept.clone_from(&back.luggage);
            if !fits(link, &back.missed) {
                publish.namespace.disconnect(back.key);
                let mut events = publish.events();
                events.expire(back.id, back.luggage);
                return (None, events);
            }
            missed = back.missed.len();
            let socket = arrival.back_as(back.id, back.luggage);
            let connect = self.parser.connect(&self.name, &back.id, Some(&claim.pid));
            publish.enter(&socket, back.key, rooms, connect, wakers);
            for packet in back.missed {
                // There is room for it.
                let _ = link.mailbox.push(Some(slot), packet.into(), wakers);
            }
            (Some(socket), publish.events())
        });
        // Here, with the lock released: it is the application's, and may be the last of it.
        drop(kept);
        self.tell(events);
        if let Some(socket) = &socket {
            tracing::debug!(namespace = self.name(), socket = %socket.id(), missed, "back");
        }
        socket
    }

    fn claim(&self, arrival: &Socket) -> Option<Claim> {
        self.recovers.then(|| Claim::read(arrival.raw_auth()))?
    }

    /// Whether the socket that this client was is about to end on another thread, where handlers run:
    /// until it has, nobody is away who could come back. The client's task is nudged then, and asks
    /// again.
    pub(crate) fn is_ending(&self, arrival: &Socket) -> bool {
        let Some(claim) = self.claim(arrival) else { return false };
        self.supersede(&claim);
        let mut publish = self.publish.lock();
        let Some(key) = publish.namespace.promised(&claim.pid) else { return false };
        publish.add_heir(key, arrival.link());
        true
    }

    /// If the socket of this client is connected still, its loss was not noticed: it is now.
    fn supersede(&self, claim: &Claim) {
        let lost = {
            let publish = self.publish.lock();
            let key = publish.namespace.promised(&claim.pid);
            key.and_then(|key| publish.members.get(key)).map(|member| member.socket.clone())
        };
        if let Some(socket) = lost {
            socket.end(CloseReason::TransportClose, Farewell::Untold);
            socket.link().mailbox.command(Order::Close(CloseReason::TransportClose));
        }
    }
}

/// Whether what a client missed takes, beside what waits for it in other namespaces, no more than half of
/// its mailbox: else what comes before it has read that would have it closed, and again whenever it comes
/// back.
fn fits(link: &Link, missed: &[Outgoing]) -> bool {
    let bytes = missed.iter().map(Mailbox::<Outgoing>::charge).sum::<usize>();
    missed.is_empty() || link.mailbox.load() + bytes <= link.hub.budget.mailbox() as usize / 2
}

impl Publish {
    fn add_heir(&mut self, key: SocketKey, link: &Arc<Link>) {
        // It may ask more than once.
        let is_it = |(of, heir): &(_, Arc<Link>)| *of == key && Arc::ptr_eq(heir, link);
        if !self.heirs.iter().any(is_it) {
            self.heirs.push((key, link.clone()));
        }
    }

    pub(super) fn heirs_of(&mut self, key: SocketKey) -> Vec<Arc<Link>> {
        let heirs = self.heirs.extract_if(.., |(of, _)| *of == key).map(|(_, link)| link).collect();
        self.heirs.shrink_to_fit();
        heirs
    }
}
