//! Events on their way to those who are meant.

use klatch_core::{Draft, EncodeError, Outgoing, Target, ToArgs};

use super::{Inner, Publish};
use crate::error::EmitError;
use crate::flags::Flags;
use crate::socket::Socket;
use crate::wakers::wake_after;

/// An event, encoded.
enum Event {
    Complete(Outgoing),
    /// It may be asked for again: its place among the others is known under the lock only.
    Draft(Draft),
}

impl Inner {
    /// Encodes an event.
    fn event(
        &self,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        volatile: bool,
    ) -> Result<Event, EncodeError> {
        if self.recovers && !volatile {
            Outgoing::draft(&self.name, name, args).map(Event::Draft)
        } else {
            Outgoing::event(&self.name, name, args, None).map(Event::Complete)
        }
    }

    /// Sends an event to all who are meant.
    pub(crate) fn emit_many(
        &self,
        target: &Target,
        flags: Flags,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EmitError> {
        let event = self.event(name, args, flags.volatile)?;
        self.publish(target, event, flags.volatile);
        Ok(())
    }

    /// Sends an event to one socket.
    pub(crate) fn emit_one(
        &self,
        socket: &Socket,
        flags: Flags,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EmitError> {
        match self.event(name, args, flags.volatile)? {
            // Nobody will ask for its place among the others, so that there is no need of a lock.
            Event::Complete(packet) if flags.volatile => socket.deliver_volatile(packet),
            Event::Complete(packet) => socket.deliver(packet),
            Event::Draft(draft) => self.publish_one(socket, draft),
        }
    }

    fn publish(&self, target: &Target, event: Event, volatile: bool) {
        wake_after(|wakers| {
            let mut publish = self.publish.lock();
            let packet = match event {
                Event::Complete(packet) => packet,
                Event::Draft(draft) => {
                    let packet = publish.namespace.record(self.housekeeper.now(), target, draft);
                    self.expect_expiry(&publish);
                    packet
                }
            };
            let Publish { namespace, members, selected, .. } = &mut *publish;
            namespace.select(target, selected);
            for member in selected.iter().filter_map(|key| members.get(*key)) {
                let mailbox = &member.link.mailbox;
                // Whoever has no room for it is closed for that: see `Mailbox::push`.
                let _ = if volatile {
                    mailbox.push_volatile(Some(member.slot), packet.clone(), wakers)
                } else {
                    mailbox.push(Some(member.slot), packet.clone(), wakers)
                };
            }
        });
    }

    fn publish_one(&self, socket: &Socket, draft: Draft) -> Result<(), EmitError> {
        let mut publish = self.publish.lock();
        if !publish.namespace.contains(socket.key()) {
            return Err(EmitError::Closed);
        }
        let now = self.housekeeper.now();
        let packet = publish.namespace.record_for(now, socket.key(), draft);
        self.expect_expiry(&publish);
        let (pushed, waker) = socket.link().mailbox.push_one(Some(socket.slot()), packet);
        drop(publish);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(pushed?)
    }

    /// What is kept for recovery goes at its time, even if nothing else happens.
    pub(super) fn expect_expiry(&self, publish: &Publish) {
        if let Some(deadline) = publish.namespace.poll_timeout() {
            self.housekeeper.expect(deadline);
        }
    }
}
