//! Events on their way to those who are meant.

use std::sync::Arc;

use klatch_core::{Draft, EncodeError, Encoder, Limit, Outgoing, Payload, Target, ToArgs};

use super::{Inner, Publish};
use crate::desk;
use crate::error::EmitError;
use crate::flags::Flags;
use crate::mailbox::{Packet, Refusal};
use crate::socket::Socket;
use crate::wakers::wake_after;

/// An event, encoded.
enum Event {
    Complete(Packet),
    /// It may be asked for again: its place among the others is known under the lock only.
    Draft(Draft),
}

/// Mailboxes that are asked for at once, before anything is put into the first: hardly any is in the cache, and
/// a processor fetches about as many lines at the same time, of which each has two.
const AHEAD: usize = 8;

impl Inner {
    /// Encodes an event.
    fn event(
        &self,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        flags: Flags,
    ) -> Result<Event, EncodeError> {
        if self.may_be_missed(flags) {
            self.draft(name, args, flags).map(Event::Draft)
        } else {
            self.packet(name, args, flags).map(Arc::new).map(Event::Complete)
        }
    }

    /// Whether clients that come back are sent what they missed of it.
    fn may_be_missed(&self, flags: Flags) -> bool {
        self.recovers && !flags.volatile
    }

    fn draft(
        &self,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        flags: Flags,
    ) -> Result<Draft, EncodeError> {
        let draft = self.parser.draft(&self.name, name, args)?;
        Ok(if flags.compress { draft } else { draft.uncompressed() })
    }

    fn packet(
        &self,
        name: &str,
        args: &(impl ToArgs + ?Sized),
        flags: Flags,
    ) -> Result<Outgoing, EncodeError> {
        let packet = self.parser.event(&self.name, name, args, None)?;
        Ok(if flags.compress { packet } else { packet.uncompressed() })
    }

    /// Sends an event to all who are meant.
    pub(crate) fn emit_many(
        &self,
        target: &Target,
        flags: Flags,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EmitError> {
        let Some(watchers) = self.handlers.outgoing() else {
            let event = self.event(name, args, flags)?;
            self.publish(target, event, flags.volatile, |_| {});
            return Ok(());
        };
        // Encoded as it is to be seen, and sent as it is seen.
        let args = Payload::from_args(args)?;
        let event = self.event(name, &args, flags)?;
        let mut reached = Vec::new();
        self.publish(target, event, flags.volatile, |socket| reached.push(socket.clone()));
        for socket in reached {
            watchers.see(&socket, name, &args);
        }
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
        let Some(watchers) = self.handlers.outgoing() else {
            return self.send_one(socket, flags, name, args).map(|_| ());
        };
        let args = Payload::from_args(args)?;
        if self.send_one(socket, flags, name, &args)? {
            watchers.see(socket, name, &args);
        }
        Ok(())
    }

    /// Encodes an event and queues it for one socket; `false` if it was volatile and is dropped.
    #[expect(clippy::inline_always, reason = "a packet is moved as often as it is passed on")]
    #[inline(always)]
    fn send_one(
        &self,
        socket: &Socket,
        flags: Flags,
        name: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<bool, EmitError> {
        if self.may_be_missed(flags) {
            return self.record_one(socket, self.draft(name, args, flags)?).map(|()| true);
        }
        // Nobody will ask for its place among the others, so that there is no need of a lock.
        if flags.volatile {
            return socket.deliver_volatile(self.packet(name, args, flags)?);
        }
        let encode = |tray: &mut Encoder| tray.event(self.parser, &self.name, name, args);
        socket.deliver(flags.compress, encode).map(|()| true)
    }

    /// Queues an event for all who are meant; `reached` hears of each for whom it is.
    fn publish(
        &self,
        target: &Target,
        event: Event,
        volatile: bool,
        mut reached: impl FnMut(&Socket),
    ) {
        let deadline = wake_after(|wakers| {
            let mut publish = self.publish.lock();
            let (packet, deadline) = match event {
                Event::Complete(packet) => (packet, None),
                Event::Draft(draft) => {
                    let packet = publish.namespace.record(self.housekeeper.now(), target, draft);
                    (packet.into(), publish.namespace.poll_timeout())
                }
            };
            let Publish { namespace, members, selected, .. } = &mut *publish;
            namespace.select(target, selected);
            let mut dropped = 0;
            for keys in selected.chunks(AHEAD) {
                let next = || keys.iter().filter_map(|key| members.get(*key));
                next().for_each(|member| member.link.mailbox.fetch());
                for member in next() {
                    let mailbox = &member.link.mailbox;
                    // Whoever has no room for it is closed for that: see `Mailbox::push`.
                    let pushed = if volatile && desk::has_said(&member.socket) {
                        Err(Refusal::Busy)
                    } else if volatile {
                        mailbox.push_volatile(Some(member.slot), packet.clone(), wakers)
                    } else {
                        mailbox.push(Some(member.slot), packet.clone(), wakers)
                    };
                    if pushed.is_ok() {
                        reached(&member.socket);
                    }
                    dropped += u64::from(pushed == Err(Refusal::Busy));
                }
            }
            self.housekeeper.hub().counts.add(Limit::Volatile, dropped);
            deadline
        });
        self.expect(deadline);
    }

    /// Queues an event for one socket, which may ask for it again.
    fn record_one(&self, socket: &Socket, draft: Draft) -> Result<(), EmitError> {
        let mut publish = self.publish.lock();
        if !publish.namespace.contains(socket.key()) {
            return Err(EmitError::Closed);
        }
        let now = self.housekeeper.now();
        let packet = publish.namespace.record_for(now, socket.key(), draft);
        let deadline = publish.namespace.poll_timeout();
        let (pushed, waker) = socket.link().mailbox.push_one(Some(socket.slot()), packet.into());
        if pushed.is_err() {
            // The caller hears that it was not sent: so it must not come later, either.
            publish.namespace.retract();
        }
        drop(publish);
        self.expect(deadline);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(pushed?)
    }
}
